"""Robots that a tab uploads: one file, or an archive of a robot with its meshes.

What comes in is written to a folder of its own for as long as it is read, and read with the same
checks as any robot file: nothing outside this folder is found.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import networkx as nx

from codesign.errors import UsageError
from codesign.studio.files import plain_name
from codesign.studio.jobs import Channel
from morph_ops import graph as body_graph
from morph_ops._messages import cut, listed, one_line, reason
from morph_ops.errors import BodyError

__all__ = ["LARGEST_ARCHIVE", "LARGEST_FILE", "MOST_FILES", "open_file", "read_upload"]

#: Largest file (bytes), as for any robot file, and largest archive.
LARGEST_FILE, LARGEST_ARCHIVE = 10_000_000, 50_000_000
#: Most files of an archive, and their size once they are unpacked (bytes).
MOST_FILES, LARGEST_UNPACKED = 500, 250_000_000
_ARCHIVE = ".zip"
#: Files of an archive that are unpacked: robots, the best format first, and meshes.
_ROBOTS = (".xml", ".mjcf", ".urdf")
_READ = (*_ROBOTS, ".stl", ".obj", ".msh")
#: A robot's file has one of these elements; that of a ROS package, which is XML, too, has neither.
_ROBOT = re.compile(rb"<(mujoco|robot)\b")


def open_file(channel: Channel, name: str, content: bytes) -> None:
    """Read an uploaded file in a process of its own, since MuJoCo's parser may crash.

    Args:
        channel: Gets the body, once.
        name: Name of the file.
        content: What is in it.

    Raises:
        UsageError: As for :func:`read_upload`.
    """
    channel.send(read_upload(name, content))


def read_upload(name: str, content: bytes) -> nx.DiGraph[str]:
    """The body in an uploaded file.

    Args:
        name: Name of the file, whose extension says the format; ``.zip`` for an archive with an
            MJCF or URDF file and its meshes.
        content: What is in it.

    Raises:
        UsageError: The file is too large, has another extension, or holds no robot that moves.
        UsageError: An archive is broken, has too many files or one outside its folder, or holds
            several robots of which none has its name.

    Examples:
        >>> read_upload("a.json", b"{")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        codesign.errors.UsageError: a.json: ...
    """
    from morph_ops.io.files import ROBOT_EXTENSIONS, read_body

    extension = Path(name).suffix.lower()
    known = (*ROBOT_EXTENSIONS, _ARCHIVE)
    shown = f"{plain_name(name)}{extension if extension in known else ''}"
    if extension not in known:
        raise UsageError(f"{shown}: expected a robot file ({', '.join(known)}), got another kind")
    largest = LARGEST_ARCHIVE if extension == _ARCHIVE else LARGEST_FILE
    if len(content) > largest:
        raise UsageError(
            f"{shown}: expected at most {largest // 1_000_000} MB, got {len(content) / 1e6:.1f} MB"
        )
    with TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        try:
            if extension == _ARCHIVE:
                path = _robot_of(_unpacked(content, folder, shown), Path(name).stem, shown)
            else:
                path = folder / shown
                path.write_bytes(content)
            _require_own_package(path, folder)
            graph = read_body(path)
        except BodyError as error:
            # A message names the file by its path, and no path is the tab's business.
            raise UsageError(one_line(error).replace(f"{folder}/", "")) from None
    if not any(body_graph.joints(graph)):
        raise UsageError(f"{shown}: expected a robot with at least one joint, got none")
    return graph


def _unpacked(content: bytes, folder: Path, shown: str) -> list[Path]:
    """Files of an archive in a folder: those that a robot may be read from."""
    found: list[Path] = []
    try:
        with ZipFile(BytesIO(content)) as archive:
            for path, member in _members(archive.infolist(), shown):
                file = folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                # A member may hold more than it says: no more than that is unpacked.
                with archive.open(member) as packed:
                    file.write_bytes(packed.read(member.file_size))
                found.append(file)
    except (BadZipFile, EOFError, zlib.error) as error:
        raise UsageError(f"{shown}: broken or no zip archive ({cut(str(error))})") from None
    except OSError as error:
        raise UsageError(f"{shown}: cannot be unpacked ({reason(error)})") from None
    return found


def _members(members: Sequence[ZipInfo], shown: str) -> list[tuple[PurePosixPath, ZipInfo]]:
    """The members of an archive that are unpacked, with their paths, after all checks."""
    files = [member for member in members if not member.is_dir()]
    if len(files) > MOST_FILES:
        raise UsageError(f"{shown}: expected at most {MOST_FILES} files, got {len(files)}")
    chosen: list[tuple[PurePosixPath, ZipInfo]] = []
    for member in files:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
            raise UsageError(
                f"{shown}: {cut(str(path))} lies outside the archive's folder: pack the folder of "
                "the robot again"
            )
        # What macOS packs beside each file is none.
        if path.suffix.lower() in _READ and "__MACOSX" not in path.parts:
            chosen.append((path, member))
    for path, member in chosen:
        if member.flag_bits & 1:
            raise UsageError(f"{shown}: {cut(str(path))} has a password: pack it without")
        if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise UsageError(f"{shown}: expected the usual compression (deflate), got another one")
    size = sum(member.file_size for _, member in chosen)
    if size > LARGEST_UNPACKED:
        raise UsageError(
            f"{shown}: expected at most {LARGEST_UNPACKED // 1_000_000} MB of robots and meshes, "
            f"got {size / 1e6:.0f} MB"
        )
    return chosen


def _robot_of(files: Sequence[Path], stem: str, shown: str) -> Path:
    """The robot's file among those of an archive with a name."""
    robots = [
        file
        for file in files
        if file.suffix.lower() in _ROBOTS
        and not file.name.endswith((".bare.xml", ".world.xml"))
        and _ROBOT.search(file.read_bytes())
    ]
    if not robots:
        raise UsageError(f"{shown}: expected an MJCF or URDF file in the archive, got none")
    top = min(len(file.parts) for file in robots)
    highest = [file for file in robots if len(file.parts) == top]
    left = (
        [file for file in highest if file.stem == stem]
        or [file for file in highest if file.stem == file.parent.name]
        or highest
    )
    left = sorted(left, key=lambda file: _ROBOTS.index(file.suffix.lower()))
    names = sorted({file.stem for file in left})
    if len(names) > 1:
        raise UsageError(
            f"{shown}: expected one robot, got {listed([file.name for file in left])}: give the "
            f"archive the name of the one to open, such as {cut(names[0])}.zip"
        )
    return left[0]


def _require_own_package(path: Path, folder: Path) -> None:
    """Refuse a URDF whose package would be a folder of this machine above the uploaded one."""
    from morph_ops._text_file import read_text
    from morph_ops.io._xml import parse_document
    from morph_ops.io.mjcf.foreign.urdf import package_folder

    if path.suffix.lower() not in _ROBOTS:
        return
    try:
        document = parse_document(read_text(path), roots=("mujoco", "robot"))
    except BodyError:
        return  # the reader says what is wrong, and where
    if document.tag == "robot" and not package_folder(document, path).is_relative_to(folder):
        raise UsageError(f"{path.name}: its package lies outside the uploaded folder")
