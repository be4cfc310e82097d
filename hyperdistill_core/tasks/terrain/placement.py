"""Free places on a terrain for obstacles, objects and goals."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from hyperdistill_core.tasks.terrain.height_map import CELLS_PER_M

_ATTEMPTS = 10


class PlacementGrid:
    """Cells of a terrain that something stands on.

    Args:
        shape: Numbers of rows (along y) and columns (along x).

    Attributes:
        taken: (rows, columns) whether something stands on a cell.

    Examples:
        >>> grid = PlacementGrid((100, 200))
        >>> grid.place((0.5, 1.0), RandomState(0), rows=(10, 90), columns=(20, 195))
        (54, 67)
        >>> int(grid.taken.sum())
        200
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.taken: NDArray[np.bool_] = np.zeros(shape, dtype=np.bool_)

    def place(
        self,
        half_sizes: tuple[float, float],
        rng: RandomState,
        *,
        rows: tuple[int, int],
        columns: tuple[int, int],
    ) -> tuple[int, int] | None:
        """Take the cells around a free place.

        Args:
            half_sizes: Half sizes along x and y (m).
            rng: Generator that places are drawn from, ten at most.
            rows: Bounds of its row, the upper one excluded.
            columns: Bounds of its column, the upper one excluded.

        Returns:
            Row and column of the place, or None if none of those drawn is free.
        """
        for _ in range(_ATTEMPTS):
            row, column = int(rng.randint(*rows)), int(rng.randint(*columns))
            if self.take(row, column, half_sizes):
                return row, column
        return None

    def take(self, row: int, column: int, half_sizes: tuple[float, float]) -> bool:
        """Take the cells around a place if all of them are free.

        Args:
            row: Row of its center.
            column: Column of its center.
            half_sizes: Half sizes along x and y (m).

        Returns:
            Whether they were free.
        """
        cells = around(row, column, half_sizes)
        free = not self.taken[cells].any()
        if free:
            self.taken[cells] = True
        return free


def half_cells(half_size: float) -> int:
    """Number of cells that half a size (m) takes.

    Examples:
        >>> half_cells(0.55)
        6
    """
    return math.ceil(CELLS_PER_M * half_size)


def around(row: int, column: int, half_sizes: tuple[float, float]) -> tuple[slice, slice]:
    """Rows and columns of the cells that something takes.

    Args:
        row: Row of its center.
        column: Column of its center.
        half_sizes: Half sizes along x and y (m).
    """
    a, b = (half_cells(half_size) for half_size in half_sizes)
    return slice(row - b, row + b), slice(column - a, column + a)
