"""Variations of a robot: the same body with other lengths, angles, masses or motors.

MetaMorph (Gupta 2022) tests a controller on the training robots, changed in one respect: in
dynamics (armature, density, damping, gear) or in kinematics (limbs, joint angles). These variations
are of the same kinds with ranges of our own. Every limb or hinge draws its own value; the two limbs
of a mirrored pair share it. Armature and damping are log-uniform, all other values uniform.

    ============ ========== ============================================================
    variation    kind       change
    ============ ========== ============================================================
    limb-length  kinematics length of a limb's axis x 0.8 .. 1.2, rounded to 1 cm
    limb-angle   kinematics direction of a limb by up to 15 deg, rounded to 1 cm at its tip
    joint-range  kinematics both limits of a hinge x 0.8 .. 1.2, at most 180 deg
    mass         dynamics   mass of the torso and of each limb x 0.5 .. 1.5
    armature     dynamics   armature of a hinge x 0.5 .. 2
    damping      dynamics   damping of a hinge x 0.5 .. 2
    gear         dynamics   gear of a motor x 0.7 .. 1.3
    ============ ========== ============================================================

A variation is pure: it takes a graph and a generator and returns a new graph. The result leaves
the UNIMAL grid, so :func:`morph_ops.validity.checks.check_ranges` reports it. Every other
invariant of the robot is kept. Variations that move limbs recompute the contact excludes and the
rest height; the others leave both unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from hyperdistill_core.evaluation.limb_shapes import exact_space, reshaped, turned
from morph_ops._registry import Registry
from morph_ops.errors import OperatorError
from morph_ops.geometry import MIRROR, limb_groups
from morph_ops.graph import Joint, Node, limb, limbs, node, root, with_nodes
from morph_ops.operators.common import ATTEMPTS
from morph_ops.unimal import Pose, at_rest_height, in_mirror_plane
from morph_ops.validity.contacts import exclude_touching
from morph_ops.validity.invariants import new_violations

if TYPE_CHECKING:
    import networkx as nx

Kind: TypeAlias = Literal["kinematics", "dynamics"]

#: Ranges of the factors, and the largest limit of a hinge (deg).
LENGTH = (0.8, 1.2)
JOINT_RANGE = (0.8, 1.2)
WIDEST_DEG = 180.0
MASS = (0.5, 1.5)
ARMATURE = (0.5, 2.0)
DAMPING = (0.5, 2.0)
GEAR = (0.7, 1.3)


@dataclass(frozen=True)
class Variation:
    """A way to vary a robot.

    Attributes:
        kind: Whether it changes kinematics or dynamics.
        vary: Function of a body and a generator that returns a new body.

    Examples:
        >>> VARIATIONS["gear"].kind, VARIATIONS["limb-angle"].kind
        ('dynamics', 'kinematics')
    """

    kind: Kind
    vary: Callable[[nx.DiGraph[str], np.random.Generator], nx.DiGraph[str]]


# --- kinematics --------------------------------------------------------------------------


def limb_length(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose limbs have other lengths. Their children move with the growth sites.

    Args:
        graph: The body.
        rng: Generator of the factors.

    Raises:
        OperatorError: None of 50 attempts is valid.

    Examples:
        >>> from morph_ops.identity import is_same
        >>> from morph_ops.sampling import sample_body
        >>> robot = sample_body(np.random.default_rng(0))
        >>> varied = limb_length(robot, np.random.default_rng(1))
        >>> is_same(varied, robot), list(varied) == list(robot)
        (False, True)
    """
    pose = Pose.of(graph)

    def propose() -> nx.DiGraph[str]:
        factors = _per_limb(graph, lambda: rng.uniform(*LENGTH))
        return reshaped(graph, pose, directions=pose.directions, factors=factors)

    return _first_valid("limb-length", graph, propose, moves=True)


def limb_angle(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose limbs point in other directions, mirrored limbs in mirrored ones.

    A limb in the mirror plane stays in it, and a level or downward limb does not turn upward.

    Args:
        graph: The body.
        rng: Generator of the directions.

    Raises:
        OperatorError: None of 50 attempts is valid.

    Examples:
        >>> from morph_ops.identity import is_same
        >>> from morph_ops.sampling import sample_body
        >>> robot = sample_body(np.random.default_rng(0))
        >>> varied = limb_angle(robot, np.random.default_rng(1))
        >>> is_same(varied, robot), list(varied) == list(robot)
        (False, True)
    """
    pose = Pose.of(graph)
    lengths = dict.fromkeys(limbs(graph), 1.0)

    def propose() -> nx.DiGraph[str]:
        directions = pose.directions.copy()
        for first, *twin in limb_groups(graph):
            bound = not twin and in_mirror_plane(pose.direction(first))
            new = turned(pose.direction(first), rng, bound=bound)
            directions[pose.row(first)] = new
            for name in twin:
                directions[pose.row(name)] = MIRROR * new
        return reshaped(graph, pose, directions=directions, factors=lengths)

    return _first_valid("limb-angle", graph, propose, moves=True)


def joint_range(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose hinges have wider or narrower ranges.

    Args:
        graph: The body.
        rng: Generator of the factors.

    Raises:
        OperatorError: None of 50 attempts is valid.

    Examples:
        >>> from morph_ops.graph import joints
        >>> from morph_ops.sampling import sample_body
        >>> robot = sample_body(np.random.default_rng(0))
        >>> varied = joint_range(robot, np.random.default_rng(1))
        >>> (_, before), (_, after) = next(joints(robot)), next(joints(varied))
        >>> after.range_deg == before.range_deg, after.gear == before.gear
        (False, True)
    """

    def change(joint: Joint, factor: float) -> Joint:
        low, high = (
            _rounded(min(max(end * factor, -WIDEST_DEG), WIDEST_DEG)) for end in joint.range_deg
        )
        return replace(joint, range_deg=(low, high))

    return _vary_hinges("joint-range", graph, lambda: rng.uniform(*JOINT_RANGE), change)


# --- dynamics ----------------------------------------------------------------------------


def mass(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose torso and limbs have other masses at the same sizes.

    Args:
        graph: The body.
        rng: Generator of the factors.

    Raises:
        OperatorError: None of 50 attempts is valid.

    Examples:
        >>> from morph_ops.geometry import total_mass
        >>> from morph_ops.sampling import sample_body
        >>> robot = sample_body(np.random.default_rng(0))
        >>> varied = mass(robot, np.random.default_rng(1))
        >>> 0.5 <= total_mass(varied) / total_mass(robot) <= 1.5
        True
    """

    def propose() -> nx.DiGraph[str]:
        factors = _per_limb(graph, lambda: rng.uniform(*MASS))
        factors[root(graph)] = rng.uniform(*MASS)
        return with_nodes(
            graph, [(name, _scaled_mass(node(graph, name), by)) for name, by in factors.items()]
        )

    return _first_valid("mass", graph, propose, moves=False)


def armature(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose hinges have other rotor inertias.

    Args:
        graph: The body.
        rng: Generator of the factors.

    Raises:
        OperatorError: None of 50 attempts is valid, for example because no hinge has an armature.

    Examples:
        >>> from morph_ops.graph import joints
        >>> from morph_ops.sampling import sample_body
        >>> robot = sample_body(np.random.default_rng(0))
        >>> varied = armature(robot, np.random.default_rng(1))
        >>> (_, before), (_, after) = next(joints(robot)), next(joints(varied))
        >>> 0.5 <= after.armature / before.armature <= 2.0
        True
    """
    return _scale_hinges("armature", graph, lambda: _log_uniform(rng, *ARMATURE))


def damping(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose hinges have other dampings.

    Args:
        graph: The body.
        rng: Generator of the factors.

    Raises:
        OperatorError: None of 50 attempts is valid, for example because no hinge has a damping.

    Examples:
        >>> from morph_ops.graph import joints
        >>> from morph_ops.sampling import sample_body
        >>> robot = sample_body(np.random.default_rng(0))
        >>> varied = damping(robot, np.random.default_rng(1))
        >>> (_, before), (_, after) = next(joints(robot)), next(joints(varied))
        >>> 0.5 <= after.damping / before.damping <= 2.0
        True
    """
    return _scale_hinges("damping", graph, lambda: _log_uniform(rng, *DAMPING))


def gear(graph: nx.DiGraph[str], rng: np.random.Generator) -> nx.DiGraph[str]:
    """A body whose motors are stronger or weaker.

    Args:
        graph: The body.
        rng: Generator of the factors.

    Raises:
        OperatorError: None of 50 attempts is valid.

    Examples:
        >>> from morph_ops.graph import joints
        >>> from morph_ops.sampling import sample_body
        >>> robot = sample_body(np.random.default_rng(0))
        >>> varied = gear(robot, np.random.default_rng(1))
        >>> (_, before), (_, after) = next(joints(robot)), next(joints(varied))
        >>> 0.7 <= after.gear / before.gear <= 1.3
        True
    """
    return _scale_hinges("gear", graph, lambda: rng.uniform(*GEAR))


#: All variations by name.
VARIATIONS: Registry[Variation] = Registry(
    "variation",
    {
        "limb-length": Variation("kinematics", limb_length),
        "limb-angle": Variation("kinematics", limb_angle),
        "joint-range": Variation("kinematics", joint_range),
        "mass": Variation("dynamics", mass),
        "armature": Variation("dynamics", armature),
        "damping": Variation("dynamics", damping),
        "gear": Variation("dynamics", gear),
    },
)


# --- shared steps ------------------------------------------------------------------------


def _first_valid(
    name: str, before: nx.DiGraph[str], propose: Callable[[], nx.DiGraph[str]], *, moves: bool
) -> nx.DiGraph[str]:
    """The first proposal that differs and breaks no new invariant apart from the ranges.

    Args:
        name: Name of the variation, for the message.
        before: The robot.
        propose: Function that draws a proposal.
        moves: Whether limbs move, so that contact excludes and rest height are recomputed.
    """
    reason = "no proposal fitted"
    for _ in range(ATTEMPTS):
        child = propose()
        if all(node(child, each) == node(before, each) for each in child):
            reason = "there is nothing to vary"
            continue
        pose = Pose.exact(child)
        if moves:
            child = exclude_touching(child, frames=pose.frames)
            child = at_rest_height(child, space=exact_space(child), pose=pose)
        found = new_violations(before, child, pose=pose)
        broken = [violation for violation in found if violation.check != "ranges"]
        if not broken:
            return child
        reason = broken[0].message
    raise OperatorError(
        f"{name}: no valid variation in {ATTEMPTS} attempts; the last reason: {reason}"
    )


def _per_limb(graph: nx.DiGraph[str], draw: Callable[[], float]) -> dict[str, float]:
    """A drawn number for every limb; the limbs of a mirrored pair share theirs."""
    drawn: dict[str, float] = {}
    for group in limb_groups(graph):
        drawn |= dict.fromkeys(group, draw())
    return drawn


def _vary_hinges(
    name: str,
    graph: nx.DiGraph[str],
    draw: Callable[[], float],
    change: Callable[[Joint, float], Joint],
) -> nx.DiGraph[str]:
    """Change every hinge by its own factor; mirrored hinges share their factor."""

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

    return _first_valid(name, graph, propose, moves=False)


def _scale_hinges(field: str, graph: nx.DiGraph[str], draw: Callable[[], float]) -> nx.DiGraph[str]:
    """Multiply a field of every hinge. The variation has the name of the field."""

    def change(joint: Joint, factor: float) -> Joint:
        return replace(joint, **{field: _rounded(getattr(joint, field) * factor)})

    return _vary_hinges(field, graph, draw, change)


def _scaled_mass(record: Node, factor: float) -> Node:
    if record.mass is not None:
        return replace(record, mass=_rounded(record.mass * factor))
    if record.density is None:
        return record
    return replace(record, density=_rounded(record.density * factor))


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _rounded(value: float) -> float:
    """Round to six significant digits: files stay readable, and no small value becomes zero."""
    return float(f"{value:.6g}")
