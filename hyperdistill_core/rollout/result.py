"""What a rollout yields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.rollout.gait import GaitMetrics


@dataclass(frozen=True, kw_only=True, eq=False)
class Rollout:
    """One body under one controller for E episodes of at most T control steps.

    A body whose simulation blows up in any episode is unstable: every return is the
    task's worst score, the one term is ``"unstable"``, and distances and speeds are zero.

    Attributes:
        returns: (E,) summed reward of each episode, in the task's unit.
        terms: (E,) sum of each term of the reward, by name; they add up to ``returns``.
        lengths: (E,) control steps until the fall, the time limit or the blow-up.
        fell: (E,) whether the episode ended by a fall.
        distance: (E,) way of the torso along x from start to end (m).
        speed: (E,) distance over the episode's duration (m/s).
        unstable: whether the simulation blew up.
        seconds: wall time that the rollout took (s).
        qpos: (T + 1, E, nq) states where recorded, the start first; an episode that has
            ended keeps its last state.
        ctrl: (T, E, nu) controls where recorded; an episode that has ended keeps its last.
        rewards: (T, E) reward of each control step where recorded; 0 once the episode has ended.
        gait: how the body moved, where measured and not unstable.
    """

    returns: NDArray[np.float64]
    terms: dict[str, NDArray[np.float64]]
    lengths: NDArray[np.intp]
    fell: NDArray[np.bool_]
    distance: NDArray[np.float64]
    speed: NDArray[np.float64]
    unstable: bool
    seconds: float
    qpos: NDArray[np.float64] | None = None
    ctrl: NDArray[np.float64] | None = None
    rewards: NDArray[np.float64] | None = None
    gait: GaitMetrics | None = None

    @property
    def score(self) -> float:
        """Mean return over the episodes."""
        return float(self.returns.mean())

    @property
    def control_steps(self) -> int:
        """Control steps simulated, over all episodes."""
        return int(self.lengths.sum())

    def joined(self, other: Rollout) -> Rollout:
        """The episodes of both, neither of them unstable; what was recorded is left out."""
        both = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("returns", "lengths", "fell", "distance", "speed")
        }
        terms = {name: np.concatenate([self.terms[name], other.terms[name]]) for name in self.terms}
        gait = None
        if self.gait is not None and other.gait is not None:
            gait = self.gait.joined(other.gait)
        seconds = self.seconds + other.seconds
        return Rollout(**both, terms=terms, unstable=False, seconds=seconds, gait=gait)
