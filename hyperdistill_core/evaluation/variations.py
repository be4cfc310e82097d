"""Variations of a robot: the same body with other lengths, angles, weights or motors.

MetaMorph (Gupta 2022) tests a controller on robots that it knows, changed in one respect:
in dynamics (armature, density, damping, gear) or in kinematics (limbs, joint angles). The
variations here are of that kind; the ranges are ours. Every limb, or hinge, draws a value of
its own, uniformly or (armature, damping) uniformly in the logarithm; twins share theirs.

============ ========== ============================================================
variation    kind       changes
============ ========== ============================================================
limb-length  kinematics length of a limb's axis x 0.8 .. 1.2, to the centimetre
limb-angle   kinematics direction of a limb by up to 15 deg, to the centimetre at its tip
joint-range  kinematics both limits of a hinge x 0.8 .. 1.2, 180 deg at most
mass         dynamics   mass of a limb, or of the torso, x 0.5 .. 1.5
armature     dynamics   armature of a hinge x 0.5 .. 2
damping      dynamics   damping of a hinge x 0.5 .. 2
gear         dynamics   gear of a motor x 0.7 .. 1.3
============ ========== ============================================================

A variation is pure: graph and generator in, new graph out. It leaves the UNIMAL grid, so
:func:`morph_ops.validity.invariants.check_ranges` objects to it; every other invariant that the robot
keeps, its variation keeps. Where limbs move, contact excludes and rest height are made anew;
where none does, both stay number for number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.errors import OperatorError
from morph_ops.geometry import MIRROR, TOLERANCE, limb_groups, rest_frames
from morph_ops.graph import Joint, Limb, Node, Vec3, limb, limbs, node, parent, root, with_nodes
from morph_ops.grid import add, is_close
from morph_ops.operators.common import ATTEMPTS
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import (
    Pose,
    anchor,
    at_rest_height,
    attachment,
    height,
    in_mirror_plane,
    limb_origin,
    resized,
)
from morph_ops.validity.contacts import exclude_touching
from morph_ops.validity.invariants import new_violations

Kind: TypeAlias = Literal["kinematics", "dynamics"]

LENGTH = (0.8, 1.2)
ANGLE_DEG = 15.0
JOINT_RANGE = (0.8, 1.2)
WIDEST_DEG = 180.0
MASS = (0.5, 1.5)
ARMATURE = (0.5, 2.0)
DAMPING = (0.5, 2.0)
GEAR = (0.7, 1.3)

_UP, _SIDEWAYS = 2, np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Variation:
    """A way to vary a robot.

    Attributes:
        kind: what it varies, movements or forces.
        vary: a body and a generator in, a new body out, the input untouched.
    """

    kind: Kind
    vary: Callable[[nx.DiGraph[str], np.random.Generator], nx.DiGraph[str]]


# --- kinematics --------------------------------------------------------------------------


def limb_length(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose limbs have other lengths; what hangs on a limb moves with its site.

    Raises:
        OperatorError: no valid variation in 50 attempts.
    """
    pose = Pose.of(graph)

    def propose() -> nx.DiGraph[str]:
        factors = _per_limb(graph, lambda: rng.uniform(*LENGTH))
        return _reshaped(graph, pose, directions=pose.directions, factors=factors)

    return _first_sane("limb-length", graph, propose, moves=True)


def limb_angle(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose limbs point in other directions, twins in mirrored ones.

    A limb in the mirror plane stays in it, and none that points level or down turns up.

    Raises:
        OperatorError: no valid variation in 50 attempts.
    """
    pose = Pose.of(graph)
    lengths = dict.fromkeys(limbs(graph), 1.0)

    def propose() -> nx.DiGraph[str]:
        directions = pose.directions.copy()
        for first, *twin in limb_groups(graph):
            bound = not twin and in_mirror_plane(pose.direction(first))
            turned = _turned(pose.direction(first), rng, bound=bound)
            directions[pose.row(first)] = turned
            for name in twin:
                directions[pose.row(name)] = MIRROR * turned
        return _reshaped(graph, pose, directions=directions, factors=lengths)

    return _first_sane("limb-angle", graph, propose, moves=True)


def joint_range(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose hinges turn more or less far.

    Raises:
        OperatorError: no valid variation in 50 attempts.
    """

    def change(joint: Joint, factor: float) -> Joint:
        low, high = (
            _tidy(min(max(end * factor, -WIDEST_DEG), WIDEST_DEG)) for end in joint.range_deg
        )
        return replace(joint, range_deg=(low, high))

    return _vary_hinges("joint-range", graph, lambda: rng.uniform(*JOINT_RANGE), change)


# --- dynamics ----------------------------------------------------------------------------


def mass(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose torso and limbs have other masses at the same sizes.

    Raises:
        OperatorError: no valid variation in 50 attempts.
    """

    def propose() -> nx.DiGraph[str]:
        factors = _per_limb(graph, lambda: rng.uniform(*MASS))
        factors[root(graph)] = rng.uniform(*MASS)
        return with_nodes(
            graph, [(name, _heavier(node(graph, name), by)) for name, by in factors.items()]
        )

    return _first_sane("mass", graph, propose, moves=False)


def armature(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose hinges have other rotor inertias.

    Raises:
        OperatorError: no valid variation in 50 attempts; no hinge has an armature, say.
    """
    return _scale_hinges("armature", graph, lambda: _log_uniform(rng, *ARMATURE))


def damping(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose hinges have other dampings.

    Raises:
        OperatorError: no valid variation in 50 attempts; no hinge has a damping, say.
    """
    return _scale_hinges("damping", graph, lambda: _log_uniform(rng, *DAMPING))


def gear(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose motors are stronger or weaker.

    Raises:
        OperatorError: no valid variation in 50 attempts.
    """
    return _scale_hinges("gear", graph, lambda: rng.uniform(*GEAR))


VARIATIONS: dict[str, Variation] = {
    "limb-length": Variation("kinematics", limb_length),
    "limb-angle": Variation("kinematics", limb_angle),
    "joint-range": Variation("kinematics", joint_range),
    "mass": Variation("dynamics", mass),
    "armature": Variation("dynamics", armature),
    "damping": Variation("dynamics", damping),
    "gear": Variation("dynamics", gear),
}
"""The variations, by name."""


# --- what they share ---------------------------------------------------------------------


def _first_sane(
    name: str, before: nx.DiGraph[str], propose: Callable[[], nx.DiGraph[str]], *, moves: bool
) -> nx.DiGraph[str]:
    """The first proposal that differs and breaks no new invariant but for the ranges.

    Args:
        name: of the variation, for the message.
        before: the robot.
        propose: draws a variation of it.
        moves: limbs move, so that excludes and rest height are to be made anew.
    """
    reason = "no draw fitted"
    for _ in range(ATTEMPTS):
        child = propose()
        if all(node(child, each) == node(before, each) for each in child):
            reason = "there is nothing to vary"
            continue
        pose = _exact_pose(child)
        if moves:
            child = exclude_touching(child, frames=pose.frames)
            child = at_rest_height(child, space=_exact_space(child), pose=pose)
        found = new_violations(before, child, pose=pose)
        broken = [violation for violation in found if violation.check != "ranges"]
        if not broken:
            return child
        reason = broken[0].message
    raise OperatorError(
        f"{name}: no valid variation in {ATTEMPTS} attempts; the last reason: {reason}"
    )


def _per_limb(graph: nx.DiGraph[str], draw: Callable[[], float]) -> dict[str, float]:
    """A drawn number for every limb, the same for twins."""
    drawn = {}
    for group in limb_groups(graph):
        drawn |= dict.fromkeys(group, draw())
    return drawn


def _vary_hinges(
    name: str,
    graph: nx.DiGraph[str],
    draw: Callable[[], float],
    change: Callable[[Joint, float], Joint],
) -> nx.DiGraph[str]:
    """Every hinge changed by a factor of its own; hinges of twins in one slot share it."""

    def propose() -> nx.DiGraph[str]:
        changed: list[tuple[str, Node]] = []
        for group in limb_groups(graph):
            slots = sorted({joint.slot for each in group for joint in limb(graph, each).joints})
            factors = {slot: draw() for slot in slots}
            for each in group:
                record = limb(graph, each)
                joints = tuple(change(joint, factors[joint.slot]) for joint in record.joints)
                changed.append((each, replace(record, joints=joints)))
        return with_nodes(graph, changed)

    return _first_sane(name, graph, propose, moves=False)


def _scale_hinges(field: str, graph: nx.DiGraph[str], draw: Callable[[], float]) -> nx.DiGraph[str]:
    """A field of every hinge multiplied by a factor; the variation is called like the field."""

    def change(joint: Joint, factor: float) -> Joint:
        return replace(joint, **{field: _tidy(getattr(joint, field) * factor)})

    return _vary_hinges(field, graph, draw, change)


def _heavier(record: Node, factor: float) -> Node:
    if record.mass is not None:
        return replace(record, mass=_tidy(record.mass * factor))
    if record.density is None:
        return record
    return replace(record, density=_tidy(record.density * factor))


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _tidy(value: float) -> float:
    """Six significant digits: files stay readable, and no small value turns zero."""
    return float(f"{value:.6g}")


# --- shapes ------------------------------------------------------------------------------


def _turned(
    direction: NDArray[np.float64], rng: np.random.Generator, *, bound: bool
) -> NDArray[np.float64]:
    """A direction turned by up to :data:`ANGLE_DEG`.

    Args:
        direction: (3,) unit vector in the torso frame.
        rng: the only source of chance.
        bound: it is to stay in the mirror plane.

    Returns:
        (3,)
    """
    across = np.cross(_SIDEWAYS, direction)
    if not bound:
        across = np.cross(rng.normal(size=3), direction)
    across /= np.linalg.norm(across)
    angle = math.radians(rng.uniform(-ANGLE_DEG, ANGLE_DEG))
    if direction[_UP] <= 0.0 < math.cos(angle) * direction[_UP] + math.sin(angle) * across[_UP]:
        angle = -angle
    return math.cos(angle) * direction + math.sin(angle) * across


def _reshaped(
    graph: nx.DiGraph[str],
    pose: Pose,
    *,
    directions: NDArray[np.float64],
    factors: dict[str, float],
) -> nx.DiGraph[str]:
    """A body whose limbs have other directions and lengths, each at its old site.

    Args:
        graph: a body.
        pose: its rest pose.
        directions: (n, 3) new directions in the torso frame, in the order of the pose.
        factors: of the length of each limb's axis.
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
            # Depth first: the parent has its new shape already.
            pos = limb_origin(child, after, site, direction, space=_exact_space(child))
        child = with_nodes(child, [(name, replace(new, pos=pos))])
    return child


def _anchored(record: Limb, *, before: Vec3, after: Vec3) -> Limb:
    """A limb whose hinges lie behind its new direction, where they lay behind the old one."""
    old, new = anchor(record.radius, before), anchor(record.radius, after)
    joints = (
        replace(joint, pos=new) if is_close(joint.pos, old, tolerance=TOLERANCE) else joint
        for joint in record.joints
    )
    return replace(record, joints=tuple(joints))


def _share_of_change(graph: nx.DiGraph[str], child: nx.DiGraph[str], name: str) -> Vec3:
    """How far a limb at no growth site moves as its parent changes: by its share of the way."""
    above = parent(graph, name)
    old, new = (node(each, above or name) for each in (graph, child))
    if not (isinstance(old, Limb) and isinstance(new, Limb)):
        return (0.0, 0.0, 0.0)
    axis = np.subtract(old.end, old.start)
    along = np.subtract(limb(graph, name).pos, old.start)
    share = np.clip((along @ axis) / (axis @ axis), 0.0, 1.0)
    return add((share * (np.subtract(new.end, new.start) - axis)).tolist())


def _exact_pose(graph: nx.DiGraph[str]) -> Pose:
    """The rest pose with directions as they are, not as the grid has them."""
    frames = rest_frames(graph, in_torso=True)
    axes = frames.end - frames.start
    lengths = np.linalg.norm(axes, axis=1, keepdims=True)
    return Pose(frames, axes / np.where(lengths > 0, lengths, 1.0))


def _exact_space(graph: nx.DiGraph[str]) -> Space:
    """The UNIMAL space with the heights that the limbs of this body have."""
    records = [limb(graph, name) for name in limbs(graph)]
    heights = {math.dist(record.start, record.end) - record.radius for record in records}
    return replace(UNIMAL, limb_heights=tuple(sorted(heights)))
