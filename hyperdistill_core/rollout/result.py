"""The result of a rollout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.rollout.gait import GaitMetrics


@dataclass(frozen=True, kw_only=True, eq=False)
class Rollout:
    """E episodes of one body under one policy, of at most T control steps.

    If any simulation becomes unstable, so does the rollout: every return is the worst score of
    the task, the only term is ``"unstable"``, and distances and speeds are zero.

    The trajectory, ``qpos``, ``ctrl`` and ``rewards``, is None unless it was recorded.

    Attributes:
        returns: (E,) sum of the rewards of each episode, in the unit of the task.
        terms: (E,) sum of each reward term by name; the terms add up to ``returns``.
        lengths: (E,) number of control steps until the fall, the time limit or the instability.
        fell: (E,) True where an episode ended by a fall.
        distance: (E,) distance of the torso along x from start to end (m).
        speed: (E,) distance divided by the duration of the episode (m/s).
        unstable: Whether a simulation became unstable.
        seconds: Wall time of the rollout (s).
        qpos: (T + 1, E, nq) positions, the initial ones first. An episode that has ended keeps
            its last positions.
        ctrl: (T, E, nu) controls. Those after the end of an episode mean nothing.
        rewards: (T, E) reward of each control step; 0 after the end of an episode.
        gait: Gait metrics if they were measured and the rollout is stable, else None.

    Examples:
        >>> one = Rollout(
        ...     returns=np.array([2.0]), terms={"forward": np.array([2.0])}, lengths=np.array([10]),
        ...     fell=np.array([False]), distance=np.array([0.04]), speed=np.array([0.2]),
        ...     unstable=False, seconds=0.1,
        ... )
        >>> both = one.joined(one)
        >>> both.score, both.control_steps
        (2.0, 20)
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
        """Mean return over the episodes, in the unit of the task."""
        return float(self.returns.mean())

    @property
    def control_steps(self) -> int:
        """Number of simulated control steps over all episodes."""
        return int(self.lengths.sum())

    def joined(self, other: Rollout) -> Rollout:
        """The episodes of this rollout and of another one of the same body, without trajectories.

        Args:
            other: A stable rollout; this one must be stable, too.
        """
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
