"""The ground of an episode: heights anywhere, and what stands on it, from the model alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import mujoco
import numpy as np
from numpy.typing import NDArray

from codesign.replay.recording import WORLD
from hyperdistill_core.tasks.terrain import Surface
from hyperdistill_core.tasks.terrain.scene_ground import SCENE_GEOM

Array = NDArray[np.float64]
#: Heights that differ by less count as equal (m).
EQUAL_M = 1e-4
# How far above the ground the top of an upright box is that stands on it (m).
_STANDING_M = 0.01
_TINY = 1e-9
# Half width of the side of a step, and distance of the lines on a round surface (m).
_RISER_M, _ROUND_M = 5e-4, 0.1


class Acted(Protocol):
    """An episode that took place somewhere."""

    @property
    def model(self) -> mujoco.MjModel:
        """The body in its world."""
        ...

    @property
    def ground_m(self) -> float:
        """Height of the ground where the episode began (m)."""
        ...


class Ground:
    """Floors and height fields of the world of an episode, and what stands on them.

    Boxes that are upright and higher than the ground where the episode began are obstacles and
    walls; all other fixed boxes are floors, and so is everything in a user's own scene.

    Args:
        episode: The episode, such as a recording.

    Attributes:
        level_m: Height of the ground where the episode began (m).
        geoms: Numbers of the geoms that are floors, height fields, or stand on them.

    Examples:
        >>> ground = Ground(one)  # doctest: +SKIP
        >>> ground.heights(np.zeros((1, 2)))  # doctest: +SKIP
        array([0.])
    """

    def __init__(self, episode: Acted) -> None:
        self.level_m = episode.ground_m
        self._model = model = episode.model
        self._surface = Surface(model)
        fixed = np.flatnonzero(model.body_weldid[model.geom_bodyid] == WORLD).tolist()
        kinds, kind_of = mujoco.mjtGeom, model.geom_type
        scene = {geom for geom in fixed if model.geom(geom).name.startswith(SCENE_GEOM)}
        boxes = [geom for geom in fixed if kind_of[geom] == kinds.mjGEOM_BOX]
        self._planes = [geom for geom in fixed if kind_of[geom] == kinds.mjGEOM_PLANE]
        self._fields = [geom for geom in fixed if kind_of[geom] == kinds.mjGEOM_HFIELD]
        self._standing = [geom for geom in boxes if geom not in scene and self._stands(geom)]
        known = {*self._planes, *self._fields, *self._standing}
        self._floors = [geom for geom in fixed if geom in {*boxes, *scene} - known]
        self._steps = frozenset(scene & {*self._floors})
        self.geoms = frozenset([*self._fields, *self._standing, *self._floors])

    def _stands(self, geom: int) -> bool:
        upright = self._surface.frame(geom)[2, 2] > 1.0 - _TINY
        top = self._surface.center(geom)[2] + self._model.geom_size[geom][2]
        return bool(upright and top > self.level_m + _STANDING_M)

    def heights(self, points: Array) -> Array:
        """Heights of the ground, without what stands on it.

        Args:
            points: (..., 2) places along x and y (m).

        Returns:
            (...,) heights (m); not a number where there is no ground.
        """
        found = np.full(points.shape[:-1], np.nan)
        for geom in self._planes:
            found = np.fmax(found, self._surface.top(geom, points))
        for geom in (*self._floors, *self._fields):
            low, high = (each[:2] for each in self._surface.bounds(geom))
            near = ((points >= low - _TINY) & (points <= high + _TINY)).all(axis=-1)
            if near.any():
                found[near] = np.fmax(found[near], self._surface.top(geom, points[near]))
        return found

    def on(self, points: Array) -> Array:
        """Points of the ground; where there is none, at the height where the episode began.

        Args:
            points: (..., 2) places along x and y (m).

        Returns:
            (..., 3) points (m).
        """
        heights = np.nan_to_num(self.heights(points), nan=self.level_m)
        return np.concatenate([points, heights[..., None]], axis=-1)

    def lines(self, axis: int) -> Array:
        """(n,) places along x (axis 0) or y (axis 1) between which the ground is straight (m)."""
        places: list[Array] = [np.empty(0)]
        for geom in (*self._floors, *self._fields):
            low, high = (float(each[axis]) for each in self._surface.bounds(geom))
            ends = np.array([low, high])
            if geom in self._steps:
                # A step goes up at once, and a surface between lines is straight.
                ends = np.concatenate([ends - _RISER_M, ends + _RISER_M])
            places.append(ends)
            if geom in self._fields:
                field = int(self._model.geom_dataid[geom])
                count = int((self._model.hfield_ncol, self._model.hfield_nrow)[axis][field])
                places.append(np.linspace(low, high, count))
            elif geom in self._steps and not self._has_straight_sides(geom):
                places.append(np.linspace(low, high, max(2, round((high - low) / _ROUND_M))))
        return np.unique(np.concatenate(places).round(6))

    def _has_straight_sides(self, geom: int) -> bool:
        """Whether a geom is a box whose sides lie along the axes, but for a slope along x."""
        if self._model.geom_type[geom] != mujoco.mjtGeom.mjGEOM_BOX:
            return False
        return bool(np.abs(self._surface.frame(geom)[1]).max() > 1.0 - _TINY)

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
            center, size = self._surface.center(geom), self._model.geom_size[geom]
            rotation = self._surface.frame(geom)
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
