"""Vectors on the grid of the UNIMAL space: positions in steps of 1 cm.

Sums and scaled vectors are rounded so that equal grid values are equal floats. Mirror images
then compare equal, and files hold short numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from morph_ops.graph import Vec3
from morph_ops.space import VECTOR_DECIMALS

__all__ = ["add", "is_close", "subtract", "to_grid"]

_STEPS_PER_METER = 10**VECTOR_DECIMALS
_NOISE_DECIMALS = 9


def to_grid(vector: Sequence[float], *, scale: float = 1.0) -> Vec3:
    """``scale`` times a vector, with every component rounded to 1 cm.

    The product is rounded twice. Otherwise 0.125 and 0.12500000000000003, which a sine may
    yield, would round to different grid values, and so would the two limbs of a pair.

    Args:
        vector: Three components (m), or the components of a direction.
        scale: The factor (m if ``vector`` is a direction).

    Examples:
        >>> to_grid((0.0, 0.7071, -0.7071), scale=0.25)
        (0.0, 0.18, -0.18)
    """
    x, y, z = (
        round(round(v * scale, _NOISE_DECIMALS) * _STEPS_PER_METER) / _STEPS_PER_METER + 0.0
        for v in vector
    )
    return (x, y, z)


def add(*vectors: Sequence[float]) -> Vec3:
    """The sum of vectors, without the floating-point noise of adding grid values.

    Examples:
        >>> add((0.1, 0.0, 0.0), (0.2, 0.0, -0.1))
        (0.3, 0.0, -0.1)
    """
    x, y, z = (round(sum(column), _NOISE_DECIMALS) + 0.0 for column in zip(*vectors, strict=True))
    return (x, y, z)


def subtract(first: Sequence[float], second: Sequence[float]) -> Vec3:
    """The difference of two vectors, without the noise of subtracting grid values.

    Examples:
        >>> subtract((0.3, 0.0, 0.0), (0.1, 0.0, 0.1))
        (0.2, 0.0, -0.1)
    """
    return add(first, [-v for v in second])


def is_close(first: Sequence[float], second: Sequence[float], *, tolerance: float) -> bool:
    """Whether two vectors differ by at most ``tolerance`` in every component.

    Examples:
        >>> is_close((0.0, 0.1, 0.2), (0.0, 0.1001, 0.2), tolerance=1e-3)
        True
    """
    return all(abs(a - b) <= tolerance for a, b in zip(first, second, strict=True))
