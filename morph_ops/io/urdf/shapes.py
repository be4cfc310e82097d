"""Geoms as geometry of URDF: boxes, cylinders, spheres, and meshes for the others.

URDF has no capsule. A capsule becomes a cylinder and two spheres, which together have the same
surface.
"""

from __future__ import annotations

import re
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from morph_ops.errors import BodyError
from morph_ops.geometry.rotations import rotation

__all__ = ["Shape", "numbers", "origin", "shapes_of", "stl_bytes"]

_TYPES = mujoco.mjtGeom
# Rings and segments of an ellipsoid's mesh; its corners lie on the surface.
_RINGS, _SEGMENTS = 16, 32


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One piece of geometry in the frame of a link.

    Attributes:
        tag: Element of URDF: "box", "cylinder", "sphere" or "mesh".
        attributes: Its attributes.
        pos: (3,) position (m).
        rot: (3, 3) orientation.
        triangles: (k, 3, 3) corners of a mesh in its own frame (m); None for the others.
    """

    tag: str
    attributes: dict[str, str]
    pos: NDArray[np.float64]
    rot: NDArray[np.float64]
    triangles: NDArray[np.float64] | None = None


def shapes_of(model: mujoco.MjModel, geom: int, offset: NDArray[np.float64]) -> list[Shape]:
    """The geometry of one geom.

    Args:
        model: The model.
        geom: Number of the geom.
        offset: (3,) origin of the link in the frame of the geom's body (m).

    Raises:
        BodyError: URDF has no word for such a geom.
    """
    kind, size = int(model.geom_type[geom]), model.geom_size[geom]
    pos = model.geom_pos[geom] - offset
    rot = rotation(tuple(model.geom_quat[geom].tolist()))
    if kind == int(_TYPES.mjGEOM_SPHERE):
        return [_ball(size[0], pos, rot)]
    if kind == int(_TYPES.mjGEOM_BOX):
        return [Shape(tag="box", attributes={"size": numbers(2.0 * size)}, pos=pos, rot=rot)]
    if kind == int(_TYPES.mjGEOM_CYLINDER):
        return [_cylinder(size, pos, rot)]
    if kind == int(_TYPES.mjGEOM_CAPSULE):
        along = rot[:, 2] * size[1]
        ends = [_ball(size[0], pos + sign * along, rot) for sign in (-1.0, 1.0)]
        return [_cylinder(size, pos, rot), *ends]
    if kind == int(_TYPES.mjGEOM_ELLIPSOID):
        triangles = _sphere_triangles() * size
    elif kind == int(_TYPES.mjGEOM_MESH):
        triangles = _mesh_triangles(model, int(model.geom_dataid[geom]))
    else:
        raise BodyError(
            f"geom {model.geom(geom).name!r}: URDF has no such shape, only boxes, cylinders, "
            "spheres and meshes; write MJCF"
        )
    filename = re.sub(r"[^\w.-]", "_", model.geom(geom).name or f"geom{geom}") + ".stl"
    attributes = {"filename": f"{geom:03d}_{filename}"}
    return [Shape(tag="mesh", attributes=attributes, pos=pos, rot=rot, triangles=triangles)]


def origin(
    host: ElementTree.Element, pos: NDArray[np.float64], rot: NDArray[np.float64]
) -> ElementTree.Element:
    """Add the element <origin> of a pose, with roll, pitch and yaw about fixed axes (rad)."""
    pitch = np.arctan2(-rot[2, 0], np.hypot(rot[0, 0], rot[1, 0]))
    if np.hypot(rot[0, 0], rot[1, 0]) > 1e-9:
        roll, yaw = np.arctan2(rot[2, 1], rot[2, 2]), np.arctan2(rot[1, 0], rot[0, 0])
    else:  # roll and yaw turn about the same axis
        roll, yaw = np.arctan2(-rot[1, 2], rot[1, 1]), 0.0
    turns = np.array([roll, pitch, yaw])
    return ElementTree.SubElement(host, "origin", xyz=numbers(pos), rpy=numbers(turns))


def numbers(values: NDArray[np.float64] | Sequence[float] | float) -> str:
    """Numbers with all their digits; negative zeros lose their sign."""
    return " ".join(repr(value + 0.0) for value in np.atleast_1d(values).astype(float).tolist())


def stl_bytes(triangles: NDArray[np.float64]) -> bytes:
    """Triangles as a binary STL file.

    Args:
        triangles: (k, 3, 3) corners, counterclockwise seen from outside.
    """
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    records = np.zeros(len(triangles), dtype=[("numbers", "<f4", (4, 3)), ("attribute", "<u2")])
    records["numbers"][:, 0] = normals / np.where(lengths > 0.0, lengths, 1.0)
    records["numbers"][:, 1:] = triangles
    return bytes(80) + struct.pack("<I", len(triangles)) + records.tobytes()


def _ball(radius: float, pos: NDArray[np.float64], rot: NDArray[np.float64]) -> Shape:
    return Shape(tag="sphere", attributes={"radius": numbers(radius)}, pos=pos, rot=rot)


def _cylinder(
    size: NDArray[np.float64], pos: NDArray[np.float64], rot: NDArray[np.float64]
) -> Shape:
    attributes = {"radius": numbers(size[0]), "length": numbers(2.0 * size[1])}
    return Shape(tag="cylinder", attributes=attributes, pos=pos, rot=rot)


def _mesh_triangles(model: mujoco.MjModel, mesh: int) -> NDArray[np.float64]:
    vertex, face = int(model.mesh_vertadr[mesh]), int(model.mesh_faceadr[mesh])
    vertices = model.mesh_vert[vertex : vertex + int(model.mesh_vertnum[mesh])]
    faces = model.mesh_face[face : face + int(model.mesh_facenum[mesh])]
    return vertices[faces].astype(np.float64)


def _sphere_triangles() -> NDArray[np.float64]:
    """(k, 3, 3) triangles of a sphere of radius 1."""
    height = np.linspace(0.0, np.pi, _RINGS + 1)[:, None]
    turn = np.linspace(0.0, 2.0 * np.pi, _SEGMENTS, endpoint=False)[None, :]
    x, y = np.sin(height) * np.cos(turn), np.sin(height) * np.sin(turn)
    grid = np.stack([x, y, np.broadcast_to(np.cos(height), x.shape)], axis=-1)
    grid[0], grid[-1] = (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)
    beside = np.roll(grid, -1, axis=1)
    lower = np.stack([grid[:-1], grid[1:], beside[1:]], axis=2)[:-1]
    upper = np.stack([grid[:-1], beside[1:], beside[:-1]], axis=2)[1:]
    return np.concatenate([lower.reshape(-1, 3, 3), upper.reshape(-1, 3, 3)])
