from __future__ import annotations

import numpy as np
import pytest
import torch

from hyperdistill_core.nets.teachers.specialists import Specialists, SpecialistsConfig
from hyperdistill_core.training.ppo.learning_rate import FIRST_LR, LEAST_LR, LR_FACTOR, KLAdaptiveLearningRate


@pytest.fixture
def specialists():
    torch.manual_seed(0)
    return Specialists(SpecialistsConfig(bodies=3, limbs=2, hidden=4, critic_hidden=4))


def _pace(network, *, desired_kl=0.02):
    optimizer = torch.optim.Adam(network.parameters())
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    return KLAdaptiveLearningRate(network, optimizer, desired_kl=desired_kl, max_kl=0.1)


def _kl(*of_bodies):
    """(2 steps, bodies, 4 simulations)."""
    return torch.tensor(of_bodies)[None, :, None].expand(2, -1, 4)


def test_every_specialist_has_a_rate_of_its_own(specialists):
    pace = _pace(specialists)
    before = [p.detach().clone() for p in specialists.parameters()]
    pace.rates = np.array([1e-3, 1e-4, 5e-4])
    assert pace.begin(8e-4) == pytest.approx((8e-4 + 1e-4 + 5e-4) / 3)
    assert pace.may_go_on(_kl(0.001, 0.02, 0.05))
    pace.step()
    for new, old in zip(specialists.parameters(), before, strict=True):
        # Adam's first step is as long as the rate, whatever the gradient.
        moved = (old - new).flatten(1).mean(dim=1).tolist()
        assert moved == pytest.approx([8e-4, 1e-4, 5e-4], rel=1e-3)
    assert pace.end() == pytest.approx((0.001 + 0.02 + 0.05) / 3)
    np.testing.assert_allclose(pace.rates, [8e-4 * LR_FACTOR, 1e-4, 5e-4 / LR_FACTOR])


def test_a_specialist_that_went_too_far_waits_while_others_go_on(specialists):
    pace = _pace(specialists)
    pace.begin(1.0)
    assert pace.may_go_on(_kl(0.0, 0.0, 0.0))
    pace.step()
    after_one = [p.detach().clone() for p in specialists.parameters()]
    momentum = [pace._optimizer.state[p]["exp_avg"].clone() for p in specialists.parameters()]
    for parameter in specialists.parameters():
        parameter.grad.neg_()
    assert pace.may_go_on(_kl(0.02, 0.2, 0.02))
    pace.step()
    for new, old in zip(specialists.parameters(), after_one, strict=True):
        assert torch.equal(new[1], old[1])
        assert not torch.equal(new[0], old[0])
        assert not torch.equal(new[2], old[2])
    for parameter, old in zip(specialists.parameters(), momentum, strict=True):
        moment = pace._optimizer.state[parameter]["exp_avg"]
        assert torch.equal(moment[1], old[1])
        assert not torch.equal(moment[0], old[0])
    assert not pace.may_go_on(_kl(0.2, 0.0, 0.2))
    pace.end()
    np.testing.assert_allclose(pace.rates, FIRST_LR / LR_FACTOR)


def test_a_shared_network_has_one_rate():
    network = torch.nn.Linear(3, 2)
    pace = _pace(network)
    pace.begin(1.0)
    assert pace.may_go_on(_kl(0.0, 0.2, 0.0))  # 0.067 in the mean
    before = network.weight.detach().clone()
    pace.step()
    torch.testing.assert_close(before - network.weight, torch.full((2, 3), FIRST_LR))
    assert pace.end() == pytest.approx(0.2 / 3)
    assert pace.rates == pytest.approx(FIRST_LR / LR_FACTOR)
    pace.begin(1.0)
    assert not pace.may_go_on(_kl(0.2, 0.2, 0.2))
    for _ in range(50):
        pace.begin(1.0)
        pace.may_go_on(_kl(0.05, 0.05, 0.05))
        pace.end()
    assert pace.rates == pytest.approx(LEAST_LR)


def test_a_bound_of_zero_moves_nobody(specialists):
    pace = _pace(specialists)
    before = [p.detach().clone() for p in specialists.parameters()]
    pace.begin(0.0)
    assert pace.may_go_on(_kl(0.0, 0.0, 0.0))
    pace.step()
    assert all(map(torch.equal, specialists.parameters(), before))


def test_without_a_target_the_bound_is_the_rate():
    pace = _pace(torch.nn.Linear(3, 2), desired_kl=0.0)
    assert pace.begin(3e-4) == 3e-4
