"""The height at which a body rests above the floor."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx

from morph_ops.geometry import rotation
from morph_ops.graph import Physics, limb, physics, root, torso, with_nodes
from morph_ops.grid import to_grid
from morph_ops.space import UNIMAL, VECTOR_DECIMALS, Space
from morph_ops.unimal.dimensions import height
from morph_ops.unimal.pose import Pose

__all__ = ["at_rest_height", "rest_height"]


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

    Examples:
        >>> from morph_ops.graph import Torso, new_body
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

    A robot from elsewhere rests on the ground, on the lowest of its own points and of the limbs
    that were grown on it.

    Args:
        graph: A body; it stays untouched.
        space: The design space.
        pose: Rest pose of the body; None computes it.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> high = new_body(Torso(pos=(0.0, 0.0, 9.0), radius=0.1, density=800.0))
        >>> torso(at_rest_height(high)).pos
        (0.0, 0.0, 0.3)
    """
    old = torso(graph)
    x, y, _ = old.pos
    pos = (x, y, rest_height(graph, space=space, pose=pose))
    own = physics(graph)
    if own is not None:
        pos = (x, y, _own_height(own, pose or Pose.of(graph, space=space)))
    return with_nodes(graph, [(root(graph), replace(old, pos=pos))])


def _own_height(own: Physics, pose: Pose) -> float:
    """Height of the torso's zero pose at which nothing lies below the ground (m)."""
    frames = pose.frames
    grown = [row for row, name in enumerate(frames.names) if name not in own.nodes]
    lowest = [
        min(float(frames.start[row, 2]), float(frames.end[row, 2])) - float(frames.radius[row])
        for row in grown
    ]
    # Frames are in the world or in the torso's frame: what counts is the depth below the torso.
    depth = max((float(frames.pos[0, 2]) - low for low in lowest), default=0.0)
    return max(own.height - own.rise, depth)
