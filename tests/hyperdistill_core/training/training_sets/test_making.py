"""Training sets: distinct, repeatable bodies, of use under a controller."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hyperdistill_core.errors import SettingsError, TrainingError
from hyperdistill_core.training.training_sets import (
    TrainingSetSettings,
    make_training_set,
    making,
)
from morph_ops.geometry import total_mass
from morph_ops.graph import new_body, node, torso
from morph_ops.identity import body_plan_hash, is_same
from morph_ops.sampling import sample_body

#: Bodies that are scored together here, in place of 64.
BATCH = 8


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(making, "BATCH_SIZE", BATCH)


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(4)]


def _mass_scores(calls):
    """Scores bodies by their mass, and appends the number of bodies of every call to ``calls``."""

    def score(graphs):
        calls.append(len(graphs))
        return [(total_mass(graph), 0.0) for graph in graphs]

    return score


def test_scored_bodies_reach_the_least_score(bodies):
    settings = TrainingSetSettings(
        sampled=3, mutants=2, evolved=10, stable_steps=0, min_score=6.0, seed=1
    )
    calls = []
    training_set = make_training_set(settings, robots=bodies[:3], score=_mass_scores(calls))
    assert training_set.counts == {"evolved": 10, "mutant": 2, "robot": 3, "sampled": 3}
    assert all(
        total_mass(graph) >= 6.0
        for graph, origin in zip(training_set.graphs, training_set.origins, strict=True)
        if origin != "robot"
    )
    assert set(calls) == {3, BATCH}
    again = make_training_set(settings, robots=bodies[:3], score=_mass_scores([]))
    assert all(map(is_same, training_set.graphs, again.graphs))


def test_founders_are_the_best_of_sixteen_and_start_lineages():
    settings = TrainingSetSettings(
        sampled=0, mutants=0, evolved=32, founders=3, stable_steps=0, min_score=6.0, seed=4
    )
    calls = []
    training_set = make_training_set(settings, score=_mass_scores(calls))
    assert training_set.counts == {"evolved": 32}
    assert calls[:5] == [0, 16, 16, 16, BATCH]
    # A child of the best of sixteen is heavier than what comes up by chance.
    chance = make_training_set(
        TrainingSetSettings(sampled=32, mutants=0, stable_steps=0, min_score=6.0, seed=4),
        score=_mass_scores([]),
    )
    heavy, usual = (
        np.mean([total_mass(g) for g in made.graphs]) for made in (training_set, chance)
    )
    assert heavy > usual


def test_a_long_episode_makes_a_body_acceptable_whatever_its_score():
    settings = TrainingSetSettings(sampled=2, mutants=0, stable_steps=0, min_steps=100.0)
    training_set = make_training_set(settings, score=lambda graphs: [(-5.0, 100.0)] * len(graphs))
    assert len(training_set) == 2


def test_useless_bodies_end_the_making():
    settings = TrainingSetSettings(sampled=1, mutants=0, stable_steps=0, seed=2)

    def score(graphs):
        return [(39.9, 399.0)] * len(graphs)

    with pytest.raises(TrainingError, match="none of 16 sampled bodies scored 40 or stayed up"):
        make_training_set(settings, score=score, max_failures=2 * BATCH)


def test_new_bodies_need_parents(bodies):
    with pytest.raises(TrainingError, match="children: expected at least 2 robots"):
        make_training_set(TrainingSetSettings(children=1), robots=bodies[:1])
    with pytest.raises(TrainingError, match="mutants: expected robots or sampled bodies"):
        make_training_set(TrainingSetSettings(sampled=0, mutants=1))
    with pytest.raises(TrainingError, match=r"evolved: expected at least 2 robots .* got 1"):
        make_training_set(TrainingSetSettings(sampled=0, mutants=0, evolved=1), robots=bodies[:1])
    with pytest.raises(
        TrainingError, match="founders: expected evolved bodies for 2 founders, got evolved=0"
    ):
        make_training_set(TrainingSetSettings(founders=2), robots=bodies[:2])
    with pytest.raises(TrainingError, match="evolved: expected a controller that scores"):
        make_training_set(TrainingSetSettings(sampled=0, mutants=0, evolved=1), robots=bodies[:2])
    with pytest.raises(TrainingError, match="varied: expected robots or sampled bodies"):
        make_training_set(TrainingSetSettings(sampled=0, mutants=0, varied=1))


def test_varied_bodies_come_last_from_all_others(bodies):
    settings = TrainingSetSettings(sampled=1, mutants=0, varied=12, stable_steps=0)
    made = make_training_set(settings, robots=bodies[3:])
    assert made.origins == ("robot", "sampled", *["varied"] * 12)
    radii = [[node(graph, name).radius for name in graph] for graph in made.graphs]
    assert {radii.index(each) for each in radii} == {0, 1}


def test_held_out_plans_are_refused():
    settings = TrainingSetSettings(sampled=2, mutants=0, stable_steps=0, seed=3)
    unwanted = make_training_set(settings).graphs
    plans = {body_plan_hash(graph) for graph in unwanted}
    assert plans.isdisjoint(
        body_plan_hash(g) for g in make_training_set(settings, held_out=unwanted).graphs
    )


def test_duplicates_alone_end_the_making(bodies):
    # Two bodies without limbs have no children but themselves.
    robots = [new_body(torso(graph)) for graph in bodies[:2]]
    settings = TrainingSetSettings(sampled=0, mutants=0, children=1)
    with pytest.raises(TrainingError, match="20 child bodies in a row were invalid, duplicates"):
        make_training_set(settings, robots=robots, max_failures=20)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"robot_mutants": 7}, "robot_mutants: expected 0 .. 1, got 7"),
        ({"sampled": -5}, "sampled: expected at least 0, got -5"),
    ],
)
def test_settings_out_of_range_are_named(changes, message):
    with pytest.raises(SettingsError, match=re.escape(message)):
        TrainingSetSettings(**changes)


def test_every_new_body_is_reported():
    calls = []
    settings = TrainingSetSettings(sampled=2, mutants=1, stable_steps=0)
    make_training_set(settings, report=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]
