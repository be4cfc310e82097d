"""The mean of controllers: of their weights, and only of controllers that fit together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hyperdistill_core.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.nets.numpy_hypernetwork import NumpyHypernetwork
from hyperdistill_core.training.controller_average import average_controllers
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.sampling import sample_body


@pytest.fixture(scope="module")
def bodies():
    rng = np.random.default_rng(0)
    return TrainingSet(tuple(sample_body(rng) for _ in range(3)), ("sampled",) * 3)


@pytest.fixture
def pair(tiny_controller):
    one = Controller.load(tiny_controller)
    arrays = {name: array + np.float32(0.5) for name, array in one.network.arrays.items()}
    return one, replace(one, name="other", network=NumpyHypernetwork(one.network.config, arrays))


def test_weights_are_averaged(pair, bodies):
    mean = average_controllers(pair, bodies, name="mean", weights=[3.0, 1.0])
    for name, array in pair[0].network.arrays.items():
        np.testing.assert_allclose(mean.network.arrays[name], array + 0.125, rtol=1e-6, atol=1e-6)
        assert mean.network.arrays[name].dtype == array.dtype
    assert (mean.name, mean.n_variants) == ("mean", 1)
    assert [each["share"] for each in mean.provenance["mean of"]] == [0.75, 0.25]
    assert mean.familiarity is not None
    equal = average_controllers(pair, bodies, name="mean")
    assert [each["share"] for each in equal.provenance["mean of"]] == [0.5, 0.5]


def test_controllers_must_fit_together(pair, bodies):
    one, other = pair
    shifted = replace(one.normalization, mean=one.normalization.mean + 1.0)
    for wrong, message in (
        (
            replace(other, task="flat-reference"),
            "expected the task of tiny, flat, got that of other",
        ),
        (
            replace(other, normalization=shifted),
            "tiny and other normalize states in different ways",
        ),
    ):
        with pytest.raises(TrainingError, match=message):
            average_controllers([one, wrong], bodies, name="mean")


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_weights_must_be_usable(pair, bodies, weights):
    with pytest.raises(TrainingError, match="weights: expected 2 numbers of at least 0"):
        average_controllers(pair, bodies, name="mean", weights=weights)


def test_one_controller_has_no_mean(pair, bodies):
    with pytest.raises(TrainingError, match="expected at least 2 to average, got 1"):
        average_controllers(pair[:1], bodies, name="mean")
