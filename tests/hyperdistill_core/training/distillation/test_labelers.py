"""Teachers of a distillation: their labels are controls that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import BodyBatch, BodyInputs
from hyperdistill_core.training.distillation import MeanTeacher, VariantTeacher, load_teachers


@pytest.fixture(scope="module")
def variants():
    """Two variants of one controller."""
    controller = Controller.load("flat-v3")
    return VariantTeacher(controller, 0), VariantTeacher(controller, 3)


def test_the_mean_is_that_of_controls_within_their_limits(training_set, variants):
    task = get_task("flat")
    batch = BodyBatch([BodyInputs.of(body, task) for body in training_set.graphs], n_max=12)
    states = 3.0 * np.random.default_rng(0).normal(size=(len(training_set), 5, 12, 17))
    time, bodies = np.zeros((len(training_set), 5)), range(len(training_set))
    one, other = (each.policy(batch, bodies).means(states, time) for each in variants)
    assert np.abs(one).max() > 1.0
    mean = MeanTeacher(variants).policy(batch, bodies).means(states, time)
    np.testing.assert_allclose(mean, (one.clip(-1, 1) + other.clip(-1, 1)) / 2, rtol=1e-6)
    assert mean.dtype == np.float32


def test_a_mean_knows_its_teachers(variants):
    mean = MeanTeacher(variants)
    assert mean.identity == f"mean of {variants[0].identity}, {variants[1].identity}"
    assert mean.context == "extended"
    other = VariantTeacher(Controller.load("flat-v2"), 0)
    with pytest.raises(TrainingError, match=r"one context layout, .* got extended, continuous"):
        MeanTeacher((variants[0], other))
    with pytest.raises(TrainingError, match=r"expected at least one, .* got none"):
        MeanTeacher(())


def test_of_a_controller_the_first_variant_takes_part_in_a_mean():
    [mean], descriptions = load_teachers(["flat-v3", "flat-v3"], mean=True)
    assert isinstance(mean, MeanTeacher)
    assert [teacher.identity[-2:] for teacher in mean.teachers] == ["/0", "/0"]
    assert [each["variants"] for each in descriptions] == [1, 1]
