"""Trials of variants: the best of them is found, and nothing more is run than is said."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from hyperdistill_core.controller.controller import Controller, ControllerError
from hyperdistill_core.controller.halving import FIRST_EPISODE, RUNGS, select_variant
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.training_sets import TrainingSet
from hyperdistill_core.training.variant_search import (
    VariantSearchSettings,
    add_variants,
    complementary,
)
from morph_ops.sampling import sample_body

TASK = get_task("flat")


@pytest.fixture(scope="module")
def controller(tiny_controller):
    factors = 1.0 + 0.5 * np.random.default_rng(0).normal(size=(6, 25))
    factors[0] = 1.0
    return replace(Controller.load(tiny_controller), variants=factors.astype(np.float32))


@dataclass
class Scripted:
    """Scores by reading and heat instead of rollouts."""

    controller: Controller
    scores: list[list[float]]

    def __post_init__(self):
        self.runs = []
        self.heats = []

    def __call__(self, graph, control, *, task, episodes, seed, first_episode):
        known = [self.controller.for_body(graph, TASK.model(graph), variant=n) for n in range(6)]
        weights = [mlp.weights[0] for mlp in known]
        (variant,) = [n for n in range(6) if np.array_equal(weights[n], control.weights[0])]
        heat = (task.max_steps, episodes, seed, first_episode)
        if heat not in self.heats:
            self.heats.append(heat)
            self.runs.append([])
        self.runs[-1].append(variant)
        score = self.scores[len(self.runs) - 1][variant]
        return replace(_result(), returns=np.array([score]))


def _result():
    graph = sample_body(np.random.default_rng(1))
    limp = type("Limp", (), {"act": lambda self, s: np.zeros((len(s), TASK.model(graph).nu))})()
    return rollout(graph, limp, task=replace(TASK, max_steps=2), episodes=1)


def test_heats_leave_out_the_worst_and_equal_ones_add_up(controller):
    graph = sample_body(np.random.default_rng(1))
    short = [1.0, 5.0, 3.0, 9.0, 4.0, 2.0]
    whole = [[99.0, 6.0, 99.0, 1.0, 7.0, 99.0], [99.0, 3.0, 99.0, 99.0, 1.0, 99.0]]
    run = Scripted(controller, [short, *whole])
    assert select_variant(graph, controller, task=TASK, best_of=6, seed=7, run=run) == 1
    assert run.runs == [[0, 1, 2, 3, 4, 5], [3, 1, 4], [4, 1]]
    begins = [FIRST_EPISODE, FIRST_EPISODE + 1, FIRST_EPISODE + 3]
    assert run.heats == [
        (heat.steps, heat.episodes, 7, first) for heat, first in zip(RUNGS, begins, strict=True)
    ]


def test_likely_variants_are_tried_first(controller):
    graph = sample_body(np.random.default_rng(1))
    run = Scripted(controller, [[1.0] * 6, [1.0] * 6])
    best = select_variant(graph, controller, task=TASK, best_of=3, preferred_variants=(4, 1, 4), run=run)
    assert run.runs == [[4, 1, 0], [4, 1]], "a short heat would leave nobody out"
    assert best == 4, "the first of equals"
    assert select_variant(graph, controller, task=TASK, best_of=1, preferred_variants=(4,), run=run) == 0


def test_a_variant_that_blew_up_is_left_out_while_others_are_there(controller, monkeypatch):
    graph = sample_body(np.random.default_rng(1))
    run = Scripted(controller, [[5.0, 4.0, 3.0, 2.0, 1.0, 0.0], [9.0] * 6, [9.0] * 6])

    def shaken(*given, **options):
        result = run(*given, **options)
        return replace(result, unstable=run.runs[-1][-1] in (0, 2))

    best = select_variant(graph, controller, task=TASK, best_of=4, run=shaken)
    assert run.runs == [[0, 1, 2, 3], [1, 3], [1, 3]]
    assert best == 1


def test_where_all_that_are_left_blow_up_one_that_did_not_is_taken(controller):
    graph = sample_body(np.random.default_rng(1))
    run = Scripted(controller, [[5.0, 4.0, 3.0, 2.0, 1.0, 0.0], [9.0] * 6, [9.0] * 6])

    def shaken(*given, **options):
        result = run(*given, **options)
        return replace(result, unstable=len(run.runs) == 2 and run.runs[-1][-1] < 3)

    assert select_variant(graph, controller, task=TASK, best_of=6, run=shaken) == 3
    assert run.runs == [[0, 1, 2, 3, 4, 5], [0, 1, 2], [3]]


def test_one_try_runs_nothing_and_too_many_are_refused(controller):
    graph = sample_body(np.random.default_rng(1))
    run = Scripted(controller, [])
    assert select_variant(graph, controller, task=TASK, best_of=1, run=run) == 0
    assert run.runs == []
    with pytest.raises(ControllerError, match=r"expected 1 \.\. 6, .* got 7"):
        select_variant(graph, controller, task=TASK, best_of=7)


def test_of_two_variants_the_better_of_whole_episodes_is_named(controller):
    graph = sample_body(np.random.default_rng(3))
    model = TASK.model(graph)
    episodes = sum(heat.episodes for heat in RUNGS if heat.steps == TASK.max_steps)
    for pair in ((1, 2), (3, 4)):
        best = select_variant(graph, controller, task=TASK, best_of=2, seed=2, preferred_variants=pair)
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


def test_variants_that_make_up_for_each_other_are_kept():
    scores = np.array(
        [[10.0, 9.0, 0.0, 9.5], [10.0, 9.0, 1.0, 9.9], [0.5, 0.6, 1.0, -5.0], [-3.0, -2.0, 0.5, -9]]
    )
    assert complementary(scores, 1) == [0]
    assert complementary(scores, 2) == [0, 2]
    # After the second nothing is left to gain: the first of equals.
    assert complementary(scores, 3) == [0, 2, 1]
    assert complementary(scores, 3, first=2) == [0, 1, 2]


@pytest.mark.slow
def test_a_controller_is_given_variants(tiny_controller):
    graphs = tuple(sample_body(np.random.default_rng(seed)) for seed in range(3))
    settings = VariantSearchSettings(variants=3, drawn=5, bodies=2, episodes=1, n_workers=1, seed=4)
    told = []
    pool = TrainingSet(graphs, ("sampled",) * 3)
    made = add_variants(tiny_controller, pool, settings, report=lambda *now: told.append(now))
    assert made.variants.shape == (3, 25)
    assert (made.variants[0] == 1.0).all()
    assert told == [(1, 2), (2, 2)]
    record = made.provenance["variants"]
    means = record["mean of the best of the first"]
    assert means == sorted(means)
    assert record["kept"][0] == 0
    assert made.hash == add_variants(tiny_controller, pool, settings).hash
    other_seed = replace(settings, seed=5)
    assert add_variants(tiny_controller, pool, other_seed).hash != made.hash


@pytest.mark.slow
def test_a_controller_is_given_more_variants(variant_controller, tmp_path):
    pool = TrainingSet((sample_body(np.random.default_rng(0)),), ("sampled",))
    settings = VariantSearchSettings(variants=5, drawn=7, episodes=1, n_workers=1, more=True)
    before = Controller.load(variant_controller)
    made = add_variants(variant_controller, pool, settings)
    np.testing.assert_array_equal(made.variants[:4], before.variants)
    assert made.variants.shape == (5, before.variants.shape[1])
    assert made.variants[4].tolist() not in before.variants.tolist()
    again = add_variants(variant_controller, pool, replace(settings, more=False))
    assert not np.array_equal(again.variants[1], before.variants[1]), "replaced"
    made.save(path := tmp_path / "made.safetensors")
    eight = add_variants(path, pool, replace(settings, variants=8, drawn=12)).variants
    assert len(np.unique(eight, axis=0)) == 8, "the same seed draws others"
    with pytest.raises(TrainingError, match="expected more than the 4 that the controller has"):
        add_variants(variant_controller, pool, replace(settings, variants=4))
