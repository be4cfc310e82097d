"""How far two scores of the same bodies agree on their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

BOOTSTRAPS = 2000


def ranks(values: Sequence[float] | NDArray[np.floating]) -> NDArray[np.float64]:
    """Ranks (n,) from 1 on, equal values sharing the mean of theirs.

    Example:
        >>> ranks([10.0, 30.0, 20.0, 30.0]).tolist()
        [1.0, 3.5, 2.0, 3.5]
    """
    values = np.asarray(values, dtype=np.float64)
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    return (last - (counts - 1) / 2)[place]


def spearman(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Spearman's rank correlation of two (n,) scores; NaN where one of them is constant.

    Example:
        >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([10.0, 40.0, 20.0]))
        0.5
    """
    x, y = ranks(a), ranks(b)
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float(x @ y) / size if size else float("nan")


def kendall(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Kendall's tau-b of two (n,) scores; NaN where one of them is constant.

    Example:
        >>> round(kendall(np.array([1.0, 2.0, 3.0]), np.array([10.0, 40.0, 20.0])), 4)
        0.3333
    """
    upper = np.triu_indices(len(a), 1)
    x = np.sign(np.subtract.outer(a, a))[upper]
    y = np.sign(np.subtract.outer(b, b))[upper]
    size = float(np.sqrt((x != 0).sum() * (y != 0).sum()))
    return float(x @ y) / size if size else float("nan")


def top_overlap(a: NDArray[np.floating], b: NDArray[np.floating], k: int = 10) -> float:
    """Share of the ``k`` best by ``a`` that are among the ``k`` best by ``b``.

    Raises:
        ValueError: ``k`` is not between 1 and the number of scores.
    """
    if not 1 <= k <= len(a):
        raise ValueError(f"k: expected 1 to {len(a)}, got {k}")
    best = [set(np.argsort(-scores, kind="stable")[:k].tolist()) for scores in (a, b)]
    return len(best[0] & best[1]) / k


def bootstrap_interval(
    statistic: Callable[[NDArray[np.floating], NDArray[np.floating]], float],
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    *,
    seed: int = 0,
) -> tuple[float, float]:
    """95% interval of a statistic of two (n,) scores over bodies drawn with replacement."""
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(a), size=(BOOTSTRAPS, len(a)))
    values = np.array([statistic(a[draw], b[draw]) for draw in draws])
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)
