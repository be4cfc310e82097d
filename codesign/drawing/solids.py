"""The convex solids that a picture draws, from the geoms of a MuJoCo model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TypeAlias

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from codesign.drawing.palette import TORSO

Array = NDArray[np.float64]
#: Groups of geoms that MuJoCo's own viewer shows.
SHOWN_GROUPS = (0, 1, 2)
CYLINDER_SIDES = 20
#: Number of directions in which the outermost vertex of a mesh is kept.
MESH_DIRECTIONS = 90


@dataclass(frozen=True, eq=False)
class Swept:
    """A ball moved along a segment: a capsule, or a sphere where both ends are the same.

    Attributes:
        ends: (2, 3) centers of the ball at both ends (m).
        radius: Radius of the ball (m).
        color: Color as ``"#rrggbb"``.
    """

    ends: Array
    radius: float
    color: str = TORSO

    @property
    def spine(self) -> Array:
        """(2, 3) segment in the middle of the solid."""
        return self.ends

    def outline(self) -> Array:
        """(n, 3) points whose convex hull is about the solid."""
        return (self.ends[:, None] + self.radius * _directions(48)).reshape(-1, 3)


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid.

    Attributes:
        center: (3,) center (m).
        half_axes: (3, 3) half axes as columns (m).
        color: Color as ``"#rrggbb"``.
    """

    center: Array
    half_axes: Array
    color: str = TORSO

    @property
    def spine(self) -> Array:
        """(2, 3) segment in the middle of the solid."""
        longest = self.half_axes[:, np.linalg.norm(self.half_axes, axis=0).argmax()]
        return np.stack([self.center - 0.5 * longest, self.center + 0.5 * longest])

    def outline(self) -> Array:
        """(n, 3) points whose convex hull is about the solid."""
        return self.center + _directions(96) @ self.half_axes.T


@dataclass(frozen=True, eq=False)
class Polyhedron:
    """A convex solid with flat faces: a box, a cylinder, or the hull of a mesh.

    Attributes:
        vertices: (n, 3) vertices (m).
        color: Color as ``"#rrggbb"``.

    Raises:
        ValueError: The vertices lie in a plane.
    """

    vertices: Array
    color: str = TORSO

    def __post_init__(self) -> None:
        try:
            _ = self._hull
        except QhullError as error:
            raise ValueError("vertices: expected a solid, got points in a plane") from error

    @cached_property
    def _hull(self) -> ConvexHull:
        return ConvexHull(self.vertices)

    @property
    def spine(self) -> Array:
        """(2, 3) segment in the middle of the solid."""
        center = self.vertices.mean(axis=0)
        _, spread, directions = np.linalg.svd(self.vertices - center, full_matrices=False)
        half = 0.7 * (spread[0] - spread[1]) / np.sqrt(len(self.vertices)) * directions[0]
        return np.stack([center - half, center + half])

    def faces(self) -> Iterator[tuple[Array, Array]]:
        """The faces: (n, 3) corners in order around the face, and (3,) outward normal."""
        normals = self._hull.equations[:, :3].round(4)
        triangles = self._hull.simplices
        for normal in np.unique(normals, axis=0):
            used = np.unique(triangles[(normals == normal).all(axis=1)])
            corners = self.vertices[used]
            across = corners[0] - corners.mean(axis=0)
            second = np.cross(normal, across)
            offsets = corners - corners.mean(axis=0)
            yield corners[np.arctan2(offsets @ second, offsets @ across).argsort()], normal

    def outline(self) -> Array:
        """(n, 3) points whose convex hull is the solid."""
        return self.vertices[self._hull.vertices]


Solid: TypeAlias = Swept | Ellipsoid | Polyhedron


def solids_of(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    *,
    colors: Mapping[str, str] | None = None,
    geoms: Sequence[int] | None = None,
) -> list[Solid]:
    """The geoms of a robot, where they are now.

    Geoms of the world, planes and height fields are left out, and so are geoms that MuJoCo's own
    viewer does not show: transparent ones, and those of groups 3 to 5.

    Args:
        model: The model.
        data: Its state, after a forward pass.
        colors: Colors as ``"#rrggbb"`` by name of the body; others have the color of a torso.
        geoms: Numbers of the geoms; those of :func:`shown_geoms` by default.

    Examples:
        >>> model = mujoco.MjModel.from_xml_string(
        ...     "<mujoco><worldbody><body><geom size='0.1'/></body></worldbody></mujoco>"
        ... )
        >>> data = mujoco.MjData(model)
        >>> mujoco.mj_forward(model, data)
        >>> [type(solid).__name__ for solid in solids_of(model, data)]
        ['Swept']
    """
    found: list[Solid] = []
    for geom in shown_geoms(model) if geoms is None else geoms:
        color = (colors or {}).get(model.body(model.geom_bodyid[geom]).name, TORSO)
        solid = _solid(model, data, geom, color)
        if solid is not None:
            found.append(solid)
    return found


def shown_geoms(model: mujoco.MjModel) -> list[int]:
    """The geoms that pictures show: those of moving bodies that MuJoCo's own viewer shows, too.

    Args:
        model: The model.

    Returns:
        Numbers of geoms, in order.
    """
    return [
        geom
        for geom in range(model.ngeom)
        if model.geom_bodyid[geom]
        and model.geom_group[geom] in SHOWN_GROUPS
        and model.geom_rgba[geom, 3]
    ]


def _solid(model: mujoco.MjModel, data: mujoco.MjData, geom: int, color: str) -> Solid | None:
    """One geom as a solid; None if it has no volume."""
    kind, size = mujoco.mjtGeom(model.geom_type[geom]), model.geom_size[geom]
    center, rotation = data.geom_xpos[geom].copy(), data.geom_xmat[geom].reshape(3, 3).copy()
    kinds = mujoco.mjtGeom
    if kind in (kinds.mjGEOM_SPHERE, kinds.mjGEOM_CAPSULE):
        half = rotation[:, 2] * (size[1] if kind == kinds.mjGEOM_CAPSULE else 0.0)
        return Swept(np.stack([center - half, center + half]), float(size[0]), color)
    if kind == kinds.mjGEOM_ELLIPSOID:
        return Ellipsoid(center, rotation * size, color)
    if kind == kinds.mjGEOM_BOX:
        corners = np.stack(np.meshgrid(*[(-1, 1)] * 3), axis=-1).reshape(-1, 3) * size
    elif kind == kinds.mjGEOM_CYLINDER:
        angles = np.linspace(0.0, 2.0 * np.pi, CYLINDER_SIDES, endpoint=False)
        circle = size[0] * np.stack([np.cos(angles), np.sin(angles), 0.0 * angles], axis=1)
        height = np.array([0.0, 0.0, size[1]])
        corners = np.concatenate([circle - height, circle + height])
    elif kind == kinds.mjGEOM_MESH:
        corners = _mesh_corners(model, model.geom_dataid[geom])
    else:
        return None
    try:
        return Polyhedron(center + corners @ rotation.T, color)
    except ValueError:
        return None


def _mesh_corners(model: mujoco.MjModel, mesh: int) -> Array:
    """The outermost vertices of a mesh in many directions."""
    first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
    vertices = model.mesh_vert[first : first + count].astype(np.float64)
    outermost = (vertices @ _directions(MESH_DIRECTIONS).T).argmax(axis=0)
    return vertices[np.unique(outermost)]


@cache
def _directions(count: int) -> Array:
    """(count, 3) unit vectors, evenly spread (Fibonacci's sphere)."""
    index = np.arange(count) + 0.5
    height, angle = 1.0 - 2.0 * index / count, np.pi * (1.0 + 5.0**0.5) * index
    flat = np.sqrt(1.0 - height**2)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), height], axis=1)
