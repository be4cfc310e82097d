"""Heights of the ground on a grid, and the height samples around a torso."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

#: Edge of a cell (m), and cells in a meter.
CELL_M = 0.1
CELLS_PER_M = 10
_NEAR, _FAR = 10, 40
# Offsets of the smaller pattern, in cells.
_FORWARD = (-6, -3, 0, 1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 28, 40)
_SIDEWAYS = (-20, -13, -8, -5, -3, -1, 0, 1, 3, 5, 8, 13, 20)
#: Numbers of height samples: those of the published pattern, and those of either pattern.
PUBLISHED_SAMPLES = 1410
HEIGHT_SAMPLES = (len(_FORWARD) * len(_SIDEWAYS), PUBLISHED_SAMPLES)
# Number of decimals of heights (m) in the public environment.
HEIGHT_DECIMALS = 3
#: Cells around a terrain that show the space beyond it, and the height there (m).
BEYOND_CELLS, BEYOND_M = 100, -10.0


def _offsets(cells: int) -> list[int]:
    """Offsets of height samples from 0 to a number of cells: dense nearby, sparse far away."""
    share = -np.log(1.0 - np.arange(cells) / cells)
    return sorted({int(value) for value in share * (cells / share[-1])})


@cache
def sampling_pattern(samples: int = 1410) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offsets (H,) of the height samples, forward and to the right, in cells.

    There are two patterns. The 47 x 30 = 1410 samples of Gupta 2021 reach 1 m back, 4 m to the
    front and 4 m to either side. The 13 x 15 = 195 samples of our controllers reach 0.6 m back, 4 m
    to the front and 2 m to either side. The order is from left to right, and on each line from back
    to front.

    Args:
        samples: Number of samples, H.

    Raises:
        ValueError: There is no pattern of so many samples.

    Examples:
        >>> forward, right = sampling_pattern()
        >>> forward[:3].tolist(), right[:3].tolist()
        ([-10, -6, -5], [-40, -40, -40])
    """
    if samples not in HEIGHT_SAMPLES:
        choices = " or ".join(map(str, HEIGHT_SAMPLES))
        raise ValueError(f"samples: expected {choices}, got {samples}")
    ahead, behind = _offsets(_FAR), _offsets(_NEAR)
    forward = [-offset for offset in reversed(behind[1:])] + ahead
    right = [-offset for offset in reversed(ahead[1:])] + ahead
    if samples != PUBLISHED_SAMPLES:
        forward, right = list(_FORWARD), list(_SIDEWAYS)
    return (
        np.tile(np.array(forward, dtype=np.int64), len(right)),
        np.repeat(np.array(right, dtype=np.int64), len(forward)),
    )


@dataclass(frozen=True)
class HeightMap:
    """Heights of the ground on cells of 0.1 m.

    Attributes:
        heights: (R, C) heights (m).
        row: Row of the cells with y in [0, 0.1) m.
        column: Column of the cells with x in [0, 0.1) m.
        mirrored: Whether rows run towards -y, as in the public environment, where they should run
            towards +y.
        lowest_m: Least height of the ground (m). Heights below it, such as those beyond the
            terrain, count as this one in :meth:`HeightMaps.ground`.

    Examples:
        >>> heights = np.zeros((4, 4), np.float32)
        >>> heights[3, 2] = 0.5
        >>> HeightMap(heights, row=2, column=2).at(np.array([0.05, 0.12, 0.0])).item()
        0.5
    """

    heights: NDArray[np.floating]
    row: int
    column: int
    mirrored: bool = False
    lowest_m: float = 0.0

    def at(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Heights (...,) of the cells (m) at positions (..., 3)."""
        return HeightMaps([self]).at(np.zeros(position.shape[:-1], np.intp), position)

    def ground(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Heights (...,) of the ground (m) at positions (..., 3), as falls count it."""
        return HeightMaps([self]).ground(np.zeros(position.shape[:-1], np.intp), position)

    def sample(
        self, position: NDArray[np.float64], yaw: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Height samples, see :meth:`HeightMaps.sample`."""
        return HeightMaps([self]).sample(np.zeros(position.shape[:-1], np.intp), position, yaw)


class HeightMaps:
    """Several height maps, read at once.

    Positions beyond the cells of a map read its nearest cell.

    Args:
        maps: The maps, N of them.

    Raises:
        ValueError: The maps differ in ``mirrored`` or ``lowest_m``.
    """

    def __init__(self, maps: Sequence[HeightMap]) -> None:
        first = maps[0]
        if len({(m.mirrored, m.lowest_m) for m in maps}) > 1:
            raise ValueError("maps: expected all mirrored or none, and one least height")
        self._row, self._column = max(m.row for m in maps), max(m.column for m in maps)
        above = max(m.heights.shape[0] - m.row for m in maps)
        beyond = max(m.heights.shape[1] - m.column for m in maps)
        self._shape = (self._row + above, self._column + beyond)
        grids = [self._on_grid(m) for m in maps]
        stacked = grids[0][None] if len(grids) == 1 else np.stack(grids)
        self._heights = stacked.reshape(-1)
        self._lowest, self._sign = first.lowest_m, -1 if first.mirrored else 1

    def _on_grid(self, own: HeightMap) -> NDArray[np.floating]:
        """The heights of a map on the cells of all maps; its outermost ones fill what it lacks."""
        (rows, columns), heights = self._shape, own.heights
        if heights.shape == self._shape:
            return heights
        before = self._row - own.row, self._column - own.column
        lacking = rows - len(heights) - before[0], columns - heights.shape[1] - before[1]
        return np.pad(heights, tuple(zip(before, lacking, strict=True)), mode="edge")

    def cells(self, position: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns (...,) of the cells below positions (..., 3).

        They may lie beyond the map.
        """
        row = self._row + self._sign * np.floor(CELLS_PER_M * position[..., 1]).astype(np.intp)
        column = self._column + np.floor(CELLS_PER_M * position[..., 0]).astype(np.intp)
        return row, column

    def at(self, which: NDArray[np.intp], position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Heights of the cells.

        Args:
            which: (...,) number of the map of each position.
            position: (..., 3) positions (m).

        Returns:
            (...,) heights (m).
        """
        return self._heights.take(self._index(which, *self.cells(position))).astype(np.float64)

    def ground(self, which: NDArray[np.intp], position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Heights (...,) of the ground (m), as falls count it.

        Args:
            which: (...,) number of the map of each position.
            position: (..., 3) positions (m).
        """
        return np.maximum(self.at(which, position), self._lowest)

    def sample(
        self,
        which: NDArray[np.intp],
        position: NDArray[np.float64],
        yaw: NDArray[np.float64],
        samples: int = PUBLISHED_SAMPLES,
    ) -> NDArray[np.float64]:
        """Height samples around torsos, relative to the ground below each.

        The pattern turns with the torso's heading; tilting does not change it.

        Args:
            which: (...,) number of the map of each torso.
            position: (..., 3) positions of the torsos (m).
            yaw: (...,) headings of the torsos (rad), see :func:`headings`.
            samples: Number of samples of the pattern, H.

        Returns:
            (..., H) heights (m), in the order of :func:`sampling_pattern`.
        """
        forward, right = sampling_pattern(samples)
        cos, sin = np.cos(yaw)[..., None], np.sin(yaw)[..., None]
        along = np.rint(cos * forward + sin * right).astype(np.intp)
        across = np.rint(self._sign * (sin * forward - cos * right)).astype(np.intp)
        row, column = self.cells(position)
        around = self._index(which[..., None], row[..., None] + across, column[..., None] + along)
        own = self._heights.take(self._index(which, row, column))
        return (self._heights.take(around) - own[..., None]).astype(np.float64)

    def _index(
        self, which: NDArray[np.intp], row: NDArray[np.intp], column: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        rows, columns = self._shape
        row, column = np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)
        return (which * rows + row) * columns + column


def headings(quat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Headings (...,) in rad of orientations (..., 4): the direction of the x-axis from above.

    Examples:
        >>> headings(np.array([np.cos(0.5), 0.0, 0.0, np.sin(0.5)])).item()
        1.0
    """
    w, x, y, z = np.moveaxis(quat, -1, 0)
    return np.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


def at_centers(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heights (R, C) at the centers of cells, from as many samples from edge to edge.

    A height field of MuJoCo has its outermost samples on its edges.

    Args:
        samples: (R, C) heights (m).

    Examples:
        >>> at_centers(np.array([[0.0, 1.0], [0.0, 1.0]])).tolist()
        [[0.25, 0.75], [0.25, 0.75]]
    """
    return _between(_between(samples).T).T


def _between(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear interpolation along the rows, from the edges of a grid to the centers of its cells."""
    number = len(samples)
    place = (np.arange(number) + 0.5) * (number - 1) / number
    below = place.astype(np.intp)
    share = (place - below)[:, None]
    return samples[below] + share * (samples[below + 1] - samples[below])
