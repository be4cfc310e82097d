"""The clock phase: period, range, and shape."""

from __future__ import annotations

import numpy as np

from hyperdistill_core.features import NUMBERS_PER_HARMONIC, clock_phase

TIMES = np.linspace(0.0, 3.0, 31).reshape(1, 31)


def test_it_has_a_sine_and_a_cosine_for_each_harmonic():
    phase = clock_phase(TIMES, 3)
    assert phase.shape == (1, 31, 3 * NUMBERS_PER_HARMONIC)
    np.testing.assert_allclose(phase[..., :3] ** 2 + phase[..., 3:] ** 2, 1.0)
    np.testing.assert_array_equal(clock_phase(0.0, 2), [0.0, 0.0, 1.0, 1.0])


def test_its_period_is_one_second():
    np.testing.assert_allclose(clock_phase(TIMES + 1.0, 3), clock_phase(TIMES, 3), atol=1e-12)
