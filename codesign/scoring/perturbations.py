"""Perturbations of a body: the physics differs from what the controller was generated for.

The score under perturbations measures robustness: the controller stays the one of the
unperturbed body.

Examples:
    >>> import numpy as np
    >>> from morph_ops.geometry import total_mass
    >>> from morph_ops.sampling import sample_body
    >>> body = sample_body(np.random.default_rng(0))
    >>> round(total_mass(PERTURBATIONS["heavy"](body)) / total_mass(body), 3)
    1.2
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops.graph import Joint, Limb, Node

GEAR_FACTOR, MASS_FACTOR, DAMPING_FACTOR = 0.8, 1.2, 2.0
Perturbation: TypeAlias = "Callable[[nx.DiGraph[str]], nx.DiGraph[str]]"


def weak(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """The body with 0.8 of every motor's torque."""
    return _with_joints(graph, lambda joint: replace(joint, gear=GEAR_FACTOR * joint.gear))


def heavy(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """The body with 1.2 times every node's mass."""
    return body_graph.with_nodes(
        graph, [(name, _heavier(body_graph.node(graph, name))) for name in graph]
    )


def damped(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """The body with twice every hinge's damping."""
    return _with_joints(graph, lambda joint: replace(joint, damping=DAMPING_FACTOR * joint.damping))


#: All perturbations by name; robustness is the mean score under each of them alone.
PERTURBATIONS: dict[str, Perturbation] = {
    "weak": weak,
    "heavy": heavy,
    "damped": damped,
}


def _heavier(node: Node) -> Node:
    if node.mass is not None:
        return replace(node, mass=MASS_FACTOR * node.mass)
    return replace(node, density=MASS_FACTOR * (node.density or 0.0))


def _with_joints(graph: nx.DiGraph[str], change: Callable[[Joint], Joint]) -> nx.DiGraph[str]:
    def changed(limb: Limb) -> Limb:
        return replace(limb, joints=tuple(map(change, limb.joints)))

    return body_graph.with_nodes(
        graph, [(name, changed(body_graph.limb(graph, name))) for name in body_graph.limbs(graph)]
    )
