"""The assignment problem: pairs of rows and columns with the largest sum of gains."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["largest_sum"]


def largest_sum(gains: Sequence[Sequence[float]]) -> float:
    """The largest sum of gains with at most one from each row and each column.

    As many pairs as possible are formed, so all gains should be positive.

    Args:
        gains: The gain of every pair, (n, m).

    Examples:
        >>> largest_sum([[3.0, 1.0], [4.0, 3.0]])
        6.0
    """
    if not gains or not gains[0]:
        return 0.0
    if len(gains) > len(gains[0]):
        gains = list(zip(*gains, strict=True))
    if len(gains) == 1:
        return max(gains[0])
    return sum(gains[row][column] for column, row in _assignment(gains).items())


def _assignment(gains: Sequence[Sequence[float]]) -> dict[int, int]:
    """The row of each used column in the best assignment, for n at most m.

    The Hungarian method [Kuhn 1955]: rows are added one after the other, each along the
    cheapest chain of reassignments. Prices of rows and columns keep the reduced costs of all
    pairs at 0 or above.
    """
    columns = range(len(gains[0]))
    row_price = [-max(line) for line in gains]
    column_price = [0.0 for _ in columns]
    row_of: dict[int, int] = {}
    for new_row in range(len(gains)):
        distances = dict.fromkeys(columns, math.inf)
        previous: dict[int, int | None] = {}
        settled: dict[int, float] = {}
        row, so_far, last = new_row, 0.0, None
        while True:
            for column in columns:
                slack = -gains[row][column] - row_price[row] - column_price[column]
                if column not in settled and so_far + slack < distances[column]:
                    distances[column], previous[column] = so_far + slack, last
            last = min((c for c in columns if c not in settled), key=distances.__getitem__)
            so_far = settled[last] = distances[last]
            if last not in row_of:
                break
            row = row_of[last]
        row_price[new_row] += so_far
        for column, cost in settled.items():
            column_price[column] -= so_far - cost
            if column in row_of:
                row_price[row_of[column]] += so_far - cost
        while last is not None:
            before = previous[last]
            row_of[last] = new_row if before is None else row_of[before]
            last = before
    return row_of
