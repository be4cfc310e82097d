"""Intervals and rank correlations, against printed tables and examples worked by hand."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperdistill_core.evaluation.statistics import (
    bootstrap_interval,
    confidence_interval,
    kendall,
    spearman,
    t_quantile,
    top_overlap,
)

A = np.array([1.0, 2.0, 2.0, 4.0])
B = np.array([1.0, 3.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("freedom", "expected"),
    [(1, 12.706205), (2, 4.302653), (3, 3.182446), (4, 2.776445), (10, 2.228139), (29, 2.045230)],
)
def test_t_quantile_is_the_printed_table(freedom, expected):
    assert t_quantile(freedom) == pytest.approx(expected, abs=1e-6)


def test_confidence_interval_of_a_known_sample():
    low, high = confidence_interval([1.0, 2.0, 3.0, 4.0])
    assert (low, high) == pytest.approx((0.445740, 4.554260), abs=1e-6)


def test_one_value_is_its_own_confidence_interval():
    assert confidence_interval([7.5]) == (7.5, 7.5)


def test_a_confidence_interval_of_no_values_is_refused():
    with pytest.raises(ValueError, match="at least one value"):
        confidence_interval([])


def test_hand_worked_correlations_with_a_tie():
    # Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: products of deviations 2.25 + 0 + 0 + 2.25.
    assert spearman(A, B) == pytest.approx(4.5 / math.sqrt(4.5 * 5.0))
    # Five of six pairs agree, one is tied in A.
    assert kendall(A, B) == pytest.approx(5 / math.sqrt(5 * 6))


def test_correlations_of_the_reversed_order():
    assert spearman(B, -B) == pytest.approx(-1.0)
    assert kendall(B, -B) == pytest.approx(-1.0)


@pytest.mark.filterwarnings("error")
def test_a_constant_has_no_correlation():
    assert math.isnan(spearman(np.zeros(3), B[:3]))
    assert math.isnan(kendall(np.zeros(3), B[:3]))


def test_overlap_of_the_top():
    assert top_overlap(A, B, 1) == 1.0
    assert top_overlap(np.arange(6.0), np.array([9.0, 1, 2, 3, 4, 5]), 2) == 0.5
    with pytest.raises(ValueError, match="k: expected 1 to 4, got 5"):
        top_overlap(A, B, 5)


def test_bootstrap_interval_holds_the_value_and_narrows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    y = x + rng.normal(size=200)
    low, high = bootstrap_interval(spearman, x, y)
    assert low < spearman(x, y) < high
    few = bootstrap_interval(spearman, x[:20], y[:20])
    assert high - low < few[1] - few[0]


@settings(derandomize=True, deadline=None, max_examples=10)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=9), st.integers(0, 99))
def test_bootstrap_draws_indices_from_the_seed(values, seed):
    """Published intervals stay as they are only while the resamples stay as they are."""
    x = np.array(values)
    y = np.arange(len(x)) + 1.0
    draws = np.random.default_rng(seed).integers(len(x), size=(2000, len(x)))
    expected = np.quantile(x[draws].mean(axis=1) / y[draws].mean(axis=1), [0.025, 0.975])
    found = bootstrap_interval(lambda a, b: a.mean() / b.mean(), x, y, seed=seed)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("error")
def test_constant_resamples_do_not_count():
    low, high = bootstrap_interval(spearman, np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0]))
    assert (low, high) == pytest.approx((-1.0, 1.0))


def test_one_value_is_its_own_bootstrap_interval():
    assert bootstrap_interval(np.mean, np.array([7.5])) == (7.5, 7.5)


def test_importing_the_module_is_quick():
    code = (
        "import sys, hyperdistill_core.evaluation.statistics;"
        "print(sorted({'torch', 'mujoco', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
