"""Changes of hinges: their number, their ranges, and the gears of their motors.

Each operator changes either one limb with its twin or all limbs, with equal probability.
Twins get the same values. A changed value always differs from the old one, so that a child
differs from its parent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import networkx as nx
import numpy as np

from morph_ops.errors import OperatorError
from morph_ops.geometry import limb_groups
from morph_ops.graph import Joint, Limb, Slot, limb, with_nodes
from morph_ops.operators.common import (
    HingeDraw,
    draw,
    draw_hinges,
    draw_other,
    first_valid,
    new_joint,
)
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import Pose


def dof(
    graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A child in which one limb pair, or every one, has other hinges: x, y, or both.

    A hinge that stays keeps its values. A new hinge gets a random range and gear.

    The child keeps every invariant of :data:`morph_ops.validity.CHECKS` that the parent keeps.
    Contact excludes and rest height are recomputed; all other values keep every digit.

    Args:
        graph: A body; it stays untouched.
        rng: The only source of randomness; its state advances.
        space: The design space.

    Raises:
        OperatorError: The body has no limbs.
        OperatorError: No valid child was found in 50 attempts.

    Examples:
        >>> from morph_ops.graph import joints
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(1)
        >>> body = sample_body(rng)
        >>> slots = [[joint.slot for _, joint in joints(each)] for each in (body, dof(body, rng))]
        >>> slots[0] == slots[1]
        False
    """
    pose = Pose.of(graph, space=space)

    def change(group: tuple[str, ...]) -> list[tuple[str, Limb]]:
        now: tuple[Slot, ...] = tuple(joint.slot for joint in limb(graph, group[0]).joints)
        slots = draw_other(rng, space.joint_slots, now)
        hinges = draw_hinges(rng, slots, space=space)
        return [(name, with_slots(graph, pose, name, hinges)) for name in group]

    return _change_some("dof", graph, rng, change, space)


def with_slots(graph: nx.DiGraph[str], pose: Pose, name: str, hinges: list[HingeDraw]) -> Limb:
    """The record of a limb with other hinges; those that it has already keep their values.

    Args:
        graph: A body.
        pose: Rest pose of the body.
        name: Name of the limb.
        hinges: One for each slot that the limb shall have, x before y.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> hinges = [HingeDraw("x", (0.0, 30.0), 150.0)]
        >>> [joint.slot for joint in with_slots(body, Pose.of(body), "limb/1", hinges).joints]
        ['x']
    """
    old = limb(graph, name)
    direction = pose.in_frame_of(name, pose.direction(name))
    kept = {joint.slot: joint for joint in old.joints}
    joints = (
        kept.get(hinge.slot) or new_joint(old, hinge, name=name, direction=direction)
        for hinge in hinges
    )
    return replace(old, joints=tuple(joints))


def joint_angle(
    graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A child in which the hinges of one limb pair, or all hinges, have other ranges.

    The child keeps every invariant of :data:`morph_ops.validity.CHECKS` that the parent keeps.
    Contact excludes and rest height are recomputed; all other values keep every digit.

    Args:
        graph: A body; it stays untouched.
        rng: The only source of randomness; its state advances.
        space: The design space.

    Raises:
        OperatorError: The body has no limbs.
        OperatorError: No valid child was found in 50 attempts.

    Examples:
        >>> from morph_ops.graph import joints
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(1)
        >>> child = joint_angle(sample_body(rng), rng)
        >>> all(joint.range_deg in UNIMAL.ranges_deg for _, joint in joints(child))
        True
    """

    def redraw(joint: Joint) -> Joint:
        return replace(joint, range_deg=draw_other(rng, space.ranges_deg, joint.range_deg))

    return _redraw_joints("joint_angle", graph, rng, redraw, space)


def gear(
    graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A child in which the motors of one limb pair, or all motors, have other gears.

    The child keeps every invariant of :data:`morph_ops.validity.CHECKS` that the parent keeps.
    Contact excludes and rest height are recomputed; all other values keep every digit.

    Args:
        graph: A body; it stays untouched.
        rng: The only source of randomness; its state advances.
        space: The design space.

    Raises:
        OperatorError: The body has no limbs.
        OperatorError: No valid child was found in 50 attempts.

    Examples:
        >>> from morph_ops.graph import joints
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(1)
        >>> child = gear(sample_body(rng), rng)
        >>> all(joint.gear in UNIMAL.gears for _, joint in joints(child))
        True
    """

    def redraw(joint: Joint) -> Joint:
        return replace(joint, gear=draw_other(rng, space.gears, joint.gear))

    return _redraw_joints("gear", graph, rng, redraw, space)


def _redraw_joints(
    name: str,
    graph: nx.DiGraph[str],
    rng: np.random.Generator,
    redraw: Callable[[Joint], Joint],
    space: Space,
) -> nx.DiGraph[str]:
    """Redraw the joints of one group of limbs or of all; twins get the same range and gear."""

    def change(group: tuple[str, ...]) -> list[tuple[str, Limb]]:
        first = limb(graph, group[0])
        drawn = {joint.slot: redraw(joint) for joint in first.joints}
        changed: list[tuple[str, Limb]] = []
        for limb_name in group:
            old = limb(graph, limb_name)
            joints = (
                replace(joint, range_deg=drawn[joint.slot].range_deg, gear=drawn[joint.slot].gear)
                if joint.slot in drawn
                else joint
                for joint in old.joints
            )
            changed.append((limb_name, replace(old, joints=tuple(joints))))
        return changed

    return _change_some(name, graph, rng, change, space)


def _change_some(
    name: str,
    graph: nx.DiGraph[str],
    rng: np.random.Generator,
    change: Callable[[tuple[str, ...]], list[tuple[str, Limb]]],
    space: Space,
) -> nx.DiGraph[str]:
    """Apply ``change`` either to one group of limbs or to every group, equally likely."""
    groups = limb_groups(graph)
    if not groups:
        raise OperatorError(f"{name}: the body has no limbs")

    def propose() -> nx.DiGraph[str]:
        chosen = groups if rng.integers(2) else [draw(rng, groups)]
        return with_nodes(graph, [pair for group in chosen for pair in change(group)])

    return first_valid(name, graph, propose, space=space)
