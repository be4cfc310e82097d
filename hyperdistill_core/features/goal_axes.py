"""States in axes that are turned towards a goal.

A controller that runs along the x-axis runs to a goal when its states say that the goal lies that
way. So tasks with goals turn the axes of states about z, and one controller serves them and those
that reward running along x.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features.state import STATE

_POSITION, _VELOCITY, _SPIN, _QUATERNION = (slice(row.start, row.stop) for row in STATE[:4])


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
    result = np.array(state, dtype=np.float64)
    cos, sin = np.cos(angle)[..., None], np.sin(angle)[..., None]
    for vector in (_POSITION, _VELOCITY, _SPIN):
        first, second = vector.start, vector.start + 1
        result[..., first], result[..., second] = _rotated(
            state[..., first], state[..., second], cos, sin
        )
    half_cos, half_sin = np.cos(angle / 2)[..., None], np.sin(angle / 2)[..., None]
    w, x, y, z = np.moveaxis(state[..., _QUATERNION], -1, 0)
    quaternion = result[..., _QUATERNION]
    quaternion[..., 0], quaternion[..., 3] = _rotated(w, z, half_cos, half_sin)
    quaternion[..., 1], quaternion[..., 2] = _rotated(x, y, half_cos, half_sin)
    quaternion[quaternion[..., 0, 0] < 0.0] *= -1.0
    return result


def _rotated(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    cos: NDArray[np.float64],
    sin: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Components of vectors (x, y) in axes that are turned."""
    return cos * x + sin * y, cos * y - sin * x
