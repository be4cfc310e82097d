"""Which variant of a body moves it best: a short trial of several before the score.

A hypernetwork that meets a body it never saw writes a network that moves it well or hardly at
all, and which of the two may hang on little: read the body's context a little differently,
and another network comes out. The trial runs some variants for a while, those that do best
for longer, and names the best. It learns nothing and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from statistics import fmean

import networkx as nx

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.rollout import Rollout, rollout
from hyperdistill_core.tasks import Task

#: Number of the first episode of a trial: a score's own episodes are others.
FIRST_EPISODE = 1_000_000


@dataclass(frozen=True)
class Rung:
    """A part of a trial.

    Attributes:
        variants: how many go in, the best of the heat before.
        episodes: of each, with starts of their own.
        steps: control steps of an episode at most.
    """

    variants: int
    episodes: int
    steps: int


#: First all variants run a short episode, then the best three two whole ones and the best two two
#: more: whoever falls now and then needs several to be found out. Heats of equal length add up, and
#: a shorter one that would leave nobody out is left out.
RUNGS = (Rung(1_000_000, 1, 400), Rung(3, 2, 1000), Rung(2, 2, 1000))


def most_steps(best_of: int, max_steps: int) -> int:
    """Control steps that a trial takes at most.

    Args:
        best_of: variants that are tried.
        max_steps: of an episode.
    """
    if best_of == 1:
        return 0
    return sum(min(best_of, h.variants) * h.episodes * min(h.steps, max_steps) for h in RUNGS)


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
    """Try some variants of a controller on a body.

    Args:
        graph: the body.
        controller: that has the variants.
        task: what to do.
        best_of: how many variants, at least 1; with 1 the first is named, and nothing is run.
        seed: of the episodes' starts, which are not those of a score with the same seed.
        preferred_variants: variants to begin with, as those of a body's parents; then come the first ones.
        run: what runs an episode; takes what :func:`~hyperdistill_core.rollout.rollout` does.

    Returns:
        The variant with the largest mean return in the last heats; of equals the one that was
        ahead before. One under which the simulation blew up in any heat only if all did.

    Raises:
        ControllerError: there are fewer variants, or ``best_of`` is below 1.
    """
    controller.require_variants(best_of)
    if best_of == 1:
        return 0
    best = list(dict.fromkeys([*preferred_variants, *range(best_of)]))[:best_of]
    model = task.model(graph)
    controls = {n: controller.for_body(graph, model, variant=n) for n in best}
    scores: dict[tuple[int, int], list[float]] = {}
    first, unstable, spare = FIRST_EPISODE, set[int](), list[int]()
    for heat, following in zip_longest(RUNGS, RUNGS[1:]):
        longer = following if following and following.steps > heat.steps else None
        if longer and len(best) <= longer.variants:
            continue
        best, spare = best[: heat.variants], [*best[heat.variants :], *spare]
        world = replace(task, max_steps=min(heat.steps, task.max_steps))
        for variant in best:
            result = run(
                graph,
                controls[variant],
                task=world,
                episodes=heat.episodes,
                seed=seed,
                first=first,
            )
            scores.setdefault((heat.steps, variant), []).extend([result.score] * heat.episodes)
            if result.unstable:
                unstable.add(variant)
        first += heat.episodes
        best.sort(key=lambda variant, steps=heat.steps: -fmean(scores[steps, variant]))
        stable = [variant for variant in (*best, *spare) if variant not in unstable]
        best = [variant for variant in best if variant not in unstable] or stable[:1] or best
    return best[0]
