"""Updates of a network on a rollout."""

from __future__ import annotations

import math

import pytest
import torch

from hyperdistill_core.errors import TrainingError
from tests.helpers.small_training import small_training


def _update(training, **options):
    data, _ = training.collect()
    options = {"action_std": 0.5, "lr_bound": 1e-3, **options}
    return training.update.update(data, training.batch, **options)


def _weights(training):
    return [parameter.detach().clone() for parameter in training.update.network.parameters()]


def test_an_update_changes_all_weights_in_equal_minibatches():
    training = small_training()
    before = _weights(training)
    figures = _update(training)
    assert figures["minibatches"] == 2 * 3
    assert figures["kl"] > 0.0
    for old, new in zip(before, _weights(training), strict=True):
        assert not torch.equal(old, new)


def test_an_incomplete_minibatch_is_left_out():
    for horizon in (7, 11):
        training = small_training(horizon=horizon, minibatches=4)
        assert _update(training)["minibatches"] == 2 * 4


def test_equal_generators_give_equal_updates():
    first, second = small_training(), small_training()
    assert _update(first) == _update(second)
    assert all(map(torch.equal, _weights(first), _weights(second)))


def test_an_update_ends_where_the_kl_is_too_large():
    figures = _update(small_training(max_kl=1e-9, desired_kl=0.0), lr_bound=0.1)
    # The first minibatch has a KL divergence of zero, the second one ends the update.
    assert figures["minibatches"] == 1


def test_a_bound_of_zero_changes_nothing():
    training = small_training()
    before = _weights(training)
    assert _update(training, lr_bound=0.0)["lr"] == 0.0
    assert all(map(torch.equal, before, _weights(training)))


def _changed(training, **options):
    """Names of the modules of a generalist, actor and critic, that an update changes."""
    network = training.update.network
    before = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    figures = _update(training, **options)
    after = dict(network.named_parameters())
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    return {name.partition(".")[0] for name in moved}, figures


def test_the_critic_can_learn_alone():
    training = small_training(teacher="generalist")
    rates = training.update.learning_rate.rates.copy()
    moved, figures = _changed(training, critic_alone=True)
    assert moved == {"critic"}
    assert figures["kl"] == pytest.approx(0.0, abs=1e-12)
    assert (training.update.learning_rate.rates == rates).all()
    moved, _ = _changed(training)
    assert moved == {"actor", "critic"}


def test_the_critic_of_a_generalist_can_have_a_learning_rate_of_its_own():
    training = small_training(teacher="generalist", critic_lr=1e-3)
    moved, _ = _changed(training, lr_bound=0.0)
    assert moved == {"critic"}
    shared = small_training(critic_lr=1e-3)
    before = _weights(shared)
    _update(shared, lr_bound=0.0)
    assert all(map(torch.equal, before, _weights(shared)))


def test_weights_that_are_not_finite_are_refused():
    training = small_training()
    next(training.update.network.parameters()).data.fill_(math.nan)
    with pytest.raises(TrainingError, match="network: expected finite weights"):
        _update(training)
