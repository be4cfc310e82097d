"""A terrain of several kinds, one of them in every episode."""

from __future__ import annotations

from dataclasses import dataclass, replace

from numpy.random import RandomState

from hyperdistill_core.tasks.terrain.corridor import Corridor
from hyperdistill_core.tasks.terrain.obstacles import Obstacles
from hyperdistill_core.tasks.terrain.world import World


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Terrains that are drawn with equal chances.

    Attributes:
        terrains: The terrains.
        fall_ratios: Fall ratio on each of them.

    Examples:
        >>> flat = Corridor(half_length=50, half_width=20, kinds=("flat",))
        >>> boxes = Obstacles(corridor=flat, number=50, half_sizes=(0.5,), margin_m=3)
        >>> mixture = Mixture(terrains=(flat, boxes), fall_ratios=(0.3, 0.5))
        >>> worlds = [mixture.draw_world(RandomState(seed)) for seed in range(4)]
        >>> [len(world.geoms) > 50 for world in worlds]
        [False, True, False, False]
    """

    terrains: tuple[Corridor | Obstacles, ...]
    fall_ratios: tuple[float, ...]

    def draw_world(self, rng: RandomState) -> World:
        """Draw a world.

        Args:
            rng: Generator.
        """
        number = rng.randint(len(self.terrains))
        world = self.terrains[number].draw_world(rng)
        return replace(world, fall_ratio=self.fall_ratios[number])
