"""What makes a body valid: named checks, each with messages for people.

======== ==========================================================================
check    what holds
======== ==========================================================================
tree     one torso at the root, limbs with one or two hinges below it, usable names and
         numbers (:func:`morph_ops.validity.wellformed.require_well_formed`)
limit    at most ``space.max_limbs`` limbs
symmetry every limb is its own mirror image or has a twin, of the same mass, with the
         same joint slots, ranges and gears
balance  the center of mass lies in the mirror plane
overlap  no two bodies intersect in the rest pose, but for a limb and its parent and for
         twins on one parent
ranges   every value is one of the space's: radii, heights, densities (one for all
         limbs), directions, sites, hinge anchors, axes and ranges, gears
======== ==========================================================================

A check is a function of a graph and a :class:`~morph_ops.space.Space`; each may be called
alone. All but ``tree`` expect a tree. All 134 robots of Unimal-100 that the project was
developed with pass all of them.

Example:
    >>> import numpy as np
    >>> from morph_ops.sampling import sample_body
    >>> violations(sample_body(np.random.default_rng(0)))
    []
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

import networkx as nx

from morph_ops.errors import BodyError
from morph_ops.geometry import TOLERANCE, center_of_mass, mass, twins
from morph_ops.graph import limb, parent, torso
from morph_ops.grid import is_close
from morph_ops.space import AXIS_DECIMALS, UNIMAL, Space
from morph_ops.unimal import SNAP_DIRECTION, Pose, anchor, attachment, height, joint_axis
from morph_ops.validity.contacts import touching
from morph_ops.validity.wellformed import require_well_formed

BALANCE_TOLERANCE = 1e-9
"""Farthest that the center of mass may lie from the mirror plane (m)."""


@dataclass(frozen=True)
class Violation:
    """One way in which a body breaks an invariant.

    Attributes:
        check: name of the check.
        where: the bodies that it is about; empty for the whole body.
        what: what is wrong with them, a few words that tell it from other violations.
        message: one line for people: what, where, expected, got.
    """

    check: str
    where: tuple[str, ...]
    what: str
    message: str


class Check(Protocol):
    """A named check: what a body breaks of one invariant."""

    def __call__(
        self, graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
    ) -> list[Violation]:
        """Returns the violations; ``pose`` is the body's, if it is at hand already."""
        ...


def check_tree(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """One torso at the root, limbs with one or two hinges below it, usable names and numbers."""
    del space, pose
    try:
        require_well_formed(graph)
    except BodyError as error:
        return [Violation("tree", (), "tree", str(error))]
    return []


def check_limit(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """No more limbs than the space allows."""
    del pose
    count = len(graph) - 1
    if count <= space.max_limbs:
        return []
    message = f"at most {space.max_limbs} limbs, this body has {count}"
    return [Violation("limit", (), "limit", message)]


def check_symmetry(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """Every limb mirrors itself or has a twin alike in mass, slots, ranges and gears."""
    pose = pose or Pose.of(graph, space=space)
    image = twins(graph, frames=pose.frames)
    found = []
    for name in pose.frames.names[1:]:
        if name not in image:
            message = f"{name}: no limb is its mirror image in the xz plane"
            found.append(Violation("symmetry", (name,), "twin", message))
            continue
        other = image[name]
        if name >= other:
            continue
        one, two = limb(graph, name), limb(graph, other)
        pair = f"{name} and {other}"
        if abs(mass(one) - mass(two)) > BALANCE_TOLERANCE:
            message = f"{pair}: twins weigh the same, got {mass(one):g} and {mass(two):g} kg"
            found.append(Violation("symmetry", (name, other), "mass", message))
        drives = [[(j.slot, j.range_deg, j.gear) for j in record.joints] for record in (one, two)]
        if drives[0] != drives[1]:
            message = f"{pair}: twins have the same hinges, got {drives[0]} and {drives[1]}"
            found.append(Violation("symmetry", (name, other), "joints", message))
    return found


def check_balance(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """The center of mass lies in the mirror plane."""
    pose = pose or Pose.of(graph, space=space)
    offset = float(center_of_mass(graph, frames=pose.frames)[1])
    if abs(offset) <= BALANCE_TOLERANCE:
        return []
    message = f"the center of mass lies in the mirror plane, got y = {offset:.3g} m"
    return [Violation("balance", (), "balance", message)]


def check_overlap(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """No bodies intersect by more than a micrometer, parents and twins on a parent apart."""
    pose = pose or Pose.of(graph, space=space)
    deep = touching(graph, deeper_than=TOLERANCE, frames=pose.frames)
    image = twins(graph, frames=pose.frames) if deep else {}
    found = []
    for (a, b), overlap in deep:
        if image.get(a) == b and parent(graph, a) == parent(graph, b):
            continue
        message = f"{a} and {b} intersect by {overlap * 1000:.3g} mm in the rest pose"
        found.append(Violation("overlap", (a, b), "overlap", message))
    return found


def check_ranges(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """Every value is one of the space's."""
    pose = pose or Pose.of(graph, space=space)
    names = pose.frames.names
    head = torso(graph)
    found = [
        *_one_of(names[0], "radius", head.radius, space.torso_radii),
        *_one_of(names[0], "density", head.density, space.torso_densities),
    ]
    if len({limb(graph, name).density for name in names[1:]}) > 1:
        message = "all limbs have the same density in the space, here they differ"
        found.append(Violation("ranges", (), "limb density", message))
    gaps = ((pose.directions[:, None] - space.directions) ** 2).sum(axis=-1).min(axis=1)
    for name, gap in zip(names[1:], gaps[1:].tolist(), strict=True):
        if gap > SNAP_DIRECTION**2:
            message = f"{name}: points in no direction of the space"
            found.append(Violation("ranges", (name,), "direction", message))
        if attachment(graph, pose, name, space=space) is None:
            message = f"{name}: hangs at no growth site of {parent(graph, name)}"
            found.append(Violation("ranges", (name,), "site", message))
        found += _limb_ranges(graph, pose, name, space)
    return found


def _limb_ranges(
    graph: nx.DiGraph[str], pose: Pose, name: str, space: Space
) -> Iterator[Violation]:
    """What of a limb and its hinges is not of the space."""
    record = limb(graph, name)
    yield from _one_of(name, "radius", record.radius, space.limb_radii)
    yield from _one_of(name, "height", height(record, space=space), space.limb_heights)
    yield from _one_of(name, "density", record.density, space.limb_densities)
    spot = anchor(record.radius, pose.in_frame_of(name, pose.direction(name)))
    for joint in record.joints:
        yield from _one_of(name, f"range of {joint.name}", joint.range_deg, space.ranges_deg)
        yield from _one_of(name, f"gear of {joint.name}", joint.gear, space.gears)
        axis = joint_axis(record.start, record.end, joint.slot)
        for what, got, expected, tolerance in (
            ("axis", joint.axis, axis, 2 * 10.0**-AXIS_DECIMALS),
            ("anchor", joint.pos, spot, TOLERANCE),
        ):
            if not is_close(got, expected, tolerance=tolerance):
                message = f"{name}: {what} of {joint.name} should be {expected}, got {got}"
                yield Violation("ranges", (name,), f"{what} of {joint.name}", message)


def _one_of(name: str, what: str, got: object, choices: Collection[object]) -> Iterator[Violation]:
    if got not in choices:
        listed = ", ".join(map(str, choices))
        message = f"{name}: {what} should be one of {listed}; got {got}"
        yield Violation("ranges", (name,), what, message)


CHECKS: dict[str, Check] = {
    "tree": check_tree,
    "limit": check_limit,
    "symmetry": check_symmetry,
    "balance": check_balance,
    "overlap": check_overlap,
    "ranges": check_ranges,
}
"""The invariants of the space, by name."""


def find_violations(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """Every way in which a body breaks an invariant; of a graph that is no tree only that.

    Args:
        graph: a body.
        space: the design space.
        pose: the body's rest pose, if it is at hand already.
    """
    broken = check_tree(graph)
    if broken:
        return broken
    pose = pose or Pose.of(graph, space=space)
    others = (check for name, check in CHECKS.items() if name != "tree")
    return [violation for check in others for violation in check(graph, space=space, pose=pose)]


def violations(graph: nx.DiGraph[str], *, space: Space = UNIMAL) -> list[str]:
    """One message for each way in which a body breaks an invariant; none if it is valid."""
    return [f"{found.check}: {found.message}" for found in find_violations(graph, space=space)]


def is_valid(graph: nx.DiGraph[str], *, space: Space = UNIMAL) -> bool:
    """Whether a body keeps every invariant."""
    return not find_violations(graph, space=space)


def new_violations(
    before: nx.DiGraph[str],
    after: nx.DiGraph[str],
    *,
    space: Space = UNIMAL,
    pose: Pose | None = None,
) -> list[Violation]:
    """Invariants that ``after`` breaks in a way in which ``before`` does not.

    Args:
        before: the parent; what it lacks already may stay.
        after: the child.
        space: the design space.
        pose: the child's rest pose, if it is at hand already.
    """
    broken = find_violations(after, space=space, pose=pose)
    if not broken:
        return []
    known = {(v.check, v.where, v.what) for v in find_violations(before, space=space)}
    return [v for v in broken if (v.check, v.where, v.what) not in known]
