"""Limbs in terms of the UNIMAL space: direction, height, growth site, and hinge axes.

A graph stores physical values. The functions here find the grid values that physical values
stand for, and compute physical values from grid values. Between the two lies the rounding to
1 cm: a direction or a height counts as the nearest one of the space if that is near, and
stays as it is otherwise, as in many imported robots.

The *direction* of a limb is a unit vector in the torso frame, from the start to the end of
its capsule. All lengths are in meters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.geometry import Frames, rest_frames, rotation
from morph_ops.graph import (
    Joint,
    Limb,
    Node,
    Slot,
    Torso,
    Vec3,
    limb,
    limbs,
    node,
    parent,
    root,
    torso,
    with_nodes,
)
from morph_ops.grid import add, is_close, to_grid
from morph_ops.space import AXIS_DECIMALS, UNIMAL, VECTOR_DECIMALS, Space

__all__ = [
    "SNAP",
    "SNAP_DIRECTION",
    "Place",
    "Pose",
    "Site",
    "anchor",
    "at_rest_height",
    "attachment",
    "height",
    "in_mirror_plane",
    "joint_axis",
    "limb_origin",
    "resized",
    "rest_height",
    "runs_inside",
    "site_position",
    "sites",
]

Place: TypeAlias = Literal["center", "middle", "end"]
"""The places where a limb can grow: the center of a torso, the middle or the end of a limb."""

SNAP = 0.02
"""Largest distance between a value and the grid value that it stands for (m). It is twice the
largest effect of rounding to 1 cm, and far below the 10 cm between sites and heights."""

SNAP_DIRECTION = 0.08
"""The same for unit vectors: rounding moves the end of a 25 cm limb by up to 9 mm."""


@dataclass(frozen=True)
class Site:
    """A place on a node where a limb can grow.

    Attributes:
        parent: Name of the node that the site lies on.
        place: The place on that node.

    Example:
        >>> Site("limb/0", "end").place
        'end'
    """

    parent: str
    place: Place


@dataclass(frozen=True)
class Pose:
    """The rest pose of a body in the torso frame, in terms of a space.

    Attributes:
        frames: Frames of the n nodes in the torso frame.
        directions: (n, 3) directions of the limbs, on the space's grid if near; the row of
            the torso is zero.

    Example:
        >>> from morph_ops.sampling import sample_body
        >>> pose = Pose.of(sample_body(np.random.default_rng(1)))
        >>> pose.directions.shape == (len(pose.frames), 3)
        True
    """

    frames: Frames
    directions: NDArray[np.float64]

    @classmethod
    def of(cls, graph: nx.DiGraph[str], *, space: Space = UNIMAL) -> Pose:
        """The rest pose of a body.

        Args:
            graph: A body.
            space: The design space.
        """
        frames = rest_frames(graph, in_torso=True)
        axes = frames.end - frames.start
        lengths = np.sqrt((axes**2).sum(axis=1, keepdims=True))
        units = axes / np.where(lengths > 0, lengths, 1.0)
        gaps = ((units[:, None] - space.directions) ** 2).sum(axis=-1)
        nearest = gaps.argmin(axis=1)
        near = gaps.min(axis=1) < SNAP_DIRECTION**2
        return cls(frames, np.where(near[:, None], space.directions[nearest], units))

    def row(self, name: str) -> int:
        """Row of a node in the arrays."""
        return self.frames.names.index(name)

    def direction(self, name: str) -> NDArray[np.float64]:
        """Direction of a limb in the torso frame, shape (3,)."""
        return self.directions[self.row(name)]

    def in_frame_of(self, name: str, vector: NDArray[np.float64]) -> Vec3:
        """A vector of the torso frame, shape (3,), expressed in the frame of a node."""
        x, y, z = (vector @ self.frames.rot[self.row(name)]).tolist()
        return (x, y, z)


# --- one limb ----------------------------------------------------------------------------


def height(limb: Limb, *, space: Space = UNIMAL) -> float:
    """Height of a limb (m): the length of its axis without one radius, on the grid if near.

    Example:
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

    Example:
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

    Example:
        >>> anchor(0.05, (0.0, 0.0, -1.0))
        (0.0, 0.0, 0.05)
    """
    return to_grid(direction, scale=-radius)


def resized(limb: Limb, *, radius: float, height_m: float, direction: Sequence[float]) -> Limb:
    """A limb with another radius and height, in the same direction.

    The origin stays. A hinge whose axis was that of the geom frame follows the frame, which
    rounding turns a little; any other axis stays.

    Args:
        limb: The old limb.
        radius: The new radius (m).
        height_m: The new height (m).
        direction: Direction of the limb in its own frame.

    Example:
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


# --- sites -------------------------------------------------------------------------------


def sites(graph: nx.DiGraph[str]) -> list[Site]:
    """All growth sites of a body: the torso's center, each limb's middle and end.

    Example:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> [(site.parent, site.place) for site in sites(body)][:3]
        [('torso/0', 'center'), ('limb/0', 'middle'), ('limb/0', 'end')]
    """
    found = [Site(root(graph), "center")]
    for name in limbs(graph):
        found += [Site(name, "middle"), Site(name, "end")]
    return found


def site_position(
    node: Node, place: Place, *, direction: Sequence[float], space: Space = UNIMAL
) -> Vec3:
    """Position of a growth site in the frame of its node (m).

    Args:
        node: The node that the site lies on.
        place: The place on that node.
        direction: Direction of the node in its own frame; it has no effect for a torso.
        space: The design space.

    Raises:
        ValueError: The place is none of the node's: a torso has its center, and a limb has
            its middle and its end.

    Example:
        >>> leg = Limb(pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.25), radius=0.05)
        >>> site_position(leg, "middle", direction=(0.0, 0.0, -1.0))
        (0.0, 0.0, -0.15)
    """
    if isinstance(node, Torso):
        if place == "center":
            return (0.0, 0.0, 0.0)
        raise ValueError(f"a torso has a site at its center only, got {place!r}")
    if place == "end":
        return node.end
    if place == "middle":
        half = node.radius + height(node, space=space) / 2
        return add(node.start, to_grid(direction, scale=half))
    raise ValueError(f"a limb has sites at its middle and its end, got {place!r}")


def limb_origin(
    graph: nx.DiGraph[str],
    pose: Pose,
    site: Site,
    direction: NDArray[np.float64],
    *,
    space: Space = UNIMAL,
) -> Vec3:
    """Origin of a limb that grows at a site, in the frame of its parent (m).

    Args:
        graph: A body.
        pose: Rest pose of the body; limbs that were added since may be missing.
        site: The site where the limb grows.
        direction: Direction of the limb in the torso frame, shape (3,).
        space: The design space.

    Example:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> limb_origin(body, Pose.of(body), Site("torso/0", "center"), np.array([0.0, 0.0, -1.0]))
        (0.0, 0.0, -0.1)
    """
    above = node(graph, site.parent)
    along = pose.in_frame_of(site.parent, pose.direction(site.parent))
    position = site_position(above, site.place, direction=along, space=space)
    offset = to_grid(pose.in_frame_of(site.parent, direction), scale=above.radius)
    return add(position, offset)


def attachment(
    graph: nx.DiGraph[str], pose: Pose, name: str, *, space: Space = UNIMAL
) -> Site | None:
    """The growth site that a limb is attached to.

    Args:
        graph: A body.
        pose: Rest pose of the body.
        name: Name of the limb.
        space: The design space.

    Returns:
        The site, or None if the limb is at no site (and for the torso).

    Example:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> attachment(body, Pose.of(body), "limb/0")
        Site(parent='torso/0', place='center')
    """
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


def in_mirror_plane(direction: NDArray[np.float64]) -> bool:
    """Whether a direction of the torso frame, shape (3,), lies in the mirror plane.

    Example:
        >>> in_mirror_plane(np.array([0.0, 0.0, -1.0])), in_mirror_plane(np.array([0.0, 1.0, 0.0]))
        (True, False)
    """
    return bool(abs(direction[1]) < 1e-9)


def runs_inside(pose: Pose, site: Site, direction: NDArray[np.float64]) -> bool:
    """Whether a limb that grows at a site would lie inside its parent, along its axis.

    This is so for a limb that grows from a limb's middle in either direction, or from its end
    backwards. DERL refuses the first of these three; no robot of Unimal-100 has any.

    Args:
        pose: Rest pose of the body.
        site: The site where the limb grows.
        direction: Direction of the limb in the torso frame, shape (3,).

    Example:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> pose = Pose.of(body)
        >>> runs_inside(pose, Site("limb/0", "end"), -pose.direction("limb/0"))
        True
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

    The lowest point is the torso's bottom or the tip of a limb, one radius beyond the end of
    its axis. As in DERL, the undersides of level limbs do not count.

    Args:
        graph: A body.
        space: The design space.
        pose: Rest pose of the body; None computes it.

    Example:
        >>> from morph_ops.graph import new_body
        >>> rest_height(new_body(Torso(pos=(0.0, 0.0, 9.0), radius=0.1, density=800.0)))
        0.3
    """
    pose = pose or Pose.of(graph, space=space)
    up = rotation(torso(graph).quat)[2]
    lowest = -pose.frames.radius[0]
    for row, name in enumerate(pose.frames.names[1:], start=1):
        each = limb(graph, name)
        reach = 2 * each.radius + height(each, space=space)
        tip = pose.frames.start[row] + to_grid(pose.directions[row].tolist(), scale=reach)
        lowest = min(lowest, up @ tip)
    return round(float(space.clearance - lowest), VECTOR_DECIMALS)


def at_rest_height(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> nx.DiGraph[str]:
    """A copy of a body whose torso is at its rest height.

    Args:
        graph: A body; it stays untouched.
        space: The design space.
        pose: Rest pose of the body; None computes it.

    Example:
        >>> from morph_ops.graph import new_body
        >>> high = new_body(Torso(pos=(0.0, 0.0, 9.0), radius=0.1, density=800.0))
        >>> torso(at_rest_height(high)).pos
        (0.0, 0.0, 0.3)
    """
    old = torso(graph)
    x, y, _ = old.pos
    pos = (x, y, rest_height(graph, space=space, pose=pose))
    return with_nodes(graph, [(root(graph), replace(old, pos=pos))])
