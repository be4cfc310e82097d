"""The checks of the invariants: one function for each, with messages for people.

A check is a function of a graph and a :class:`~morph_ops.space.Space` that works alone. All
but :func:`check_tree` expect a tree. The own nodes of a robot from elsewhere are as they are: only
the limbs that were grown on it are checked. The table of all checks is in
:mod:`morph_ops.validity.invariants`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

import networkx as nx

from morph_ops.errors import BodyError
from morph_ops.geometry import TOLERANCE, center_of_mass, mass, twins
from morph_ops.graph import grown_limbs, limb, own_nodes, parent, torso
from morph_ops.grid import is_close
from morph_ops.space import AXIS_DECIMALS, UNIMAL, Space
from morph_ops.unimal import SNAP_DIRECTION, Pose, anchor, attachment, height, joint_axis
from morph_ops.validity.contacts import touching
from morph_ops.validity.wellformed import require_well_formed

__all__ = [
    "Check",
    "Violation",
    "check_balance",
    "check_limit",
    "check_overlap",
    "check_ranges",
    "check_symmetry",
    "check_tree",
]

BALANCE_TOLERANCE = 1e-9
"""Largest distance of the center of mass from the mirror plane (m), and largest difference
between the masses of twins (kg)."""


@dataclass(frozen=True)
class Violation:
    """One way in which a body breaks an invariant.

    Attributes:
        check: Name of the check.
        where: Names of the nodes concerned; empty for the whole body.
        what: The quantity concerned, in a few words; it identifies the violation together
            with ``check`` and ``where``.
        message: One line for people: where, what, expected, got.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> body = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.2, density=800.0))
        >>> check_ranges(body)[0].message
        'torso/0: expected one of 0.1 as radius, got 0.2'
    """

    check: str
    where: tuple[str, ...]
    what: str
    message: str


class Check(Protocol):
    """A check of one invariant: a body in, its violations out."""

    def __call__(
        self, graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
    ) -> list[Violation]:
        """The violations of a body.

        Args:
            graph: A body.
            space: The design space.
            pose: Rest pose of the body; None computes it.
        """
        ...


def check_tree(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """The graph is a body: one torso at the root, and usable limbs, names, and numbers.

    Examples:
        >>> [found.message for found in check_tree(nx.DiGraph())]
        ['a body has one root, this graph has 0: none']
    """
    del space, pose
    try:
        require_well_formed(graph)
    except BodyError as error:
        return [Violation("tree", (), "tree", str(error))]
    return []


def check_limit(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """The body has no more limbs than the space allows.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> small = Space(max_limbs=2, start_limbs=(1, 2))
        >>> [found.message for found in check_limit(body, space=small)]
        ['expected at most 2 limbs, this body has 3']
    """
    del pose
    count = len(grown_limbs(graph))
    if count <= space.max_limbs:
        return []
    message = f"expected at most {space.max_limbs} limbs, this body has {count}"
    return [Violation("limit", (), "limit", message)]


def check_symmetry(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """Every limb is its own mirror image, or has a twin with the same mass and hinges.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> lopsided = body.copy()
        >>> lopsided.remove_node("limb/2")
        >>> [found.message for found in check_symmetry(lopsided)]
        ['limb/1: no limb is its mirror image in the xz plane']
    """
    pose = pose or Pose.of(graph, space=space)
    image = twins(graph, frames=pose.frames)
    found: list[Violation] = []
    own = own_nodes(graph)
    for name in pose.frames.names[1:]:
        if name in own:
            continue
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
            message = (
                f"{pair}: expected the same mass for twins, got {mass(one):g} and {mass(two):g} kg"
            )
            found.append(Violation("symmetry", (name, other), "mass", message))
        hinges = [[(j.slot, j.range_deg, j.gear) for j in each.joints] for each in (one, two)]
        if hinges[0] != hinges[1]:
            message = f"{pair}: expected the same hinges for twins, got {hinges[0]} and {hinges[1]}"
            found.append(Violation("symmetry", (name, other), "joints", message))
    return found


def check_balance(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """The center of mass lies in the mirror plane.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> check_balance(body)
        []
    """
    pose = pose or Pose.of(graph, space=space)
    offset = float(center_of_mass(graph, frames=pose.frames)[1])
    if abs(offset) <= BALANCE_TOLERANCE:
        return []
    message = f"expected the center of mass in the mirror plane, got y = {offset:.3g} m"
    return [Violation("balance", (), "balance", message)]


def check_overlap(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """No nodes intersect by more than a micrometer, except parents and twins on one parent.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> check_overlap(body)
        []
    """
    pose = pose or Pose.of(graph, space=space)
    deep = touching(graph, deeper_than=TOLERANCE, frames=pose.frames)
    image = twins(graph, frames=pose.frames) if deep else {}
    own = own_nodes(graph)
    found: list[Violation] = []
    for (a, b), overlap in deep:
        if own.issuperset((a, b)):
            continue
        if image.get(a) == b and parent(graph, a) == parent(graph, b):
            continue
        message = f"{a} and {b} intersect by {overlap * 1000:.3g} mm in the rest pose"
        found.append(Violation("overlap", (a, b), "overlap", message))
    return found


def check_ranges(
    graph: nx.DiGraph[str], *, space: Space = UNIMAL, pose: Pose | None = None
) -> list[Violation]:
    """Every value of the body is one of the space's.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> small = Space(limb_densities=(1.0,))
        >>> {found.what for found in check_ranges(body, space=small)}
        {'density'}
    """
    pose = pose or Pose.of(graph, space=space)
    names = pose.frames.names
    own, top = own_nodes(graph), torso(graph)
    found: list[Violation] = []
    if names[0] not in own:
        found += _one_of(names[0], "radius", top.radius, space.torso_radii)
        found += _one_of(names[0], "density", top.density, space.torso_densities)
    if len({limb(graph, name).density for name in grown_limbs(graph)}) > 1:
        message = "expected one density for all limbs, here they differ"
        found.append(Violation("ranges", (), "limb density", message))
    gaps = ((pose.directions[:, None] - space.directions) ** 2).sum(axis=-1).min(axis=1)
    for name, gap in zip(names[1:], gaps[1:].tolist(), strict=True):
        if name in own:
            continue
        if gap > SNAP_DIRECTION**2:
            message = f"{name}: its direction is none of the space's"
            found.append(Violation("ranges", (name,), "direction", message))
        if attachment(graph, pose, name, space=space) is None:
            message = f"{name}: it is at no growth site of {parent(graph, name)}"
            found.append(Violation("ranges", (name,), "site", message))
        found += _limb_ranges(graph, pose, name, space)
    return found


def _limb_ranges(
    graph: nx.DiGraph[str], pose: Pose, name: str, space: Space
) -> Iterator[Violation]:
    """The values of a limb and its hinges that are not in the space."""
    node = limb(graph, name)
    yield from _one_of(name, "radius", node.radius, space.limb_radii)
    yield from _one_of(name, "height", height(node, space=space), space.limb_heights)
    yield from _one_of(name, "density", node.density, space.limb_densities)
    expected_anchor = anchor(node.radius, pose.in_frame_of(name, pose.direction(name)))
    for joint in node.joints:
        yield from _one_of(name, f"range of {joint.name}", joint.range_deg, space.ranges_deg)
        yield from _one_of(name, f"gear of {joint.name}", joint.gear, space.gears)
        axis = joint_axis(node.start, node.end, joint.slot)
        for what, got, expected, tolerance in (
            ("axis", joint.axis, axis, 2 * 10.0**-AXIS_DECIMALS),
            ("anchor", joint.pos, expected_anchor, TOLERANCE),
        ):
            if not is_close(got, expected, tolerance=tolerance):
                message = f"{name}: expected {expected} as {what} of {joint.name}, got {got}"
                yield Violation("ranges", (name,), f"{what} of {joint.name}", message)


def _one_of(name: str, what: str, got: object, choices: Collection[object]) -> Iterator[Violation]:
    if got not in choices:
        listed = ", ".join(map(str, choices))
        message = f"{name}: expected one of {listed} as {what}, got {got}"
        yield Violation("ranges", (name,), what, message)
