"""A bowl with a bumpy floor, from which a body climbs out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from hyperdistill_core.tasks.terrain.height_map import (
    BEYOND_CELLS,
    BEYOND_M,
    HeightMap,
    at_centers,
)
from hyperdistill_core.tasks.terrain.world import HeightField, World

#: Half width of the terrain (m).
HALF_WIDTH_M = 50.0
_CELLS = 1000
_TOP_M = 1.3
# Bumps: number along an edge, and their least share of the height.
_BUMPS, _LEAST_BUMP = 50, 0.15
_LEAST_RADIUS = 0.04


def bowl_heights(rng: RandomState) -> NDArray[np.float64]:
    """Heights (1000, 1000) in m of a bowl of 100 m x 100 m, rows towards +y.

    A ring of bumps up to 1.3 m high runs at 25 m around the center (Gupta 2021).

    Args:
        rng: Generator that the bumps are drawn from.
    """
    # The import takes a third of a second, and most runs need no bowl.
    from scipy.ndimage import zoom  # pyright: ignore  scipy has no types

    bumps = rng.uniform(_LEAST_BUMP, 1.0, (_BUMPS, _BUMPS))
    line = np.linspace(-1.0, 1.0, _CELLS)
    radius = np.clip(np.hypot(line[:, None], line), _LEAST_RADIUS, 1.0)
    ring = 0.5 - np.cos(2.0 * np.pi * radius) / 2.0
    enlarged = cast("NDArray[np.float64]", zoom(bumps, _CELLS / _BUMPS))
    return enlarged * ring * _TOP_M


@dataclass(frozen=True, kw_only=True)
class Bowl:
    """A bowl of 100 m x 100 m; bodies start at its center.

    Attributes:
        reference: Whether the world is that of the public environment: a mirrored height map that
            ends with the terrain, and bumps that may lie below the field or above its top.

    Examples:
        >>> heights = Bowl().draw_world(RandomState(0)).height_map.heights
        >>> heights.shape
        (1200, 1200)
    """

    reference: bool = False

    def draw_world(self, rng: RandomState) -> World:
        """Draw a world.

        Args:
            rng: Generator that the bumps are drawn from.
        """
        heights, middle = bowl_heights(rng), _CELLS // 2
        if self.reference:
            top, height_map = _TOP_M, HeightMap(heights, row=middle, column=middle, mirrored=True)
        else:
            heights = np.maximum(heights, 0.0)
            top = float(heights.max())
            seen = np.pad(at_centers(heights), BEYOND_CELLS, constant_values=BEYOND_M)
            middle += BEYOND_CELLS
            height_map = HeightMap(seen.astype(np.float32), row=middle, column=middle)
        shares = (heights / top).astype(np.float32)
        field = HeightField("floor/0", 0.0, HALF_WIDTH_M, HALF_WIDTH_M, top, shares)
        return World(geoms=(field,), height_map=height_map, native_ccd=not self.reference)
