"""The ground near robots: triangles for the page of a replay, and a relief for pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.drawing import Relief
from codesign.replay.ground import EQUAL_M, Ground
from codesign.replay.shapes import Triangles, convex

Array = NDArray[np.float64]
#: Distance from the path of the torso up to which the ground is shown (m).
AROUND_M = 4.0
#: Edge of the squares of which it is shown, or not, and distance of its lines (m).
TILE_M = 1.0
#: Distance of two lines of the ground between which there is the side of a step, and its least
#: height (m).
SIDE_M = 0.005
#: Most cells of the ground of a page, and thickness of its edge (m).
MOST_CELLS, EDGE_M = 24_000, 0.2
#: Differences to the heights that the ground may have, the least at first (m).
TOLERANCES_M = (0.002, 0.01, 0.03, 0.06, 0.1)
#: Difference to the heights that the ground of a picture may have (m).
RELIEF_TOLERANCE_M = 0.01
#: How far the ground of a picture extends toward the camera, where it does not fade, in radii.
FRONT = 1.4
#: Lines along the ribbon of ground below a path.
RIBBON_LINES = 7
#: Points of the circle around a goal.
CIRCLE_POINTS = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Terrain:
    """The ground near the path of one robot, in the frame of its episode.

    Attributes:
        surface: The ground; None where it is flat, at the height where the episode began, unless
            flat ground was asked for.
        lines: (n, 2, 3) ends of lines on it, a meter apart and on edges of steps (m).
        boxes: What stands on it; None for nothing.
    """

    surface: Triangles | None
    lines: Array
    boxes: Triangles | None

    @classmethod
    def of(
        cls,
        ground: Ground,
        path: Array,
        *,
        right: float = -np.inf,
        left: float = np.inf,
        most: int = MOST_CELLS,
        flat: bool = False,
    ) -> Terrain:
        """The ground near one or more paths.

        Args:
            ground: The ground of the episode.
            path: (n, 2) places of torsos along x and y (m).
            right: Least y of what is shown (m).
            left: Largest y of what is shown (m).
            most: Number of cells above which the ground is coarsened.
            flat: Whether flat ground has a surface, too.
        """
        low = np.floor((path.min(axis=0) - AROUND_M) / TILE_M) * TILE_M
        high = np.ceil((path.max(axis=0) + AROUND_M) / TILE_M) * TILE_M
        low[1], high[1] = max(low[1], right), min(high[1], left)
        if low[1] >= high[1]:
            return cls(surface=None, lines=np.empty((0, 2, 3)), boxes=None)
        boxes = [convex(corners) for corners in ground.boxes(low, high)]
        standing = [box for box in boxes if box is not None]
        surface, lines = _surface(ground, path, low, high, most, flat=flat)
        return cls(
            surface=surface,
            lines=lines,
            boxes=Triangles.joined(standing) if standing else None,
        )


def lane_terrains(
    grounds: Sequence[Ground], paths: Sequence[Array], places: Sequence[float]
) -> list[Terrain]:
    """The ground of each of several robots, up to the middle between its lane and the next one.

    It is shown near the paths of all of them, as robots may leave their lanes. Where the ground of
    any is uneven, that of flat lanes has a surface, too: it cannot be one plane for all.

    Args:
        grounds: Grounds of the episodes.
        paths: (n, 2) places of each torso along x and y (m).
        places: Translations of the robots along y (m).
    """
    everywhere = np.concatenate(
        [path + np.array([0.0, place]) for path, place in zip(paths, places, strict=True)]
    )
    row = np.argsort(places)
    ordered = np.asarray(places)[row]
    middles = np.concatenate([[-np.inf], (ordered[:-1] + ordered[1:]) / 2.0, [np.inf]])
    rank = np.argsort(row)

    def lane(number: int, *, flat: bool) -> Terrain:
        return Terrain.of(
            grounds[number],
            everywhere - np.array([0.0, places[number]]),
            right=float(middles[rank[number]]) - places[number],
            left=float(middles[rank[number] + 1]) - places[number],
            most=MOST_CELLS // len(grounds),
            flat=flat,
        )

    found = [lane(number, flat=False) for number in range(len(grounds))]
    if all(terrain.surface is None for terrain in found):
        return found
    return [
        lane(number, flat=True) if terrain.surface is None else terrain
        for number, terrain in enumerate(found)
    ]


def _surface(
    ground: Ground, path: Array, low: Array, high: Array, most: int, *, flat: bool
) -> tuple[Triangles | None, Array]:
    """The ground in a rectangle, where it is near a path, and lines on it."""
    x, y, heights = _grid(ground, low, high, TILE_M)
    if _has_one_height(heights, ground.level_m) and not flat:
        return None, np.empty((0, 2, 3))
    coarse_x, coarse_y, coarse = x, y, heights
    shown = np.empty((0, 0), dtype=np.bool_)
    for tolerance in TOLERANCES_M:
        columns = needed(heights.T, x, tolerance)
        rows = needed(heights[:, columns], y, tolerance)
        coarse_x, coarse_y, coarse = x[columns], y[rows], heights[np.ix_(rows, columns)]
        shown = _near(coarse_x, coarse_y, path) & ~np.isnan(_cells(coarse)).any(axis=0)
        if shown.sum() <= most:
            break
    if not shown.any():
        return None, np.empty((0, 2, 3))
    return _solid(coarse_x, coarse_y, coarse, shown), _lines(coarse_x, coarse_y, coarse, shown)


def relief(ground: Ground, path: Array, *, radius: float, tile: float) -> Relief | None:
    """Uneven ground around one or more places, for pictures.

    Args:
        ground: The ground of the episode.
        path: (n, 2) the places (m).
        radius: Distance at which the ground behind the first place has faded (m).
        tile: Largest distance of the lines of its grid (m).

    Returns:
        The relief; None where there is no ground.
    """
    low = np.floor((path.min(axis=0) - FRONT * radius) / tile) * tile
    high = np.ceil((path.max(axis=0) + FRONT * radius) / tile) * tile
    x, y, heights = _grid(ground, low, high, tile)
    return _thinned(x, y, heights, tile, path[0], radius)


def ribbon(ground: Ground, path: Array, *, half: float, ends: float) -> Relief | None:
    """Uneven ground below a path along x, straightened: its y are those from the path.

    Args:
        ground: The ground of the episode.
        path: (n, 2) places with rising x (m).
        half: How far the ribbon extends to the sides (m).
        ends: How far it extends beyond the path (m).

    Returns:
        The relief; None where there is no ground.
    """
    x = _within(ground.lines(0), float(path[0, 0] - ends), float(path[-1, 0] + ends), TILE_M)
    y: Array = np.linspace(-half, half, RIBBON_LINES)
    places = np.stack(np.meshgrid(x, y), axis=-1)
    places[..., 1] += np.interp(x, *path.T)
    return _thinned(x, y, ground.heights(places), TILE_M, path[0], None)


def _thinned(
    x: Array, y: Array, heights: Array, tile: float, center: Array, radius: float | None
) -> Relief | None:
    """The relief without the lines that it does not need; None where there is no ground."""
    if np.isnan(heights).all():
        return None
    columns = needed(heights.T, x, RELIEF_TOLERANCE_M, tile)
    rows = needed(heights[:, columns], y, RELIEF_TOLERANCE_M, None)
    return Relief(
        x=x[columns],
        y=y[rows],
        heights=heights[np.ix_(rows, columns)],
        center=center,
        radius=radius,
    )


def goal_outlines(ground: Ground, goals: Sequence[Sequence[float]], radius: float) -> list[Array]:
    """Circles on the ground around goals.

    Args:
        ground: The ground of the episode.
        goals: Their places (m).
        radius: Radius of the circles (m).

    Returns:
        (n, 3) points of each circle (m).
    """
    angles = np.linspace(0.0, 2.0 * np.pi, CIRCLE_POINTS, endpoint=False)
    circle = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return [ground.on(np.asarray(goal)[:2] + circle) for goal in goals]


def is_flat(ground: Ground, path: Array, *, around: float) -> bool:
    """Whether the ground has one height, that where the episode began, near a path.

    Args:
        ground: The ground of the episode.
        path: (n, 2) places along x and y (m).
        around: Distance from the path (m).
    """
    _, _, heights = _grid(ground, path.min(axis=0) - around, path.max(axis=0) + around, TILE_M)
    return _has_one_height(heights, ground.level_m)


def _has_one_height(heights: Array, level: float) -> bool:
    known = heights[~np.isnan(heights)]
    return not len(known) or float(np.ptp(np.append(known, level))) < EQUAL_M


def _grid(ground: Ground, low: Array, high: Array, tile: float) -> tuple[Array, Array, Array]:
    """Lines of a rectangle between which the ground is straight, those between tiles among them.

    Returns:
        (c,) places along x, (r,) places along y, and (r, c) heights (m).
    """
    x, y = (
        _within(ground.lines(axis), float(low[axis]), float(high[axis]), tile) for axis in (0, 1)
    )
    return x, y, ground.heights(np.stack(np.meshgrid(x, y), axis=-1))


def needed(
    heights: Array, places: Array, tolerance: float, tile: float | None = TILE_M
) -> NDArray[np.intp]:
    """Rows of heights that are enough to find the others by linear interpolation.

    Args:
        heights: (n, m) heights (m), not a number where there is no ground.
        places: (n,) places of the rows (m).
        tolerance: Largest difference of an interpolated height (m).
        tile: Distance of rows that are always needed (m); None for none.

    Returns:
        Numbers of rows; the first, the last, and those between tiles are among them.

    Examples:
        >>> needed(np.array([[0.0], [0.0], [0.0], [0.5]]), np.array([0.1, 0.2, 0.3, 0.4]), 0.01)
        array([0, 2, 3])
    """
    filled = np.where(np.isnan(heights), -1e3, heights)
    whole = np.zeros(len(places), np.bool_) if tile is None else _between_tiles(places, tile)
    kept, last = [0], len(places) - 1
    while kept[-1] < last:
        first = kept[-1]
        end = first + 1
        while end < last and not whole[end]:
            between = np.arange(first + 1, end + 1)
            share = (places[between] - places[first]) / (places[end + 1] - places[first])
            straight = filled[first] + share[:, None] * (filled[end + 1] - filled[first])
            if np.abs(straight - filled[between]).max() > tolerance:
                break
            end += 1
        kept.append(end)
    return np.array(kept)


def _between_tiles(places: Array, tile: float) -> NDArray[np.bool_]:
    return np.abs(places / tile - np.round(places / tile)) < 1e-5


def _within(places: Array, low: float, high: float, tile: float) -> Array:
    """(n,) places and borders of tiles from a least to a largest place, both included."""
    tiles: Array = np.arange(np.ceil(low / tile), high / tile + 0.5) * tile
    known = np.concatenate([places, tiles])
    ends = np.array([low, high])
    return np.unique(np.concatenate([known[(known > low) & (known < high)], ends]).round(6))


def _cells(corners: NDArray[Any]) -> NDArray[Any]:
    """(4, rows - 1, columns - 1) values at the corners of each cell, counterclockwise."""
    return np.stack([corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]])


def _near(x: Array, y: Array, path: Array) -> NDArray[np.bool_]:
    """(rows - 1, columns - 1) whether each cell lies in a tile near a path."""
    tile_x, tile_y = (
        np.floor((places[:-1] + places[1:]) / 2.0 / TILE_M).astype(int) for places in (x, y)
    )
    unique_x, of_x = np.unique(tile_x, return_inverse=True)
    unique_y, of_y = np.unique(tile_y, return_inverse=True)
    middles = (np.stack(np.meshgrid(unique_x, unique_y), axis=-1) + 0.5) * TILE_M
    nearest = np.full(middles.shape[:2], np.inf)
    for place in np.unique(path.round(1), axis=0):
        nearest = np.minimum(nearest, np.linalg.norm(middles - place, axis=-1))
    return (nearest <= AROUND_M)[np.ix_(of_y, of_x)]


def _solid(x: Array, y: Array, heights: Array, shown: NDArray[np.bool_]) -> Triangles:
    """The shown cells of a grid, with an edge around them that leads down."""
    grid = np.stack([*np.meshgrid(x, y), heights], axis=-1)
    numbers = np.arange(heights.size).reshape(heights.shape)
    corners: NDArray[np.intp] = _cells(numbers)[:, shown]
    a, b, c, d = corners
    top = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    # A side that only one cell has is at the edge.
    sides = np.concatenate([np.stack(each, axis=1) for each in ((a, b), (b, c), (c, d), (d, a))])
    both = np.sort(sides, axis=1)
    _, inverse, count = np.unique(both, axis=0, return_inverse=True, return_counts=True)
    outer = sides[count[inverse.ravel()] == 1]
    points = grid.reshape(-1, 3)
    below = points.copy()
    below[:, 2] = np.nanmin(points[np.unique(corners), 2]) - EDGE_M
    start, end = outer.T
    low_start, low_end = outer.T + len(points)
    edge = np.concatenate(
        [np.stack([start, low_start, low_end], axis=1), np.stack([start, low_end, end], axis=1)]
    )
    faces = np.concatenate([top, edge])
    used, renumbered = np.unique(faces, return_inverse=True)
    return Triangles(np.concatenate([points, below])[used], renumbered.reshape(faces.shape))


def _lines(x: Array, y: Array, heights: Array, shown: NDArray[np.bool_]) -> Array:
    """(n, 2, 3) lines on the shown cells: at whole meters along both axes, and edges of steps."""
    grid = np.stack([*np.meshgrid(x, y), heights], axis=-1)
    beside = np.pad(shown, 1)
    found: list[Array] = []
    for places, along in ((x, False), (y, True)):
        points = grid if along else grid.swapaxes(0, 1)
        cells = beside if along else beside.T
        rows = np.flatnonzero(_between_tiles(places, TILE_M))
        drawn = (cells[:-1, 1:-1] | cells[1:, 1:-1])[rows]
        found.append(np.stack([points[rows, :-1], points[rows, 1:]], axis=2)[drawn])
        sides = np.flatnonzero(np.diff(places) < SIDE_M)
        first, second = points[sides], points[sides + 1]
        edges = np.where(first[..., 2:] > second[..., 2:], first, second)
        rises = np.abs(first[..., 2] - second[..., 2]) > SIDE_M
        drawn = rises[:, :-1] & rises[:, 1:] & cells[1:-1, 1:-1][sides]
        found.append(np.stack([edges[:, :-1], edges[:, 1:]], axis=2)[drawn])
    return np.concatenate(found)
