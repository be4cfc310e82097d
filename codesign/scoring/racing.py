"""Racing: bodies that cannot reach a threshold are pruned early (Maron 1994).

A race has up to two stages: one short episode, then some whole ones. After each stage an upper
bound of the score is compared with the threshold, and a body whose bound lies below it is
pruned. The bounds are rules of thumb without a guarantee: ``benchmarks/racing.py`` counts how
many of the best bodies they lose. Tasks that do not reward moving along x have none: what bodies
earn for goals or objects comes late or once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from codesign.config import Racing
from codesign.config.names import NO_BOUNDS
from codesign.errors import UsageError

if TYPE_CHECKING:
    from hyperdistill_core.rollout import Rollout
    from hyperdistill_core.tasks import Task

#: The threshold of screening: every body is pruned after the first stage, with its upper bound.
SCREENING = math.inf


@dataclass(frozen=True)
class UpperBound:
    """An upper bound of a body's score.

    Attributes:
        score: Estimate of the score over whole episodes.
        confidence_margin: Margin on top of the estimate, as a share of the threshold.

    Examples:
        >>> UpperBound(10.0, 0.5).is_below(15.0), UpperBound(10.0, 0.5).is_below(21.0)
        (False, True)
    """

    score: float
    confidence_margin: float

    def is_below(self, threshold: float) -> bool:
        """Whether the bound, with its margin, is below a threshold."""
        return self.score + self.confidence_margin * threshold < threshold


@dataclass(frozen=True)
class Pruned:
    """A race that ended before the score was complete.

    Attributes:
        rollout: The episodes of the last stage.
        bound: The upper bound of the score after it.
    """

    rollout: Rollout
    bound: UpperBound


def require_bounds(task: Task, *, what: str = "racing", instead: str = "score in full") -> None:
    """Refuse a task whose scores have no upper bound before episodes are whole.

    Args:
        task: The task.
        what: Name of the option that asks for bounds.
        instead: What to do.

    Raises:
        UsageError: The task does not reward moving along x.

    Examples:
        >>> from hyperdistill_core.tasks import get_task
        >>> require_bounds(get_task("csr"))
    """
    if not task.along_x:
        raise UsageError(f"{what}: {NO_BOUNDS.format(task=task.name, instead=instead)}")


def race(
    run: Callable[..., Rollout], task: Task, racing: Racing, threshold: float, episodes: int
) -> Pruned | Rollout | None:
    """Run a body until it is pruned, or until all stages are done.

    Args:
        run: Function that simulates the body and takes ``task``, ``episodes``,
            ``record_trajectory`` and ``measure_gait``. The first episodes must be the same for
            every number of episodes.
        task: The task.
        racing: Settings of the stages.
        threshold: Score that the body must be able to reach. A threshold that is not above 0
            prunes no body, and :data:`SCREENING` prunes every body.
        episodes: Episodes of a complete score. A stage that is not shorter is skipped.

    Returns:
        :class:`Pruned` if the body was pruned. Otherwise the whole episodes that were simulated,
        as the first part of the complete score; None if there are none, or if the simulation
        diverged.
    """
    if threshold <= 0.0:
        return None
    whole_episodes = None
    for number, stage in racing_stages(task, racing, episodes):
        whole = stage is task
        result = run(task=stage, episodes=number, record_trajectory=not whole, measure_gait=whole)
        if result.unstable:
            return None
        bound = upper_bound(
            result, steps=stage.max_steps, max_steps=task.max_steps, margin=racing.margin
        )
        if threshold == SCREENING or bound.is_below(threshold):
            return Pruned(result, bound)
        whole_episodes = result if whole else None
    return whole_episodes


def upper_bound(result: Rollout, *, steps: int, max_steps: int, margin: float) -> UpperBound:
    """The upper bound of a score from the first episodes, or their beginnings.

    An episode was cut off if it reached the last step of its stage, and whole episodes have more
    steps. It is extrapolated at the mean reward of its best window of half its steps. If no
    episode was cut off, the estimate is their mean return, and the margin shrinks with the square
    root of their number.

    Args:
        result: Rollout of E episodes, recorded if some of them were cut off.
        steps: Most control steps of these episodes. One that ended earlier has fallen, or has
            left the terrain.
        max_steps: Most control steps of a whole episode.
        margin: Margin of a single ended episode, as a share of the threshold.

    Raises:
        ValueError: An episode was cut off and the rollout was not recorded.
    """
    cut_off = ~result.fell & (result.lengths >= steps) & (steps < max_steps)
    if not cut_off.any():
        return UpperBound(result.score, margin / math.sqrt(len(result.returns)))
    if result.rewards is None:
        raise ValueError("rewards: expected a recorded rollout, got one without")
    half = max(1, len(result.rewards) // 2)
    sums = np.cumsum(np.vstack([np.zeros(len(result.returns)), result.rewards]), axis=0)
    best_mean = (sums[half:] - sums[:-half]).max(axis=0) / half
    rest = np.where(cut_off, (max_steps - result.lengths) * best_mean, 0.0)
    return UpperBound(float((result.returns + rest).mean()), 0.0)


def racing_stages(task: Task, racing: Racing, episodes: int) -> list[tuple[int, Task]]:
    """Episodes and task of each stage of a race; none where all of them would be whole scores.

    Args:
        task: The task of the score.
        racing: The settings of the race.
        episodes: Episodes of the score.
    """
    stages: list[tuple[int, Task]] = []
    if racing.steps < task.max_steps:
        stages.append((1, replace(task, max_steps=racing.steps)))
    if 0 < racing.episodes < episodes:
        stages.append((racing.episodes, task))
    return stages
