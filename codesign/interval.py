"""How sure a mean is: confidence intervals by Student's t."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from statistics import fmean, stdev

CONFIDENCE = 0.95


def confidence_interval(values: Sequence[float]) -> tuple[float, float]:
    """95% interval of the mean of independent values.

    Args:
        values: at least one.

    Returns:
        Lower and upper bound, in the unit of the values; both are the value itself where
        there is only one, as nothing is known about its spread.

    Raises:
        ValueError: there are no values.
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
    """The t beyond which, on both sides, lies 5% of Student's distribution.

    Args:
        freedom: degrees of freedom, at least 1.

    Example:
        >>> round(t_quantile(3), 4)
        3.1824
    """
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        angle = (low + high) / 2
        if _central_probability(angle, freedom) < CONFIDENCE:
            low = angle
        else:
            high = angle
    return math.sqrt(freedom) * math.tan(low)


def _central_probability(angle: float, freedom: int) -> float:
    """Probability of |t| < sqrt(freedom) tan(angle); finite series (Abramowitz 1964, 26.7.3-4)."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = 0.0
    for power in range(2 + odd, freedom + 1, 2):
        total += term
        term *= cosine**2 * (power - 1) / power
    if odd:
        return 2 / math.pi * (angle + sine * total)
    return sine * total
