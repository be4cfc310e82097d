"""Light: how bright a surface is, and which SVG paint shows it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: (3,) unit vector to the light: from above, behind the camera's usual place and to its left.
LIGHT = np.array([-0.25, -0.45, 0.85]) / np.linalg.norm([-0.25, -0.45, 0.85])
AMBIENT, DIFFUSE = 0.52, 0.56
#: Brightness of outlines; opaque ones look the same in every viewer of SVG and PDF.
EDGE = 0.69


def shaded(color: str, normal: Array) -> str:
    """The color of a surface in the light.

    Args:
        color: Color in full light, as ``"#rrggbb"``.
        normal: (3,) outward normal of the surface.

    Examples:
        >>> shaded("#808080", LIGHT), shaded("#808080", -LIGHT)
        ('#8a8a8a', '#434343')
    """
    return _brightened(color, AMBIENT + DIFFUSE * max(0.0, float(normal @ LIGHT)))


def edge(color: str) -> str:
    """The color of the outline of a surface.

    Args:
        color: Color in full light, as ``"#rrggbb"``.

    Examples:
        >>> edge("#808080")
        '#585858'
    """
    return _brightened(color, EDGE)


def _brightened(color: str, brightness: float) -> str:
    channels = np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)], np.float64)
    lit = channels * min(brightness, 1.0) + (255.0 - channels) * max(0.0, brightness - 1.0)
    red, green, blue = lit.round().astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


def across_gradient(name: str, start: Array, end: Array, stops: Sequence[tuple[float, str]]) -> str:
    """A paint that changes from one point of the picture to another.

    Args:
        name: Its id.
        start: (2,) first point (px).
        end: (2,) last point (px).
        stops: Shares of the way, and colors there.
    """
    (x1, y1), (x2, y2) = start, end
    return (
        f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" x1="{x1:.1f}" y1="{y1:.1f}" '
        f'x2="{x2:.1f}" y2="{y2:.1f}">{_stops(stops)}</linearGradient>'
    )


def round_gradient(
    name: str, center: Array, radius: float, bright: Array, stops: Sequence[tuple[float, str]]
) -> str:
    """A paint that changes from the brightest point of a ball to its rim.

    Args:
        name: Its id.
        center: (2,) center of the ball (px).
        radius: Its radius (px).
        bright: (2,) its brightest point (px).
        stops: Shares of the way to the rim, and colors there.
    """
    return (
        f'<radialGradient id="{name}" gradientUnits="userSpaceOnUse" cx="{center[0]:.1f}" '
        f'cy="{center[1]:.1f}" r="{radius:.1f}" fx="{bright[0]:.1f}" fy="{bright[1]:.1f}">'
        f"{_stops(stops)}</radialGradient>"
    )


def outlined(points: Array) -> str:
    """The data of a closed SVG path.

    Args:
        points: (n, 2) its corners (px).

    Examples:
        >>> outlined(np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))
        'M0.0 1.0L2.0 3.0L4.0 5.0Z'
    """
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def _stops(stops: Sequence[tuple[float, str]]) -> str:
    return "".join(f'<stop offset="{at:.2f}" stop-color="{color}"/>' for at, color in stops)
