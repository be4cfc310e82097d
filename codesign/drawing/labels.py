"""Names beside the parts of a picture, where they hide neither each other nor the robot."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from codesign.drawing.solids import shown_geoms

if TYPE_CHECKING:
    import mujoco

Array = NDArray[np.float64]
#: Height of the letters (px), and about the width of one as a share of it.
FONT_PX, LETTER = 16.0, 0.56
#: Room around a name, and distances from its point at which it may stand (px).
ROOM_PX, DISTANCES_PX = 2.0, (0.0, 9.0, 15.0, 22.0, 30.0, 40.0, 52.0)
DIRECTIONS = 24
#: Cost of a name that hides the robot or its shadow, in px of distance.
OVER_ROBOT, OVER_SHADOW = 130.0, 8.0
#: Distance from which a line leads from a name to its point (px).
LINE_PX = 4.0


@dataclass(frozen=True, eq=False)
class Label:
    """A name and the point of the world that it belongs to.

    Attributes:
        text: The name.
        at: (3,) the point (m).
    """

    text: str
    at: Array


def node_labels(
    model: mujoco.MjModel, data: mujoco.MjData, names: Mapping[str, str]
) -> list[Label]:
    """Names at the middle of nodes.

    Args:
        model: The robot.
        data: Its state, after a forward pass.
        names: What to write, by name of the node; nodes that show nothing are left out.
    """
    places: dict[str, list[Array]] = {}
    for geom in shown_geoms(model):
        node = model.body(model.geom_bodyid[geom]).name
        places.setdefault(node, []).append(data.geom_xpos[geom].copy())
    return [
        Label(text, np.mean(places[node], axis=0)) for node, text in names.items() if node in places
    ]


def written(
    labels: Sequence[tuple[str, Array]],
    *,
    robot: Sequence[Array],
    shadow: Sequence[Array],
    size: tuple[int, int],
) -> list[str]:
    """Names as elements of SVG, each where it hides least; one without room is left out.

    Args:
        labels: Names, the most important first, and (2,) points that they belong to (px).
        robot: (n, 2) outlines of the solids (px).
        shadow: (n, 2) outlines of their shadows (px).
        size: Width and height of the picture (px).
    """
    cost = np.maximum(OVER_SHADOW * _mask(shadow, size), OVER_ROBOT * _mask(robot, size))
    sums = np.pad(cost.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    points = np.array([point for _, point in labels]).reshape(-1, 2)
    taken = np.empty((0, 2, 2))
    lines: list[str] = []
    texts: list[str] = []
    for text, point in labels:
        box = _best_box(text, point, sums, taken, points)
        if box is not None:
            taken = np.concatenate([taken, box[None]])
            lines.append(_line(point, box))
            texts.append(_text(text, box))
    return [*lines, *texts]


def _mask(outlines: Sequence[Array], size: tuple[int, int]) -> Array:
    """(height, width) ones inside of convex outlines, zeros elsewhere."""
    image = Image.new("1", size)
    pen = ImageDraw.Draw(image)
    for outline in outlines:
        pen.polygon([(float(x), float(y)) for x, y in outline], fill=1)
    return np.asarray(image, dtype=np.float64)


def _best_box(text: str, point: Array, sums: Array, taken: Array, points: Array) -> Array | None:
    """(2, 2) corners of the box of a name that costs least (px); None without room.

    Args:
        text: The name.
        point: (2,) point that it belongs to (px).
        sums: (height + 1, width + 1) cost of all pixels above and to the left.
        taken: (k, 2, 2) corners of the boxes of other names.
        points: (n, 2) points of all names.
    """
    half = np.array([LETTER * FONT_PX * len(text), FONT_PX]) / 2.0 + ROOM_PX
    ways, distances = _ways()
    # The nearest side of a box, not its middle, has the distance.
    beside = half * ways / np.maximum(np.abs(ways) @ half / np.linalg.norm(half), 1e-9)[:, None]
    middles = point + distances[:, None] * ways + np.where(distances[:, None] > 0.0, beside, 0.0)
    low, high = middles - half, middles + half
    apart = (low[:, None] >= taken[:, 1]) | (taken[:, 0] >= high[:, None])
    room = np.array(sums.shape[::-1]) - 1
    free = (low >= 0.0).all(axis=-1) & (high <= room).all(axis=-1) & apart.any(axis=-1).all(axis=-1)
    if not free.any():
        return None
    low, high, distances = low[free], high[free], distances[free]
    (left, top), (right, bottom) = low.astype(int).T, np.ceil(high).astype(int).T
    over = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    inside = ((points > low[:, None]) & (points < high[:, None])).all(axis=-1).sum(axis=-1)
    cost = distances + over / ((right - left) * (bottom - top))
    cost += OVER_ROBOT * np.maximum(0, inside - (distances == 0.0))
    best = int(cost.argmin())
    return np.stack([low[best], high[best]])


@cache
def _ways() -> tuple[Array, Array]:
    """(k, 2) directions and (k,) distances at which names are tried, the nearest first."""
    angles = np.arange(DIRECTIONS) * 2.0 * np.pi / DIRECTIONS
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ways = [around if distance else around[:1] for distance in DISTANCES_PX]
    distances = [
        np.full(len(way), distance) for way, distance in zip(ways, DISTANCES_PX, strict=True)
    ]
    return np.concatenate(ways), np.concatenate(distances)


def _line(point: Array, box: Array) -> str:
    """The line from a name to its point; empty where they are close."""
    x, y = np.clip(point, box[0] + ROOM_PX, box[1] - ROOM_PX)
    if np.hypot(x - point[0], y - point[1]) < LINE_PX:
        return ""
    return (
        f'<path d="M{x:.1f} {y:.1f}L{point[0]:.1f} {point[1]:.1f}" class="to" stroke="#1b2230" '
        'stroke-opacity="0.65"/>'
    )


def _text(text: str, box: Array) -> str:
    x, y = box.mean(axis=0)
    return (
        f'<text class="name" x="{x:.1f}" y="{y + 0.35 * FONT_PX:.1f}" text-anchor="middle" '
        f'font-size="{FONT_PX:g}" fill="#1b2230" stroke="#ffffff" stroke-width="3" '
        f'stroke-linejoin="round" paint-order="stroke">{html.escape(text)}</text>'
    )
