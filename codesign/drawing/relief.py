"""Uneven ground of a picture: cells between its heights on a grid, shaded, from back to front."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codesign.drawing.camera import Camera
from codesign.drawing.shading import outlined, shaded
from codesign.drawing.view import View

Array = NDArray[np.float64]
#: Color of the ground in full light; it is drawn transparent, so that it fits light and dark pages.
GROUND_COLOR = "#8793a4"
#: Shares of the radius between which the ground fades.
_FADE = (1.0, 0.5)
#: Distance of a corner from the plane of the cells beside it up to which it lies in it (m).
_IN_PLANE_M = 1e-3
# Height of the upward normal of a cell below which it is the side of a step.
_STEEP = 0.2
# How lines on the ground and edges of steps are drawn.
_LINE = 'stroke="#333" stroke-opacity="0.5"'
_EDGE = 'stroke="#333" stroke-opacity="0.9" stroke-width="1.5"'


@dataclass(frozen=True, kw_only=True, eq=False)
class Relief:
    """Heights of the ground on the lines of a grid.

    Attributes:
        x: (c,) places of the lines across the x axis, rising (m).
        y: (r,) places of the lines along it, rising (m).
        heights: (r, c) heights (m); not a number where there is no ground.
        center: (2,) place around which the ground is shown (m).
        radius: Distance behind it at which the ground has faded (m); None for ground that ends at
            its edges.

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
    radius: float | None

    def at(self, points: Array) -> Array:
        """Heights (n,) at (n, 2) places (m); those of the edge beyond it."""
        column, along = _place(self.x, points[:, 0])
        row, across = _place(self.y, points[:, 1])
        known = np.nan_to_num(self.heights, nan=float(np.nanmin(self.heights)))
        near = (1.0 - along) * known[row, column] + along * known[row, column + 1]
        far = (1.0 - along) * known[row + 1, column] + along * known[row + 1, column + 1]
        return (1.0 - across) * near + across * far

    def cells(self, camera: Camera) -> tuple[Array, Array]:
        """The shown cells, row by row along x, from those behind to those in front.

        Args:
            camera: The camera.

        Returns:
            (n, 4, 3) corners (m), counterclockwise from that with the least x and y, and
            (n, 3) upward normals.
        """
        grid = np.stack([*np.meshgrid(self.x, self.y), self.heights], axis=-1)
        corners = np.stack([grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]], axis=2)
        # A row behind another one, or a cell behind another one of its row, is drawn before it.
        by_x, by_y = (1 if toward >= 0.0 else -1 for toward in camera.toward[:2])
        corners = corners[::by_y, ::by_x].reshape(-1, 4, 3)
        shown = ~np.isnan(corners[:, :, 2]).any(axis=1)
        if self.radius is not None:
            faded = nearness(self.center, camera) - _FADE[0] * self.radius
            shown &= nearness(corners, camera).max(axis=1) > faded
        corners = corners[shown]
        normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        return corners, normals

    def fade(self, camera: Camera) -> Array:
        """(2, 3) points behind the place at which the ground has faded, and begins to (m).

        Args:
            camera: The camera.
        """
        ahead = np.append(camera.toward[:2] / np.linalg.norm(camera.toward[:2]), 0.0)
        height = float(self.at(self.center[None])[0])
        middle = np.append(self.center, height)
        return middle - np.outer(_FADE, (self.radius or 0.0) * ahead)


def ground_cells(relief: Relief, *, view: View, shown: Array, lines: float) -> str:
    """The cells of uneven ground with its lines, from back to front, as SVG elements.

    Args:
        relief: The ground.
        view: Where points are in the picture.
        shown: (2, 2) upper left and lower right corner of the part of the picture that needs them
            (px).
        lines: Distance of lines across the x axis (m); 0 for none.
    """
    parts: list[str] = []
    across: list[str] = []
    edges: list[str] = []
    row, corners, normals = np.nan, *relief.cells(view.camera)
    for first, last in _stretches(corners, normals):
        if corners[first, 0, 1] != row:
            parts += [*_lines(across), *_lines(edges, _EDGE)]
            row, across, edges = corners[first, 0, 1], [], []
        left, right = sorted((first, last), key=lambda cell: corners[cell, 0, 0])
        places = view(np.stack([*corners[[left, right, right, left], [0, 1, 2, 3]]]))
        if not _meets(places, shown):
            continue
        parts.append(_cell(places, normals[first]))
        if normals[first, 2] < _STEEP and normals[first] @ view.camera.toward < 0.0:
            edges.append(_upper_edge(corners[[left, right, right, left], [0, 1, 2, 3]], places))
        for cell in range(min(first, last), max(first, last) + 1):
            place = corners[cell, 0, 0] / lines if lines else 0.5
            if abs(place - round(place)) < 1e-6:
                (x1, y1), (x2, y2) = view(corners[cell, [0, 3]])
                across.append(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}")
    return "".join([*parts, *_lines(across), *_lines(edges, _EDGE)])


def _stretches(corners: Array, normals: Array) -> Iterator[tuple[int, int]]:
    """First and last cell of each stretch of a row that lies in one plane."""
    first = 0
    for cell in range(1, len(corners) + 1):
        if cell < len(corners):
            # Two cells of a plane differ by a vector in it.
            apart = corners[cell] - corners[cell - 1]
            beside = apart[0, 1] == 0.0 and _is_side(corners[cell], corners[cell - 1])
            if beside and np.abs(apart @ normals[first]).max() < _IN_PLANE_M:
                continue
        yield first, cell - 1
        first = cell


def _is_side(one: Array, other: Array) -> bool:
    return one[1, 0] == other[0, 0] or one[0, 0] == other[1, 0]


def _lines(lines: list[str], style: str = _LINE) -> list[str]:
    return [f'<path d="{"".join(lines)}" {style}/>'] if lines else []


def hiding_cells(relief: Relief, *, view: View, outline: Array, front: float) -> str:
    """The cells of uneven ground that may hide something, as SVG elements.

    Args:
        relief: The ground.
        view: Where points are in the picture.
        outline: (n, 2) outline of what may be hidden (px).
        front: How near to the camera it is (m).
    """
    around = np.stack([outline.min(axis=0), outline.max(axis=0)])
    corners, normals = relief.cells(view.camera)
    ahead = nearness(corners, view.camera).min(axis=1) > front
    return "".join(
        _cell(places, normal)
        for places, normal in zip(view(corners[ahead]), normals[ahead], strict=True)
        if _meets(places, around)
    )


def fading(name: str, light: str, size: tuple[int, int]) -> str:
    """A mask of a picture.

    Args:
        name: Its id.
        light: Id of a paint that is white where the mask shows what it is used for.
        size: Width and height of the picture (px).
    """
    width, height = size
    return (
        f'<mask id="{name}" maskUnits="userSpaceOnUse" x="0" y="0" width="{width}" '
        f'height="{height}"><rect width="{width}" height="{height}" fill="url(#{light})"/></mask>'
    )


def _meets(places: Array, part: Array) -> bool:
    """Whether (n, 2) corners surround something of the part between (2, 2) corners."""
    low, high = part
    return bool((places.max(axis=0) > low).all() and (places.min(axis=0) < high).all())


def _upper_edge(corners: Array, places: Array) -> str:
    """The edge above a side of a step that looks away: all that one sees of it."""
    sides = np.stack([[0, 1], [1, 2], [2, 3], [3, 0]])
    (x1, y1), (x2, y2) = places[sides[corners[sides, 2].sum(axis=1).argmax()]]
    return f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"


def _cell(places: Array, normal: Array) -> str:
    color = shaded(GROUND_COLOR, normal)
    return f'<path d="{outlined(places)}" fill="{color}" stroke="{color}"/>'


def nearness(points: Array, camera: Camera) -> Array:
    """How near (...,) points (..., 2 or 3) are to the camera along the ground (m), from the origin.

    Args:
        points: The points (m).
        camera: The camera.
    """
    toward = camera.toward[:2]
    return points[..., :2] @ (toward / np.linalg.norm(toward))


def _place(lines: Array, places: Array) -> tuple[NDArray[np.intp], Array]:
    """Number of the line at or below each place, and the share of the way to the next one."""
    number = np.clip(np.searchsorted(lines, places, side="right") - 1, 0, len(lines) - 2)
    share = (places - lines[number]) / (lines[number + 1] - lines[number])
    return number, np.clip(share, 0.0, 1.0)
