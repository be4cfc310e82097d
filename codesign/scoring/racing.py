"""Racing: a body that cannot come up to the others is found out by less than a whole score.

After some control steps, and again after some episodes, an upper bound of the score is set
against a bar; who lies below it stops (Maron 1994). The bounds are rules, no guarantees:
benchmarks/racing.py counts how many of the best bodies they cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from codesign.config import Racing
from codesign.scoring.record import ScoreRecord

if TYPE_CHECKING:
    from codesign.scoring.scoring_pool import ScoringPool
    from hyperdistill_core.rollout import Rollout
    from hyperdistill_core.tasks import Task

#: The bar that nobody reaches: bodies stop after the short episode, with what they can reach.
SCREENING = math.inf
#: Bodies that run against the same bar in :func:`race_for_top`, so that its results do not depend on
#: the number of workers.
_ROUND = 16


@dataclass(frozen=True)
class UpperBound:
    """How far a body may come by what it did.

    Attributes:
        score: over whole episodes at best.
        doubt: that is left, as a share of the bar.
    """

    score: float
    doubt: float

    def is_below(self, threshold: float) -> bool:
        """Whether it does not reach the bar."""
        return self.score + self.doubt * threshold < threshold


@dataclass(frozen=True)
class Pruned:
    """How a race was lost.

    Attributes:
        rollout: what the body did until it was stopped.
        reach: how far it may have come.
    """

    rollout: Rollout
    bound: UpperBound


def race(
    run: Callable[..., Rollout], task: Task, racing: Racing, threshold: float, episodes: int
) -> Pruned | Rollout | None:
    """Run a body for as long as it takes to see that it cannot reach the bar.

    Args:
        run: a rollout of the body, which takes ``task``, ``episodes``, ``record_trajectory`` and
            ``measure_gait``;
            the first episodes are the same however many there are.
        task: what to do.
        racing: how the race goes.
        threshold: score to be reached; one that is not above 0 stops nobody, :data:`SCREENING` everybody.
        episodes: of a whole score; a stage that is no shorter is left out.

    Returns:
        How the body was stopped. If it may reach the bar, the whole episodes that it has run, as
        far as there are any: its score goes on from there. None likewise if it blew up.
    """
    begun = None
    stages: list[tuple[int, Task]] = []
    if racing.steps < task.max_steps:
        stages.append((1, replace(task, max_steps=racing.steps)))
    if 0 < racing.episodes < episodes:
        stages.append((racing.episodes, task))
    for number, stage in stages if threshold > 0.0 else ():
        whole = stage is task
        result = run(task=stage, episodes=number, record_trajectory=not whole, measure_gait=whole)
        if result.unstable:
            return None
        bound = upper_bound(result, task.max_steps, racing.margin)
        if threshold == SCREENING or bound.is_below(threshold):
            return Pruned(result, bound)
        begun = result if whole else None
    return begun


def upper_bound(result: Rollout, max_steps: int, margin: float) -> UpperBound:
    """How far a body may come in whole episodes.

    Args:
        result: of E episodes; recorded if some of them may go on.
        max_steps: control steps of a whole episode.
        margin: doubt about an episode that has ended, as a share of the bar.

    Returns:
        The mean over the episodes. One that goes on is taken to do so at the speed of the best
        half of its steps. If all have ended, the margin is in doubt, divided by the root of E.
    """
    going_on = ~result.fell & (result.lengths < max_steps)
    if not going_on.any():
        return UpperBound(result.score, margin / math.sqrt(len(result.returns)))
    if result.rewards is None:
        raise ValueError("rewards: expected a recorded rollout, got one without")
    half = max(1, len(result.rewards) // 2)
    sums = np.cumsum(np.vstack([np.zeros(len(result.returns)), result.rewards]), axis=0)
    best_speed = (sums[half:] - sums[:-half]).max(axis=0) / half
    rest = np.where(going_on, (max_steps - result.lengths) * best_speed, 0.0)
    return UpperBound(float((result.returns + rest).mean()), 0.0)


def race_for_top(graphs: Sequence[nx.DiGraph[str]], pool: ScoringPool, *, top: int) -> list[ScoreRecord]:
    """Score bodies in full only as far as they may be among the best.

    All run the short episode. Then, those first that can reach most by it, they are scored
    against the score of the ``top``-th best so far. Results do not depend on workers. It is
    likely, not certain, that the best are among those scored in full.

    Args:
        graphs: the bodies.
        pool: that scores them, with racing.
        top: how many of the best are wanted.

    Returns:
        One record a body, in order: "pruned" with ``metrics["upper_bound"]`` if it was given up.

    Raises:
        ValueError: ``top`` is below 1.
    """
    if top < 1:
        raise ValueError(f"top: expected at least 1, got {top}")
    records = pool.map(graphs, threshold=SCREENING)
    # Who did not stop at a look has been scored in full, or cannot be.
    looked = [index for index, record in enumerate(records) if record.status == "pruned"]
    looked.sort(key=lambda index: -records[index].metrics["upper_bound"])
    for first in range(0, len(looked), _ROUND):
        scores = sorted((r.score for r in records if r.status == "ok"), reverse=True)
        threshold = scores[top - 1] if len(scores) >= top else None
        heat = looked[first : first + _ROUND]
        if threshold is not None and threshold > 0.0:
            heat = [index for index in heat if not _reach(records[index]).is_below(threshold)]
        raced = pool.map(
            [graphs[index] for index in heat],
            threshold=threshold,
            variants=[records[index].variant for index in heat],
        )
        for index, record in zip(heat, raced, strict=True):
            look = records[index]
            both = {"steps": look.steps + record.steps, "seconds": look.seconds + record.seconds}
            records[index] = replace(record, **both)
    return records


def _reach(record: ScoreRecord) -> UpperBound:
    return UpperBound(record.metrics["upper_bound"], record.metrics["confidence_margin"])
