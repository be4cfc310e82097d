"""Racing: a body that cannot come up to the others is found out by less than a whole score.

After some control steps, and again after some episodes, an upper bound of the score is set
against a bar; who lies below it stops (Maron 1994). The bounds are rules, no guarantees:
benchmarks/racing.py counts how many of the best bodies they cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from codesign.config import Racing

if TYPE_CHECKING:
    from hyperdistill_core.rollout import Rollout
    from hyperdistill_core.tasks import Task


@dataclass(frozen=True)
class Lost:
    """How a race was lost.

    Attributes:
        rollout: what the body did until it was stopped.
        reason: in one line.
    """

    rollout: Rollout
    reason: str


def race(
    run: Callable[..., Rollout], task: Task, racing: Racing, bar: float, episodes: int
) -> Lost | None:
    """Run a body for as long as it takes to see that it cannot reach the bar.

    Args:
        run: a rollout of the body, which takes ``task``, ``episodes`` and ``record``; the first
            episodes are the same however many there are.
        task: what to do.
        racing: how the race goes.
        bar: score to be reached. A bar that is not above 0 stops nobody.
        episodes: of a whole score; a stage that is no shorter is left out.

    Returns:
        The body's last rollout if it was stopped; None if it may reach the bar, or blew up.
    """
    stages = []
    if racing.steps < task.max_steps:
        stages.append((1, replace(task, max_steps=racing.steps)))
    if 0 < racing.episodes < episodes:
        stages.append((racing.episodes, task))
    for number, stage in stages if bar > 0.0 else ():
        result = run(task=stage, episodes=number, record=stage is not task)
        if result.unstable:
            return None
        at_best = upper_bound(result, task.max_steps, racing.margin * bar)
        if at_best < bar:
            steps = "whole" if stage is task else f"{racing.steps} control steps"
            reason = f"stopped after {number} episode(s), {steps}: can reach {at_best:.1f}"
            return Lost(result, f"{reason}, less than {bar:.1f}")
    return None


def upper_bound(result: Rollout, max_steps: int, doubt: float) -> float:
    """What a body's score over whole episodes may be at best.

    Args:
        result: of E episodes; recorded if some of them may go on.
        max_steps: control steps of a whole episode.
        doubt: about an episode that has ended.

    Returns:
        The mean over the episodes. One that goes on is taken to do so at the speed of the best
        half of its steps. If all have ended, the doubt comes on top, divided by the root of E.
    """
    going_on = ~result.fell & (result.lengths < max_steps)
    if not going_on.any():
        return result.score + doubt / math.sqrt(len(result.returns))
    if result.rewards is None:
        raise ValueError("rewards: expected a recorded rollout, got one without")
    half = max(1, len(result.rewards) // 2)
    sums = np.cumsum(np.vstack([np.zeros(len(result.returns)), result.rewards]), axis=0)
    best_speed = (sums[half:] - sums[:-half]).max(axis=0) / half
    rest = np.where(going_on, (max_steps - result.lengths) * best_speed, 0.0)
    return float((result.returns + rest).mean())
