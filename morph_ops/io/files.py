"""Files of bodies in any format, chosen by the file's extension."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import networkx as nx

from morph_ops._text_file import is_file, is_folder, read_text
from morph_ops.errors import BodyError
from morph_ops.geometry import canonical_frames
from morph_ops.identity import body_hash

__all__ = ["ROBOT_EXTENSIONS", "read_body", "robot_files", "write_body"]

# Reader and writer. They are imported at first use, since MJCF and URDF need MuJoCo.
_FORMATS = {
    ".xml": ("morph_ops.io.mjcf:read", "morph_ops.io.mjcf:write"),
    ".mjcf": ("morph_ops.io.mjcf:read", "morph_ops.io.mjcf:write"),
    ".urdf": ("morph_ops.io.mjcf:read", "morph_ops.io.urdf:write"),
    ".json": ("morph_ops.io.json_file:read_json", "morph_ops.io.json_file:write_json"),
    ".graphml": (
        "morph_ops.io.graphml_file:read_graphml",
        "morph_ops.io.graphml_file:write_graphml",
    ),
}

_MJCF = (".xml", ".mjcf")
# (Neither looks at a character more than twice, whatever a stranger writes.)
_INCLUDE = re.compile(r"<include\s[^<>]*")
_INCLUDED_FILE = re.compile(r"\sfile\s*=\s*[\"']([^\"']+)")

# Files of a design that hold no robot, or the robot of another file.
_BESIDE = (".bare.xml", ".world.xml", ".record.json")

ROBOT_EXTENSIONS = tuple(_FORMATS)
"""The extensions of files that hold a robot."""


def robot_files(folder: str | os.PathLike[str]) -> list[Path]:
    """The files of a folder that hold robots, by name.

    A folder ``ant`` in it counts as a robot if it holds a file ``ant.xml``, ``ant.json`` and so on,
    as the folders of exported designs do. Files that differ only in their extension may be one
    robot in several formats: of files with equal bodies the first is taken. The other files of a
    design, ``*.bare.xml``, ``*.world.xml`` and ``*.record.json``, are left out, and so are parts:
    files without a body of their own that others include.

    Args:
        folder: Path of the folder.

    Raises:
        BodyError: There is no such folder, or it holds no robot.

    Examples:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> from morph_ops.graph import Torso, new_body
        >>> files = {"ant.json": 0.1, "ant.xml": 0.1, "bee.JSON": 0.1, "bee.xml": 0.2}
        >>> for name, radius in files.items():
        ...     torso = Torso(pos=(0.0, 0.0, 0.3), radius=radius, mass=1.0)
        ...     write_body(new_body(torso), folder / name)
        >>> [file.name for file in robot_files(folder)]
        ['ant.json', 'bee.JSON', 'bee.xml']
    """
    if not is_folder(folder):
        raise BodyError(f"{folder}: expected a folder of robots, got no folder")
    files = _without_parts(sorted(_robots_in(Path(folder))))
    if not files:
        raise BodyError(f"{folder}: no robots ({', '.join(ROBOT_EXTENSIONS)}) in this folder")
    groups: dict[Path, list[Path]] = {}
    for file in files:
        groups.setdefault(file.with_suffix(""), []).append(file)
    return sorted(file for group in groups.values() for file in _different(group))


def _robots_in(folder: Path) -> Iterator[Path]:
    """Files of robots in a folder, and in the folders of designs in it."""
    for entry in folder.iterdir():
        if is_folder(entry):
            yield from (entry / f"{entry.name}{end}" for end in _extensions_of(entry))
        elif entry.suffix.lower() in ROBOT_EXTENSIONS and not entry.name.endswith(_BESIDE):
            yield entry


def _without_parts(files: Sequence[Path]) -> list[Path]:
    """Files without those that others include and that are no model, or one without a body."""
    parts: set[Path] = set()
    included: set[Path] = set()
    for file in files:
        text = _text_of(file) if file.suffix.lower() in _MJCF else ""
        if text and ("<mujocoinclude" in text or "<body" not in text):
            parts.add(file)
        includes = " ".join(_INCLUDE.findall(text))
        included.update(file.parent / name for name in _INCLUDED_FILE.findall(includes))
    return [file for file in files if file not in parts & included]


def _text_of(file: Path) -> str:
    """The text of a file; empty where it cannot be read, which whoever reads the robot says."""
    try:
        return read_text(file)
    except BodyError:
        return ""


def _extensions_of(design: Path) -> list[str]:
    """Extensions of the files of a folder that have its name."""
    return [end for end in ROBOT_EXTENSIONS if is_file(design / f"{design.name}{end}")]


def _different(files: list[Path]) -> list[Path]:
    """Files without those that hold the same body as an earlier one."""
    if len(files) == 1:
        return files
    kept: dict[str, Path] = {}
    for file in files:
        try:
            kept.setdefault(body_hash(canonical_frames(read_body(file))), file)
        except BodyError:  # whoever uses it says what is wrong
            kept[str(file)] = file
    return list(kept.values())


def read_body(path: str | os.PathLike[str], *, root: str | None = None) -> nx.DiGraph[str]:
    """The body in an MJCF (.xml, .mjcf), URDF, JSON, or GraphML file.

    Args:
        path: Path of the file.
        root: Name of the robot's first body, for an MJCF file with several robots.

    Raises:
        BodyError: The extension is none of these.
        BodyError: The file cannot be read, or holds no body.
        BodyError: ``root`` is given for a file that is no MJCF.

    Examples:
        >>> import tempfile
        >>> from morph_ops.graph import Torso, new_body
        >>> file = Path(tempfile.mkdtemp()) / "ball.json"
        >>> write_body(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)), file)
        >>> list(read_body(file))
        ['torso/0']
    """
    reader, _ = _format(path, reading=True)
    options = {} if root is None else {"root": root}
    if options and reader != _FORMATS[".xml"][0]:
        raise BodyError(f"{path}: expected an MJCF file to choose the robot {root!r} from")
    return _load(reader)(path, **options)


def write_body(graph: nx.DiGraph[str], path: str | os.PathLike[str]) -> None:
    """Write a body as MJCF (.xml, .mjcf), URDF, JSON, or GraphML.

    The file is written atomically: no reader sees a part of it.

    Args:
        graph: A body.
        path: Path of the file; an existing file is replaced.

    Raises:
        BodyError: The extension is none of these.
        BodyError: The graph is no body, or URDF has no word for one of its parts.
        BodyError: The file cannot be written.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0))
        >>> write_body(body, "ball.stl")
        Traceback (most recent call last):
        morph_ops.errors.BodyError: ball.stl: no body format has the extension '.stl'; \
extensions: .xml, .mjcf, .urdf, .json, .graphml
    """
    _, writer = _format(path, reading=False)
    _load(writer)(graph, path)


def _format(path: str | os.PathLike[str], *, reading: bool) -> tuple[str, str]:
    extension = Path(path).suffix.lower()
    if reading and extension not in _FORMATS and not os.path.lexists(path):
        raise BodyError(f"{path}: no such file or folder")
    if is_folder(path):
        raise BodyError(f"{path}: expected a robot file ({', '.join(_FORMATS)}), got a folder")
    if extension not in _FORMATS:
        raise BodyError(
            f"{path}: no body format has the extension {extension!r}; "
            f"extensions: {', '.join(_FORMATS)}"
        )
    return _FORMATS[extension]


def _load(name: str) -> Any:
    module, function = name.split(":")
    return getattr(importlib.import_module(module), function)
