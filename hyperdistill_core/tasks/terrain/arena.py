"""A flat square with walls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from numpy.random import RandomState

from hyperdistill_core.tasks.terrain.corridor import Corridor, Segment
from hyperdistill_core.tasks.terrain.height_map import CELLS_PER_M
from hyperdistill_core.tasks.terrain.placement import half_cells
from hyperdistill_core.tasks.terrain.world import World

# Half size of a goal, and its height above the ground (m).
GOAL_HALF_M, GOAL_Z_M = 0.5, 0.11
#: Margins of the settings of the public environment: from the ends and from the sides (m). It
#: keeps twice as much.
MARGIN_X_M, MARGIN_Y_M = 3.0, 5.0
# Kinds of ground that the public environment draws in vain: half lengths of curves and flats.
_UNUSED_DRAWS = (2, 3)


@dataclass(frozen=True, kw_only=True)
class Arena:
    """A flat square with walls; bodies start in its middle.

    Attributes:
        half_length: Half length of a side (m).
        goal: Whether a goal is drawn for every world.
        reference: Whether the world is that of the public environment: the floor at z = 1, the
            middle at x = ``half_length``, and goals twice as far from the walls.

    Examples:
        >>> world = Arena(goal=True).draw_world(RandomState(0))
        >>> len(world.geoms), len(world.goals)
        (5, 1)
    """

    half_length: float = 50.0
    goal: bool = False
    reference: bool = False

    @property
    def corner(self) -> tuple[float, float]:
        """Where x and y are least (m)."""
        return (0.0 if self.reference else -self.half_length), -self.half_length

    def draw_world(self, rng: RandomState) -> World:
        """Draw a world. All of one arena share floor, walls and height map.

        Args:
            rng: Generator that the goal is drawn from.
        """
        world = _empty(self.half_length, self.reference)
        return replace(world, goals=(self._goal(rng, world),)) if self.goal else world

    def _goal(self, rng: RandomState, world: World) -> tuple[float, float, float]:
        factor = 1
        if self.reference:
            factor = 2
            for number in _UNUSED_DRAWS:
                rng.randint(number)
        cells = round(2 * self.half_length * CELLS_PER_M)
        first_row, first_column = (
            half_cells(GOAL_HALF_M) + factor * round(margin * CELLS_PER_M)
            for margin in (MARGIN_Y_M, MARGIN_X_M)
        )
        row = int(rng.randint(first_row, cells - first_row))
        column = int(rng.randint(first_column, cells - first_column))
        x, y, z = world.start
        middle = cells // 2
        return (
            x + (column - middle) / CELLS_PER_M,
            y + (row - middle) / CELLS_PER_M,
            z + GOAL_Z_M,
        )


@cache
def _empty(half_length: float, reference: bool) -> World:
    corridor = Corridor(
        half_length=half_length,
        half_width=half_length,
        start_m=0.0 if reference else half_length,
        walls=True,
        reference=reference,
    )
    world = corridor.world([Segment("flat", -corridor.start_m, half_length)])
    return replace(world, start=(half_length - corridor.start_m, 0.0, corridor.floor_m))
