"""Dimensions of one limb: its height, its hinge axes, and its anchors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from morph_ops.graph import Joint, Limb, Slot, Vec3
from morph_ops.grid import add, is_close, to_grid
from morph_ops.space import AXIS_DECIMALS, UNIMAL, Space

__all__ = ["SNAP", "anchor", "axis_share", "height", "joint_axis", "resized"]

SNAP = 0.02
"""Largest distance between a value and the grid value that it stands for (m). It is twice the
largest effect of rounding to 1 cm, and far below the 10 cm between sites and heights."""


def height(limb: Limb, *, space: Space = UNIMAL) -> float:
    """Height of a limb (m): the length of its axis without one radius, on the grid if near.

    Examples:
        >>> height(Limb(pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.25), radius=0.05))
        0.2
    """
    raw = math.dist(limb.start, limb.end) - limb.radius
    nearest = min(space.limb_heights, key=lambda value: abs(value - raw))
    return nearest if abs(nearest - raw) < SNAP else raw


def joint_axis(start: Vec3, end: Vec3, slot: Slot) -> Vec3:
    """Axis of the hinge in a slot: a column of the capsule's geom frame, rounded.

    The geom frame is the one that MuJoCo gives a capsule defined by its ends: the shortest
    rotation that takes the z axis to the direction from ``end`` to ``start``.

    Args:
        start: Start of the capsule's axis in the limb's frame (m).
        end: End of the capsule's axis in the limb's frame (m).
        slot: The joint slot, "x" or "y".

    Examples:
        >>> joint_axis((0.0, 0.0, 0.0), (0.0, 0.0, -0.25), "x")
        (1.0, 0.0, 0.0)
    """
    length = math.dist(start, end)
    x, y, z = ((a - b) / length for a, b in zip(start, end, strict=True))
    if z < -1 + 1e-12:
        column = (1.0, 0.0, 0.0) if slot == "x" else (0.0, -1.0, 0.0)
    elif slot == "x":
        column = (1 - x * x / (1 + z), -x * y / (1 + z), -x)
    else:
        column = (-x * y / (1 + z), 1 - y * y / (1 + z), -y)
    a, b, c = (round(v, AXIS_DECIMALS) + 0.0 for v in column)
    return (a, b, c)


def anchor(radius: float, direction: Sequence[float]) -> Vec3:
    """Anchor of a limb's hinges: one radius behind its origin, in the limb's frame (m).

    Examples:
        >>> anchor(0.05, (0.0, 0.0, -1.0))
        (0.0, 0.0, 0.05)
    """
    return to_grid(direction, scale=-radius)


def axis_share(limb: Limb, position: Vec3) -> float:
    """The place along a limb's axis that is nearest to a position: 0 at its start, 1 at its end.

    Args:
        limb: The limb.
        position: A position in the limb's frame (m).

    Examples:
        >>> leg = Limb(pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.25), radius=0.05)
        >>> axis_share(leg, (0.05, 0.0, -0.125)), axis_share(leg, (0.0, 0.0, -0.4))
        (0.5, 1.0)
    """
    axis = np.subtract(limb.end, limb.start)
    along = np.subtract(position, limb.start) @ axis
    return float(np.clip(along / (axis @ axis), 0.0, 1.0))


def resized(limb: Limb, *, radius: float, height_m: float, direction: Sequence[float]) -> Limb:
    """A limb with another radius and height, in the same direction.

    The origin stays. A hinge whose axis was that of the geom frame follows the frame, which
    rounding turns a little; any other axis stays.

    Args:
        limb: The old limb.
        radius: The new radius (m).
        height_m: The new height (m).
        direction: Direction of the limb in its own frame.

    Examples:
        >>> leg = Limb(pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.25), radius=0.05)
        >>> resized(leg, radius=0.05, height_m=0.4, direction=(0.0, 0.0, -1.0)).end
        (0.0, 0.0, -0.45)
    """
    end = add(limb.start, to_grid(direction, scale=radius + height_m))
    joints: list[Joint] = []
    for joint in limb.joints:
        old_axis = joint_axis(limb.start, limb.end, joint.slot)
        follows = is_close(joint.axis, old_axis, tolerance=2 * 10.0**-AXIS_DECIMALS)
        axis = joint_axis(limb.start, end, joint.slot) if follows else joint.axis
        pos = joint.pos if radius == limb.radius else anchor(radius, direction)
        joints.append(replace(joint, axis=axis, pos=pos))
    return replace(limb, end=end, radius=radius, joints=tuple(joints))
