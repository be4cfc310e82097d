"""A ground that rises along x."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.random import RandomState

from hyperdistill_core.tasks.terrain.height_map import (
    BEYOND_CELLS,
    BEYOND_M,
    CELLS_PER_M,
    HEIGHT_DECIMALS,
    HeightMap,
)
from hyperdistill_core.tasks.terrain.world import Box, Quaternion, Vector, World

# Half thickness of the floor, and distance of the start from the lower end along the slope (m).
_FLOOR_M, _START_M = 1.0, 2.0


@dataclass(frozen=True, kw_only=True)
class Slope:
    """A plane that rises along x; bodies start near its lower end, turned with it.

    Attributes:
        half_length: Half length along the slope (m).
        half_width: Half width (m).
        angle: Angle of the slope (rad).
        reference: Whether the world is that of the public environment: the middle of the slope at
            the origin, and a map 15 to 33 mm below the surface. Otherwise bodies start at the
            origin.

    Examples:
        >>> slope = Slope(half_length=75, half_width=20, angle=math.radians(10))
        >>> height_map = slope.draw_world(RandomState(0)).height_map
        >>> round(height_map.at(np.array([10.0, 0.0, 0.0])).item(), 1)
        1.8
    """

    half_length: float
    half_width: float
    angle: float
    reference: bool = False

    @property
    def start_x(self) -> float:
        """Place of the start along x, from the middle of the slope (m)."""
        return -(self.half_length - _START_M) * math.cos(self.angle)

    def draw_world(self, rng: RandomState) -> World:
        """The world; nothing is drawn.

        Args:
            rng: Not used.
        """
        return _world_of(self)

    def world(self) -> World:
        """The world, built anew; :meth:`draw_world` keeps it."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        quat: Quaternion = (math.cos(self.angle / 2), 0.0, -math.sin(self.angle / 2), 0.0)
        along = self.half_length - _START_M
        start: Vector = (-along * cos, 0.0, 1.0 - along * sin)
        center: Vector = (0.0, 0.0, 0.0)
        if not self.reference:
            center = (along * cos + _FLOOR_M * sin, 0.0, along * sin - _FLOOR_M * cos)
            start = (0.0, 0.0, 0.0)
        size = (self.half_length, self.half_width, _FLOOR_M)
        return World(
            geoms=(Box("floor/0", center, size, quat),),
            height_map=self._height_map(),
            start=start,
            start_quat=quat,
            native_ccd=not self.reference,
        )

    def _height_map(self) -> HeightMap:
        rise, length = math.tan(self.angle), 2 * self.half_length
        if self.reference:
            columns, first = round(length * CELLS_PER_M), -round(self.half_length * CELLS_PER_M)
            profile = rise * (np.arange(columns) / CELLS_PER_M) + 1.0 - self.half_length * rise
        else:
            cos = math.cos(self.angle)
            first = math.floor(-_START_M * cos * CELLS_PER_M)
            columns = math.ceil(length * cos * CELLS_PER_M)
            profile = rise * (first + np.arange(columns) + 0.5) / CELLS_PER_M
        rows = round(2 * self.half_width * CELLS_PER_M)
        heights = np.pad(np.tile(profile, (rows, 1)), BEYOND_CELLS, constant_values=BEYOND_M)
        return HeightMap(
            heights.round(HEIGHT_DECIMALS) if self.reference else heights.astype(np.float32),
            row=len(heights) // 2,
            column=BEYOND_CELLS - first,
            mirrored=self.reference,
            lowest_m=-math.inf,
        )


@lru_cache(maxsize=4)
def _world_of(slope: Slope) -> World:
    return slope.world()
