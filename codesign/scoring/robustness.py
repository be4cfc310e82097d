"""The same body and controller where the physics is not as expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops.graph import Joint, Limb, Node

WEAKER, HEAVIER, STIFFER = 0.8, 1.2, 2.0


def weak(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """Every motor with 0.8 of its torque."""
    return _with_joints(graph, lambda joint: replace(joint, gear=WEAKER * joint.gear))


def heavy(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """Every part with 1.2 times its mass."""
    return body_graph.with_nodes(
        graph, [(name, _heavier(body_graph.node(graph, name))) for name in graph]
    )


def damped(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """Every hinge with twice its damping."""
    return _with_joints(graph, lambda joint: replace(joint, damping=STIFFER * joint.damping))


#: What goes wrong, one at a time.
PERTURBATIONS: dict[str, Callable[[nx.DiGraph[str]], nx.DiGraph[str]]] = {
    "weak": weak,
    "heavy": heavy,
    "damped": damped,
}


def _heavier(part: Node) -> Node:
    if part.mass is not None:
        return replace(part, mass=HEAVIER * part.mass)
    return replace(part, density=HEAVIER * (part.density or 0.0))


def _with_joints(graph: nx.DiGraph[str], change: Callable[[Joint], Joint]) -> nx.DiGraph[str]:
    def changed(limb: Limb) -> Limb:
        return replace(limb, joints=tuple(map(change, limb.joints)))

    return body_graph.with_nodes(
        graph, [(name, changed(body_graph.limb(graph, name))) for name in body_graph.limbs(graph)]
    )
