"""Climbing out of a bowl: the task Escape of Gupta 2021."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from hyperdistill_core.tasks.task import Task, as_published
from hyperdistill_core.tasks.terrain.bowl import Bowl
from hyperdistill_core.tasks.terrain.world import World

# Distance from the center at which a body is out (m), and what that is worth.
OUT_M, _OUT_REWARD = 42.0, 100.0


@dataclass(frozen=True, kw_only=True)
class Escape(Task):
    """Getting away from the center of a bowl with a ring of bumps.

    The reward is the growth of the distance from the center (m), and 100 for coming out, which
    ends the episode 42 m away. ``escape`` has a height map of what the physics has;
    ``escape-reference`` equals the public environment of Xiong 2024, where the map is mirrored
    along y; that of Gupta 2021 also has a control cost.

    Attributes:
        terrain: How the bowl of an episode is drawn.

    Examples:
        >>> ESCAPE.terms(np.array([3.0, 4.0, 0.5]), np.array([6.0, 8.0, 0.5]))["away"].item()
        5.0
        >>> ESCAPE.left(np.array([[30.0, 30.0, 0.5], [0.0, -41.0, 0.5]])).tolist()
        [True, False]
    """

    name: str = "escape"
    terrain: Bowl = field(default_factory=Bowl)
    varied: bool = True
    along_x: bool = False

    def draw_world(self, rng: RandomState) -> World:
        """See :meth:`Task.draw_world`."""
        return self.terrain.draw_world(rng)

    def terms(
        self, before: NDArray[np.float64], after: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """See :meth:`Task.terms`."""
        return {
            "away": _distance(after) - _distance(before),
            "out": np.where(self.left(after), _OUT_REWARD, 0.0),
        }

    def left(self, position: NDArray[np.float64]) -> NDArray[np.bool_]:
        """See :meth:`Task.left`."""
        return _distance(position) >= OUT_M


def _distance(position: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.hypot(position[..., 0], position[..., 1])


ESCAPE = Escape()
ESCAPE_REFERENCE = as_published(ESCAPE, terrain=Bowl(reference=True), ground_m=0.0)
