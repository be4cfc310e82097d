"""Ground with an object on it, and the goal that it should be brought to."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.random import RandomState

from hyperdistill_core.tasks.terrain.arena import (
    GOAL_HALF_M,
    GOAL_Z_M,
    MARGIN_X_M,
    MARGIN_Y_M,
)
from hyperdistill_core.tasks.terrain.corridor import Corridor, Segment
from hyperdistill_core.tasks.terrain.height_map import CELL_M, CELLS_PER_M, HEIGHT_DECIMALS
from hyperdistill_core.tasks.terrain.objects import Ball, FreeBox, Placed
from hyperdistill_core.tasks.terrain.placement import PlacementGrid, around, half_cells
from hyperdistill_core.tasks.terrain.profiles import Heights
from hyperdistill_core.tasks.terrain.slope import Slope
from hyperdistill_core.tasks.terrain.world import Vector, World

# Gap between an object and the ground where an episode begins (m).
_GAP_M = 0.1
# Distance along x from the start to the object, and from there to the goal (m).
_DISTANCES_M = (15, 25)
# Place of the object and the goal on the slope, from its middle (m).
_ON_SLOPE_M = 35.0


@dataclass(frozen=True, kw_only=True)
class ObjectCorridor:
    """A corridor with an object 15 to 24 m ahead, and a goal as far behind it.

    Both are at least 5 m from the sides and 3 m from the end, twice as much in the public
    environment.

    Attributes:
        corridor: The corridor.
        shape: The object.
        reference: Whether the world is that of the public environment: object and goal lie as high
            as the ground at the mirrored y is.

    Examples:
        >>> ground = ObjectCorridor(
        ...     corridor=Corridor(half_length=30, half_width=20), shape=FreeBox(mass=1.0)
        ... )
        >>> world = ground.draw_world(RandomState(0))
        >>> 15.0 <= world.object.pos[0] < 25.0, 15.0 <= world.goals[0][0] - world.object.pos[0]
        (True, True)
    """

    corridor: Corridor
    shape: FreeBox | Ball
    reference: bool = False

    def draw_world(self, rng: RandomState) -> World:
        """Draw a world.

        Args:
            rng: Generator. The order of its draws is that of the public code.
        """
        corridor = replace(self.corridor, reference=self.reference)
        segments = corridor.draw(rng)
        flat = all(segment.heights is None for segment in segments)
        world = _flat(corridor, tuple(segments)) if flat else corridor.world(segments)
        heights = corridor.heights(segments)
        grid, start = PlacementGrid(heights.shape), round(corridor.start_m * CELLS_PER_M)
        half, gap = self.shape.half_size, self.shape.half_size + _GAP_M
        column, pos = self._place(rng, grid, heights, half, gap, start)
        _, goal = self._place(rng, grid, heights, GOAL_HALF_M, GOAL_Z_M, column)
        return replace(world, object=Placed(self.shape, pos), goals=(goal,))

    def _place(
        self,
        rng: RandomState,
        grid: PlacementGrid,
        heights: Heights,
        half: float,
        above: float,
        behind: int,
    ) -> tuple[int, Vector]:
        """Column and position of a free place behind a column, some height above the ground."""
        cells, factor = half_cells(half), 2 if self.reference else 1
        rows, columns = heights.shape
        sides = cells + factor * round(MARGIN_Y_M * CELLS_PER_M)
        between: tuple[int, int] = (sides, rows - sides)
        last = columns - cells - factor * round(MARGIN_X_M * CELLS_PER_M)
        while True:  # (the public code fails after ten attempts)
            distance = int(rng.randint(*_DISTANCES_M)) * CELLS_PER_M
            row, column = int(rng.randint(*between)), min(behind + distance, last)
            if grid.take(row, column, (half, half)):
                break
        # The public environment reads the heights of objects, too, from a map whose rows run
        # towards -y.
        seen = heights[::-1] if self.reference else heights
        top = float(seen[around(row, column, (half, half))].max())
        x = column / CELLS_PER_M - self.corridor.start_m
        y = row / CELLS_PER_M - self.corridor.half_width
        return column, (x, y, round(top, HEIGHT_DECIMALS) + above)


@lru_cache(maxsize=4)
def _flat(corridor: Corridor, segments: tuple[Segment, ...]) -> World:
    """The world of a flat corridor, which all its worlds share."""
    return corridor.world(list(segments))


@dataclass(frozen=True, kw_only=True)
class ObjectSlope:
    """A slope with an object near its lower end, and a goal 70 m ahead of it.

    Attributes:
        slope: The slope.
        shape: The object.
        reference: Whether the world is that of the public environment.

    Examples:
        >>> slope = Slope(half_length=40, half_width=20, angle=math.radians(10))
        >>> world = ObjectSlope(slope=slope, shape=FreeBox(mass=2.0)).draw_world(RandomState(0))
        >>> round(world.object.pos[0], 3), round(world.goals[0][0], 3)
        (2.423, 72.423)
    """

    slope: Slope
    shape: FreeBox
    reference: bool = False

    def draw_world(self, rng: RandomState) -> World:
        """The world; nothing is drawn.

        Args:
            rng: Not used.
        """
        half = self.shape.half_size
        slope = replace(self.slope, reference=self.reference)
        return replace(
            slope.draw_world(rng),
            object=Placed(self.shape, self._at(-_ON_SLOPE_M, half, half + _GAP_M)),
            goals=(self._at(_ON_SLOPE_M, GOAL_HALF_M, GOAL_Z_M),),
        )

    def _at(self, along: float, half: float, above: float) -> Vector:
        """A position some height above the highest cell around it."""
        rise = math.tan(self.slope.angle)
        x, surface = (along, 1.0) if self.reference else (along - self.slope.start_x, 0.0)
        top = surface + rise * (x + half - CELL_M)
        return (x, 0.0, float(np.round(top, HEIGHT_DECIMALS)) + above)
