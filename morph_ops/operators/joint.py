"""Change the hinges of limbs: which there are, their ranges, their motors' gears.

Each operator changes one limb with its twin, or all limbs, with equal chance. Twins get
the same values. What it changes takes a value other than before, so a child differs from
its parent.
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
    NewHinge,
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
    """A body in which one limb pair, or every one, has other hinges: x, y, or both.

    A hinge that stays keeps its values; a new one gets a random range and gear.

    Keeps every invariant of :data:`morph_ops.validity.invariants.CHECKS` that the parent keeps.
    Recomputes contact excludes and rest height; all other values stay number for number.

    Args:
        graph: a body; stays untouched.
        rng: the only source of chance; it is advanced.
        space: the design space.

    Raises:
        OperatorError: the body has no limbs.
        OperatorError: no valid child in 50 tries.
    """
    pose = Pose.of(graph, space=space)

    def change(group: tuple[str, ...]) -> list[tuple[str, Limb]]:
        now: tuple[Slot, ...] = tuple(joint.slot for joint in limb(graph, group[0]).joints)
        slots = draw_other(rng, space.joint_slots, now)
        hinges = draw_hinges(rng, slots, space=space)
        return [(name, _with_slots(graph, pose, name, hinges)) for name in group]

    return _change_some("dof", graph, rng, change, space)


def _with_slots(graph: nx.DiGraph[str], pose: Pose, name: str, hinges: list[NewHinge]) -> Limb:
    """The limb with a hinge for each of ``hinges``, its own where it has one already."""
    record = limb(graph, name)
    direction = pose.in_frame_of(name, pose.direction(name))
    kept = {joint.slot: joint for joint in record.joints}
    joints = (
        kept.get(hinge[0]) or new_joint(record, hinge, name=name, direction=direction)
        for hinge in hinges
    )
    return replace(record, joints=tuple(joints))


def joint_angle(
    graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A body in which the hinges of one limb pair, or all hinges, have other ranges.

    Keeps every invariant of :data:`morph_ops.validity.invariants.CHECKS` that the parent keeps.
    Recomputes contact excludes and rest height; all other values stay number for number.

    Args:
        graph: a body; stays untouched.
        rng: the only source of chance; it is advanced.
        space: the design space.

    Raises:
        OperatorError: the body has no limbs.
        OperatorError: no valid child in 50 tries.
    """

    def redraw(joint: Joint) -> Joint:
        return replace(joint, range_deg=draw_other(rng, space.ranges_deg, joint.range_deg))

    return _redraw_joints("joint_angle", graph, rng, redraw, space)


def gear(
    graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A body in which the motors of one limb pair, or all motors, have other gears.

    Keeps every invariant of :data:`morph_ops.validity.invariants.CHECKS` that the parent keeps.
    Recomputes contact excludes and rest height; all other values stay number for number.

    Args:
        graph: a body; stays untouched.
        rng: the only source of chance; it is advanced.
        space: the design space.

    Raises:
        OperatorError: the body has no limbs.
        OperatorError: no valid child in 50 tries.
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
    """Redraws the joints of one group of limbs or of all; twins copy range and gear."""

    def change(group: tuple[str, ...]) -> list[tuple[str, Limb]]:
        first = limb(graph, group[0])
        drawn = {joint.slot: redraw(joint) for joint in first.joints}
        changed = []
        for limb_name in group:
            record = limb(graph, limb_name)
            joints = (
                replace(joint, range_deg=drawn[joint.slot].range_deg, gear=drawn[joint.slot].gear)
                if joint.slot in drawn
                else joint
                for joint in record.joints
            )
            changed.append((limb_name, replace(record, joints=tuple(joints))))
        return changed

    return _change_some(name, graph, rng, change, space)


def _change_some(
    name: str,
    graph: nx.DiGraph[str],
    rng: np.random.Generator,
    change: Callable[[tuple[str, ...]], list[tuple[str, Limb]]],
    space: Space,
) -> nx.DiGraph[str]:
    """Applies ``change`` to one group of limbs or, with equal chance, to every group."""
    groups = limb_groups(graph)
    if not groups:
        raise OperatorError(f"{name}: the body has no limbs")

    def propose() -> nx.DiGraph[str]:
        chosen = groups if rng.integers(2) else [draw(rng, groups)]
        return with_nodes(graph, [pair for group in chosen for pair in change(group)])

    return first_valid(name, graph, propose, space=space)
