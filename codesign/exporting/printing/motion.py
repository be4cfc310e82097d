"""How parts move against each other: free ranges of hinges, and the space that parts sweep."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from manifold3d import Manifold, OpType
from numpy.typing import NDArray

from codesign.exporting.printing.layout import Hinge
from codesign.exporting.printing.shapes import overlaps, solid

Array = NDArray[np.float64]

#: Step of the search for the free range of a hinge, and largest step of a sweep (deg).
_RANGE_STEP_DEG = 5.0
_SWEEP_STEP_DEG = 15.0
#: Volumes up to this come from rounding (mm^3).
TOUCH_MM3 = 1e-3


def turn(hinges: Sequence[Hinge], angles_deg: Sequence[float]) -> Array:
    """(3, 4) motion of the last part of a chain of hinges at some angles.

    Examples:
        >>> hinge = Hinge(joint="j", parent="a", child="b", pivot=np.zeros(3), frame=np.eye(3),
        ...               range_deg=(-90.0, 90.0), base=5.0, shift=0.0)
        >>> turn([hinge], [90.0]).round(6)[:, :3] @ (0.0, 1.0, 0.0)
        array([0., 0., 1.])
    """
    motion = np.eye(4)
    for hinge, angle in zip(hinges, angles_deg, strict=True):
        motion = motion @ _rotation(hinge, angle)
    return motion[:3]


def _rotation(hinge: Hinge, angle_deg: float) -> Array:
    x, y, z = hinge.frame[:, 0]
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = math.radians(angle_deg)
    rot = np.eye(3) + math.sin(angle) * cross + (1.0 - math.cos(angle)) * cross @ cross
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = rot, hinge.pivot - rot @ hinge.pivot
    return motion


def rest(hinge: Hinge) -> float:
    """The angle of the rest pose, or the one of the range that is nearest to it (deg)."""
    low, high = hinge.range_deg
    return min(max(0.0, low), high)


def poses(hinges: Sequence[Hinge], *, step_deg: float = math.inf) -> list[tuple[float, ...]]:
    """Angles of a chain of hinges on a grid: rest, both ends, and steps between (deg)."""
    return list(itertools.product(*(_grid(hinge, step_deg) for hinge in hinges)))


def _grid(hinge: Hinge, step_deg: float) -> list[float]:
    low, high = hinge.range_deg
    middle = rest(hinge)
    sides = [np.linspace(a, b, max(math.ceil((b - a) / step_deg), 1) + 1)
             for a, b in ((low, middle), (middle, high)) if b > a]  # fmt: skip
    return sorted({float(angle) for side in sides for angle in side} or {middle})


def meet(moving: Manifold, fixed: Manifold, motion: Array) -> bool:
    """Whether a part that has moved meets another one."""
    return (moving.transform(motion) ^ fixed).volume() > TOUCH_MM3


def free_range(hinge: Hinge, moving: Manifold, fixed: Manifold) -> Hinge | None:
    """A hinge with the part of its range in which a part meets nothing; None if it is stuck.

    Args:
        hinge: The hinge.
        moving: What moves, in the rest pose.
        fixed: What it must not meet.
    """
    middle = rest(hinge)
    if meet(moving, fixed, turn([hinge], [middle])):
        return None
    ends: list[float] = []
    for end in hinge.range_deg:
        count = math.ceil(abs(end - middle) / _RANGE_STEP_DEG)
        free = middle
        for angle in np.linspace(middle, end, count + 1)[1:].tolist():
            if meet(moving, fixed, turn([hinge], [angle])):
                break
            free = angle
        ends.append(free)
    return replace(hinge, range_deg=(ends[0], ends[1]))


def free_ranges(
    hinges: tuple[Hinge, Hinge], moving: Manifold, fixed: Manifold
) -> tuple[Hinge, Hinge] | None:
    """Two hinges with the share of their ranges in which a part meets nothing; None if stuck."""
    for share in np.linspace(1.0, 0.0, 11).tolist():
        one, two = (_narrowed(hinge, share) for hinge in hinges)
        angles = poses((one, two), step_deg=2.0 * _SWEEP_STEP_DEG)
        if not any(meet(moving, fixed, turn((one, two), pair)) for pair in angles):
            return one, two
    return None


def _narrowed(hinge: Hinge, share: float) -> Hinge:
    middle = rest(hinge)
    low, high = (middle + share * (end - middle) for end in hinge.range_deg)
    return replace(hinge, range_deg=(low, high))


def clear_of(part: Manifold, shapes: Sequence[Array], hinges: Sequence[Hinge]) -> Manifold:
    """A part at the end of a chain of hinges without the space that fixed shapes need.

    Between the poses of a grid, hulls stand for the motion. They hold the shapes, and the shapes
    grown a little away from the axes, so that the arcs between two poses are inside.

    Args:
        part: The part.
        shapes: Points of convex shapes of the part that the chain begins at.
        hinges: The chain.
    """
    steps = [[_seen(hinge, pair) for pair in pairwise(_grid(hinge, _SWEEP_STEP_DEG))]
             for hinge in hinges]  # fmt: skip
    for shape in shapes:
        hulls: list[Manifold] = []
        for cell in itertools.product(*steps):
            points = shape
            for motions in cell:
                points = np.concatenate([points @ m[:3, :3].T + m[:3, 3] for m in motions])
            if overlaps(part, points):
                hulls.append(solid(points))
        part = Manifold.batch_boolean([part, *hulls], OpType.Subtract)
    return part


def _seen(hinge: Hinge, angles_deg: tuple[float, float]) -> list[Array]:
    """(4, 4) motions of what is before a hinge, seen from behind it: at two angles, and grown."""
    larger = 1.0 / math.cos(math.radians(angles_deg[1] - angles_deg[0]) / 2.0)
    axis = hinge.frame[:, 0]
    growth = np.eye(4)
    growth[:3, :3] += (larger - 1.0) * (np.eye(3) - np.outer(axis, axis))
    growth[:3, 3] = hinge.pivot - growth[:3, :3] @ hinge.pivot
    turns = [_rotation(hinge, -angle) for angle in angles_deg]
    return turns + [turn @ growth for turn in turns]
