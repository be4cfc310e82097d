"""What a limb is in the UNIMAL space: direction, height, site, hinge axes.

A graph stores physical values; the functions here find the grid values that they stand
for, and make physical values of grid values. Rounding to 1 cm lies between the two, so a
direction or height counts as the space's nearest one where that is near, and as itself in
a robot from elsewhere.

Directions of limbs are *aims*: unit vectors in the torso frame. All lengths are meters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import networkx as nx
import numpy as np

from morph_ops.geometry import Frames, rest_frames, rotation
from morph_ops.graph import (
    Limb,
    Node,
    Slot,
    Torso,
    Vec3,
    limb,
    node,
    node_names,
    parent,
    root,
    torso,
    with_nodes,
)
from morph_ops.grid import add, is_close, to_grid
from morph_ops.space import AXIS_DECIMALS, UNIMAL, VECTOR_DECIMALS, Space

Place: TypeAlias = Literal["center", "middle", "end"]
"""Where on its parent a limb grows: a torso's center, a limb's middle or its end."""

SNAP = 0.02
"""Largest distance between a value and the grid value it stands for (m): twice what rounding
to 1 cm can do, and well below the 10 cm between sites and heights."""

SNAP_DIRECTION = 0.08
"""The same for unit vectors: rounding moves the end of a 25 cm limb by up to 9 mm."""


@dataclass(frozen=True)
class Site:
    """A spot where a limb can grow.

    Attributes:
        parent: name of the body it lies on.
        place: which of the body's sites it is.
    """

    parent: str
    place: Place


@dataclass(frozen=True)
class Pose:
    """A body's rest pose in the torso frame, read in terms of a space.

    Attributes:
        frames: n bodies in the torso frame.
        directions: (n, 3) directions of the limbs, start to end, on the space's grid where near;
            the torso's row is zero.
    """

    frames: Frames
    directions: np.ndarray

    @classmethod
    def of(cls, graph: nx.DiGraph[str], *, space: Space = UNIMAL) -> Pose:
        """The pose of a body."""
        frames = rest_frames(graph, in_torso=True)
        axes = frames.end - frames.start
        lengths = np.sqrt((axes**2).sum(axis=1, keepdims=True))
        units = axes / np.where(lengths > 0, lengths, 1.0)
        gaps = ((units[:, None] - space.directions) ** 2).sum(axis=-1)
        nearest = gaps.argmin(axis=1)
        near = gaps.min(axis=1) < SNAP_DIRECTION**2
        return cls(frames, np.where(near[:, None], space.directions[nearest], units))

    def row(self, name: str) -> int:
        """Row of a body."""
        return self.frames.names.index(name)

    def direction(self, name: str) -> np.ndarray:
        """Direction of a limb in the torso frame, shape (3,)."""
        return self.directions[self.row(name)]

    def in_frame_of(self, name: str, direction: np.ndarray) -> Vec3:
        """A vector of the torso frame in the frame of the body ``name``."""
        x, y, z = (direction @ self.frames.rot[self.row(name)]).tolist()
        return (x, y, z)


# --- one limb ----------------------------------------------------------------------------


def height(record: Limb, *, space: Space = UNIMAL) -> float:
    """Height of a limb (m): its axis without one radius, on the grid if near."""
    raw = math.dist(record.start, record.end) - record.radius
    nearest = min(space.limb_heights, key=lambda value: abs(value - raw))
    return nearest if abs(nearest - raw) < SNAP else raw


def joint_axis(start: Vec3, end: Vec3, slot: Slot) -> Vec3:
    """Axis of the hinge in a slot: a column of the capsule's geom frame, rounded.

    The geom frame is MuJoCo's for a capsule given by its ends: the shortest rotation that
    takes the z axis to the direction from ``end`` to ``start``.
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
    """Where the hinges of a limb lie: one radius behind its origin; all in its frame (m)."""
    return to_grid(direction, scale=-radius)


def resized(record: Limb, *, radius: float, height_m: float, direction: Sequence[float]) -> Limb:
    """A limb of another radius and height, in the same direction.

    Its origin stays. Hinges whose axis was that of the geom frame follow the frame, as
    rounding turns it a little; any other axis is left as it is.

    Args:
        record: the limb as it was.
        radius: (m).
        height_m: (m).
        direction: its direction in its own frame.
    """
    end = add(record.start, to_grid(direction, scale=radius + height_m))
    joints = []
    for joint in record.joints:
        old_axis = joint_axis(record.start, record.end, joint.slot)
        follows = is_close(joint.axis, old_axis, tolerance=2 * 10.0**-AXIS_DECIMALS)
        axis = joint_axis(record.start, end, joint.slot) if follows else joint.axis
        pos = joint.pos if radius == record.radius else anchor(radius, direction)
        joints.append(replace(joint, axis=axis, pos=pos))
    return replace(record, end=end, radius=radius, joints=tuple(joints))


# --- sites -------------------------------------------------------------------------------


def sites(graph: nx.DiGraph[str]) -> list[Site]:
    """All growth sites of a body: the torso's center, each limb's middle and end."""
    found = [Site(root(graph), "center")]
    for name in node_names(graph)[1:]:
        found += [Site(name, "middle"), Site(name, "end")]
    return found


def site_position(
    record: Node, place: Place, *, direction: Sequence[float], space: Space = UNIMAL
) -> Vec3:
    """Where a growth site lies in the frame of its body (m).

    Args:
        record: the body that the site lies on.
        place: which of its sites.
        direction: direction of that body in its own frame; a torso ignores it.
        space: the design space.

    Raises:
        ValueError: a torso has only a center, a limb only a middle and an end.
    """
    if isinstance(record, Torso):
        if place == "center":
            return (0.0, 0.0, 0.0)
        raise ValueError(f"a torso has a site at its center only, got {place!r}")
    if place == "end":
        return record.end
    if place == "middle":
        half = record.radius + height(record, space=space) / 2
        return add(record.start, to_grid(direction, scale=half))
    raise ValueError(f"a limb has sites at its middle and its end, got {place!r}")


def limb_origin(
    graph: nx.DiGraph[str], pose: Pose, site: Site, direction: np.ndarray, *, space: Space = UNIMAL
) -> Vec3:
    """Where the frame of a limb that grows at ``site`` lies in its parent's frame (m).

    Args:
        graph: a body.
        pose: its rest pose; limbs added since then do not matter.
        site: where the limb grows.
        direction: its direction in the torso frame, shape (3,).
        space: the design space.
    """
    record = node(graph, site.parent)
    along = pose.in_frame_of(site.parent, pose.direction(site.parent))
    spot = site_position(record, site.place, direction=along, space=space)
    return add(spot, to_grid(pose.in_frame_of(site.parent, direction), scale=record.radius))


def attachment(
    graph: nx.DiGraph[str], pose: Pose, name: str, *, space: Space = UNIMAL
) -> Site | None:
    """The growth site that a limb is attached to; None where it is at no site."""
    above = parent(graph, name)
    if above is None:
        return None
    places: tuple[Place, ...] = ("middle", "end")
    if isinstance(node(graph, above), Torso):
        places = ("center",)
    found = [Site(above, place) for place in places]
    pos, direction = node(graph, name).pos, pose.direction(name)
    gaps = [math.dist(pos, limb_origin(graph, pose, s, direction, space=space)) for s in found]
    best = gaps.index(min(gaps))
    return found[best] if gaps[best] < SNAP else None


def in_mirror_plane(direction: np.ndarray) -> bool:
    """Whether a direction of the torso frame, shape (3,), lies in the mirror plane."""
    return bool(abs(direction[1]) < 1e-9)


def runs_inside(pose: Pose, site: Site, direction: np.ndarray) -> bool:
    """Whether a limb growing at ``site`` would lie along its parent's axis, within it.

    So it does from a limb's middle in either direction and from its end backwards. DERL
    refuses the first of the three; no robot of Unimal-100 has any.
    """
    if site.place == "center":
        return False
    cosine = float(direction @ pose.direction(site.parent))
    return cosine < -1 + 1e-9 or (site.place == "middle" and cosine > 1 - 1e-9)


# --- the whole body ----------------------------------------------------------------------


def rest_height(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> float:
    """Height of the torso's center that leaves the space's clearance below the body (m).

    The lowest point is that of the torso's bottom and of the limbs' tips, one radius
    beyond the ends of their axes; as in DERL the undersides of level limbs do not count.

    Args:
        graph: a body.
        space: the design space.
        pose: the body's rest pose, if it is at hand already.
    """
    pose = pose or Pose.of(graph, space=space)
    up = rotation(torso(graph).quat)[2]
    lowest = -pose.frames.radius[0]
    for row, name in enumerate(pose.frames.names[1:], start=1):
        record = limb(graph, name)
        reach = 2 * record.radius + height(record, space=space)
        tip = pose.frames.start[row] + to_grid(pose.directions[row].tolist(), scale=reach)
        lowest = min(lowest, up @ tip)
    return round(float(space.clearance - lowest), VECTOR_DECIMALS)


def at_rest_height(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> nx.DiGraph[str]:
    """A copy of a body whose torso is at its rest height; arguments as :func:`rest_height`."""
    record = torso(graph)
    x, y, _ = record.pos
    pos = (x, y, rest_height(graph, space=space, pose=pose))
    return with_nodes(graph, [(root(graph), replace(record, pos=pos))])
