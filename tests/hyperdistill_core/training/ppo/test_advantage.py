"""Generalized advantages against sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hyperdistill_core.training.ppo.advantage import generalized_advantages


def test_advantages_sum_discounted_errors_within_an_episode():
    rewards = torch.tensor([1.0, 2.0, 4.0])[:, None]
    values = torch.tensor([0.5, 0.25, 1.0])[:, None]
    nothing = torch.zeros(3, 1, dtype=torch.bool)
    gamma, lam = 0.9, 0.8
    last = torch.tensor([3.0])
    deltas = [1 + 0.9 * 0.25 - 0.5, 2 + 0.9 * 1.0 - 0.25, 4 + 0.9 * 3.0 - 1.0]
    expected = [sum((gamma * lam) ** k * d for k, d in enumerate(deltas[t:])) for t in range(3)]
    result = generalized_advantages(rewards, values, last, nothing, nothing, gamma=gamma, lam=lam)
    np.testing.assert_allclose(result[:, 0], expected, rtol=1e-6)


@pytest.mark.parametrize(("cut", "bootstrap"), [(False, 0.0), (True, 0.25)])
def test_an_end_cuts_the_sum_and_only_the_time_limit_bootstraps(cut, bootstrap):
    rewards = torch.tensor([1.0, 2.0, 4.0])[:, None]
    values = torch.tensor([0.5, 0.25, 1.0])[:, None]
    ended = torch.tensor([False, True, False])[:, None]
    result = generalized_advantages(
        rewards, values, torch.tensor([3.0]), ended, ended & cut, gamma=0.9, lam=0.8
    )
    at_end = 2.0 + 0.9 * bootstrap - 0.25
    expected = [1.0 + 0.9 * 0.25 - 0.5 + 0.72 * at_end, at_end]
    np.testing.assert_allclose(result[:2, 0], expected, rtol=1e-6)
