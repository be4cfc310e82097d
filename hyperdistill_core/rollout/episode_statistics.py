"""The books of a rollout: rewards, ends and, where asked for, the trajectory."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.rollout.gait import GaitMetrics, gait_metrics, total
from hyperdistill_core.rollout.physics import Physics
from hyperdistill_core.rollout.result import Rollout
from hyperdistill_core.tasks import Task


class Recorder:
    """Every state and control of a rollout.

    Args:
        physics: to record, at its start.
        max_steps: control steps at most.
        poses: record the poses of all parts as well.
    """

    def __init__(self, physics: Physics, max_steps: int, *, poses: bool = False) -> None:
        self._physics, self._poses = physics, poses
        self._qpos = np.empty((max_steps + 1, *physics.qpos.shape))
        self._ctrl = np.empty((max_steps, *physics.ctrl.shape))
        self._xpos = np.empty((max_steps if poses else 0, *physics.xpos.shape))
        self._xquat = np.empty((max_steps if poses else 0, *physics.xquat.shape))
        self._qpos[0] = physics.qpos
        self._steps = 0

    def write(self) -> None:
        """Record the control step just made."""
        self._ctrl[self._steps] = self._physics.ctrl
        if self._poses:
            self._xpos[self._steps] = self._physics.xpos
            self._xquat[self._steps] = self._physics.xquat
        self._steps += 1
        self._qpos[self._steps] = self._physics.qpos

    @property
    def qpos(self) -> NDArray[np.float64]:
        """(T + 1, E, nq) states."""
        return self._qpos[: self._steps + 1].copy()

    @property
    def ctrl(self) -> NDArray[np.float64]:
        """(T, E, nu) controls."""
        return self._ctrl[: self._steps].copy()

    def gait(
        self, lengths: NDArray[np.intp], layout: BodyLayout, model: mujoco.MjModel, ground_m: float
    ) -> GaitMetrics:
        """How the body moved; the tape must have its poses.

        Args:
            lengths: (E,) control steps of each episode.
            layout: of the body in its model.
            model: the body in its world.
            ground_m: height of the ground (m).
        """
        return gait_metrics(
            qpos=self._qpos[: self._steps + 1],
            ctrl=self._ctrl[: self._steps],
            xpos=self._xpos[: self._steps],
            xquat=self._xquat[: self._steps],
            lengths=lengths,
            layout=layout,
            model=model,
            ground_m=ground_m,
        )


class EpisodeStatistics:
    """Ends and rewards of E episodes in lockstep.

    Args:
        torso: (E, 3) torso positions (m), a live view that the physics overwrites; its
            rows stay as they are once their episode has ended.
        task: gives the rewards and says who has fallen.
        fall_height: of the body in this task (m).

    Attributes:
        running: (R,) sorted indices of the episodes that go on.
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
        """Book the control step that the running episodes have just made."""
        self._steps += 1
        position = self._positions[self._steps]
        position[...] = self._torso
        # Most steps nobody is near a fall: one comparison of all is cheaper than a choice.
        low = self._task.fell(position, self._fall_height)
        if np.count_nonzero(low) == len(low) - len(self.running):
            return
        down = low[self.running]
        episodes = self.running[down]
        self._fell[episodes] = True
        self._lengths[episodes] = self._steps
        self.running = self.running[~down]

    def result(self, *, unstable: bool, recorder: Recorder | None) -> Rollout:
        """Close the books of all episodes; what it took is not in them.

        Args:
            unstable: whether the simulation blew up.
            recorder: what was recorded.
        """
        self._lengths[self.running] = self._steps
        positions = self._positions[: self._steps + 1]
        rewards = self._rewards(positions)
        terms = {name: total(values) for name, values in rewards.items()}
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
        """Terms (T, E) of all steps at once, far cheaper than one by one; 0 after the end."""
        going_on = np.arange(self._steps)[:, None] < self._lengths
        terms = self._task.terms(positions[:-1], positions[1:])
        return {name: np.where(going_on, values, 0.0) for name, values in terms.items()}
