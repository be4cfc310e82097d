"""Files of meshes of a robot that nobody here wrote: found in its folder, and bounded.

MuJoCo computes the convex hull of every mesh that something may touch, which takes seconds and
gigabytes for scans of millions of triangles. So corners are counted here first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import mujoco
import numpy as np

from morph_ops._messages import shown
from morph_ops.errors import MjcfError
from morph_ops.io._xml import MOST_CORNERS, MOST_MESH_CORNERS
from morph_ops.io.mjcf.foreign.beside import content, inside

__all__ = ["MeshFiles"]

_MOST_FILES = 500
_LARGEST_BYTES = 100_000_000
_MOST_FACES = 400_000
_STL_HEAD, _STL_FACE = 84, 50
_OBJ_CORNER = re.compile(rb"(?:^|[\r\n])[ \t]*v[ \t]")
_OBJ_FACE = re.compile(rb"(?:^|[\r\n])[ \t]*f[ \t]+([^\r\n]*)")


class MeshFiles:
    """The mesh files that a robot names, whose names become those of one flat folder.

    Args:
        folder: The folder that the files may lie in.
        bases: Folders that their names may be relative to.

    Attributes:
        contents: Content by new name.
        problems: What is wrong with a file, by new name; it matters if the mesh is more than looks.
        corners: Number of corners by new name.
        names: The robot's names by the new ones.
    """

    def __init__(self, folder: Path, bases: tuple[Path, ...]) -> None:
        self._folder, self._bases = folder, bases
        self.contents: dict[str, bytes] = {}
        self.problems: dict[str, MjcfError] = {}
        self.corners: dict[str, int] = {}
        self.names: dict[str, str] = {}
        self._total = 0

    def add(self, name: str) -> str:
        """Read a file; its new name.

        Args:
            name: The name that the robot has for it.

        Raises:
            MjcfError: There are too many files.
        """
        new = f"{len(self.contents)}{Path(name).suffix.lower()}"
        self.contents[new], self.names[new] = b"", name
        if len(self.contents) > _MOST_FILES:
            raise MjcfError(f"expected at most {_MOST_FILES} mesh files: merge or remove some")
        try:
            found = content(inside(self._folder, self._bases, name, "mesh"))
            self._total += len(found)
            if self._total > _LARGEST_BYTES:
                raise MjcfError(
                    f"<mesh file={shown(name)}>: expected mesh files of at most "
                    f"{_LARGEST_BYTES / 1e6:g} MB in total; simplify the meshes"
                )
            self.corners[new] = _corners(name, found)
            self.contents[new] = found
        except MjcfError as error:
            self.problems[new] = error
        return new

    def require(self, meshes: Iterable[mujoco.MjsMesh]) -> None:
        """Refuse meshes whose files cannot be used, or have too many corners in total.

        Args:
            meshes: The meshes that are more than looks.

        Raises:
            MjcfError: A file is missing or too large, or there are too many corners.
        """
        total = 0
        for mesh in meshes:
            if mesh.file in self.problems:
                raise self.problems[mesh.file]
            total += self.corners.get(mesh.file, 0)
        if total > MOST_CORNERS:
            raise MjcfError(
                f"expected meshes of at most {MOST_CORNERS} corners in total, got {total}; "
                "simplify them"
            )


def _corners(name: str, data: bytes) -> int:
    """Number of corners of a mesh file.

    Raises:
        MjcfError: There are too many of them, or of triangles.
    """
    kind = Path(name).suffix.lower()
    corners = faces = 0
    if kind == ".stl":
        count = int.from_bytes(data[80:84], "little")
        if len(data) == _STL_HEAD + _STL_FACE * count:  # MuJoCo says what is wrong with others
            rows = np.frombuffer(data, np.uint8, offset=_STL_HEAD).reshape(count, _STL_FACE)
            corners = len(np.unique(np.ascontiguousarray(rows[:, 12:48]).view("V12")))
    elif kind == ".obj":
        corners = sum(1 for _ in islice(_OBJ_CORNER.finditer(data), MOST_MESH_CORNERS + 1))
        for found in _OBJ_FACE.finditer(data):
            faces += max(1, len(found[1].split()) - 2)
            if faces > _MOST_FACES:
                break
    elif kind == ".msh":
        corners, faces = (int.from_bytes(data[at : at + 4], "little") for at in (0, 12))
    if corners > MOST_MESH_CORNERS or faces > _MOST_FACES:
        raise MjcfError(
            f"<mesh file={shown(name)}>: expected at most {MOST_MESH_CORNERS} corners and "
            f"{_MOST_FACES} triangles; simplify the mesh"
        )
    return corners
