"""A terrain of several kinds, one of them in every episode."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import RandomState

from hyperdistill_core.tasks.terrain.corridor import Corridor
from hyperdistill_core.tasks.terrain.obstacles import Obstacles
from hyperdistill_core.tasks.terrain.world import World


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Terrains that are drawn with equal chances.

    Attributes:
        terrains: The terrains.

    Examples:
        >>> flat = Corridor(half_length=50, half_width=20, kinds=("flat",))
        >>> boxes = Obstacles(corridor=flat, number=50, half_sizes=(0.5,), margin_m=3)
        >>> mixture = Mixture(terrains=(flat, boxes))
        >>> worlds = [mixture.draw_world(RandomState(seed)) for seed in range(4)]
        >>> [len(world.geoms) > 50 for world in worlds]
        [False, True, False, False]
    """

    terrains: tuple[Corridor | Obstacles, ...]

    def draw_world(self, rng: RandomState) -> World:
        """Draw a world.

        Args:
            rng: Generator.
        """
        return self.terrains[rng.randint(len(self.terrains))].draw_world(rng)
