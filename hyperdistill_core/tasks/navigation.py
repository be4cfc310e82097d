"""Going to goals: the tasks Patrol and Point navigation of Gupta 2021."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import mujoco
import networkx as nx
import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from hyperdistill_core.tasks.episodes import (
    Episodes,
    Simulated,
    Terms,
    in_frame,
    xy_distance,
)
from hyperdistill_core.tasks.task import Task, as_published
from hyperdistill_core.tasks.terrain.arena import Arena
from hyperdistill_core.tasks.terrain.world import Box, Plane, World
from morph_ops import graph as body_graph

#: Points for each meter nearer, and for being there.
PER_METER, ARRIVAL = 100.0, 10.0
# Distance between the goals of a patrol, and height of a goal above the ground (m).
_PATROL_M, _GOAL_Z_M = 10.0, 0.1
# Half length of the floor of the public environment (m).
_HALF_LENGTH_M = 30.0


class Terrain(Protocol):
    """What draws worlds with goals."""

    def draw_world(self, rng: RandomState) -> World:
        """Draw a world."""
        ...


@dataclass(frozen=True, kw_only=True)
class PatrolGround:
    """A floor with two goals, the start and a place 10 m ahead.

    Attributes:
        reference: Whether the world is that of the public environment: a floor at z = 1 of
            60 m x 60 m, with the goals at x = -5 and x = 5. Otherwise the floor has no end.

    Examples:
        >>> PatrolGround().draw_world(RandomState(0)).goals
        ((10.0, 0.0, 0.1), (0.0, 0.0, 0.1))
    """

    reference: bool = False

    def draw_world(self, rng: RandomState) -> World:
        """The world; nothing is drawn.

        Args:
            rng: Not used.
        """
        x, z = (-_PATROL_M / 2, 1.0) if self.reference else (0.0, 0.0)
        size = (_HALF_LENGTH_M, _HALF_LENGTH_M, 1.0)
        box, plane = Box("floor/0", (0.0, 0.0, 0.0), size), Plane("floor/0")
        return World(
            geoms=(box if self.reference else plane,),
            start=(x, 0.0, z),
            native_ccd=not self.reference,
            goals=((x + _PATROL_M, 0.0, z + _GOAL_Z_M), (x, 0.0, z + _GOAL_Z_M)),
        )


@dataclass(frozen=True, kw_only=True)
class GoalPath:
    """A floor without end and one goal after the other, each in any direction from the last.

    Attributes:
        goals: Number of goals.
        nearest_m: Least distance between a goal and the next (m).
        farthest_m: Largest distance between a goal and the next (m).

    Examples:
        >>> len(GoalPath().draw_world(RandomState(0)).goals)
        16
    """

    goals: int = 16
    nearest_m: float = 2.0
    farthest_m: float = 12.0

    def draw_world(self, rng: RandomState) -> World:
        """Draw a world.

        Args:
            rng: Generator.
        """
        angles = rng.uniform(-np.pi, np.pi, self.goals)
        lengths = rng.uniform(self.nearest_m, self.farthest_m, self.goals)
        x, y = np.cumsum(lengths * [np.cos(angles), np.sin(angles)], axis=1).tolist()
        goals = tuple((*place, _GOAL_Z_M) for place in zip(x, y, strict=True))
        return World(geoms=(Plane("floor/0"),), goals=goals)


@dataclass(frozen=True, kw_only=True)
class Navigation(Task):
    """Going to goals: 100 points for each meter nearer, and 10 within 0.5 m of a goal.

    A patrol goes to and fro between two goals: the next step counts towards the other one. A
    single goal is worth 10 points at every step. Where ``stay`` is above 1, so is every goal, for
    that many steps.

    Attributes:
        terrain: Where the goals are.
        margin_m: Horizontal distance at which a goal is reached (m).
        stay: Number of steps at a goal after which the next one counts.
        late: Whether the observation of the control step that arrives still shows the goal that was
            reached, as in the public environment.

    Examples:
        >>> PATROL.world().goals[0]
        (10.0, 0.0, 0.1)
    """

    terrain: Terrain
    margin_m: float = 0.5
    stay: int = 1
    late: bool = False
    control_cost: float = 1e-3
    along_x: bool = False
    faces_goal: bool = True

    def draw_world(self, rng: RandomState) -> World:
        """See :meth:`Task.draw_world`."""
        return self.terrain.draw_world(rng)

    def episodes(
        self, graph: nx.DiGraph[str], model: mujoco.MjModel, simulations: Simulated
    ) -> Episodes:
        """See :meth:`Task.episodes`."""
        torso = int(model.body(body_graph.root(graph)).id)
        return Goals(simulations, torso, n_goals=len(self.world().goals), task=self)


class Goals(Episodes):
    """The goals of E bodies, and which of them is next.

    Args:
        simulations: The simulations.
        torso: Number of the torso's MuJoCo body.
        n_goals: Number of goals of an episode, G.
        task: The task.
    """

    def __init__(
        self, simulations: Simulated, torso: int, *, n_goals: int, task: Navigation
    ) -> None:
        n = len(simulations.qpos)
        self._simulations, self._torso, self._task = simulations, torso, task
        self._rows = np.arange(n)
        self._goals = np.zeros((n, n_goals, 3))
        self._next, self._shown, self._stayed = (np.zeros(n, np.intp) for _ in range(3))
        self.kept = {"goals": self._goals, "next": self._next, "shown": self._shown}
        self.kept["stayed"] = self._stayed

    def begin(self, simulations: NDArray[np.intp], worlds: Sequence[World]) -> None:
        """See :meth:`Episodes.begin`."""
        self._goals[simulations] = [world.goals for world in worlds]
        for counter in (self._next, self._shown, self._stayed):
            counter[simulations] = 0

    def terms(self, before: NDArray[np.float64], after: NDArray[np.float64]) -> Terms:
        """See :meth:`Episodes.terms`."""
        goal = self.goal
        left = xy_distance(after, goal)
        there = left <= self._task.margin_m
        terms = {
            "approach": PER_METER * (xy_distance(before, goal) - left),
            "arrive": np.where(there, ARRIVAL, 0.0),
        }
        if self._task.late:
            self._shown[...] = self._next
        self._stayed += there
        over = self._stayed >= self._task.stay
        self._stayed[over] = 0
        self._next[...] = (self._next + over) % self._goals.shape[1]
        if not self._task.late:
            self._shown[...] = self._next
        return terms

    @property
    def goal(self) -> NDArray[np.float64]:
        """(E, 3) positions of the goals that the next control step counts for (m)."""
        return self._goals[self._rows, self._next]

    def observations(self) -> dict[str, NDArray[np.float64]]:
        """``goal``: from the torso to the goal (m); see :meth:`Episodes.observations`."""
        return {"goal": in_frame(self._simulations.xquat[:, self._torso], self.goal_offset())}

    def goal_offset(self) -> NDArray[np.float64]:
        """See :meth:`Episodes.goal_offset`."""
        shown = self._goals[self._rows, self._shown]
        return shown - self._simulations.xpos[:, self._torso]


PATROL = Navigation(name="patrol", terrain=PatrolGround())
POINT_NAV = Navigation(name="point-nav", terrain=Arena(goal=True), varied=True, one_ground=True)
#: For trainings: arriving, staying and turning, many times in an episode.
GOALS = Navigation(name="goals", terrain=GoalPath(), stay=50, varied=True, one_ground=True)
#: The default forms, and those of the public environment.
NAVIGATION = (PATROL, POINT_NAV, GOALS)
NAVIGATION_REFERENCE = tuple(
    as_published(task, terrain=terrain, late=True)
    for task, terrain in (
        (PATROL, PatrolGround(reference=True)),
        (POINT_NAV, Arena(goal=True, reference=True)),
    )
)
