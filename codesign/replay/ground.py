"""The ground of an episode: heights anywhere, and what stands on it, from the model alone."""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np
from numpy.typing import NDArray

from codesign.replay.recording import WORLD, Recording

Array = NDArray[np.float64]
#: Heights that differ by less count as equal (m).
EQUAL_M = 1e-4
# How far above the ground the top of an upright box is that stands on it (m).
_STANDING_M = 0.01
_TINY = 1e-9


class Ground:
    """Floors and height fields of the world of an episode, and what stands on them.

    Boxes that are upright and higher than the ground where the episode began are obstacles and
    walls; all other fixed boxes are floors.

    Args:
        recording: The episode.

    Attributes:
        level_m: Height of the ground where the episode began (m).
        geoms: Numbers of the geoms that are floors, height fields, or stand on them.

    Examples:
        >>> ground = Ground(one)  # doctest: +SKIP
        >>> ground.heights(np.zeros((1, 2)))  # doctest: +SKIP
        array([0.])
    """

    def __init__(self, recording: Recording) -> None:
        self.level_m = recording.ground_m
        self._model = model = recording.model
        self._data = mujoco.MjData(model)
        mujoco.mj_kinematics(model, self._data)
        fixed = np.flatnonzero(model.body_weldid[model.geom_bodyid] == WORLD).tolist()
        kinds, kind_of = mujoco.mjtGeom, model.geom_type
        boxes = [geom for geom in fixed if kind_of[geom] == kinds.mjGEOM_BOX]
        self._standing = [geom for geom in boxes if self._stands(geom)]
        self._floors = [geom for geom in boxes if geom not in self._standing]
        self._fields = [geom for geom in fixed if kind_of[geom] == kinds.mjGEOM_HFIELD]
        self.geoms = frozenset([*boxes, *self._fields])
        self._has_plane = any(kind_of[geom] == kinds.mjGEOM_PLANE for geom in fixed)

    def _stands(self, geom: int) -> bool:
        upright = self._rotation(geom)[2, 2] > 1.0 - _TINY
        top = self._data.geom_xpos[geom][2] + self._model.geom_size[geom][2]
        return bool(upright and top > self.level_m + _STANDING_M)

    def _rotation(self, geom: int) -> Array:
        return self._data.geom_xmat[geom].reshape(3, 3)

    def heights(self, points: Array) -> Array:
        """Heights of the ground, without what stands on it.

        Args:
            points: (..., 2) places along x and y (m).

        Returns:
            (...,) heights (m); not a number where there is no ground.
        """
        found = np.full(points.shape[:-1], self.level_m if self._has_plane else np.nan)
        for geom in self._floors:
            found = np.fmax(found, self._top_of_box(geom, points))
        for geom in self._fields:
            found = np.fmax(found, self._top_of_field(geom, points))
        return found

    def _top_of_box(self, geom: int, points: Array) -> Array:
        low, high = np.full(points.shape[:-1], -np.inf), np.full(points.shape[:-1], np.inf)
        center, axes = self._data.geom_xpos[geom], self._rotation(geom).T
        for normal, half in zip(axes, self._model.geom_size[geom], strict=True):
            for nx, ny, nz in (normal, -normal):
                # Along a vertical line a point is inside where nz * (z - center) <= left.
                left = half - (points - center[:2]) @ np.array([nx, ny])
                if nz > _TINY:
                    high = np.minimum(high, center[2] + left / nz)
                elif nz < -_TINY:
                    low = np.maximum(low, center[2] + left / nz)
                else:
                    high = np.where(left >= -_TINY, high, -np.inf)
        return np.where(low <= high, high, np.nan)

    def _top_of_field(self, geom: int, points: Array) -> Array:
        model, field = self._model, int(self._model.geom_dataid[geom])
        rows, columns = int(model.hfield_nrow[field]), int(model.hfield_ncol[field])
        half, first = model.hfield_size[field], int(model.hfield_adr[field])
        values = model.hfield_data[first : first + rows * columns].reshape(rows, columns)
        center, last = self._data.geom_xpos[geom], np.array([columns - 1, rows - 1])
        places = ((points - center[:2]) / half[:2] + 1.0) / 2.0 * last
        inside = ((places >= -_TINY) & (places <= last + _TINY)).all(axis=-1)
        column, row = np.moveaxis(np.clip(np.floor(places), 0, last - 1).astype(np.intp), -1, 0)
        along, across = places[..., 0] - column, places[..., 1] - row
        near = (1.0 - along) * values[row, column] + along * values[row, column + 1]
        far = (1.0 - along) * values[row + 1, column] + along * values[row + 1, column + 1]
        top = center[2] + half[2] * ((1.0 - across) * near + across * far)
        return np.where(inside, top, np.nan)

    def lines(self, axis: int) -> Array:
        """(n,) places along x (axis 0) or y (axis 1) between which the ground is straight (m)."""
        places: list[Array] = [np.empty(0)]
        for geom in self._floors:
            half = (np.abs(self._rotation(geom)) @ self._model.geom_size[geom])[axis]
            places.append(self._data.geom_xpos[geom][axis] + np.array([-half, half]))
        for geom in self._fields:
            field = int(self._model.geom_dataid[geom])
            count = (self._model.hfield_ncol, self._model.hfield_nrow)[axis][field]
            half = self._model.hfield_size[field][axis]
            shares: Array = np.linspace(-1.0, 1.0, int(count))
            places.append(self._data.geom_xpos[geom][axis] + half * shares)
        return np.unique(np.concatenate(places).round(6))

    def boxes(self, low: Array, high: Array) -> Iterator[Array]:
        """What stands on the ground in a rectangle.

        Args:
            low: (2,) least x and y (m).
            high: (2,) largest x and y (m).

        Yields:
            (8, 3) corners of each box (m). Boxes whose sides are along x and y are cut off at the
            rectangle, and all at the height where the episode began.
        """
        for geom in self._standing:
            center, size = self._data.geom_xpos[geom], self._model.geom_size[geom]
            rotation = self._rotation(geom)
            half = np.abs(rotation) @ size
            first, last = center - half, center + half
            first[2] = max(first[2], self.level_m)
            if (first[:2] >= high).any() or (last[:2] <= low).any():
                continue
            signs = np.stack(np.meshgrid(*[(-1.0, 1.0)] * 3), axis=-1).reshape(-1, 3)
            if np.abs(rotation).max(axis=0).min() > 1.0 - _TINY:
                first[:2], last[:2] = np.maximum(first[:2], low), np.minimum(last[:2], high)
                yield (first + last) / 2.0 + signs * (last - first) / 2.0
            else:
                corners = center + signs * size @ rotation.T
                yield np.column_stack([corners[:, :2], np.maximum(corners[:, 2], self.level_m)])
