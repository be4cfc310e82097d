"""Losses of PPO against sums by hand, and normalized advantages."""

from __future__ import annotations

import pytest
import torch

from hyperdistill_core.training.ppo.losses import ppo_losses, standardized
from hyperdistill_core.training.ppo.rollout_data import Samples


def _losses(*, mean, value=(0.0, 0.0), advantage=(1.0, -1.0), clip=0.2):
    """Losses of a sample of each of two bodies of one node, under actions of 1, means of 0."""
    batch = Samples(
        observation=torch.zeros(2, 1, 1, 17),
        clock_phase=None,
        heights=None,
        action=torch.tensor([1.0, 0.0]).expand(2, 1, 1, 2),
        mean=torch.zeros(2, 1, 1, 2),
        value=torch.zeros(2, 1),
        advantage=torch.tensor(advantage)[:, None],
        target=torch.ones(2, 1),
    )
    return ppo_losses(
        batch,
        torch.tensor(mean).view(2, 1, 1, 2),
        torch.tensor(value)[:, None],
        joints=torch.tensor([1.0, 0.0]).expand(2, 1, 1, 2),
        scale=0.5,
        clip=clip,
    )


def test_the_acting_policy_has_no_divergence_and_the_mean_advantage():
    losses = _losses(mean=[[0.0, 9.0], [0.0, 9.0]], advantage=(3.0, -1.0))
    assert losses.policy.item() == pytest.approx(-1.0)
    assert losses.kl.tolist() == [[0.0], [0.0]], "slots without a hinge do not count"
    assert losses.clipped == 0.0


def test_ratios_beyond_the_range_are_clipped():
    # Means that are closer to the actions: both ratios are exp(0.5).
    losses = _losses(mean=[[1.0, 0.0], [1.0, 0.0]])
    expected = -(1.2 - torch.tensor(0.5).exp().item()) / 2
    assert losses.policy.item() == pytest.approx(expected)
    assert losses.clipped == 1.0
    assert losses.kl.tolist() == [[0.5], [0.5]]


def test_a_value_that_changed_too_much_has_the_larger_error():
    losses = _losses(mean=[[0.0, 0.0], [0.0, 0.0]], value=(1.0, 0.1))
    # Clipped to 0.2, the first value is still 0.8 away from its target.
    assert losses.value.item() == pytest.approx((0.8**2 + 0.9**2) / 2)


@pytest.mark.parametrize("per_body", [True, False])
def test_standardized_advantages(per_body):
    generator = torch.Generator().manual_seed(0)
    fast, slow = (
        scale * torch.randn(50, 4, generator=generator) + offset
        for scale, offset in ((4.0, 9.0), (0.01, -1.0))
    )
    result = standardized(torch.stack([fast, slow]), per_body=per_body)
    if per_body:
        torch.testing.assert_close(result.mean(dim=(1, 2)), torch.zeros(2))
        assert result[1].abs().max() < 0.1, "the floor keeps noise small"
    else:
        torch.testing.assert_close(result.mean(), torch.tensor(0.0), atol=1e-6, rtol=0)
        torch.testing.assert_close(result.std(), torch.tensor(1.0))
