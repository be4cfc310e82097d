"""Records of a rollout: the episode statistics and, on request, the trajectory."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.rollout.gait import GaitMetrics, gait_metrics, sum_over_steps
from hyperdistill_core.rollout.physics import Physics
from hyperdistill_core.rollout.result import Rollout
from hyperdistill_core.tasks import Task


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
        self, lengths: NDArray[np.intp], layout: BodyLayout, model: mujoco.MjModel, task: Task
    ) -> GaitMetrics:
        """Gait metrics; the recorder must have been created with ``poses``.

        Args:
            lengths: (E,) number of control steps of each episode.
            layout: Layout of the body in its model.
            model: The body in its world.
            task: Task of the rollout.
        """
        return gait_metrics(
            qpos=self._qpos[: self._steps + 1],
            ctrl=self._ctrl[: self._steps],
            xpos=self._xpos[: self._steps],
            xquat=self._xquat[: self._steps],
            lengths=lengths,
            layout=layout,
            model=model,
            ground_m=task.ground_m,
            control_dt=task.control_dt,
        )


class EpisodeStatistics:
    """Lengths, falls and rewards of E episodes in lockstep.

    Args:
        torso: (E, 3) torso positions (m), a live view that the physics overwrites. A row does not
            change after the end of its episode.
        task: Task, which defines rewards and falls.
        fall_height: Height of the torso at which the body has fallen (m).

    Attributes:
        running: (R,) sorted indices of the episodes that have not ended.
    """

    def __init__(self, torso: NDArray[np.float64], task: Task, fall_height: float) -> None:
        episodes = len(torso)
        self._torso = torso
        self._task = task
        self._fall_height = fall_height
        self._steps = 0
        self._positions = np.empty((task.max_steps + 1, episodes, 3))
        self._positions[0] = torso
        self._lengths = np.zeros(episodes, dtype=np.intp)
        self._fell = np.zeros(episodes, dtype=np.bool_)
        self.running = np.arange(episodes)

    def add(self) -> None:
        """Add the control step that has just been simulated for the running episodes."""
        self._steps += 1
        position = self._positions[self._steps]
        position[...] = self._torso
        # In most steps no episode ends: one comparison of all is cheaper than an index.
        low = self._task.fell(position, self._fall_height)
        if np.count_nonzero(low) == len(low) - len(self.running):
            return
        ended = low[self.running]
        episodes = self.running[ended]
        self._fell[episodes] = True
        self._lengths[episodes] = self._steps
        self.running = self.running[~ended]

    def result(self, *, unstable: bool, recorder: Recorder | None) -> Rollout:
        """The result of the rollout, without its wall time and gait metrics.

        Args:
            unstable: Whether a simulation became unstable.
            recorder: Recorder of the trajectory; None for a result without it.
        """
        self._lengths[self.running] = self._steps
        positions = self._positions[: self._steps + 1]
        rewards = self._rewards(positions)
        terms = {name: sum_over_steps(values) for name, values in rewards.items()}
        distance = positions[-1, :, 0] - positions[0, :, 0]
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

    def _rewards(self, positions: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Reward terms (T, E) of all steps in one call; 0 after the end of an episode."""
        running = np.arange(self._steps)[:, None] < self._lengths
        terms = self._task.terms(positions[:-1], positions[1:])
        return {name: np.where(running, values, 0.0) for name, values in terms.items()}
