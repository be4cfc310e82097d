"""Trials of readings: the best of them is found, and nothing more is run than is said."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from hyperdistill_core.controller import Controller, ControllerError
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.pool import Pool
from hyperdistill_core.training.readings import ReadingsSettings, add_readings, complementary
from hyperdistill_core.trial import FIRST_EPISODE, HEATS, best_reading
from morph_ops.space import sample_body

TASK = get_task("flat")


@pytest.fixture(scope="module")
def controller(tiny_controller):
    factors = 1.0 + 0.5 * np.random.default_rng(0).normal(size=(6, 25))
    factors[0] = 1.0
    return replace(Controller.load(tiny_controller), readings=factors.astype(np.float32))


@dataclass
class Scripted:
    """Scores by reading and heat instead of rollouts."""

    controller: Controller
    scores: list[list[float]]

    def __post_init__(self):
        self.runs = []

    def __call__(self, graph, control, *, task, episodes, seed, first):
        known = [self.controller.for_body(graph, TASK.model(graph), reading=n) for n in range(6)]
        weights = [mlp.weights[0] for mlp in known]
        (reading,) = [n for n in range(6) if np.array_equal(weights[n], control.weights[0])]
        heat = [h.steps for h in HEATS].index(task.max_steps)
        self.runs.append((heat, reading, episodes, seed, first))
        return replace(_result(), returns=np.array([self.scores[heat][reading]]))


def _result():
    graph = sample_body(np.random.default_rng(1))
    limp = type("Limp", (), {"act": lambda self, s: np.zeros((len(s), TASK.model(graph).nu))})()
    return rollout(graph, limp, task=replace(TASK, max_steps=2), episodes=1)


def test_the_best_of_the_last_heat_is_named(controller):
    graph = sample_body(np.random.default_rng(1))
    run = Scripted(controller, [[1.0, 5.0, 3.0, 9.0, 4.0, 2.0], [0.0, 6.0, 0.0, 1.0, 6.0, 99.0]])
    assert best_reading(graph, controller, task=TASK, tries=6, seed=7, run=run) == 1
    heats = [[reading for heat, reading, *_ in run.runs if heat == number] for number in (0, 1)]
    assert heats == [[0, 1, 2, 3, 4, 5], [3, 1, 4]]
    assert {(heat, *others) for heat, _, *others in run.runs} == {
        (number, heat.episodes, 7, FIRST_EPISODE) for number, heat in enumerate(HEATS)
    }


def test_likely_readings_are_tried_first(controller):
    graph = sample_body(np.random.default_rng(1))
    run = Scripted(controller, [[1.0] * 6, [2.0] * 6])
    best = best_reading(graph, controller, task=TASK, tries=3, likely=(4, 1, 4), run=run)
    tried = [[reading for heat, reading, *_ in run.runs if heat == number] for number in (0, 1)]
    assert tried == [[], [4, 1, 0]], "the first heat would leave nobody out"
    assert best == 4, "the first of equals"
    assert best_reading(graph, controller, task=TASK, tries=1, likely=(4,), run=run) == 0


def test_one_try_runs_nothing_and_too_many_are_refused(controller):
    graph = sample_body(np.random.default_rng(1))
    run = Scripted(controller, [])
    assert best_reading(graph, controller, task=TASK, tries=1, run=run) == 0
    assert run.runs == []
    with pytest.raises(ControllerError, match=r"expected 1 \.\. 6, .* got 7"):
        best_reading(graph, controller, task=TASK, tries=7)


def test_a_trial_is_repeatable_and_its_best_is_the_best_of_long_runs(controller):
    graph = sample_body(np.random.default_rng(3))
    best = best_reading(graph, controller, task=TASK, tries=3, seed=2)
    assert best == best_reading(graph, controller, task=TASK, tries=3, seed=2)
    heat, model = HEATS[-1], TASK.model(graph)
    scores = [
        rollout(
            graph,
            controller.for_body(graph, model, reading=reading),
            task=replace(TASK, max_steps=heat.steps),
            episodes=heat.episodes,
            seed=2,
            first=FIRST_EPISODE,
        ).score
        for reading in range(3)
    ]
    assert best == int(np.argmax(scores))


def test_readings_that_make_up_for_each_other_are_kept():
    scores = np.array(
        [[10.0, 9.0, 0.0, 9.5], [10.0, 9.0, 1.0, 9.9], [0.5, 0.6, 1.0, -5.0], [-3.0, -2.0, 0.5, -9]]
    )
    assert complementary(scores, 1) == [0]
    assert complementary(scores, 2) == [0, 2]
    # After the second nothing is left to gain: the first of equals.
    assert complementary(scores, 3) == [0, 2, 1]


@pytest.mark.slow
def test_a_controller_is_given_readings(tiny_controller):
    graphs = tuple(sample_body(np.random.default_rng(seed)) for seed in range(3))
    settings = ReadingsSettings(readings=3, drawn=5, bodies=2, episodes=1, n_workers=1, seed=4)
    told = []
    pool = Pool(graphs, ("sampled",) * 3)
    made = add_readings(tiny_controller, pool, settings, report=lambda *now: told.append(now))
    assert made.readings.shape == (3, 25)
    assert (made.readings[0] == 1.0).all()
    assert told == [(1, 2), (2, 2)]
    record = made.provenance["readings"]
    means = record["mean of the best of the first"]
    assert means == sorted(means)
    assert record["kept"][0] == 0
    assert made.hash == add_readings(tiny_controller, pool, settings).hash
    # Those that there were do not count.
    with_more = replace(settings, seed=5)
    assert add_readings(tiny_controller, pool, with_more).hash != made.hash
