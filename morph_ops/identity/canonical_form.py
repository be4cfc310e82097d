"""Canonical form and hash of a body: equal for bodies that differ only in how they are written."""

from __future__ import annotations

import hashlib
import math
from typing import Any, TypeAlias

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops.errors import BodyError
from morph_ops.geometry import density
from morph_ops.graph import Joint, Limb, Node

DIGITS = 6
"""Number of decimals that count. Published bodies lie on grids, far from the rounding limits."""

Form: TypeAlias = tuple[Any, ...]


def canonical(graph: nx.DiGraph[str]) -> Form:
    """A body without names and order: equal for equal bodies, hashable, and comparable.

    The form holds all that affects a simulation from its first step on: the tree, rest pose
    and rest height, shapes, masses, friction, hinges with their slots, and motors.

    - Numbers are rounded to 6 decimals (gears and densities to 6 significant digits).
    - Axes count as unit vectors, and orientations up to the sign of the quaternion.
    - It does not matter which end of a capsule is called its start.
    - A mass counts as the mean density of its shape, so that a mass and the density that
      yields it are equal.
    - Contact excludes count by the nodes that they join. Those between a parent and its child
      do not count, since these two never collide.

    Args:
        graph: A body.

    Raises:
        BodyError: The graph is not a tree of records, or an exclude names a node that it lacks.

    Returns:
        ``(tree, excludes)``, as nested tuples of numbers and short strings, and the text of its
        physics for a robot from elsewhere. The layout may change between releases: compare the
        form or hash it, but do not read it.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> body, other = (
        ...     new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=mass)) for mass in (4.0, 2.0)
        ... )
        >>> canonical(body) == canonical(body.copy()), canonical(body) == canonical(other)
        (True, False)
    """
    names = body_graph.node_names(graph)
    forms: dict[str, Form] = {}
    for name in reversed(names):
        subtrees = sorted(forms[child] for child in body_graph.children(graph, name))
        forms[name] = (node_form(body_graph.node(graph, name)), tuple(subtrees))
    places: dict[str | None, str] = {None: ""}
    for name in names:
        above = body_graph.parent(graph, name)
        places[name] = _digest((places[above], forms[name]))
    unknown = [pair for pair in body_graph.excludes(graph) if not places.keys() >= set(pair)]
    if unknown:
        raise BodyError(f"contact exclude {unknown[0]}: no such node")
    pairs = sorted(
        tuple(sorted((places[first], places[second])))
        for first, second in body_graph.excludes(graph)
        if not (graph.has_edge(first, second) or graph.has_edge(second, first))
    )
    form: Form = (forms[names[0]], tuple(pairs))
    physics = body_graph.physics(graph)
    return form if physics is None else (*form, (physics.mjcf, physics.drives, physics.falls))


def body_hash(graph: nx.DiGraph[str]) -> str:
    """The hash of a body: 32 hexadecimal digits, equal for equal bodies.

    Two bodies have the same hash exactly when they have the same :func:`canonical` form.

    Args:
        graph: A body.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> body_hash(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=4.0)))
        '066d122a4b5db23c1bd5b40fda710730'
    """
    return _digest(canonical(graph))


def is_same(graph: nx.DiGraph[str], other: nx.DiGraph[str]) -> bool:
    """Whether two bodies agree in every name, digit, and contact exclude, and in their order.

    Args:
        graph: A body.
        other: Another body.

    Examples:
        >>> from morph_ops.graph import Torso, new_body
        >>> torso = Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=4.0)
        >>> is_same(new_body(torso), new_body(torso))
        True
        >>> is_same(new_body(torso), new_body(torso, name="trunk"))
        False
    """
    return _listing(graph) == _listing(other)


def node_form(node: Node) -> Form:
    """The canonical numbers of one node, as nested tuples of a fixed layout.

    Examples:
        >>> from morph_ops.graph import Torso
        >>> node_form(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, density=800.0))[3:5]
        (0.1, 800.0)
    """
    ends: tuple[Form, ...] = ()
    joints: tuple[Form, ...] = ()
    if isinstance(node, Limb):
        ends = tuple(sorted((_rounded(node.start), _rounded(node.end))))
        joints = tuple(sorted(_joint_form(joint) for joint in node.joints))
    return (
        _rounded(node.pos),
        _rounded(_upright(_unit(node.quat))),
        ends,
        _round(node.radius),
        _significant(density(node)),
        _rounded(node.friction),
        node.condim,
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


def _listing(graph: nx.DiGraph[str]) -> tuple[list[tuple[str, str | None, Node]], Any, Any]:
    places = [
        (name, body_graph.parent(graph, name), body_graph.node(graph, name))
        for name in body_graph.node_names(graph)
    ]
    return places, body_graph.excludes(graph), body_graph.physics(graph)


def _unit(vector: tuple[float, ...]) -> tuple[float, ...]:
    norm = math.hypot(*vector)
    return tuple(number / norm for number in vector)


def _upright(quat: tuple[float, ...]) -> tuple[float, ...]:
    """The one of the two quaternions of an orientation whose first nonzero number is positive."""
    lead = next((number for number in quat if abs(number) > 10.0**-DIGITS), 1.0)
    return quat if lead > 0.0 else tuple(-number for number in quat)


def _round(number: float) -> float:
    # adding zero turns -0.0 into 0.0
    return round(number, DIGITS) + 0.0


def _rounded(vector: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(map(_round, vector))


def _significant(number: float) -> float:
    return float(f"{number:.{DIGITS}g}") + 0.0
