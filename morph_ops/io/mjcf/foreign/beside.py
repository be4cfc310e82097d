"""Files beside an MJCF file that nobody here wrote: included ones, and those of assets."""

from __future__ import annotations

import copy
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from morph_ops._messages import cut, shown
from morph_ops._text_file import LARGEST_TEXT, is_file, read_bytes, read_text
from morph_ops.errors import MjcfError
from morph_ops.io._xml import parse_document, require_shallow

__all__ = ["REFUSED", "asset_folder", "content", "drop_folders", "include", "inside"]

#: Elements that neither a robot nor a scene may have, and what to do about them.
REFUSED = {
    "extension": "plugins are not loaded",
    "plugin": "plugins are not loaded",
    "attach": "models that attach others are not read; save the whole model as one file",
    "model": "models that attach others are not read; save the whole model as one file",
    "flexcomp": "soft bodies are not supported; replace them by rigid ones",
    "flex": "soft bodies are not supported; replace them by rigid ones",
    "composite": "composite bodies are not supported; replace them by rigid ones",
}
#: Attributes of <compiler> that say where files lie; files get new names.
_FOLDERS = ("assetdir", "meshdir", "texturedir", "strippath")
_DEEPEST_INCLUDE, _MOST_INCLUDES = 20, 200
_LARGEST_FILE_BYTES = 20_000_000


def include(
    document: ElementTree.Element,
    folder: Path,
    path: Path,
    *,
    notes: list[str],
    whose: str = "robot",
) -> None:
    """Put the content of included files into their places.

    Args:
        document: Element <mujoco>, changed in place.
        folder: The folder that files may lie in.
        path: Path of the file of the document.
        notes: Gets a note on each file that lies elsewhere, which is not read.
        whose: Whose folder it is, for messages.

    Raises:
        MjcfError: A file is missing, cannot be read or is no MJCF.
        MjcfError: The files include each other too deeply, or are too many or too large in total.
    """
    _Includes(folder, notes, whose).put(document, path, depth=0)
    require_shallow(document)


class _Includes:
    """Included files of one document, which are limited in total."""

    def __init__(self, folder: Path, notes: list[str], whose: str) -> None:
        self._folder, self._notes, self._whose = folder, notes, whose
        self._letters = self._count = 0
        self._parsed: dict[Path, tuple[ElementTree.Element, int]] = {}

    def put(self, document: ElementTree.Element, path: Path, *, depth: int) -> None:
        if depth > _DEEPEST_INCLUDE:
            raise MjcfError(
                f"{path.name}: more than {_DEEPEST_INCLUDE} files included in each other"
            )
        bases = (self._folder, path.parent)
        for parent in list(document.iter()):
            for position, element in reversed(list(enumerate(parent))):
                if element.tag != "include":
                    continue
                name = element.get("file", "")
                if not any(_lies_in(self._folder, base, name) for base in bases):
                    self._notes.append(
                        f"not read, because it lies outside the {self._whose}'s folder: {cut(name)}"
                    )
                    parent.remove(element)
                    continue
                included, file = self._read(bases, name)
                self.put(included, file, depth=depth + 1)
                parent[position : position + 1] = list(included)

    def _read(self, bases: tuple[Path, ...], name: str) -> tuple[ElementTree.Element, Path]:
        self._count += 1
        if self._count > _MOST_INCLUDES:
            raise MjcfError(
                f"<include file={shown(name)}>: expected at most {_MOST_INCLUDES} included files, "
                "each as often as it is included; include less"
            )
        file = inside(self._folder, bases, name, "include", whose=self._whose)
        if file not in self._parsed:
            text = read_text(file)
            parsed = parse_document(text, roots=("mujoco", "mujocoinclude"))
            self._parsed[file] = (parsed, len(text))
        parsed, letters = self._parsed[file]
        self._letters += letters
        if self._letters > LARGEST_TEXT:
            raise MjcfError(
                f"<include file={shown(name)}>: expected included files of at most "
                f"{LARGEST_TEXT / 1e6:g} MB in total; include less"
            )
        return copy.deepcopy(parsed), file


def inside(
    folder: Path, bases: tuple[Path, ...], name: str, tag: str, *, whose: str = "robot"
) -> Path:
    """The existing file of a name below one of the bases and inside a folder.

    Args:
        folder: The folder that files may lie in.
        bases: Folders that the name may be relative to.
        name: The name.
        tag: Tag of the element that has it, for messages.
        whose: Whose folder it is, for messages.

    Raises:
        MjcfError: There is no such file in the folder.
    """
    for base in bases:
        if _lies_in(folder, base, name) and is_file(base / name):
            return Path(os.path.realpath(base / name))
    if not _lies_in(folder, bases[0], name):
        raise MjcfError(
            f"<{tag} file={shown(name)}>: the file lies outside the {whose}'s folder; put both "
            "into one folder"
        )
    raise MjcfError(f"<{tag} file={shown(name)}>: there is no such file in the {whose}'s folder")


def _lies_in(folder: Path, base: Path, name: str) -> bool:
    """Whether a name stands for a path in a folder, at the end of all links."""
    try:
        # Path.resolve raises an error for links in a circle.
        return Path(os.path.realpath(base / name)).is_relative_to(folder)
    except ValueError:  # a zero byte
        return False


def asset_folder(document: ElementTree.Element) -> str:
    """The folder that names of mesh files are relative to, itself relative to the document's.

    Args:
        document: Element <mujoco>.

    Raises:
        MjcfError: The document says that folders in names are not meant.
    """
    given = {
        key: each.attrib[key]
        for each in document.iter("compiler")
        for key in _FOLDERS
        if key in each.attrib
    }
    if given.get("strippath") == "true":
        raise MjcfError("<compiler strippath>: not supported; write the whole paths")
    return given.get("meshdir") or given.get("assetdir") or ""


def drop_folders(document: ElementTree.Element) -> None:
    """Drop what says where files lie, for a document whose files have new names.

    Args:
        document: Element <mujoco>, changed in place.
    """
    for compiler in document.iter("compiler"):
        for key in _FOLDERS:
            compiler.attrib.pop(key, None)


def content(file: Path) -> bytes:
    """The content of a file of an asset, of at most 20 MB.

    Args:
        file: The file.

    Raises:
        MjcfError: The file cannot be read, or is too large.
    """
    return read_bytes(file, largest=_LARGEST_FILE_BYTES, error=MjcfError)
