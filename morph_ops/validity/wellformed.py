"""Well-formed bodies: what every body must satisfy, imported ones too, before it is used.

The rules of the UNIMAL space are stricter; they are in :mod:`morph_ops.validity.invariants`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, cast

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops._messages import shown
from morph_ops.errors import BodyError
from morph_ops.graph import SLOTS, Joint, Limb, Torso

__all__ = ["DEEPEST", "LARGEST", "ROOT_JOINT", "require_well_formed"]

LARGEST = 1e10
"""Largest magnitude of any number: beyond it, MuJoCo reports a simulation as unstable."""

DEEPEST = 200
"""Largest number of limbs in a row from the torso to a tip. Files and canonical forms nest as
deeply as bodies do, and parsers limit the depth."""

ROOT_JOINT = "root"
"""Name of the torso's free joint; no hinge of any body may have it."""

# Fields that hold no numbers, and how many numbers those with several hold.
_NO_NUMBERS = ("name", "slot", "joints")
_N_NUMBERS = {
    **dict.fromkeys(("pos", "start", "end", "axis", "friction"), 3),
    **dict.fromkeys(("range_deg", "ctrl_range", "solref_limit"), 2),
    **{"quat": 4, "solimp_limit": 5},
}


def require_well_formed(graph: nx.DiGraph[str]) -> None:
    """Refuse a graph that is no body.

    Args:
        graph: The graph to check.

    Raises:
        BodyError: The graph is no tree below one torso.
        BodyError: More than :data:`DEEPEST` limbs hang one below the other.
        BodyError: A name is empty, unprintable, or used twice.
        BodyError: A number is not finite, or beyond :data:`LARGEST`.
        BodyError: A radius, density, mass, length, axis, or range is not usable.
        BodyError: A limb has no hinge, more than two, or two in one slot.
        BodyError: A contact exclude names a node that does not exist.

    Examples:
        >>> from morph_ops.graph import new_body
        >>> require_well_formed(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.0, mass=1.0)))
        Traceback (most recent call last):
        morph_ops.errors.BodyError: node 'torso/0': radius must be positive, got 0.0
    """
    top = body_graph.root(graph)
    names = body_graph.node_names(graph)
    _require_tree(graph, names)
    taken = {ROOT_JOINT}
    # Parts of a robot from elsewhere may hang on passive joints that are no hinges.
    passive = body_graph.physics(graph) is not None
    for name in names:
        if not _is_printable(name) or name == "world":
            raise BodyError(
                f"node {shown(name)}: no usable name (printable text other than 'world')"
            )
        node = graph.nodes[name].get("node")
        if not isinstance(node, Torso if name == top else Limb):
            raise BodyError(f"node {shown(name)}: expected a Torso at the root and Limbs below it")
        problem = next(_problems(node, passive=passive), None)
        if problem is not None:
            raise BodyError(f"node {shown(name)}: {problem}")
        for joint in node.joints if isinstance(node, Limb) else ():
            if not _is_printable(joint.name) or joint.name in taken:
                raise BodyError(f"joint {joint.name!r}: the name is empty, unprintable, or taken")
            taken.add(joint.name)
            problem = next(_joint_problems(joint), None)
            if problem is not None:
                raise BodyError(f"joint {joint.name!r}: {problem}")
    for pair in body_graph.excludes(graph):
        if pair[0] not in graph or pair[1] not in graph:
            raise BodyError(
                f"contact exclude {pair[0]!r}, {pair[1]!r}: no such node; where nodes were "
                "renamed, rename those of the excludes, too: with_excludes(graph, pairs)"
            )


def _require_tree(graph: nx.DiGraph[str], names: list[str]) -> None:
    if len(names) != len(graph) or graph.number_of_edges() != len(graph) - 1:
        raise BodyError(
            f"a body is a tree: {len(graph)} nodes need {len(graph) - 1} edges that reach all, "
            f"got {graph.number_of_edges()} edges that reach {len(names)}"
        )
    depth = {names[0]: 0}
    for name in names[1:]:
        depth[name] = depth[next(iter(graph.pred[name]))] + 1
        if depth[name] > DEEPEST:
            raise BodyError(
                f"node {shown(name)}: more than {DEEPEST} limbs in a row from the torso"
            )


def _is_printable(name: Any) -> bool:
    # Graphs from elsewhere may have numbers as nodes.
    return isinstance(name, str) and name.isprintable() and name != ""


def _problems(node: Torso | Limb, *, passive: bool) -> Iterator[str]:
    yield from _bad_numbers(node)
    if (node.density is None) == (node.mass is None):
        yield "expected either a density or a mass"
    if node.density is not None and node.density <= 0.0:
        yield f"density must be positive, got {node.density!r}"
    if node.mass is not None and node.mass <= 0.0:
        yield f"mass must be positive, got {node.mass!r}"
    if node.radius <= 0.0:
        yield f"radius must be positive, got {node.radius!r}"
    if not any(node.quat):
        yield "the quaternion is zero"
    if min(node.friction) < 0.0:
        yield f"friction must not be negative, got {node.friction!r}"
    if node.condim not in (1, 3, 4, 6):
        yield f"condim must be 1, 3, 4 or 6, got {node.condim!r}"
    if isinstance(node, Limb):
        if not all(isinstance(joint, Joint) for joint in cast("tuple[Any, ...]", node.joints)):
            yield f"joints must be records of the type Joint, got {node.joints!r}"
            return
        if node.start == node.end:
            yield "the capsule has no length"
        slots = tuple(joint.slot for joint in node.joints)
        allowed = ((SLOTS[0],), (SLOTS[1],), SLOTS, *((),) * passive)
        if slots not in allowed:
            yield f"expected hinges of slots x, y or x then y, got {', '.join(slots) or 'none'}"


def _joint_problems(joint: Joint) -> Iterator[str]:
    yield from _bad_numbers(joint)
    if not any(joint.axis):
        yield "the axis is zero"
    for title, (lower, upper) in (("range", joint.range_deg), ("control range", joint.ctrl_range)):
        if lower >= upper:
            yield f"the {title} must grow, got {lower!r} to {upper!r}"


def _bad_numbers(record: Torso | Limb | Joint) -> Iterator[str]:
    for field in fields(record):
        value: Any = getattr(record, field.name)
        if field.name in _NO_NUMBERS or (value is None and field.name in ("density", "mass")):
            continue
        wanted = _N_NUMBERS.get(field.name)
        if wanted is not None and (
            not isinstance(value, tuple) or len(cast("tuple[Any, ...]", value)) != wanted
        ):
            yield f"{field.name} must be {wanted} numbers, got {value!r}"
            return
        numbers = cast("tuple[Any, ...]", (value,) if wanted is None else value)
        for number in numbers:
            if type(number) not in (float, int):
                yield f"{field.name} must be a number, got {number!r}"
                return
            # Written so that "not a number" fails it too.
            if not abs(number) <= LARGEST:
                yield f"{field.name} must be finite and at most {LARGEST:g}, got {number!r}"
