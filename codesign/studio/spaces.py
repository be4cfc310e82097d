"""The values that the studio offers: the UNIMAL grid, or finer steps around it."""

from __future__ import annotations

from collections.abc import Iterator

from morph_ops.space import UNIMAL, Space

__all__ = ["FINE", "GRID", "SPACES", "steps"]


def steps(low: float, high: float, step: float) -> tuple[float, ...]:
    """Evenly spaced values, the ends included.

    Args:
        low: The first value.
        high: The last value.
        step: The distance between two values.

    Examples:
        >>> steps(0.1, 0.3, 0.1)
        (0.1, 0.2, 0.3)
    """
    count = round((high - low) / step)
    return tuple(round(low + index * step, 6) for index in range(count + 1))


def _ranges(limit: int, step: int) -> Iterator[tuple[float, float]]:
    for low in range(-limit, 1, step):
        for high in range(0, limit + 1, step):
            if high - low >= step:
                yield float(low), float(high)


#: The space that controllers are trained on.
GRID = UNIMAL
#: Finer steps and wider limits, up to 120 degrees, 80 cm and 500 N m.
FINE = Space(
    torso_radii=steps(0.06, 0.2, 0.02),
    torso_densities=steps(200.0, 2000.0, 100.0),
    limb_radii=steps(0.03, 0.1, 0.01),
    limb_heights=steps(0.1, 0.8, 0.05),
    limb_densities=steps(200.0, 2000.0, 100.0),
    azimuths_deg=steps(0.0, 345.0, 15.0),
    polars_deg=steps(15.0, 180.0, 15.0),
    ranges_deg=tuple(_ranges(120, 15)),
    gears=steps(25.0, 500.0, 25.0),
)
#: The spaces by the names that the page shows.
SPACES: dict[str, Space] = {"UNIMAL grid": GRID, "fine steps": FINE}
