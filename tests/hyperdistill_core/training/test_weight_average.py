"""The mean of a network's weights, and which weights of a checkpoint count."""

from __future__ import annotations

import numpy as np
from torch import nn

from hyperdistill_core.training.weight_average import WeightAverage, weights_prefix


def networks(*weights: float) -> list[nn.Linear]:
    made = [nn.Linear(2, 1) for _ in weights]
    for network, weight in zip(made, weights, strict=True):
        nn.init.constant_(network.weight, weight)
        nn.init.constant_(network.bias, -weight)
    return made


def test_the_mean_is_over_all_weights_that_were_added():
    average = WeightAverage()
    for network in networks(1.0, 2.0, 6.0):
        average.add(network)
    means = average.arrays()
    assert average.count == 3
    assert means.keys() == {"average.weight", "average.bias"}
    np.testing.assert_allclose(means["average.weight"], [[3.0, 3.0]], rtol=1e-6)
    np.testing.assert_allclose(means["average.bias"], [-3.0], rtol=1e-6)


def test_the_mean_does_not_follow_the_network():
    average, [network] = WeightAverage(), networks(1.0)
    average.add(network)
    nn.init.constant_(network.weight, 5.0)
    assert average.arrays()["average.weight"].tolist() == [[1.0, 1.0]]


def test_a_restored_mean_goes_on_as_if_it_had_not_stopped():
    whole, parts = WeightAverage(), WeightAverage()
    first, second = networks(1.0, 4.0)
    for network in (first, second):
        whole.add(network)
    parts.add(first)
    again = WeightAverage()
    again.restore(parts.arrays() | {"network.weight": np.zeros((1, 2))}, parts.meta())
    again.add(second)
    assert again.meta() == whole.meta()
    for name, mean in whole.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], mean)


def test_a_cleared_mean_begins_anew():
    average, (first, second) = WeightAverage(), networks(1.0, 4.0)
    average.add(first)
    average.clear()
    assert average.arrays() == {}
    assert weights_prefix(average.meta()) == "network"
    average.add(second)
    assert average.arrays()["average.weight"].tolist() == [[4.0, 4.0]]
    assert weights_prefix(average.meta()) == "average"


def test_a_checkpoint_from_before_means_has_its_last_weights():
    assert weights_prefix({"kind": "teacher"}) == "network"
