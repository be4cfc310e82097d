from __future__ import annotations

import math

import numpy as np
import pytest

from hyperdistill_core.evaluation.rank_agreement import (
    bootstrap_interval,
    kendall,
    ranks,
    spearman,
    top_overlap,
)

A = np.array([1.0, 2.0, 2.0, 4.0])
B = np.array([1.0, 3.0, 2.0, 4.0])


def test_ties_share_their_ranks():
    assert ranks([5.0, 5.0, 1.0]).tolist() == [2.5, 2.5, 1.0]


def test_hand_worked_correlations_with_a_tie():
    # Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: products of deviations 2.25 + 0 + 0 + 2.25.
    assert spearman(A, B) == pytest.approx(4.5 / math.sqrt(4.5 * 5.0))
    # Five of six pairs agree, one is tied in A.
    assert kendall(A, B) == pytest.approx(5 / math.sqrt(5 * 6))


def test_order_turned_round():
    assert spearman(B, -B) == pytest.approx(-1.0)
    assert kendall(B, -B) == pytest.approx(-1.0)


def test_a_constant_has_no_order():
    assert math.isnan(spearman(np.zeros(3), B[:3]))
    assert math.isnan(kendall(np.zeros(3), B[:3]))


def test_overlap_of_the_best():
    assert top_overlap(A, B, 1) == 1.0
    assert top_overlap(np.arange(6.0), np.array([9.0, 1, 2, 3, 4, 5]), 2) == 0.5
    with pytest.raises(ValueError, match="k: expected 1 to 4, got 5"):
        top_overlap(A, B, 5)


def test_interval_holds_the_value_and_narrows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    y = x + rng.normal(size=200)
    low, high = bootstrap_interval(spearman, x, y)
    assert low < spearman(x, y) < high
    few = bootstrap_interval(spearman, x[:20], y[:20])
    assert high - low < few[1] - few[0]
