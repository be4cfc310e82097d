"""Selection of a controller variant for a body by successive halving (Jamieson 2016).

A hypernetwork may generate a network that moves a new body well or hardly at all, and a small
change of the context can decide between the two. So several variants are run for a short episode,
the best of them for longer, and the best of these is selected. Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from statistics import fmean
from typing import TYPE_CHECKING

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.rollout import Rollout, rollout
from hyperdistill_core.tasks import Task

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["FIRST_EPISODE", "RUNGS", "Rung", "most_steps", "select_variant"]

#: Number of the first episode of a selection, so that it shares no episode with a score.
FIRST_EPISODE = 1_000_000


@dataclass(frozen=True)
class Rung:
    """One round of a selection.

    Attributes:
        variants: Largest number of variants that enter, the best of the round before.
        episodes: Number of episodes of each variant. No two rungs share an episode.
        steps: Largest number of control steps of an episode.

    Examples:
        >>> RUNGS[0].episodes, RUNGS[0].steps
        (1, 400)
    """

    variants: int
    episodes: int
    steps: int


#: All variants run one short episode, then the best three run two whole episodes and the best two
#: run two more, since a variant that falls now and then shows it only over several episodes.
#: Rungs of equal length add up. A shorter rung that would drop no variant is skipped.
RUNGS = (Rung(1_000_000, 1, 400), Rung(3, 2, 1000), Rung(2, 2, 1000))


def most_steps(best_of: int, max_steps: int) -> int:
    """Largest number of control steps that a selection takes.

    Args:
        best_of: Number of variants that are tried.
        max_steps: Control steps of a whole episode.

    Examples:
        >>> most_steps(8, 1000)
        13200
    """
    if best_of == 1:
        return 0
    return sum(min(best_of, r.variants) * r.episodes * min(r.steps, max_steps) for r in RUNGS)


def select_variant(
    graph: nx.DiGraph[str],
    controller: Controller,
    *,
    task: Task,
    best_of: int,
    seed: int = 0,
    preferred_variants: Sequence[int] = (),
    run: Callable[..., Rollout] = rollout,
) -> int:
    """Select the variant of a controller that moves a body best.

    Args:
        graph: The body.
        controller: The controller.
        task: The task.
        best_of: Number of variants that are tried, at least 1. With 1 nothing is run.
        seed: Seed of the episodes' initial states. Scores of the same seed use other episodes.
        preferred_variants: Variants to try first, such as those of the body's parents. The
            others follow in the controller's order.
        run: Function that runs episodes, called like :func:`hyperdistill_core.rollout.rollout`.

    Returns:
        Number of the variant with the largest mean return in the last rungs; of equal ones, the
        one that was ahead before. A variant whose simulation became unstable is selected only
        if all did.

    Raises:
        ControllerError: ``best_of`` is below 1, or the controller has fewer variants.

    Examples:
        >>> import numpy as np
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.sampling import sample_body
        >>> graph = sample_body(np.random.default_rng(0))
        >>> select_variant(graph, Controller.load("flat-v2"), task=get_task("flat"), best_of=1)
        0
    """
    controller.require_variants(best_of)
    if best_of == 1:
        return 0
    best = list(dict.fromkeys([*preferred_variants, *range(best_of)]))[:best_of]
    model = task.model(graph)
    policies = {n: controller.for_body(graph, model, variant=n) for n in best}
    scores: dict[tuple[int, int], list[float]] = {}
    first, unstable, spare = FIRST_EPISODE, set[int](), list[int]()
    for rung, following in zip_longest(RUNGS, RUNGS[1:]):
        longer = following if following and following.steps > rung.steps else None
        if longer and len(best) <= longer.variants:
            continue
        best, spare = best[: rung.variants], [*best[rung.variants :], *spare]
        shortened = replace(task, max_steps=min(rung.steps, task.max_steps))
        for variant in best:
            result = run(
                graph,
                policies[variant],
                task=shortened,
                episodes=rung.episodes,
                seed=seed,
                first_episode=first,
            )
            scores.setdefault((rung.steps, variant), []).extend([result.score] * rung.episodes)
            if result.unstable:
                unstable.add(variant)
        first += rung.episodes
        best.sort(key=lambda variant, steps=rung.steps: -fmean(scores[steps, variant]))
        stable = [variant for variant in (*best, *spare) if variant not in unstable]
        best = [variant for variant in best if variant not in unstable] or stable[:1] or best
    return best[0]
