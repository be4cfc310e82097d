"""Learning rates that follow the KL divergence."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hyperdistill_core.nets.teachers.specialists import Specialists, SpecialistsConfig
from hyperdistill_core.training.ppo.learning_rate import (
    INITIAL_LR,
    INITIAL_SHARED_LR,
    LR_FACTOR,
    MIN_LR,
    KLAdaptiveLearningRate,
)


@pytest.fixture
def specialists():
    torch.manual_seed(0)
    return Specialists(SpecialistsConfig(bodies=3, n_max=2, hidden=4, critic_hidden=4))


def _learning_rate(network, *, separate_bodies=None, desired_kl=0.02):
    """Learning rates of a network whose gradients are all one, and the optimizer."""
    optimizer = torch.optim.Adam(network.parameters())
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    rate = KLAdaptiveLearningRate(
        network, optimizer, separate_bodies=separate_bodies, desired_kl=desired_kl, max_kl=0.1
    )
    return rate, optimizer


def _kl(*of_bodies):
    """(bodies, 8 samples)."""
    return torch.tensor(of_bodies)[:, None].expand(-1, 8)


def test_every_specialist_has_a_rate_of_its_own(specialists):
    rate, _ = _learning_rate(specialists, separate_bodies=3)
    before = [p.detach().clone() for p in specialists.parameters()]
    rate.rates = np.array([1e-3, 1e-4, 5e-4])
    assert rate.begin(8e-4) == pytest.approx((8e-4 + 1e-4 + 5e-4) / 3)
    assert rate.may_step(_kl(0.001, 0.02, 0.05))
    rate.step()
    for new, old in zip(specialists.parameters(), before, strict=True):
        # Adam's first step is as long as the rate, whatever the gradient.
        change = (old - new).flatten(1).mean(dim=1).tolist()
        assert change == pytest.approx([8e-4, 1e-4, 5e-4], rel=1e-3)
    assert rate.end() == pytest.approx((0.001 + 0.02 + 0.05) / 3)
    np.testing.assert_allclose(rate.rates, [8e-4 * LR_FACTOR, 1e-4, 5e-4 / LR_FACTOR])


def test_a_specialist_with_too_large_a_kl_stops_while_others_continue(specialists):
    rate, optimizer = _learning_rate(specialists, separate_bodies=3)
    rate.begin(1.0)
    assert rate.may_step(_kl(0.0, 0.0, 0.0))
    rate.step()
    after_one = [p.detach().clone() for p in specialists.parameters()]
    momentum = [optimizer.state[p]["exp_avg"].clone() for p in specialists.parameters()]
    for parameter in specialists.parameters():
        parameter.grad.neg_()
    assert rate.may_step(_kl(0.02, 0.2, 0.02))
    rate.step()
    for new, old in zip(specialists.parameters(), after_one, strict=True):
        assert torch.equal(new[1], old[1])
        assert not torch.equal(new[0], old[0])
        assert not torch.equal(new[2], old[2])
    for parameter, old in zip(specialists.parameters(), momentum, strict=True):
        moment = optimizer.state[parameter]["exp_avg"]
        assert torch.equal(moment[1], old[1])
        assert not torch.equal(moment[0], old[0])
    assert not rate.may_step(_kl(0.2, 0.0, 0.2))
    rate.end()
    np.testing.assert_allclose(rate.rates, INITIAL_LR / LR_FACTOR)


def test_a_shared_network_has_one_rate():
    network = torch.nn.Linear(3, 2)
    rate, _ = _learning_rate(network)
    rate.begin(1.0)
    assert rate.may_step(_kl(0.0, 0.2, 0.0))  # 0.067 in the mean
    before = network.weight.detach().clone()
    rate.step()
    torch.testing.assert_close(before - network.weight, torch.full((2, 3), INITIAL_SHARED_LR))
    assert rate.end() == pytest.approx(0.2 / 3)
    assert rate.rates == pytest.approx(INITIAL_SHARED_LR / LR_FACTOR)
    rate.begin(1.0)
    assert not rate.may_step(_kl(0.2, 0.2, 0.2))
    for _ in range(50):
        rate.begin(1.0)
        rate.may_step(_kl(0.05, 0.05, 0.05))
        rate.end()
    assert rate.rates == pytest.approx(MIN_LR)


def test_a_bound_of_zero_changes_nothing(specialists):
    rate, _ = _learning_rate(specialists, separate_bodies=3)
    before = [p.detach().clone() for p in specialists.parameters()]
    rate.begin(0.0)
    assert rate.may_step(_kl(0.0, 0.0, 0.0))
    rate.step()
    assert all(map(torch.equal, specialists.parameters(), before))


def test_the_rates_leave_a_bound_of_zero():
    rate, _ = _learning_rate(torch.nn.Linear(3, 2))
    rate.begin(0.0)
    assert rate.may_step(_kl(0.0, 0.0))
    rate.step()
    rate.end()
    assert rate.rates == pytest.approx(MIN_LR)
    assert rate.begin(1.0) == pytest.approx(MIN_LR)


def test_without_a_desired_kl_the_bound_is_the_rate():
    rate, _ = _learning_rate(torch.nn.Linear(3, 2), desired_kl=0.0)
    assert rate.begin(3e-4) == 3e-4
