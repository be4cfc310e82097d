"""The file of a training set, and its sampling weights."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.training.training_sets import (
    TrainingSet,
    TrainingSetSettings,
    make_training_set,
)
from morph_ops.errors import BodyError
from morph_ops.identity import body_hash, is_same
from morph_ops.sampling import sample_body


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(4)]


def test_a_training_set_is_distinct_repeatable_and_read_as_written(bodies, tmp_path):
    settings = TrainingSetSettings(sampled=3, children=2, mutants=4, stable_steps=5, seed=1)
    training_set = make_training_set(settings, robots=[bodies[0], bodies[0], bodies[1]])
    assert training_set.origins == (
        *["robot"] * 2,
        *["sampled"] * 3,
        *["child"] * 2,
        *["mutant"] * 4,
    )
    assert len({body_hash(graph) for graph in training_set.graphs}) == len(training_set) == 11
    again = make_training_set(settings, robots=bodies[:2])
    assert all(map(is_same, training_set.graphs, again.graphs))
    training_set.write(tmp_path / "training_set.jsonl")
    read = TrainingSet.read(tmp_path / "training_set.jsonl")
    assert read.origins == training_set.origins
    assert all(map(is_same, training_set.graphs, read.graphs))
    weights = training_set.weights(0.3)
    assert weights[:2].sum() == pytest.approx(0.3)
    assert weights.sum() == pytest.approx(1.0)


def test_a_broken_file_names_the_line(tmp_path):
    path = tmp_path / "training_set.jsonl"
    path.write_text('{"origin": "robot"}\n')
    with pytest.raises(BodyError, match=r"training_set\.jsonl, line 1: expected a body"):
        TrainingSet.read(path)


def test_an_unknown_origin_is_named(bodies, tmp_path):
    path = tmp_path / "set.jsonl"
    TrainingSet((bodies[0],), ("sampled",)).write(path)
    path.write_text(path.read_text().replace('"sampled"', '"found"'))
    with pytest.raises(BodyError, match=r"expected an origin of robot, .* got 'found'"):
        TrainingSet.read(path)


def test_the_hash_is_that_of_bodies_in_order(bodies):
    origins = ("sampled",) * 2
    one = TrainingSet((bodies[0], bodies[1]), origins)
    assert one.hash == TrainingSet((bodies[0], bodies[1]), ("robot", "robot")).hash
    assert one.hash != TrainingSet((bodies[1], bodies[0]), origins).hash


@pytest.mark.parametrize("origin", ["robot", "sampled"])
def test_weights_are_equal_where_all_bodies_are_of_one_kind(bodies, origin):
    weights = TrainingSet(tuple(bodies), (origin,) * 4).weights(0.3)
    np.testing.assert_array_equal(weights, np.full(4, 0.25))
