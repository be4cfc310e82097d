"""The clock phase: sines and cosines of the time since an episode began.

A controller without memory holds a pose forever once the pose and its controls are in
equilibrium. The clock phase is an input that changes at every control step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Numbers of one harmonic: a sine and a cosine.
NUMBERS_PER_HARMONIC = 2


def clock_phase(time: ArrayLike, harmonics: int) -> NDArray[np.float64]:
    """Clock phases at some times.

    Args:
        time: (...,) times since the episode began (s).
        harmonics: Number of harmonics, K: the frequencies are 1, 2, ..., K Hz. At least 1.

    Returns:
        (..., 2 K) K sines, then K cosines.

    Examples:
        >>> clock_phase([0.0, 0.25], harmonics=2).round(6).tolist()
        [[0.0, 0.0, 1.0, 1.0], [1.0, 0.0, 0.0, -1.0]]
    """
    phase = 2.0 * np.pi * np.multiply.outer(np.asarray(time, float), np.arange(1, harmonics + 1))
    return np.concatenate([np.sin(phase), np.cos(phase)], axis=-1)
