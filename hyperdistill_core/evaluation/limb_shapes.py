"""Geometry of the variations that change the directions and lengths of limbs."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from morph_ops.geometry import TOLERANCE
from morph_ops.graph import Limb, Vec3, limb, limbs, node, parent, with_nodes
from morph_ops.grid import add, is_close
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import Pose, anchor, attachment, axis_share, height, limb_origin, resized

if TYPE_CHECKING:
    import networkx as nx

#: Largest angle by which a limb's direction turns (deg).
ANGLE_DEG = 15.0

_UP, _SIDEWAYS = 2, np.array([0.0, 1.0, 0.0])


def turned(
    direction: NDArray[np.float64], rng: np.random.Generator, *, bound: bool
) -> NDArray[np.float64]:
    """A direction turned by a random angle of at most :data:`ANGLE_DEG`.

    A level or downward direction does not turn upward.

    Args:
        direction: (3,) unit vector in the torso frame.
        rng: Generator of the angle and, outside the mirror plane, of the axis.
        bound: Whether the direction stays in the mirror plane.

    Returns:
        (3,) unit vector in the torso frame.
    """
    across = np.cross(_SIDEWAYS, direction)
    if not bound:
        across = np.cross(rng.normal(size=3), direction)
    across /= np.linalg.norm(across)
    angle = math.radians(rng.uniform(-ANGLE_DEG, ANGLE_DEG))
    if direction[_UP] <= 0.0 < math.cos(angle) * direction[_UP] + math.sin(angle) * across[_UP]:
        angle = -angle
    return math.cos(angle) * direction + math.sin(angle) * across


def reshaped(
    graph: nx.DiGraph[str],
    pose: Pose,
    *,
    directions: NDArray[np.float64],
    factors: dict[str, float],
) -> nx.DiGraph[str]:
    """A body whose limbs have other directions and lengths, each at its old growth site.

    Args:
        graph: The body.
        pose: Rest pose of the body.
        directions: (n, 3) new directions in the torso frame, in the order of the pose.
        factors: Factor on the length of each limb's axis, by name.
    """
    after = Pose(pose.frames, directions)
    child = graph
    for name in limbs(graph):
        record, direction = limb(graph, name), after.direction(name)
        local = after.in_frame_of(name, direction)
        length = factors[name] * (record.radius + height(record))
        new = resized(
            record, radius=record.radius, height_m=length - record.radius, direction=local
        )
        new = _anchored(new, before=pose.in_frame_of(name, pose.direction(name)), after=local)
        site = attachment(graph, pose, name)
        if site is None:
            pos = add(record.pos, _share_of_change(graph, child, name))
        else:
            # Limbs come depth first, so the parent already has its new shape.
            pos = limb_origin(child, after, site, direction, space=exact_space(child))
        child = with_nodes(child, [(name, replace(new, pos=pos))])
    return child


def _anchored(record: Limb, *, before: Vec3, after: Vec3) -> Limb:
    """A limb whose hinges lie behind the new direction if they lay behind the old one."""
    old, new = anchor(record.radius, before), anchor(record.radius, after)
    joints = (
        replace(joint, pos=new) if is_close(joint.pos, old, tolerance=TOLERANCE) else joint
        for joint in record.joints
    )
    return replace(record, joints=tuple(joints))


def _share_of_change(graph: nx.DiGraph[str], child: nx.DiGraph[str], name: str) -> Vec3:
    """Displacement of a limb that is at no growth site, in proportion along its parent's axis."""
    above = parent(graph, name)
    old, new = (node(each, above or name) for each in (graph, child))
    if not (isinstance(old, Limb) and isinstance(new, Limb)):
        return (0.0, 0.0, 0.0)
    growth = np.subtract(new.end, new.start) - np.subtract(old.end, old.start)
    return add((axis_share(old, limb(graph, name).pos) * growth).tolist())


def exact_space(graph: nx.DiGraph[str]) -> Space:
    """The UNIMAL space with the limb heights of this body instead of the grid's."""
    records = [limb(graph, name) for name in limbs(graph)]
    heights = {math.dist(record.start, record.end) - record.radius for record in records}
    return replace(UNIMAL, limb_heights=tuple(sorted(heights)))
