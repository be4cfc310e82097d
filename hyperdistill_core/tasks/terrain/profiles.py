"""Profiles of uneven ground: curves, steps, and rugged squares (Gupta 2021)."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

Heights: TypeAlias = NDArray[np.float64]

#: Half lengths (m) that curves and rugged squares, and flights of steps, are drawn from.
HALF_LENGTHS = (4, 8)
STEPS_HALF_LENGTHS = (12, 16)
_CURVE_HEIGHTS_M = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)
_STEP_M = 0.2
_STEP_NUMBERS = (0, 1, 2, 3, 3, 2, 1, 0)
# A band of a rugged square: cells across, half waves along, and where the waves are cut off (m).
_BAND_CELLS = range(10, 20)
_BAND_HALF_WAVES = (10, 15)
_BAND_CLIPS_M = (0.2, 0.3)
_WAVE_M = 2.0


def curve(rows: int, columns: int, rng: RandomState) -> Heights:
    """Heights (rows, columns) in m of half a sine wave along x, 0.6 to 1.2 m high.

    Args:
        rows: Number of samples across.
        columns: Number of samples along x.
        rng: Generator that the height is drawn from.
    """
    height = rng.choice(_CURVE_HEIGHTS_M)
    return np.tile(height * np.sin(np.linspace(0.0, np.pi, columns)), (rows, 1))


def steps(rows: int, columns: int) -> Heights:
    """Heights (rows, columns) in m of three steps up and three down, 0.2 m each.

    The eight parts are equally long, the first and the last are flat.

    Args:
        rows: Number of samples across.
        columns: Number of samples along x.
    """
    profile = np.repeat(np.array(_STEP_NUMBERS) * _STEP_M, columns // len(_STEP_NUMBERS))
    return np.tile(profile, (rows, 1))


def rugged(rows: int, columns: int, rng: RandomState) -> Heights:
    """Heights (rows, columns) in m of bands along x, each with plateaus and narrow notches.

    A band is 1.0 to 1.9 m wide. Its profile is a triangle wave that is cut off at 0.2 or 0.3 m.

    Args:
        rows: Number of samples across.
        columns: Number of samples along x.
        rng: Generator that the bands are drawn from.
    """
    heights = np.empty((rows, columns))
    row = 0
    while row < rows:
        cells = int(rng.choice(_BAND_CELLS))
        half_waves, clip = int(rng.choice(_BAND_HALF_WAVES)), float(rng.choice(_BAND_CLIPS_M))
        half_periods = np.linspace(0.0, half_waves, columns)
        triangle = _WAVE_M * (1.0 - np.abs(half_periods % 2.0 - 1.0))
        heights[row : row + cells] = np.minimum(triangle, clip)
        row += cells
    return heights
