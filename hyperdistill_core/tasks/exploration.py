"""Visiting as much ground as possible: the task Exploration of Gupta 2021."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import mujoco
import networkx as nx
import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from hyperdistill_core.tasks.episodes import Episodes, Simulated, Terms
from hyperdistill_core.tasks.task import Task, as_published
from hyperdistill_core.tasks.terrain.arena import Arena
from hyperdistill_core.tasks.terrain.world import World


@dataclass(frozen=True, kw_only=True)
class Exploration(Task):
    """A flat square of 100 m x 100 m with walls; each new square meter is worth 1.

    A square counts when the torso is above it after a control step, so the first step has one.
    ``exploration-reference`` equals the public environment of Xiong 2024; that of Gupta 2021 also
    has a control cost.

    Attributes:
        terrain: The square.

    Examples:
        >>> EXPLORATION.world().start
        (0.0, 0.0, 0.0)
    """

    name: str = "exploration"
    terrain: Arena = field(default_factory=Arena)
    along_x: bool = False

    def draw_world(self, rng: RandomState) -> World:
        """See :meth:`Task.draw_world`."""
        return self.terrain.draw_world(rng)

    def episodes(
        self, graph: nx.DiGraph[str], model: mujoco.MjModel, simulations: Simulated
    ) -> Episodes:
        """See :meth:`Task.episodes`."""
        return Visits(len(simulations.qpos), self)

    @property
    def squares(self) -> int:
        """Number of squares along a side."""
        return round(2 * self.terrain.half_length)


class Visits(Episodes):
    """The squares that E bodies have visited.

    Args:
        n: Number of episodes, E.
        task: The task.
    """

    def __init__(self, n: int, task: Exploration) -> None:
        self._first_x, self._first_y = task.terrain.corner
        self._edge = task.squares
        self._rows = np.arange(n)
        self._visited = np.zeros((n, self._edge * self._edge), dtype=np.bool_)
        self.kept = {"visited": self._visited}

    def begin(self, simulations: NDArray[np.intp], worlds: Sequence[World]) -> None:
        """See :meth:`Episodes.begin`."""
        self._visited[simulations] = False

    def terms(self, before: NDArray[np.float64], after: NDArray[np.float64]) -> Terms:
        """See :meth:`Episodes.terms`."""
        row, column = (
            np.clip(np.floor(place).astype(np.intp), 0, self._edge - 1)
            for place in (after[:, 1] - self._first_y, after[:, 0] - self._first_x)
        )
        square = row * self._edge + column
        new = ~self._visited[self._rows, square]
        self._visited[self._rows, square] = True
        return {"explore": new.astype(np.float64)}

    def observations(self) -> dict[str, NDArray[np.float64]]:
        """None: see :meth:`Episodes.observations`."""
        return {}


EXPLORATION = Exploration()
EXPLORATION_REFERENCE = as_published(EXPLORATION, terrain=Arena(reference=True))
