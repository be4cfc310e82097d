"""States in axes that are turned towards a goal.

A controller that runs along the x-axis runs to a goal when its states say that the goal lies that
way. So tasks with goals turn the axes of states about z, and one controller serves them and those
that reward running along x.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features.state import STATE

#: Of each of the first columns of a state (position, velocity, spin, quaternion): the share of the
#: angle that it turns by, the column that it is mixed with, and the sign of that one.
_TURN = np.array([1.0, 1.0, 0.0] * 3 + [0.5] * 4)
_OTHER = np.array([1, 0, 2, 4, 3, 5, 7, 6, 8, 12, 11, 10, 9])
_SIGN = np.array([1.0, -1.0, 0.0] * 3 + [1.0, 1.0, -1.0, -1.0])
_MIXED = len(_TURN)
_QUATERNION = slice(STATE[3].start, STATE[3].stop)


def direction(offset: NDArray[np.float64]) -> NDArray[np.float64]:
    """Directions (...,) in rad of horizontal offsets (..., 3), counterclockwise from the x-axis.

    Args:
        offset: From the torso to the goal, in world axes (m).

    Examples:
        >>> direction(np.array([0.0, 2.0, 0.1])).round(4).item()
        1.5708
    """
    return np.arctan2(offset[..., 1], offset[..., 0])


def turned(state: NDArray[np.floating], angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """States in axes turned about z; the torso's quaternion has no negative real part.

    Args:
        state: (..., n, 17) states in world axes, see :data:`~hyperdistill_core.features.STATE`.
        angle: (...,) directions in the world of the new x-axis (rad).

    Returns:
        (..., n, 17) states.

    Examples:
        >>> state = np.zeros((1, 17))
        >>> state[0, 3:5] = 0.0, 2.0
        >>> turned(state, np.array(np.pi / 2))[0, 3:5].round(6).tolist()
        [2.0, 0.0]
    """
    # All columns at once: on a few rows a call costs more than its arithmetic.
    angles = angle[..., None] * _TURN
    cos, sin = np.cos(angles)[..., None, :], (np.sin(angles) * _SIGN)[..., None, :]
    result = np.array(state, dtype=np.float64)
    result[..., :_MIXED] *= cos
    result[..., :_MIXED] += state.take(_OTHER, axis=-1) * sin
    negative = result[..., :1, _QUATERNION.start, None] < 0.0
    result[..., _QUATERNION] *= np.where(negative, -1.0, 1.0)
    return result
