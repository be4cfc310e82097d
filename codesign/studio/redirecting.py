"""Limbs that point elsewhere: a body and a direction in, a new body out."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from codesign.errors import UsageError
from codesign.studio.editing import finished, free_group
from morph_ops.geometry import MIRROR
from morph_ops.graph import Joint, Limb, children, limb, node, parent, root, with_nodes
from morph_ops.grid import add, is_close, subtract, to_grid
from morph_ops.space import AXIS_DECIMALS, UNIMAL, Space
from morph_ops.unimal import (
    Pose,
    anchor,
    attachment,
    axis_share,
    height,
    in_mirror_plane,
    joint_axis,
    limb_origin,
    site_position,
)

__all__ = ["redirect"]


def redirect(
    graph: nx.DiGraph[str],
    name: str,
    direction: NDArray[np.float64],
    *,
    mirrored: bool = True,
    space: Space = UNIMAL,
) -> nx.DiGraph[str]:
    """A copy of a body in which a limb points elsewhere; what hangs on it keeps its directions.

    Args:
        graph: A body.
        name: Name of the limb.
        direction: Unit vector in the torso frame, shape (3,);
            :func:`codesign.studio.facts.direction_of` makes one of angles.
        mirrored: Whether its mirror image turns, too.
        space: The design space.

    Raises:
        UsageError: The limb came with a robot's file, would lie on its mirror image or inside what
            it hangs on, or the body would be no body.

    Examples:
        >>> from codesign.studio.facts import direction_of, facts
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> turned = redirect(body, "limb/1", direction_of(45.0, 45.0))
        >>> facts(turned, "limb/1").azimuth, facts(turned, "limb/2").azimuth
        (45.0, 315.0)
    """
    names = free_group(graph, name, mirrored=mirrored)
    _check_direction(graph, name, names, direction, mirrored=mirrored)
    pose, child = Pose.of(graph, space=space), graph
    for each in names:
        towards = direction if each == name else direction * MIRROR
        _check_inside(graph, pose, each, towards)
        child = _redirected(child, pose, each, towards, space)
    return finished(graph, child, space=space)


def _check_direction(
    graph: nx.DiGraph[str],
    name: str,
    names: tuple[str, ...],
    direction: NDArray[np.float64],
    *,
    mirrored: bool,
) -> None:
    """Refuse a direction in which a limb loses its mirror image, or lies on it."""
    in_plane = in_mirror_plane(direction)
    if len(names) == 2 and in_plane and parent(graph, names[0]) == parent(graph, names[1]):
        raise UsageError(
            f"{names[0]} and its mirror image {names[1]} would lie in one place: choose a "
            "direction to the left or right, or switch mirroring off"
        )
    middle = len(names) == 1 and mirrored and abs(Pose.exact(graph).direction(name)[1]) < 1e-9
    if middle and not in_plane:
        raise UsageError(
            f"{name} lies in the middle of the body: choose forward (0 deg) or backward "
            "(180 deg), or switch mirroring off"
        )


def _check_inside(
    graph: nx.DiGraph[str], pose: Pose, name: str, direction: NDArray[np.float64]
) -> None:
    """Refuse a direction in which a limb and its neighbors lie inside each other."""
    above = parent(graph, name) or root(graph)
    if above != root(graph) and float(direction @ pose.direction(above)) < -1 + 1e-6:
        raise UsageError(f"{name} would lie inside {above}: choose another direction")
    for child in children(graph, name):
        if float(direction @ pose.direction(child)) < -1 + 1e-6:
            raise UsageError(f"{child} would lie inside {name}: turn {child} first")


def _redirected(
    graph: nx.DiGraph[str],
    pose: Pose,
    name: str,
    direction: NDArray[np.float64],
    space: Space,
) -> nx.DiGraph[str]:
    """A copy in which one limb points elsewhere, and its children follow their sites.

    ``pose`` may be the rest pose before the mirror image turned.
    """
    old, above = limb(graph, name), parent(graph, name) or root(graph)
    ours = pose.in_frame_of(name, direction)
    site = attachment(graph, pose, name, space=space)
    if site is not None:
        pos = limb_origin(graph, pose, site, direction, space=space)
    else:
        radius = node(graph, above).radius
        before = to_grid(pose.in_frame_of(above, pose.direction(name)), scale=radius)
        after = to_grid(pose.in_frame_of(above, direction), scale=radius)
        pos = add(subtract(old.pos, before), after)
    length = old.radius + height(old, space=space)
    end = add(old.start, to_grid(ours, scale=length))
    new = replace(old, pos=pos, end=end)
    joints = tuple(_turned(joint, old, new, ours) for joint in old.joints)
    new = replace(new, joints=joints)
    changed: list[tuple[str, Limb]] = [(name, new)]
    for child_name in children(graph, name):
        child = limb(graph, child_name)
        offset = to_grid(pose.in_frame_of(name, pose.direction(child_name)), scale=old.radius)
        place = attachment(graph, pose, child_name, space=space)
        if place is not None:
            there = add(site_position(new, place.place, direction=ours, space=space), offset)
        else:
            along = axis_share(old, child.pos) * np.subtract(new.end, old.end)
            there = add(child.pos, along.tolist())
        changed.append((child_name, replace(child, pos=there)))
    return with_nodes(graph, changed)


def _turned(joint: Joint, old: Limb, new: Limb, direction: tuple[float, float, float]) -> Joint:
    """A hinge after its limb turned; an axis that is not the grid's stays."""
    usual = joint_axis(old.start, old.end, joint.slot)
    follows = is_close(joint.axis, usual, tolerance=2 * 10.0**-AXIS_DECIMALS)
    axis = joint_axis(new.start, new.end, joint.slot) if follows else joint.axis
    return replace(joint, axis=axis, pos=anchor(old.radius, direction))
