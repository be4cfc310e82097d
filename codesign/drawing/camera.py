"""The camera of a picture: it looks from far away, so nothing gets smaller with distance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A direction to look from, without perspective.

    Attributes:
        azimuth: Direction of the camera around the vertical axis (degrees): at 0 it stands in
            front of the robot, which walks along x, and at 90 on its left.
        elevation: Angle above the horizon (degrees).

    Examples:
        >>> Camera(azimuth=0.0, elevation=0.0).toward.round(3).tolist()
        [1.0, 0.0, 0.0]
    """

    azimuth: float = -60.0
    elevation: float = 22.0

    @cached_property
    def toward(self) -> Array:
        """(3,) unit vector from the robot to the camera."""
        azimuth, elevation = math.radians(self.azimuth), math.radians(self.elevation)
        flat = math.cos(elevation)
        return np.array([flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation)])

    @cached_property
    def axes(self) -> Array:
        """(3, 3) unit vectors of the picture as rows: right, down, and away from the camera."""
        toward = self.toward
        azimuth = math.radians(self.azimuth)
        right = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
        return np.stack([right, np.cross(right, toward), -toward])

    def project(self, points: Array) -> Array:
        """Points in the picture.

        Args:
            points: (..., 3) points of the world (m).

        Returns:
            (..., 3) distance to the right, down, and away from the camera (m).
        """
        return points @ self.axes.T
