"""Records of a rollout: the episode statistics and, on request, the trajectory."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.rollout.gait import GaitMetrics, gait_metrics, sum_over_steps
from hyperdistill_core.rollout.physics import Physics
from hyperdistill_core.rollout.result import Rollout
from hyperdistill_core.tasks import Task
from hyperdistill_core.tasks.episodes import Episodes
from hyperdistill_core.tasks.terrain.world import Worlds


class Recorder:
    """Records every state and control of a rollout.

    Args:
        physics: Simulations in their initial states.
        max_steps: Largest number of control steps.
        poses: Whether to record the poses of all nodes, which the gait metrics need.
    """

    def __init__(self, physics: Physics, max_steps: int, *, poses: bool = False) -> None:
        self._physics, self._poses = physics, poses
        self._qpos = np.empty((max_steps + 1, *physics.qpos.shape))
        self._ctrl = np.empty((max_steps, *physics.ctrl.shape))
        self._xpos = np.empty((max_steps if poses else 0, *physics.xpos.shape))
        self._xquat = np.empty((max_steps if poses else 0, *physics.xquat.shape))
        self._qpos[0] = physics.qpos
        self._steps = 0

    def record(self) -> None:
        """Record the control step that has just been simulated."""
        self._ctrl[self._steps] = self._physics.ctrl
        if self._poses:
            self._xpos[self._steps] = self._physics.xpos
            self._xquat[self._steps] = self._physics.xquat
        self._steps += 1
        self._qpos[self._steps] = self._physics.qpos

    @property
    def qpos(self) -> NDArray[np.float64]:
        """(T + 1, E, nq) positions, the initial ones first."""
        return self._qpos[: self._steps + 1].copy()

    @property
    def ctrl(self) -> NDArray[np.float64]:
        """(T, E, nu) controls."""
        return self._ctrl[: self._steps].copy()

    def gait(
        self,
        lengths: NDArray[np.intp],
        layout: BodyLayout,
        model: mujoco.MjModel,
        task: Task,
        worlds: Worlds,
        *,
        own_physics: bool = False,
    ) -> GaitMetrics:
        """Gait metrics; the recorder must have been created with ``poses``.

        Args:
            lengths: (E,) number of control steps of each episode.
            layout: Layout of the body in its model.
            model: The body in its world.
            task: Task of the rollout.
            worlds: Worlds of the episodes.
            own_physics: Whether the body is a robot with its own physics.
        """
        xpos = self._xpos[: self._steps]
        which = worlds.of_episodes(len(lengths))[:, None]

        def ground_at(positions: NDArray[np.float64]) -> NDArray[np.float64]:
            below = worlds.ground(which, positions)
            return np.full(positions.shape[:-1], task.ground_m) if below is None else below

        return gait_metrics(
            qpos=self._qpos[: self._steps + 1],
            ctrl=self._ctrl[: self._steps],
            xpos=xpos,
            xquat=self._xquat[: self._steps],
            lengths=lengths,
            layout=layout,
            model=model,
            ground=ground_at(xpos),
            control_dt=task.control_dt,
            ground_at=ground_at if own_physics else None,
        )


class EpisodeStatistics:
    """Lengths, falls and rewards of E episodes in lockstep.

    Args:
        torso: (E, 3) torso positions (m), a live view that the physics overwrites. A row does not
            change after the end of its episode.
        ctrl: (E, nu) controls, a live view.
        task: Task, which defines rewards and falls.
        fall_heights: (E,) height of the torso at which the body has fallen (m).
        ground: Function that gives the heights (E,) of the ground (m) below positions (E, 3); None
            for a flat ground.
        episodes: What the task keeps of the episodes; None if it keeps nothing.

    Attributes:
        running: (R,) sorted indices of the episodes that have not ended.
        ground: (E,) height of the ground below the torsos (m); None where it is flat.
    """

    def __init__(
        self,
        torso: NDArray[np.float64],
        ctrl: NDArray[np.float64],
        task: Task,
        fall_heights: NDArray[np.float64],
        *,
        ground: Callable[[NDArray[np.float64]], NDArray[np.float64] | None],
        episodes: Episodes | None = None,
    ) -> None:
        n_episodes = len(torso)
        self._episodes = episodes
        self._torso, self._ctrl = torso, ctrl
        self._task = task
        self._fall_heights, self._ground_below = fall_heights, ground
        self._steps = 0
        self._start_x = torso[:, 0].copy()
        self._before = torso.copy()
        self._terms: dict[str, NDArray[np.float64]] = {}
        self.ground = ground(self._before)
        self._lengths = np.zeros(n_episodes, dtype=np.intp)
        self._fell = np.zeros(n_episodes, dtype=np.bool_)
        self.running = np.arange(n_episodes)

    def add(self) -> None:
        """Add the control step that has just been simulated for the running episodes."""
        after, task = self._torso.copy(), self._task
        terms = task.all_terms(self._before, after, self._ctrl, self._episodes)
        for name, values in terms.items():
            if name not in self._terms:
                self._terms[name] = np.zeros((task.max_steps, len(after)))
            self._terms[name][self._steps] = values
        self._before = after
        self._steps += 1
        self.ground = self._ground_below(after)
        low = task.fell(after, self._fall_heights, self.ground)
        over = low | task.left(after)
        # In most steps no episode ends: one comparison of all is cheaper than an index.
        if np.count_nonzero(over) == len(over) - len(self.running):
            return
        ended = over[self.running]
        episodes = self.running[ended]
        self._fell[episodes] = low[episodes]
        self._lengths[episodes] = self._steps
        self.running = self.running[~ended]

    def result(self, *, unstable: bool, recorder: Recorder | None) -> Rollout:
        """The result of the rollout, without its wall time and gait metrics.

        Args:
            unstable: Whether a simulation became unstable.
            recorder: Recorder of the trajectory; None for a result without it.
        """
        self._lengths[self.running] = self._steps
        rewards = self._rewards()
        terms = {name: sum_over_steps(values) for name, values in rewards.items()}
        distance = self._before[:, 0] - self._start_x
        finite = all(np.isfinite(values).all() for values in terms.values())
        unstable = unstable or not finite
        if unstable:
            terms = {"unstable": np.full(len(distance), self._task.worst_score)}
            distance = np.zeros_like(distance)
        return Rollout(
            returns=np.sum(list(terms.values()), axis=0),
            terms=terms,
            lengths=self._lengths,
            fell=self._fell,
            distance=distance,
            speed=distance / (self._lengths * self._task.control_dt),
            unstable=unstable,
            seconds=0.0,
            qpos=None if recorder is None else recorder.qpos,
            ctrl=None if recorder is None else recorder.ctrl,
            rewards=None if recorder is None else np.sum(list(rewards.values()), axis=0),
        )

    def _rewards(self) -> dict[str, NDArray[np.float64]]:
        """Reward terms (T, E) of all steps; 0 after the end of an episode."""
        running = np.arange(self._steps)[:, None] < self._lengths
        return {
            name: np.where(running, values[: self._steps], 0.0)
            for name, values in self._terms.items()
        }
