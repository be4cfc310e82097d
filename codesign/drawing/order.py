"""The order in which solids are drawn: what is behind comes first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from codesign.drawing.camera import Camera
    from codesign.drawing.solids import Solid

Array = NDArray[np.float64]
STEPS = 12


def back_to_front(solids: Sequence[Solid], camera: Camera) -> list[int]:
    """The numbers of the solids, from back to front.

    Of two solids that overlap in the picture, the one that is farther away where they cross
    comes first. Where solids overlap in a circle, the farthest of them comes first.

    Args:
        solids: The solids.
        camera: The camera.
    """
    boxes = [_box(camera.project(solid.outline())) for solid in solids]
    spines = [_points(camera.project(solid.spine)) for solid in solids]
    behind: dict[int, set[int]] = {number: set() for number in range(len(solids))}
    for a, b in combinations(range(len(solids)), 2):
        if (boxes[a][0] < boxes[b][1]).all() and (boxes[b][0] < boxes[a][1]).all():
            far, near = (a, b) if _is_behind(spines[a], spines[b]) else (b, a)
            behind[near].add(far)
    depth = [float(spine[:, 2].mean()) for spine in spines]
    order: list[int] = []
    while behind:
        free = [number for number, waits in behind.items() if not waits] or list(behind)
        chosen = max(free, key=lambda number: depth[number])
        order.append(chosen)
        del behind[chosen]
        for waits in behind.values():
            waits.discard(chosen)
    return order


def _is_behind(a: Array, b: Array) -> bool:
    """Whether a spine is farther away than another where they are nearest in the picture."""
    distances = np.linalg.norm(a[:, None, :2] - b[None, :, :2], axis=-1)
    close = distances <= distances.min() + 1e-9
    here, there = np.nonzero(close)
    difference = float((a[here, 2] - b[there, 2]).mean())
    if abs(difference) < 1e-6:  # they meet at a joint
        difference = float(a[:, 2].mean() - b[:, 2].mean())
    return difference > 0.0


def _points(spine: Array) -> Array:
    share = np.linspace(0.0, 1.0, STEPS)[:, None]
    return spine[0] * (1.0 - share) + spine[1] * share


def _box(points: Array) -> tuple[Array, Array]:
    return points[:, :2].min(axis=0), points[:, :2].max(axis=0)
