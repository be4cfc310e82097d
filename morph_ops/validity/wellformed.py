"""What every body must satisfy, imported ones too, before anything is built from it.

The rules of the UNIMAL space are stricter and live in :mod:`morph_ops.validity.invariants`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops.errors import BodyError
from morph_ops.graph import SLOTS, Joint, Limb, Torso

LARGEST = 1e10
"""Largest magnitude of any number: MuJoCo takes a simulation with larger ones for blown up."""

DEEPEST = 200
"""Most limbs in a row from the torso to a tip; files and canonical forms nest as deeply."""

ROOT_JOINT = "root"
"""Name of the torso's free joint: taken in every body."""


def require_well_formed(graph: nx.DiGraph[str]) -> None:
    """Refuse a graph that is no body.

    Args:
        graph: the graph to look at.

    Raises:
        BodyError: it is no tree below one torso.
        BodyError: more than :data:`DEEPEST` limbs hang one on the other.
        BodyError: a name is empty, unprintable or used twice.
        BodyError: a number is not finite or beyond :data:`LARGEST`.
        BodyError: a radius, density, mass, length, axis or range is not usable.
        BodyError: a limb has no hinge, more than two, or two of one slot.
        BodyError: a contact exclude names a body that does not exist.
    """
    top = body_graph.root(graph)
    names = body_graph.node_names(graph)
    if len(names) != len(graph) or graph.number_of_edges() != len(graph) - 1:
        raise BodyError(
            f"a body is a tree: {len(graph)} bodies need {len(graph) - 1} edges that reach all, "
            f"got {graph.number_of_edges()} edges that reach {len(names)}"
        )
    depth = {top: 0}
    for name in names[1:]:
        depth[name] = depth[next(iter(graph.pred[name]))] + 1
        if depth[name] > DEEPEST:
            raise BodyError(f"body {name!r}: more than {DEEPEST} limbs in a row from the torso")
    seen = {ROOT_JOINT}
    for name in names:
        if not isinstance(name, str) or not name.isprintable() or name in ("", "world"):
            raise BodyError(f"body {name!r}: no usable name (printable text other than 'world')")
        record = graph.nodes[name].get("node")
        if not isinstance(record, Torso if name == top else Limb):
            raise BodyError(f"body {name!r}: expected a Torso at the root and Limbs below it")
        problem = next(_problems(record), None)
        if problem is not None:
            raise BodyError(f"body {name!r}: {problem}")
        for joint in record.joints if isinstance(record, Limb) else ():
            if not joint.name or not joint.name.isprintable() or joint.name in seen:
                raise BodyError(f"joint {joint.name!r}: the name is empty, unprintable or taken")
            seen.add(joint.name)
            problem = next(_joint_problems(joint), None)
            if problem is not None:
                raise BodyError(f"joint {joint.name!r}: {problem}")
    for pair in body_graph.excludes(graph):
        if pair[0] not in graph or pair[1] not in graph:
            raise BodyError(f"contact exclude {pair[0]!r}, {pair[1]!r}: no such body")


def _problems(record: Torso | Limb) -> Iterator[str]:
    yield from _not_finite(record)
    if (record.density is None) == (record.mass is None):
        yield "expected either a density or a mass"
    if record.density is not None and record.density <= 0.0:
        yield f"density must be positive, got {record.density!r}"
    if record.mass is not None and record.mass <= 0.0:
        yield f"mass must be positive, got {record.mass!r}"
    if record.radius <= 0.0:
        yield f"radius must be positive, got {record.radius!r}"
    if not any(record.quat):
        yield "the quaternion is zero"
    if min(record.friction) < 0.0:
        yield f"friction must not be negative, got {record.friction!r}"
    if record.condim not in (1, 3, 4, 6):
        yield f"condim must be 1, 3, 4 or 6, got {record.condim!r}"
    if isinstance(record, Limb):
        if record.start == record.end:
            yield "the capsule has no length"
        slots = tuple(joint.slot for joint in record.joints)
        if slots not in ((SLOTS[0],), (SLOTS[1],), SLOTS):
            yield f"expected hinges of slots x, y or x then y, got {', '.join(slots) or 'none'}"


def _joint_problems(joint: Joint) -> Iterator[str]:
    yield from _not_finite(joint)
    if not any(joint.axis):
        yield "the axis is zero"
    for title, (lower, upper) in (("range", joint.range_deg), ("control range", joint.ctrl_range)):
        if lower >= upper:
            yield f"the {title} must grow, got {lower!r} to {upper!r}"


def _not_finite(record: Torso | Limb | Joint) -> Iterator[str]:
    for field in fields(record):
        value = getattr(record, field.name)
        for number in value if isinstance(value, tuple) else (value,):
            # Written so that "not a number" fails it too.
            if isinstance(number, float) and not abs(number) <= LARGEST:
                yield f"{field.name} must be finite and at most {LARGEST:g}, got {number!r}"
