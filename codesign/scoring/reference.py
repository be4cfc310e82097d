"""Reference bodies of a controller: random ones, and ones that evolved under it.

A score says more beside the scores of other bodies. Sampled bodies show what chance makes: they are
taken as they come. Evolved ones show what a short search finds, and given robots what good ones
reach.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import networkx as nx

from codesign import defaults
from codesign.errors import RunError
from codesign.scoring.controllers import load_controller, resolve_best_of
from codesign.scoring.scoring_pool import ScoringPool
from hyperdistill_core.controller.reference_scores import ReferenceScores
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.training_sets import TrainingSetSettings, make_training_set

#: Share of the reference bodies that are sampled; the others evolved.
_SAMPLED = 1 / 3
#: Number of lineages for each evolved reference body.
_LINEAGES = 1 / 16
#: Bodies that evolve for each one that becomes a reference body: the last ones do.
_GENERATED = 4
#: Episodes in which an evolving body is scored.
_EPISODES = 2


def reference_scores(
    controller: str | Path,
    *,
    bodies: int,
    robots: Sequence[nx.DiGraph[str]] = (),
    task: str | None = None,
    episodes: int = defaults.EPISODES,
    seed: int = 0,
    workers: int = 0,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> ReferenceScores:
    """Make reference bodies and score them, with one variant and with the default best-of-N.

    Args:
        controller: Name of a shipped controller, or path of a controller file.
        bodies: Number of reference bodies, at least 3: a third is sampled, whatever it does, the
            others evolved under the controller, in many generations, from the best of other
            sampled bodies.
        robots: Robots that are reference bodies, too.
        task: Name of the task; None takes the one that the controller was trained on. Only
            scores on this task compare with those of the reference bodies.
        episodes: Episodes of a score.
        seed: Seed of bodies and episodes.
        workers: Number of worker processes; 0 scores in this process.
        report: Called with the number of bodies that were made and their total.

    Raises:
        UsageError: No controller has this name or path.
        UnknownNameError: No task has this name.
        TrainingError: The controller moves too few bodies.
        RunError: A body could not be scored.
    """
    loaded = load_controller(controller)
    known = get_task(task or loaded.task)
    task = known.name
    sampled = round(bodies * _SAMPLED)
    evolved = bodies - sampled
    by_chance = TrainingSetSettings(
        sampled=sampled, mutants=0, stable_steps=0, task=task, seed=seed + 1
    )
    searched = TrainingSetSettings(
        sampled=0,
        mutants=0,
        evolved=_GENERATED * evolved,
        founders=max(2, round(_LINEAGES * evolved)),
        task=task,
        seed=seed,
    )

    def pool(best_of: int, episodes: int) -> ScoringPool:
        return ScoringPool(
            workers=workers,
            controller=controller,
            task=task,
            episodes=episodes,
            seed=seed,
            best_of=best_of,
        )

    with pool(1, _EPISODES) as scorers:
        found = make_training_set(searched, score=scorers.scores_and_lengths, report=report).graphs
    graphs = [*make_training_set(by_chance).graphs, *found[-evolved:], *robots]
    given = f", {len(robots)} robots" if robots else ""
    scores: dict[int, list[float]] = {}
    for best_of in sorted({1, resolve_best_of(loaded, None)}):
        with pool(best_of, episodes) as scorers:
            records = scorers.map(graphs)
        # (one that became unstable is no failure: its score is the worst of the task)
        failed = [record for record in records if record.status == "failed"]
        if failed:
            raise RunError(
                f"{len(failed)} of {len(records)} reference bodies could not be scored: "
                f"{failed[0].warnings[-1]}"
            )
        scores[best_of] = [record.score for record in records]
    return ReferenceScores.over(
        scores, task=task, bodies=f"{sampled} sampled, {evolved} evolved bodies{given}"
    )
