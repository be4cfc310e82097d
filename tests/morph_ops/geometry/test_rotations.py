"""Quaternions and matrices describe the same rotations."""

from __future__ import annotations

import numpy as np

from morph_ops.geometry import (
    quaternion,
    rotation,
)


def test_quaternion_inverts_rotation():
    rng = np.random.default_rng(1)
    half_turns = [(0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.6, 0.0, 0.8)]
    for quat in [*half_turns, *rng.normal(size=(20, 4)).tolist()]:
        matrix = rotation(tuple(quat))
        np.testing.assert_allclose(rotation(quaternion(matrix)), matrix, atol=1e-12)
