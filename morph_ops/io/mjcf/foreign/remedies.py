"""Messages of MuJoCo with the names of the robot's own files, and with what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping

from morph_ops._messages import cut, one_line

__all__ = ["explained"]

#: What MuJoCo writes before its messages.
_PREFIXES = re.compile("^(XML )?(Error: )*")
_QUOTED = re.compile("'([^']*)'")
_MOST_LETTERS = 400
#: What to do, by a part of MuJoCo's message: for MJCF, and for URDF where that differs.
_REMEDIES = {
    "mass and inertia of moving bodies must be larger": (
        "give the body a geom with a size and a density, or an <inertial> with a mass",
        "give the link an <inertial> with a <mass> and an <inertia> above 0",
    ),
    "stl_decoder": ("save the mesh as a binary STL file",),
    "decoder failed": ("save the mesh anew, as a binary STL or as an OBJ file of triangles",),
    "mesh volume is too small": (
        'close its surface, make it thicker, or give the <mesh> inertia="shell"',
        "close its surface or make it thicker, or collide with a box in its place",
    ),
    "vertices required": ("save the mesh anew, as a binary STL or as an OBJ file of triangles",),
    "mesh surface area is too small": ("give the mesh some triangles with an area",),
    "fullinertia": (
        "give the body the inertia of a solid: all principal moments above 0",
        "give the link the <inertia> of a solid: all principal moments above 0",
    ),
    "inertia must satisfy A + B >= C": (
        "give the body the inertia of a solid: no principal moment above the sum of the others",
    ),
    "repeated name": ("give each element a name of its own",),
    "unknown element": ("declare it, or write its name as it is declared",),
}


def explained(error: Exception, names: Mapping[str, str], *, is_urdf: bool) -> str:
    """The message of an error of MuJoCo in one line, with what to do about it.

    Args:
        error: The error.
        names: Names of mesh files in the robot's file, by those that MuJoCo knows.
        is_urdf: Whether the file is a URDF.

    Examples:
        >>> error = ValueError("Error: decoder failed for mesh file '0.obj'")
        >>> explained(error, {"0.obj": "meshes/foot.obj"}, is_urdf=False)
        "decoder failed for mesh file 'meshes/foot.obj'; save the mesh anew, as a binary STL or as \
an OBJ file of triangles"
    """
    message = _PREFIXES.sub("", one_line(error))
    known = {new.partition(".")[0]: name for new, name in names.items()} if is_urdf else {}
    known |= names
    message = _QUOTED.sub(
        lambda found: f"'{cut(known[found[1]])}'" if found[1] in known else found[0], message
    )
    message = cut(message, most=_MOST_LETTERS)
    remedy = next((each for part, each in _REMEDIES.items() if part in message), None)
    return message if remedy is None else f"{message}; {remedy[-1 if is_urdf else 0]}"
