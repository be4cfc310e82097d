"""Uneven ground of a picture: cells between its heights on a grid, shaded, from back to front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codesign.drawing.camera import Camera

Array = NDArray[np.float64]
#: Color of the ground in full light, and that of the paper into which it fades.
GROUND_COLOR, PAPER_COLOR = "#d3d8df", "#ffffff"
#: Shares of the radius between which the ground fades.
_FADE = (0.6, 1.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Relief:
    """Heights of the ground on the lines of a grid.

    Attributes:
        x: (c,) places of the lines across the x axis, rising (m).
        y: (r,) places of the lines along it, rising (m).
        heights: (r, c) heights (m); not a number where there is no ground.
        center: (2,) place around which the ground is shown (m).
        radius: Distance from it, behind and to the sides, at which the ground has faded (m).

    Examples:
        >>> grid = np.array([0.0, 1.0])
        >>> hill = Relief(
        ...     x=grid, y=grid, heights=np.array([[0.0, 1.0]] * 2), center=np.zeros(2), radius=3.0
        ... )
        >>> hill.at(np.array([[0.25, 0.5]])).tolist()
        [0.25]
    """

    x: Array
    y: Array
    heights: Array
    center: Array
    radius: float

    def at(self, points: Array) -> Array:
        """Heights (n,) at (n, 2) places (m); those of the edge beyond it."""
        column, along = _place(self.x, points[:, 0])
        row, across = _place(self.y, points[:, 1])
        known = np.nan_to_num(self.heights, nan=float(np.nanmin(self.heights)))
        near = (1.0 - along) * known[row, column] + along * known[row, column + 1]
        far = (1.0 - along) * known[row + 1, column] + along * known[row + 1, column + 1]
        return (1.0 - across) * near + across * far

    def cells(self, camera: Camera) -> tuple[Array, Array, Array, Array]:
        """The shown cells, the farthest from the camera first.

        Args:
            camera: The camera.

        Returns:
            (n, 4, 3) corners (m), counterclockwise from that with the least x and y; (n, 3) upward
            normals; (n,) how much is left of their color, 0 to 1; (n,) how near to the camera
            they are along the ground (m).
        """
        grid = np.stack([*np.meshgrid(self.x, self.y), self.heights], axis=-1)
        corners = np.stack([grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]], axis=2)
        corners = corners.reshape(-1, 4, 3)
        middles = corners[:, :, :2].mean(axis=1)
        near = nearness(middles, camera)
        # A hill in front of the robot does not fade: it would hide the robot behind paper.
        behind = np.maximum(nearness(self.center, camera) - near, 0.0)
        aside = (middles - self.center) @ camera.axes[0, :2]
        away = np.hypot(behind, aside) / self.radius
        left = np.clip((_FADE[1] - away) / (_FADE[1] - _FADE[0]), 0.0, 1.0)
        order = near.argsort(kind="stable")
        order = order[(left[order] > 0.0) & ~np.isnan(corners[order, :, 2]).any(axis=1)]
        corners = corners[order]
        normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        return corners, normals, left[order], near[order]


def nearness(points: Array, camera: Camera) -> Array:
    """How near (...,) points (..., 2 or 3) are to the camera along the ground (m), from the origin.

    Args:
        points: The points (m).
        camera: The camera.
    """
    toward = camera.toward[:2]
    return points[..., :2] @ (toward / np.linalg.norm(toward))


def faded(color: str, left: float) -> str:
    """A color mixed with that of the paper.

    Args:
        color: The color as ``"#rrggbb"``.
        left: Share of it.

    Examples:
        >>> faded("#808080", 0.5)
        '#c0c0c0'
    """
    mixed = left * _channels(color) + (1.0 - left) * _channels(PAPER_COLOR)
    red, green, blue = mixed.round().astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _channels(color: str) -> Array:
    return np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)], np.float64)


def _place(lines: Array, places: Array) -> tuple[NDArray[np.intp], Array]:
    """Number of the line at or below each place, and the share of the way to the next one."""
    number = np.clip(np.searchsorted(lines, places, side="right") - 1, 0, len(lines) - 2)
    share = (places - lines[number]) / (lines[number + 1] - lines[number])
    return number, np.clip(share, 0.0, 1.0)
