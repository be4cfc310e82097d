"""Statistics of scores: confidence intervals of means, and agreement between two rankings.

scipy computes all of them. It is imported on first use, so that importing this module is quick.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from statistics import fmean, stdev

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "RESAMPLES",
    "bootstrap_interval",
    "confidence_interval",
    "kendall",
    "spearman",
    "t_quantile",
    "top_overlap",
]

#: Probabilities of the lower and upper bound of all intervals, which are 95% intervals.
_BOUNDS = (0.025, 0.975)
#: Resamples of a bootstrap interval.
RESAMPLES = 2000


def confidence_interval(values: Sequence[float]) -> tuple[float, float]:
    """95% confidence interval of the mean of independent values, by Student's t.

    Args:
        values: At least one value.

    Returns:
        Lower and upper bound in the unit of the values. Both equal the value where there is only
        one, because one value says nothing about the spread.

    Raises:
        ValueError: There are no values.

    Examples:
        >>> [round(bound, 3) for bound in confidence_interval([1.0, 2.0, 3.0, 4.0])]
        [0.446, 4.554]
    """
    if not values:
        raise ValueError("a confidence interval needs at least one value")
    mean = fmean(values)
    if len(values) == 1:
        return mean, mean
    half = t_quantile(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return mean - half, mean + half


@cache
def t_quantile(freedom: int) -> float:
    """The t for which 95% of Student's distribution lie between -t and t.

    Args:
        freedom: Degrees of freedom, at least 1.

    Examples:
        >>> round(t_quantile(3), 4)
        3.1824
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, _BOUNDS[1]))


def bootstrap_interval(
    statistic: Callable[..., float], *samples: NDArray[np.floating], seed: int = 0
) -> tuple[float, float]:
    """95% percentile bootstrap interval of a statistic of paired samples (Efron 1979).

    Args:
        statistic: Function of as many (n,) arrays as there are samples.
        samples: (n,) values each. A resample draws indices, so pairs stay together.
        seed: Seed of the resamples.

    Returns:
        Lower and upper bound. Resamples for which the statistic is NaN do not count. Both bounds
        equal the statistic where n is 1.

    Examples:
        >>> low, high = bootstrap_interval(np.mean, np.arange(10.0))
        >>> 2.0 < low < 4.5 < high < 7.0
        True
    """
    from scipy import stats

    if len(samples[0]) == 1:
        value = float(statistic(*samples))
        return value, value
    with warnings.catch_warnings():
        # scipy's own interval is NaN as soon as the statistic of one resample is. So the quantiles
        # are taken below, and scipy's warning about its interval is not for users.
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        distribution = stats.bootstrap(
            samples,
            statistic,
            n_resamples=RESAMPLES,
            paired=True,
            vectorized=False,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).bootstrap_distribution
    low, high = np.nanquantile(distribution, _BOUNDS)
    return float(low), float(high)


def spearman(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Spearman's rank correlation of two (n,) arrays; NaN where one of them is constant.

    Examples:
        >>> round(spearman(np.array([1.0, 2.0, 3.0]), np.array([10.0, 40.0, 20.0])), 4)
        0.5
    """
    from scipy import stats

    if not (np.ptp(a) and np.ptp(b)):
        return math.nan
    return float(stats.spearmanr(a, b).statistic)


def kendall(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Kendall's tau-b of two (n,) arrays; NaN where one of them is constant.

    Examples:
        >>> round(kendall(np.array([1.0, 2.0, 3.0]), np.array([10.0, 40.0, 20.0])), 4)
        0.3333
    """
    from scipy import stats

    if not (np.ptp(a) and np.ptp(b)):
        return math.nan
    return float(stats.kendalltau(a, b).statistic)


def top_overlap(a: NDArray[np.floating], b: NDArray[np.floating], k: int = 10) -> float:
    """Share of the ``k`` largest of ``a`` that are also among the ``k`` largest of ``b``.

    Args:
        a: (n,) scores.
        b: (n,) other scores of the same bodies.
        k: Number of bodies at the top, 1 .. n.

    Raises:
        ValueError: ``k`` is not between 1 and n.

    Examples:
        >>> top_overlap(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 4.0, 2.0, 3.0]), k=2)
        0.5
    """
    if not 1 <= k <= len(a):
        raise ValueError(f"k: expected 1 to {len(a)}, got {k}")
    best = [set(np.argsort(-scores, kind="stable")[:k].tolist()) for scores in (a, b)]
    return len(best[0] & best[1]) / k
