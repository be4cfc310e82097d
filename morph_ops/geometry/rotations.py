"""Rotations: quaternions (w, x, y, z) and matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from morph_ops.graph import Quat

__all__ = ["quaternion", "rotation"]


def rotation(quat: Quat) -> NDArray[np.float64]:
    """The rotation matrix of a quaternion.

    Args:
        quat: A quaternion (w, x, y, z) of any length but 0.

    Returns:
        (3, 3) matrix.

    Examples:
        >>> rotation((1.0, 0.0, 0.0, 0.0)).tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    w, x, y, z = np.asarray(quat) / np.linalg.norm(quat)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion(rot: NDArray[np.float64]) -> Quat:
    """The unit quaternion of a rotation matrix.

    The eigenvector method is well conditioned for every rotation [Bar-Itzhack 2000].

    Args:
        rot: (3, 3) rotation matrix.

    Returns:
        The quaternion (w, x, y, z) with w at least 0.

    Examples:
        >>> quaternion(np.eye(3))
        (1.0, 0.0, 0.0, 0.0)
    """
    m = rot
    k = np.array(
        [
            [m[0, 0] + m[1, 1] + m[2, 2], 0, 0, 0],
            [m[2, 1] - m[1, 2], m[0, 0] - m[1, 1] - m[2, 2], 0, 0],
            [m[0, 2] - m[2, 0], m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], 0],
            [m[1, 0] - m[0, 1], m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1]],
        ]
    )
    w, x, y, z = np.linalg.eigh(k)[1][:, -1].tolist()
    return (w, x, y, z) if w >= 0 else (-w, -x, -y, -z)
