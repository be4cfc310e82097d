"""Where points of the world are in a picture: the part that it shows, and its scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codesign.drawing.camera import Camera
from codesign.drawing.shading import LIGHT
from codesign.drawing.solids import Solid

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """The part of the world that a picture shows: pictures of one window have one scale.

    Attributes:
        center: (3,) point in the middle of the picture (m).
        width: Width of the picture (m).
        lines: Distance of lines on the floor, across the x axis (m); 0 for none.
        length: Length of these lines (m); None for lines through the whole picture.
    """

    center: Array
    width: float
    lines: float = 0.0
    length: float | None = None


@dataclass(frozen=True)
class View:
    """Where points of the world are in a picture.

    Attributes:
        camera: The camera.
        scale: Pixels a meter.
        offset: (2,) place of the origin (px).
    """

    camera: Camera
    scale: float
    offset: Array

    @classmethod
    def of(
        cls,
        solids: Sequence[Solid],
        camera: Camera,
        size: tuple[int, int],
        floor: float | None,
        *,
        margin: float,
    ) -> View:
        """The view that shows all solids, and their shadows."""
        outlines = [solid.outline() for solid in solids] or [np.zeros((1, 3))]
        if floor is not None:
            outlines += [on_floor(outline, floor) for outline in outlines]
        points = camera.project(np.concatenate(outlines))[:, :2]
        low, high = points.min(axis=0), points.max(axis=0)
        room = np.array(size) * (1.0 - 2.0 * margin)
        scale = float((room / np.maximum(high - low, 1e-3)).min())
        return cls(camera, scale, np.array(size) / 2.0 - scale * (low + high) / 2.0)

    @classmethod
    def onto(cls, window: Window, camera: Camera, size: tuple[int, int]) -> View:
        """The view of a window."""
        scale = size[0] / window.width
        return cls(camera, scale, np.array(size) / 2.0 - scale * camera.project(window.center)[:2])

    def __call__(self, points: Array) -> Array:
        """(..., 2) places of (..., 3) points (px)."""
        return self.offset + self.scale * self.camera.project(points)[..., :2]


def on_floor(points: Array, floor: float | Array) -> Array:
    """(n, 3) places to which the light takes (n, 3) points (m).

    Args:
        points: The points.
        floor: Height of the floor, or (n,) heights of the ground (m).
    """
    return points - ((points[:, 2] - floor) / LIGHT[2])[:, None] * LIGHT
