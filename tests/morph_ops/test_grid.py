"""Vectors on the grid are rounded alike."""

from __future__ import annotations

import numpy as np

from morph_ops.geometry import MIRROR
from morph_ops.grid import to_grid
from morph_ops.space import UNIMAL


def test_to_grid_rounds_mirror_images_alike():
    for row in UNIMAL.directions:
        for scale in (0.05, 0.1, 0.15, 0.175, 0.2, 0.25, 0.35, 0.45, 0.5):
            image = to_grid((row * MIRROR).tolist(), scale=scale)
            assert image == tuple((np.array(to_grid(row.tolist(), scale=scale)) * MIRROR).tolist())
    assert to_grid((0.125, 0.12500000000000003, -1e-13)) == (0.12, 0.12, 0.0)
