"""The clock: sine and cosine of the time since an episode began, at whole multiples of 1 Hz.

A network without memory holds a pose for ever once its own controls hold it; one that hears a
clock is told something else at every control step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

NUMBERS_PER_HARMONIC = 2


def clock_phase(time: ArrayLike, harmonics: int) -> NDArray[np.float64]:
    """What a clock says at some times.

    Args:
        time: (...,) since the episode began (s).
        harmonics: K, frequencies of 1, 2, ... K Hz; at least 1.

    Returns:
        (..., 2 K): K sines, then K cosines.

    Example:
        >>> clock_phase([0.0, 0.25], harmonics=2).round(6).tolist()
        [[0.0, 0.0, 1.0, 1.0], [1.0, 0.0, 0.0, -1.0]]
    """
    phase = 2.0 * np.pi * np.multiply.outer(np.asarray(time, float), np.arange(1, harmonics + 1))
    return np.concatenate([np.sin(phase), np.cos(phase)], axis=-1)
