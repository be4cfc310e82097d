"""Familiarity: percentiles of the distance to training bodies."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.controller.familiarity import DIRECTIONS, REFERENCES, Familiarity


@pytest.fixture(scope="module")
def embeddings():
    rng = np.random.default_rng(0)
    # 30 directions, of which the last 10 hardly differ between bodies.
    return rng.normal(size=(2000, 30)) * np.r_[np.full(20, 3.0), np.full(10, 1e-6)]


def test_bodies_like_those_of_training_are_spread_over_all_percentiles(embeddings):
    known = Familiarity.over(embeddings)
    new = np.random.default_rng(1).normal(size=(300, 30)) * np.r_[np.full(20, 3.0), np.zeros(10)]
    percentiles = np.array([known.percentile(one) for one in new])
    assert 40.0 < np.median(percentiles) < 60.0
    assert percentiles.min() < 10.0 < 90.0 < percentiles.max()


def test_a_body_further_away_has_a_higher_percentile(embeddings):
    known = Familiarity.over(embeddings)
    one = embeddings[1]
    ways = [known.percentile(one + shift) for shift in (0.0, 1.0, 4.0, 40.0)]
    assert ways == sorted(ways)
    assert ways[-1] == 100.0


def test_it_keeps_few_directions_and_bodies(embeddings):
    known = Familiarity.over(embeddings)
    assert known.basis.shape == (30, DIRECTIONS)
    assert known.references.shape == (REFERENCES, DIRECTIONS)
    few = Familiarity.over(embeddings[:7, :3])
    assert few.references.shape == (4, 3)


def test_equal_embeddings_and_too_few_ones():
    same = Familiarity.over(np.ones((6, 4)))
    assert same.percentile(np.ones(4)) in (0.0, 100.0)
    with pytest.raises(ValueError, match="expected at least 2, got 1"):
        Familiarity.over(np.ones((1, 4)))
