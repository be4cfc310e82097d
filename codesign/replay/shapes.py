"""Triangles of the geoms of a model, one mesh for each MuJoCo body."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

Array = NDArray[np.float64]
#: Segments around round geoms, and rings of a quarter of a circle.
AROUND, RINGS = 28, 6
#: Cosine of the angle between faces of a mesh above which their edge is drawn round.
SMOOTH = 0.7
#: Meshes with more triangles than this are drawn as their convex hull.
MOST_TRIANGLES = 20_000


@dataclass(frozen=True, eq=False)
class Triangles:
    """A surface.

    Corners on sharp edges come up several times, so that a renderer that averages the normals of a
    corner's triangles draws round surfaces round, and boxes with edges.

    Attributes:
        vertices: (n, 3) corners (m).
        faces: (m, 3) numbers of the corners of each triangle, counterclockwise from outside.
    """

    vertices: Array
    faces: NDArray[np.intp]

    def moved(self, position: Array, rotation: Array) -> Triangles:
        """The surface after a rotation about the origin, then a translation.

        Args:
            position: (3,) translation (m).
            rotation: (3, 3) rotation.
        """
        return Triangles(position + self.vertices @ rotation.T, self.faces)

    @classmethod
    def joined(cls, surfaces: Sequence[Triangles]) -> Triangles:
        """Several surfaces as one.

        Args:
            surfaces: The surfaces, at least one.
        """
        first = np.cumsum([0] + [len(surface.vertices) for surface in surfaces[:-1]])
        return cls(
            np.concatenate([surface.vertices for surface in surfaces]),
            np.concatenate(
                [surface.faces + start for surface, start in zip(surfaces, first, strict=True)]
            ),
        )


def mesh_of(model: mujoco.MjModel, geoms: Iterable[int]) -> Triangles | None:
    """Geoms of one MuJoCo body as one surface, in the frame of that body.

    Args:
        model: The model.
        geoms: Numbers of the geoms; planes are left out.

    Returns:
        The surface; None if nothing has one.

    Examples:
        >>> world = "<body><geom type='box' size='1 1 1'/></body>"
        >>> model = mujoco.MjModel.from_xml_string(
        ...     f"<mujoco><worldbody>{world}</worldbody></mujoco>"
        ... )
        >>> box = mesh_of(model, [0])
        >>> len(box.vertices), len(box.faces)
        (24, 12)
    """
    surfaces: list[Triangles] = []
    for geom in geoms:
        surface = _surface(model, geom)
        if surface is not None:
            rotation = np.empty(9)
            mujoco.mju_quat2Mat(rotation, model.geom_quat[geom])
            surfaces.append(surface.moved(model.geom_pos[geom], rotation.reshape(3, 3)))
    return Triangles.joined(surfaces) if surfaces else None


def _surface(model: mujoco.MjModel, geom: int) -> Triangles | None:
    """The surface of one geom in its own frame; None if it has none, or is infinite."""
    kinds, size = mujoco.mjtGeom, model.geom_size[geom]
    kind = kinds(model.geom_type[geom])
    if kind == kinds.mjGEOM_SPHERE:
        return _capsule(size[0], 0.0)
    if kind == kinds.mjGEOM_CAPSULE:
        return _capsule(size[0], size[1])
    if kind == kinds.mjGEOM_ELLIPSOID:
        ball = _capsule(1.0, 0.0)
        return Triangles(ball.vertices * size, ball.faces)
    if kind == kinds.mjGEOM_CYLINDER:
        return _cylinder(size[0], size[1])
    if kind == kinds.mjGEOM_BOX:
        corners = np.stack(np.meshgrid(*[(-1.0, 1.0)] * 3), axis=-1).reshape(-1, 3)
        return convex(corners * size)
    if kind == kinds.mjGEOM_MESH:
        return _mesh(model, int(model.geom_dataid[geom]))
    if kind == kinds.mjGEOM_HFIELD:
        return _height_field(model, int(model.geom_dataid[geom]))
    return None


def _capsule(radius: float, half: float) -> Triangles:
    """A capsule along z; a sphere where its middle has no length."""
    quarter = np.linspace(0.0, np.pi / 2.0, RINGS + 1)
    # From the lower pole to the upper one; both ends of the middle have a ring of their own.
    polar = np.concatenate([-quarter[::-1], quarter if half else quarter[1:]])
    shift = np.where(np.arange(len(polar)) <= RINGS, -half, half)
    return _revolved(radius * np.cos(polar), radius * np.sin(polar) + shift)


def _cylinder(radius: float, half: float) -> Triangles:
    """A cylinder along z; its rims come up twice, so that they stay sharp."""
    parts = [
        _revolved(np.array([0.0, radius]), np.array([-half, -half])),
        _revolved(np.array([radius, radius]), np.array([-half, half])),
        _revolved(np.array([radius, 0.0]), np.array([half, half])),
    ]
    return Triangles.joined(parts)


def _revolved(radii: Array, heights: Array) -> Triangles:
    """A profile, from its lower end to its upper one, turned around the z axis."""
    angles = np.linspace(0.0, 2.0 * np.pi, AROUND, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    flat = radii[:, None, None] * circle
    tall = np.broadcast_to(heights[:, None, None], (len(radii), AROUND, 1))
    vertices = np.concatenate([flat, tall], axis=2).reshape(-1, 3)
    ring = np.arange(AROUND)
    low = (np.arange(len(radii) - 1)[:, None] * AROUND + ring).ravel()
    next_low = (np.arange(len(radii) - 1)[:, None] * AROUND + (ring + 1) % AROUND).ravel()
    faces = np.concatenate(
        [
            np.stack([low, next_low, next_low + AROUND], axis=1),
            np.stack([low, next_low + AROUND, low + AROUND], axis=1),
        ]
    )
    return Triangles(vertices, faces)


def convex(points: Array) -> Triangles | None:
    """The convex hull of points, with sharp edges.

    Args:
        points: (n, 3) points (m).

    Returns:
        The surface; None if the points lie in a plane.
    """
    try:
        hull = ConvexHull(points)
    except QhullError:
        return None
    corners = points[hull.simplices]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = np.einsum("ij,ij->i", normals, hull.equations[:, :3]) < 0.0
    faces = np.where(inward[:, None], hull.simplices[:, ::-1], hull.simplices)
    return _with_edges(points, faces)


def _mesh(model: mujoco.MjModel, mesh: int) -> Triangles | None:
    first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
    vertices = model.mesh_vert[first : first + count].astype(np.float64)
    start, number = model.mesh_faceadr[mesh], model.mesh_facenum[mesh]
    if number > MOST_TRIANGLES:
        return convex(vertices)
    return _with_edges(vertices, model.mesh_face[start : start + number].astype(np.intp))


def _with_edges(vertices: Array, faces: NDArray[np.intp]) -> Triangles:
    """A surface whose corners come up once for each smooth patch of triangles around them."""
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    used: list[int] = []
    patches: dict[int, list[tuple[Array, int]]] = {}
    result = np.empty_like(faces)
    for face, normal in enumerate(normals):
        for place, vertex in enumerate(faces[face]):
            known = patches.setdefault(int(vertex), [])
            number = next((each for other, each in known if other @ normal > SMOOTH), None)
            if number is None:
                number = len(used)
                used.append(int(vertex))
                known.append((normal, number))
            result[face, place] = number
    return Triangles(vertices[used], result)


def _height_field(model: mujoco.MjModel, field: int) -> Triangles:
    rows, columns = int(model.hfield_nrow[field]), int(model.hfield_ncol[field])
    half_x, half_y, height, _ = (float(each) for each in model.hfield_size[field])
    first = model.hfield_adr[field]
    heights = model.hfield_data[first : first + rows * columns].astype(np.float64) * height
    x, y = np.meshgrid(np.linspace(-half_x, half_x, columns), np.linspace(-half_y, half_y, rows))
    vertices = np.stack([x.ravel(), y.ravel(), heights], axis=1)
    low = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    faces = np.concatenate(
        [
            np.stack([low, low + 1, low + columns + 1], axis=1),
            np.stack([low, low + columns + 1, low + columns], axis=1),
        ]
    )
    return Triangles(vertices, faces)
