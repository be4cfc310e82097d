"""Heights of the fixed geoms of a model: where a vertical line from above meets them."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from morph_ops.io.mjcf.scene import hull_of

Array = NDArray[np.float64]
_TINY = 1e-9
_KINDS = mujoco.mjtGeom


class Surface:
    """Tops of the geoms of a model, as collisions have them: a mesh is its convex hull.

    A plane has no end, whatever its size is. A height field stands upright.

    Args:
        model: The model, whose geoms lie where they do in its first state.

    Examples:
        >>> floor = "<geom type='sphere' size='0.5'/>"
        >>> model = mujoco.MjModel.from_xml_string(
        ...     f"<mujoco><worldbody>{floor}</worldbody></mujoco>"
        ... )
        >>> Surface(model).top(0, np.array([[0.3, 0.0], [1.0, 0.0]])).tolist()
        [0.4, nan]
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model, data = model, mujoco.MjData(model)
        mujoco.mj_kinematics(model, data)
        self._centers, self._frames = data.geom_xpos.copy(), data.geom_xmat.reshape(-1, 3, 3).copy()

    def center(self, geom: int) -> Array:
        """(3,) center of a geom (m)."""
        return self._centers[geom]

    def frame(self, geom: int) -> Array:
        """(3, 3) rotation of a geom."""
        return self._frames[geom]

    def bounds(self, geom: int) -> tuple[Array, Array]:
        """(3,) least and largest coordinates of a geom that is no plane (m)."""
        box = self._model.geom_aabb[geom]
        center = self._centers[geom] + self._frames[geom] @ box[:3]
        half = np.abs(self._frames[geom]) @ box[3:]
        return center - half, center + half

    def top(self, geom: int, points: Array) -> Array:
        """Heights of a geom.

        Args:
            geom: Number of the geom.
            points: (..., 2) places along x and y (m).

        Returns:
            (...,) heights (m); not a number where it is not.
        """
        kind, size = int(self._model.geom_type[geom]), self._model.geom_size[geom]
        if kind == _KINDS.mjGEOM_PLANE:
            return self._top_of_faces(geom, np.array([[0.0, 0.0, 1.0]]), np.zeros(1), points)
        if kind == _KINDS.mjGEOM_BOX:
            normals = np.concatenate([np.eye(3), -np.eye(3)])
            return self._top_of_faces(geom, normals, np.tile(size, 2), points)
        if kind == _KINDS.mjGEOM_MESH:
            return self._top_of_mesh(geom, points)
        if kind == _KINDS.mjGEOM_HFIELD:
            return self._top_of_field(geom, points)
        return self._top_of_round(geom, kind, points)

    def _top_of_faces(self, geom: int, normals: Array, offsets: Array, points: Array) -> Array:
        """Top of a convex solid, whose points p have ``normals @ p <= offsets`` in its frame."""
        low, high = np.full(points.shape[:-1], -np.inf), np.full(points.shape[:-1], np.inf)
        center = self._centers[geom]
        for (nx, ny, nz), offset in zip(normals @ self._frames[geom].T, offsets, strict=True):
            # Along a vertical line a point is inside where nz * (z - center) <= left.
            left = offset - (points - center[:2]) @ np.array([nx, ny])
            if nz > _TINY:
                high = np.minimum(high, center[2] + left / nz)
            elif nz < -_TINY:
                low = np.maximum(low, center[2] + left / nz)
            else:
                high = np.where(left >= -_TINY, high, -np.inf)
        return np.where((low <= high) & np.isfinite(high), high, np.nan)

    def _top_of_mesh(self, geom: int, points: Array) -> Array:
        corners, faces = hull_of(self._model, int(self._model.geom_dataid[geom]))
        a, b, c = corners[faces].transpose(1, 0, 2)
        normals = np.cross(b - a, c - a)
        length = np.linalg.norm(normals, axis=1)
        kept = length > 1e-6 * length.max()
        normals, a = normals[kept] / length[kept, None], a[kept]
        return self._top_of_faces(geom, normals, np.einsum("ij,ij->i", normals, a), points)

    def _top_of_round(self, geom: int, kind: int, points: Array) -> Array:
        """Top of a sphere, an ellipsoid, a capsule or a cylinder."""
        size, frame = self._model.geom_size[geom], self._frames[geom]
        flat = points - self._centers[geom][:2]
        # In the frame of the geom, a vertical line is start + height * up.
        start, up = flat @ frame[:2], frame[2]
        if kind == _KINDS.mjGEOM_ELLIPSOID:
            found = _largest_root(start / size, up / size, 1.0)
        elif kind == _KINDS.mjGEOM_SPHERE:
            found = _largest_root(start, up, size[0])
        else:
            found = self._top_of_tube(start, up, size, capsule=kind == _KINDS.mjGEOM_CAPSULE)
        return self._centers[geom][2] + found

    @staticmethod
    def _top_of_tube(start: Array, up: Array, size: Array, *, capsule: bool) -> Array:
        radius, half = size[:2]
        found = _largest_root(start[..., :2], up[:2], radius)
        found = np.where(np.abs(start[..., 2] + found * up[2]) <= half, found, np.nan)
        for end in (-half, half):
            if capsule:
                other = _largest_root(start - np.array([0.0, 0.0, end]), up, radius)
            elif abs(up[2]) > _TINY:
                other = (end - start[..., 2]) / up[2]
                across = start[..., :2] + other[..., None] * up[:2]
                other = np.where(np.hypot(across[..., 0], across[..., 1]) <= radius, other, np.nan)
            else:
                continue
            found = np.fmax(found, other)
        return found

    def _top_of_field(self, geom: int, points: Array) -> Array:
        model, field = self._model, int(self._model.geom_dataid[geom])
        rows, columns = int(model.hfield_nrow[field]), int(model.hfield_ncol[field])
        half, first = model.hfield_size[field], int(model.hfield_adr[field])
        values: Array = model.hfield_data[first : first + rows * columns].reshape(rows, columns)
        center, last = self._centers[geom], np.array([columns - 1, rows - 1])
        places = (points - center[:2]) @ self._frames[geom][:2, :2]
        places = (places / half[:2] + 1.0) / 2.0 * last
        inside = ((places >= -_TINY) & (places <= last + _TINY)).all(axis=-1)
        column, row = np.moveaxis(np.clip(np.floor(places), 0, last - 1).astype(np.intp), -1, 0)
        along, across = places[..., 0] - column, places[..., 1] - row
        # A diagonal parts each cell into two triangles.
        first_corner, last_corner = values[row, column], values[row + 1, column + 1]
        beside: Array = np.where(along > across, values[row, column + 1], values[row + 1, column])
        more, less = np.maximum(along, across), np.minimum(along, across)
        share: Array = (1.0 - more) * first_corner + (more - less) * beside + less * last_corner
        return np.where(inside, center[2] + half[2] * share, np.nan)


def _largest_root(start: Array, up: Array, radius: float) -> Array:
    """(...,) largest t with ``|start + t * up| = radius``; not a number where there is none."""
    a = float(up @ up)
    if a < _TINY:
        return np.full(start.shape[:-1], np.nan)
    b = start @ up
    left = b * b - a * ((start * start).sum(axis=-1) - radius * radius)
    with np.errstate(invalid="ignore"):
        return (np.sqrt(left) - b) / a
