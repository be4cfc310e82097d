"""The capsule or sphere that stands for the geoms of a part, as the controller sees it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import mujoco
import numpy as np
from numpy.typing import NDArray

from morph_ops.io.mjcf.foreign.kinds import BOX, CAPSULE, CYLINDER, ELLIPSOID, MESH, SPHERE

__all__ = [
    "Capsule",
    "fitted_capsule",
    "hull_vertices",
    "inertia_box",
    "sphere_radius",
    "world_points",
]

#: Length of the axis of a capsule that is all but a sphere, and least radius (m).
SHORTEST_M, THINNEST_M = 1e-3, 1e-3
_ANGLES = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES), np.zeros(16)], axis=1)


@dataclass(frozen=True)
class Capsule:
    """A capsule in world coordinates.

    Attributes:
        start: (3,) start of its axis (m).
        end: (3,) end of its axis (m).
        radius: Its radius (m).
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    radius: float


def _box(half: NDArray[np.float64]) -> NDArray[np.float64]:
    """(8, 3) corners of a box with these half sizes."""
    return np.array(list(product((-1.0, 1.0), repeat=3))) * half


def hull_vertices(model: mujoco.MjModel, mesh: int) -> NDArray[np.float64]:
    """(v, 3) vertices of the convex hull of a mesh, or all where MuJoCo has no hull."""
    first = int(model.mesh_vertadr[mesh])
    vertices = model.mesh_vert[first : first + int(model.mesh_vertnum[mesh])].astype(np.float64)
    graph = int(model.mesh_graphadr[mesh])
    if graph < 0:
        return vertices
    count = int(model.mesh_graph[graph])
    ids = model.mesh_graph[graph + 2 + count : graph + 2 + 2 * count]
    return vertices[ids]


def _surface(model: mujoco.MjModel, geom: int) -> tuple[NDArray[np.float64], float]:
    """Points of a geom in its own frame, and the radius of a ball around each."""
    kind, size = int(model.geom_type[geom]), model.geom_size[geom]
    if kind == SPHERE:
        return np.zeros((1, 3)), float(size[0])
    if kind == CAPSULE:
        return np.array([[0.0, 0.0, -size[1]], [0.0, 0.0, size[1]]]), float(size[0])
    if kind == CYLINDER:
        ends = [_CIRCLE * size[0] + [0.0, 0.0, side * size[1]] for side in (-1.0, 1.0)]
        return np.concatenate(ends), 0.0
    if kind == BOX:
        return _box(size), 0.0
    if kind == ELLIPSOID:
        rings = [_CIRCLE[:, order] for order in ([0, 1, 2], [0, 2, 1], [2, 0, 1])]
        return np.concatenate(rings) * size, 0.0
    if kind == MESH:
        return hull_vertices(model, int(model.geom_dataid[geom])), 0.0
    return np.zeros((0, 3)), 0.0


def world_points(
    model: mujoco.MjModel, data: mujoco.MjData, geoms: Iterable[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points (p, 3) on geoms in the pose of the data, and the radius of a ball around each (p,)."""
    points, radii = [np.zeros((0, 3))], [np.zeros(0)]
    for geom in geoms:
        local, radius = _surface(model, geom)
        points.append(data.geom_xpos[geom] + local @ data.geom_xmat[geom].reshape(3, 3).T)
        radii.append(np.full(len(local), radius))
    return np.concatenate(points), np.concatenate(radii)


def inertia_box(model: mujoco.MjModel, data: mujoco.MjData, body: int) -> NDArray[np.float64]:
    """(8, 3) corners of the box with the mass and inertia of a body, in the world (m)."""
    x, y, z = model.body_inertia[body] / max(float(model.body_mass[body]), 1e-9)
    half = np.sqrt(np.maximum(1.5 * np.array([y + z - x, x + z - y, x + y - z]), 1e-6))
    return data.xipos[body] + _box(half) @ data.ximat[body].reshape(3, 3).T


def fitted_capsule(
    points: NDArray[np.float64], radii: NDArray[np.float64], hinge: NDArray[np.float64]
) -> Capsule:
    """The capsule along the longest axis of some points, from the end nearer to a hinge.

    Args:
        points: (p, 3) points on the surface of a part, at least one (m).
        radii: (p,) radius of a ball around each (m).
        hinge: (3,) anchor of the part's hinge (m).
    """
    center = points.mean(axis=0)
    # The full matrices of many points are large, and the small ones of two points lack an axis.
    few = len(points) < 3
    axes = np.linalg.svd(points - center, full_matrices=few)[2] if len(points) > 1 else np.eye(3)
    along = (points - center) @ axes.T
    low, high = (along - radii[:, None]).min(axis=0), (along + radii[:, None]).max(axis=0)
    half = (high - low) / 2.0
    order = np.argsort(-half, kind="stable")
    long, wide, thick = half[order].tolist()
    radius = min(max(math.sqrt(wide * thick), THINNEST_M), max(long, THINNEST_M))
    reach = max(long - radius, SHORTEST_M / 2.0) * axes[order[0]]
    middle = center + ((low + high) / 2.0) @ axes
    ends = [middle - reach, middle + reach]
    near, far = sorted(ends, key=lambda end: float(np.linalg.norm(end - hinge)))
    return Capsule(near, far, radius)


def sphere_radius(model: mujoco.MjModel, geoms: Iterable[int]) -> float:
    """Radius of the sphere with the volume of some geoms (m)."""
    return max(float((sum(_volume(model, geom) for geom in geoms) * 0.75 / np.pi) ** (1 / 3)), 1e-2)


def _volume(model: mujoco.MjModel, geom: int) -> float:
    kind, (a, b, c) = int(model.geom_type[geom]), model.geom_size[geom].tolist()
    if kind == SPHERE:
        return 4.0 / 3.0 * np.pi * a**3
    if kind == CAPSULE:
        return np.pi * a * a * (2.0 * b + 4.0 / 3.0 * a)
    if kind == CYLINDER:
        return 2.0 * np.pi * a * a * b
    if kind == ELLIPSOID:
        return 4.0 / 3.0 * np.pi * a * b * c
    # MuJoCo keeps the box of equal inertia as the size of a mesh.
    return 8.0 * a * b * c
