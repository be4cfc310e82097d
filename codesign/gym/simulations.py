"""E simulations of one body with episodes of their own: what both environments stand on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from codesign.errors import UsageError
from hyperdistill_core.features import STATE_DIM, BodyLayout, StateReader
from hyperdistill_core.rollout import Physics, quiet_warnings, unstable_simulations
from hyperdistill_core.rollout.axes import in_axes_of
from hyperdistill_core.rollout.batched import BatchedPhysics
from hyperdistill_core.rollout.many_worlds import ManyWorlds
from hyperdistill_core.tasks import Task, get_task
from hyperdistill_core.tasks.task import start_pose
from morph_ops.errors import BodyError
from morph_ops.io.files import read_body

Body: TypeAlias = "str | os.PathLike[str] | nx.DiGraph[str]"
"""A robot file, or a body."""

#: Reward term of an episode whose simulation became unstable.
UNSTABLE = "unstable"
#: Infos that there are after a reset, too.
RESET_INFOS = ("distance", "time")


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a control step gave; each array (E,). Simulations that rested have zeros.

    Attributes:
        terms: Reward terms by name. With :data:`UNSTABLE` the return of an episode whose
            simulation became unstable is the worst score of the task, as in a rollout.
        terminated: Whether the episode ended by a fall, off the terrain, or by an instability.
        truncated: Whether the episode reached the time limit.
        fell: Whether the body fell.
        unstable: Whether the simulation became unstable.
    """

    terms: dict[str, NDArray[np.float64]]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    fell: NDArray[np.bool_]
    unstable: NDArray[np.bool_]

    @property
    def rewards(self) -> NDArray[np.float64]:
        """(E,) sum of the terms."""
        return np.sum(list(self.terms.values()), axis=0)


class Simulations:
    """E simulations of one body, each in an episode of its own.

    Args:
        body: A robot file, or a body.
        task: Name of the task, or a task.
        n: Number of simulations, E.
        max_steps: Largest number of control steps in an episode; None for that of the task.

    Attributes:
        body: The body.
        task: The task.
        layout: Layout of the body in its model.
        physics: The simulations.
        worlds: (E,) worlds of the episodes.
        elapsed: (E,) control steps since the episodes began.
        start_x: (E,) x position of the torso where the episodes began (m).

    Raises:
        UsageError: There is no body, or a number is below 1.
        BodyError: The file cannot be read, or holds no robot with a motor.
        UnknownNameError: There is no such task.
    """

    def __init__(
        self, body: Body | None, task: str | Task, n: int, *, max_steps: int | None = None
    ) -> None:
        if n < 1:
            raise UsageError(f"num_envs: expected at least 1, got {n}")
        if max_steps is not None and max_steps < 1:
            raise UsageError(f"max_episode_steps: expected at least 1, got {max_steps}")
        task = get_task(task) if isinstance(task, str) else task
        self.task = task if max_steps is None else replace(task, max_steps=max_steps)
        self.body, name = _body(body)
        model = self.task.model(self.body)
        self.model, self.layout = model, BodyLayout.from_graph(self.body, model)
        if not self.layout.n_controls:
            raise BodyError(f"{name}: expected a robot with at least one motor, got none")
        self._reader = StateReader(self.layout, n, world_y=self.task.world_y)
        self._n_steps = self.task.steps_of(model)
        self.physics = self._new_physics(n)
        self.worlds = [self.task.world()] * n
        self._fall_heights = self.task.fall_heights(self.body, self.worlds)
        self._episodes = self.task.begin(self.body, model, self.physics, self.worlds)
        self.elapsed = np.zeros(n, dtype=np.intp)
        self.start_x = np.zeros(n)
        self._returns = np.zeros(n)

    @property
    def torso(self) -> NDArray[np.float64]:
        """(E, 3) positions of the torso (m); a live view."""
        return self.physics.xpos[:, self.layout.body_ids[0]]

    @property
    def observation_dim(self) -> int:
        """Number of entries of an observation."""
        return self.layout.n_nodes * STATE_DIM

    def start(
        self, simulations: NDArray[np.intp], *, seeds: Sequence[int], episodes: Sequence[int]
    ) -> None:
        """Begin episodes of some simulations.

        Args:
            simulations: (K,) indices of the simulations.
            seeds: (K,) seeds of the initial states.
            episodes: (K,) numbers of the episodes, as in a rollout.
        """
        if not len(simulations):
            return
        numbers = list(zip(seeds, episodes, strict=True))
        drawn = [
            self.task.initial_states(self.model, seed=seed, episodes=1, first_episode=episode)
            for seed, episode in numbers
        ]
        qpos, qvel = (np.concatenate(arrays) for arrays in zip(*drawn, strict=True))
        rows: list[int] = simulations.tolist()
        if self.task.varied:
            for row, number in zip(rows, numbers, strict=True):
                self.worlds[row] = self.task.world(*number)
        worlds = [self.worlds[row] for row in rows]
        self._fall_heights[simulations] = self.task.fall_heights(self.body, worlds)
        with quiet_warnings():
            if isinstance(self.physics, ManyWorlds):
                for row, world, states in zip(rows, worlds, drawn, strict=True):
                    model = self.task.model(self.body, world)
                    self.physics.replace(row, BatchedPhysics(model, *states))
            else:
                self.physics.restart(simulations, qpos, qvel)
        if self._episodes is not None:
            self._episodes.begin(simulations, worlds)
        self.elapsed[simulations] = 0
        self._returns[simulations] = 0.0
        self.start_x[simulations] = self.torso[simulations, 0]

    def step(self, actions: NDArray[np.floating], running: NDArray[np.intp]) -> Step:
        """Advance some simulations by a control step.

        Args:
            actions: (E, nu) actions; those of other simulations are ignored.
            running: Sorted indices of the simulations to advance.

        Raises:
            UsageError: The actions have another shape.
        """
        physics, task = self.physics, self.task
        if np.shape(actions) != physics.ctrl.shape:
            raise UsageError(
                f"action: expected the shape {physics.ctrl.shape}, one number for each motor, "
                f"got {np.shape(actions)}"
            )
        before = self.torso.copy()
        physics.ctrl[...] = actions
        # On the way to an instability numbers may overflow: the flag reports it, not numpy.
        with quiet_warnings(), np.errstate(over="ignore", invalid="ignore"):
            physics.step(running, self._n_steps)
            ran = np.zeros(len(before), dtype=np.bool_)
            ran[running] = True
            self.elapsed[running] += 1
            after = self.torso
            terms = {
                name: np.where(ran, values, 0.0)
                for name, values in task.all_terms(
                    before, after, physics.ctrl, self._episodes
                ).items()
            }
            unstable = ran & unstable_simulations(physics.warning, physics.qpos)
            unstable |= ~np.isfinite(np.sum(list(terms.values()), axis=0))
            fell = ran & task.fell(after, self._fall_heights, self._ground()) & ~unstable
            left = ran & task.left(after) & ~(fell | unstable)
        terms = {name: np.where(unstable, 0.0, values) for name, values in terms.items()}
        terms[UNSTABLE] = np.where(unstable, task.worst_score - self._returns, 0.0)
        terminated = fell | left | unstable
        step = Step(
            terms=terms,
            terminated=terminated,
            truncated=ran & (self.elapsed >= task.max_steps) & ~terminated,
            fell=fell,
            unstable=unstable,
        )
        self._returns += step.rewards
        return step

    def observe(self) -> NDArray[np.float64]:
        """Observations (E, n * 17) of all simulations; a new array."""
        physics = self.physics
        with np.errstate(over="ignore", invalid="ignore"):
            state = self._reader.read(
                xpos=physics.xpos,
                xquat=physics.xquat,
                subtree_com=physics.subtree_com,
                cdof=physics.cdof,
                qpos=physics.qpos,
                qvel=physics.qvel,
            )
        ground = self._ground()
        if ground is not None and not self.task.world_z:
            state[:, :, 2] -= ground[:, None]
        state = in_axes_of(self.task, state, self._episodes)
        # A simulation that became unstable may hold numbers that no network should see.
        return np.nan_to_num(state.reshape(len(state), -1), posinf=0.0, neginf=0.0)

    def _new_physics(self, n: int) -> Physics:
        model = self.model
        qpos, qvel = np.tile(start_pose(model), (n, 1)), np.zeros((n, model.nv))
        if not self.task.varied or self.task.one_ground:
            return BatchedPhysics(model, qpos, qvel)
        return ManyWorlds([BatchedPhysics(model, qpos[:1], qvel[:1]) for _ in range(n)])

    def _ground(self) -> NDArray[np.float64] | None:
        """(E,) height of the ground below the torsos (m); None where it is flat."""
        maps = [world.height_map for world in self.worlds if world.height_map is not None]
        if not maps:
            return None
        positions = zip(maps, self.torso, strict=True)
        return np.array([of_world.ground(position) for of_world, position in positions])

    def infos(self, step: Step | None) -> dict[str, NDArray[Any]]:
        """(E,) arrays by name, each a new one: what Gymnasium calls infos.

        Args:
            step: What the last control step gave; None after a reset, with :data:`RESET_INFOS`
                alone.
        """
        infos: dict[str, NDArray[Any]] = {
            "distance": self.torso[:, 0] - self.start_x,
            "time": self.elapsed * self.task.control_dt,
        }
        if step is None:
            return infos
        infos |= {f"reward_{name}": values.copy() for name, values in step.terms.items()}
        return {**infos, "fell": step.fell.copy(), "unstable": step.unstable.copy()}


def _body(body: Body | None) -> tuple[nx.DiGraph[str], str]:
    """The body, and its name in messages."""
    if isinstance(body, nx.DiGraph):
        return body, "body"
    if body is None:
        raise UsageError(
            "body: expected a robot file or a body, such as body='robot.xml', got none"
        )
    if not isinstance(body, str | os.PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(f"body: expected a robot file or a body, got {type(body).__name__}")
    return read_body(body), str(Path(body))
