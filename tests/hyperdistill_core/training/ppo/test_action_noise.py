"""Action noise that is correlated in time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from hyperdistill_core.training.ppo.action_noise import CorrelatedNoise


def _samples(correlation, *, std=0.5, steps=400):
    generator = torch.Generator().manual_seed(0)
    noise = CorrelatedNoise((50,), correlation, lambda s: torch.randn(s, generator=generator))
    return [noise.step(std) for _ in range(steps)]


@pytest.mark.parametrize("correlation", [0.0, 0.7])
def test_samples_have_the_deviation_and_the_correlation(correlation):
    samples = np.array([sample.numpy() for sample, _ in _samples(correlation)])
    assert samples.std() == pytest.approx(0.5, rel=0.03)
    found = np.corrcoef(samples[1:].ravel(), samples[:-1].ravel())[0, 1]
    assert found == pytest.approx(correlation, abs=0.03)


def test_the_carried_part_follows_from_the_sample_before():
    samples = _samples(0.7, steps=3)
    for (before, _), (_, carried) in pairwise(samples):
        torch.testing.assert_close(carried, 0.7 * before)
    assert not _samples(0.0, steps=1)[0][1].any()
