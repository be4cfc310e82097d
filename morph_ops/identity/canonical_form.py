"""Canonical form and hash of a body."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops.geometry import density
from morph_ops.graph import Joint, Limb, Node

DIGITS = 6
"""Decimals to which numbers count; published bodies sit on grids far from its boundaries."""

Form = tuple[Any, ...]


def canonical(graph: nx.DiGraph[str]) -> Form:
    """A body without its names and orders: equal for equal bodies, hashable, comparable.

    Counted is all that changes the simulation from its first instant on: the tree, rest
    pose and rest height, shapes, weights, friction, hinges with their slots, and motors.
    Numbers count to 6 decimals (gears, densities: 6 significant digits), directions by
    their unit vector, orientations up to the sign of the quaternion, capsules whichever
    end is called the start. A weight counts as the mean density of its shape, so that a
    mass and the density that yields it are one. Contact excludes count by the bodies
    they join, except between parent and child, who never touch.

    Args:
        graph: a body.

    Returns:
        ``(tree, excludes)`` of nested tuples of numbers and short strings. Its layout is
        no interface: compare it, or hash it.
    """
    names = body_graph.node_names(graph)
    forms: dict[str, Form] = {}
    for name in reversed(names):
        below = sorted(forms[child] for child in body_graph.children(graph, name))
        forms[name] = (node_form(body_graph.node(graph, name)), tuple(below))
    places: dict[str | None, str] = {None: ""}
    for name in names:
        above = body_graph.parent(graph, name)
        places[name] = _digest((places[above], forms[name]))
    pairs = sorted(
        tuple(sorted((places[first], places[second])))
        for first, second in body_graph.excludes(graph)
        if not (graph.has_edge(first, second) or graph.has_edge(second, first))
    )
    return forms[names[0]], tuple(pairs)


def body_hash(graph: nx.DiGraph[str]) -> str:
    """Name of a body by what it is: 32 hexadecimal digits, equal for equal bodies.

    Two bodies have one hash exactly when they have one :func:`canonical` form.

    Args:
        graph: a body.
    """
    return _digest(canonical(graph))


def is_same(graph: nx.DiGraph[str], other: nx.DiGraph[str]) -> bool:
    """Whether two graphs agree in every name, order, digit and exclude."""
    return _listing(graph) == _listing(other)


def node_form(record: Node) -> Form:
    """The canonical numbers of one body part, as nested tuples of a fixed layout."""
    ends: tuple[Form, ...] = ()
    joints: tuple[Form, ...] = ()
    if isinstance(record, Limb):
        ends = tuple(sorted((_rounded(record.start), _rounded(record.end))))
        joints = tuple(sorted(_joint_form(joint) for joint in record.joints))
    return (
        _rounded(record.pos),
        _rounded(_upright(_unit(record.quat))),
        ends,
        _round(record.radius),
        _significant(density(record)),
        _rounded(record.friction),
        record.condim,
        joints,
    )


def _joint_form(joint: Joint) -> Form:
    return (
        joint.slot,
        _rounded(joint.pos),
        _rounded(_unit(joint.axis)),
        _rounded(joint.range_deg),
        _significant(joint.gear),
        _rounded(joint.ctrl_range),
        _round(joint.stiffness),
        _round(joint.damping),
        _round(joint.armature),
        _rounded(joint.solref_limit),
        _rounded(joint.solimp_limit),
    )


def _digest(form: Form) -> str:
    return hashlib.sha256(repr(form).encode()).hexdigest()[:32]


def _listing(graph: nx.DiGraph[str]) -> tuple[list[tuple[str, str | None, Node]], Any]:
    places = [
        (name, body_graph.parent(graph, name), body_graph.node(graph, name))
        for name in body_graph.node_names(graph)
    ]
    return places, body_graph.excludes(graph)


def _unit(vector: tuple[float, ...]) -> tuple[float, ...]:
    norm = math.hypot(*vector)
    return tuple(number / norm for number in vector)


def _upright(quat: tuple[float, ...]) -> tuple[float, ...]:
    """Of the two quaternions of one orientation, the one whose first number is positive."""
    lead = next((number for number in quat if abs(number) > 10.0**-DIGITS), 1.0)
    return quat if lead > 0.0 else tuple(-number for number in quat)


def _round(number: float) -> float:
    # adding zero turns -0.0 into 0.0
    return round(number, DIGITS) + 0.0


def _rounded(vector: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(map(_round, vector))


def _significant(number: float) -> float:
    return float(f"{number:.{DIGITS}g}") + 0.0
