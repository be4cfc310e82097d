"""Boxes that stand in the way."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from hyperdistill_core.tasks.terrain.corridor import Corridor
from hyperdistill_core.tasks.terrain.height_map import CELLS_PER_M
from hyperdistill_core.tasks.terrain.placement import PlacementGrid, half_cells
from hyperdistill_core.tasks.terrain.world import Box, World

# A box of the public environment is 4 m high, hangs above the floor, and is seen as 2 m high.
_REFERENCE_HALF_HEIGHT_M, _GAP_M = 2.0, 0.1
_SEEN_M = 2.0


@dataclass(frozen=True, kw_only=True)
class Obstacles:
    """How boxes are placed on a flat corridor.

    Attributes:
        corridor: The corridor.
        number: Number of boxes; one that finds no place in ten attempts is left out.
        half_sizes: Half sizes along x and y to draw from (m).
        margin_m: Length without boxes behind the first segment and before the end (m). In the
            public environment both are twice as long as its settings say.
        reference: Whether the world is that of the public environment: boxes that hang 0.1 m above
            the floor, 4 m high, and look 2 m high. Otherwise they stand on it and are 2 m high.

    Examples:
        >>> corridor = Corridor(half_length=50, half_width=20, walls=True, kinds=("flat",))
        >>> obstacles = Obstacles(corridor=corridor, number=50, half_sizes=(0.5, 1.0), margin_m=3)
        >>> len(obstacles.draw_world(RandomState(0)).geoms) > 50
        True
    """

    corridor: Corridor
    number: int
    half_sizes: tuple[float, ...]
    margin_m: float
    reference: bool = False

    def draw_world(self, rng: RandomState) -> World:
        """Draw a world.

        Args:
            rng: Generator. The order of its draws is that of the public code.
        """
        corridor = replace(self.corridor, reference=self.reference)
        segments = corridor.draw(rng)
        world, heights = corridor.world(segments), corridor.heights(segments)
        boxes, taken = self.place(corridor, rng)
        # Rows of the public environment's map run towards -y; what varies along y within the floor
        # is seen mirrored there, boxes are not.
        seen = heights[::-1] if self.reference else heights
        seen[taken] = corridor.floor_m + _SEEN_M
        return replace(world, geoms=(*world.geoms, *boxes), height_map=corridor.height_map(heights))

    def place(self, corridor: Corridor, rng: RandomState) -> tuple[list[Box], NDArray[np.bool_]]:
        """Boxes on free places, and the cells that they take.

        Args:
            corridor: The corridor.
            rng: Generator.
        """
        grid = PlacementGrid((corridor.rows, corridor.columns))
        floor, reference = corridor.floor_m, self.reference
        half_height = _REFERENCE_HALF_HEIGHT_M if reference else _SEEN_M / 2
        z = floor + half_height + (_GAP_M if reference else 0.0)
        boxes: list[Box] = []
        for number in range(self.number):
            half_sizes = (self._half_size(rng), self._half_size(rng))
            a, b = (half_cells(half_size) for half_size in half_sizes)
            first, last = self._free_columns()
            place = grid.place(
                half_sizes,
                rng,
                rows=(b, corridor.rows - b),
                columns=(a + first, last - a),
            )
            if place is not None:
                row, column = place
                x = column / CELLS_PER_M - corridor.start_m
                pos = (x, row / CELLS_PER_M - corridor.half_width, z)
                size = (*half_sizes, half_height)
                boxes.append(Box(f"obstacle/{number}", pos, size, own_body=reference))
        return boxes, grid.taken

    def _free_columns(self) -> tuple[int, int]:
        corridor, margin = self.corridor, round(self.margin_m * CELLS_PER_M)
        if self.reference:
            return 2 * margin, corridor.columns - 2 * margin
        behind_start = round(2 * corridor.start_m * CELLS_PER_M)
        return max(behind_start, margin), corridor.columns - margin

    def _half_size(self, rng: RandomState) -> float:
        return self.half_sizes[rng.randint(len(self.half_sizes))]
