"""Selection of a variant: the best one is found, and nothing more is run than the rungs say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from hyperdistill_core.controller.controller import Controller, ControllerError
from hyperdistill_core.controller.halving import FIRST_EPISODE, RUNGS, select_variant
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from morph_ops.sampling import sample_body

TASK = get_task("flat")


@pytest.fixture(scope="module")
def controller(tiny_controller):
    factors = 1.0 + 0.5 * np.random.default_rng(0).normal(size=(6, 25))
    factors[0] = 1.0
    return replace(Controller.load(tiny_controller), variants=factors.astype(np.float32))


@dataclass
class Scripted:
    """Scores by rung and variant instead of rollouts."""

    controller: Controller
    scores: list[list[float]]

    def __post_init__(self):
        self.runs = []
        self.rungs = []

    def __call__(self, graph, policy, *, task, episodes, seed, first_episode):
        known = [self.controller.for_body(graph, TASK.model(graph), variant=n) for n in range(6)]
        weights = [mlp.weights[0] for mlp in known]
        (variant,) = [n for n in range(6) if np.array_equal(weights[n], policy.weights[0])]
        rung = (task.max_steps, episodes, seed, first_episode)
        if rung not in self.rungs:
            self.rungs.append(rung)
            self.runs.append([])
        self.runs[-1].append(variant)
        score = self.scores[len(self.runs) - 1][variant]
        return replace(_result(), returns=np.array([score]))


def _result():
    graph = sample_body(np.random.default_rng(1))
    passive: Any = type(
        "Passive", (), {"act": lambda self, s: np.zeros((len(s), TASK.model(graph).nu))}
    )()
    return rollout(graph, passive, task=replace(TASK, max_steps=2), episodes=1)


def test_rungs_drop_the_worst_and_equal_rungs_add_up(controller):
    graph = sample_body(np.random.default_rng(1))
    short = [1.0, 5.0, 3.0, 9.0, 4.0, 2.0]
    whole = [[99.0, 6.0, 99.0, 1.0, 7.0, 99.0], [99.0, 3.0, 99.0, 99.0, 1.0, 99.0]]
    run = Scripted(controller, [short, *whole])
    assert select_variant(graph, controller, task=TASK, best_of=6, seed=7, run=run) == 1
    assert run.runs == [[0, 1, 2, 3, 4, 5], [3, 1, 4], [4, 1]]
    firsts = [FIRST_EPISODE, FIRST_EPISODE + 1, FIRST_EPISODE + 3]
    assert run.rungs == [
        (rung.steps, rung.episodes, 7, first) for rung, first in zip(RUNGS, firsts, strict=True)
    ]


def test_preferred_variants_are_tried_first(controller):
    graph = sample_body(np.random.default_rng(1))
    run = Scripted(controller, [[1.0] * 6, [1.0] * 6])
    best = select_variant(
        graph, controller, task=TASK, best_of=3, preferred_variants=(4, 1, 4), run=run
    )
    assert run.runs == [[4, 1, 0], [4, 1]], "a short rung would drop no variant"
    assert best == 4, "the first of equals"
    assert (
        select_variant(graph, controller, task=TASK, best_of=1, preferred_variants=(4,), run=run)
        == 0
    )


def test_an_unstable_variant_is_dropped_while_others_are_stable(controller, monkeypatch):
    graph = sample_body(np.random.default_rng(1))
    run = Scripted(controller, [[5.0, 4.0, 3.0, 2.0, 1.0, 0.0], [9.0] * 6, [9.0] * 6])

    def unstable_run(*given, **options):
        result = run(*given, **options)
        return replace(result, unstable=run.runs[-1][-1] in (0, 2))

    best = select_variant(graph, controller, task=TASK, best_of=4, run=unstable_run)
    assert run.runs == [[0, 1, 2, 3], [1, 3], [1, 3]]
    assert best == 1


def test_a_stable_variant_that_was_dropped_replaces_unstable_ones(controller):
    graph = sample_body(np.random.default_rng(1))
    run = Scripted(controller, [[5.0, 4.0, 3.0, 2.0, 1.0, 0.0], [9.0] * 6, [9.0] * 6])

    def unstable_run(*given, **options):
        result = run(*given, **options)
        return replace(result, unstable=len(run.runs) == 2 and run.runs[-1][-1] < 3)

    assert select_variant(graph, controller, task=TASK, best_of=6, run=unstable_run) == 3
    assert run.runs == [[0, 1, 2, 3, 4, 5], [0, 1, 2], [3]]


def test_best_of_one_runs_nothing_and_too_many_are_refused(controller):
    graph = sample_body(np.random.default_rng(1))
    run = Scripted(controller, [])
    assert select_variant(graph, controller, task=TASK, best_of=1, run=run) == 0
    assert run.runs == []
    with pytest.raises(ControllerError, match=r"expected 1 \.\. 6, .* got 7"):
        select_variant(graph, controller, task=TASK, best_of=7)


def test_the_better_of_two_variants_over_whole_episodes_is_selected(controller):
    graph = sample_body(np.random.default_rng(3))
    model = TASK.model(graph)
    episodes = sum(rung.episodes for rung in RUNGS if rung.steps == TASK.max_steps)
    for pair in ((1, 2), (3, 4)):
        best = select_variant(
            graph, controller, task=TASK, best_of=2, seed=2, preferred_variants=pair
        )
        scores = [
            rollout(
                graph,
                controller.for_body(graph, model, variant=variant),
                task=TASK,
                episodes=episodes,
                seed=2,
                first_episode=FIRST_EPISODE,
            ).score
            for variant in pair
        ]
        assert best == pair[int(np.argmax(scores))]
