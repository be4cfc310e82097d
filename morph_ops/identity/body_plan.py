"""Body plans: bodies without the values that one build of a plan may choose freely."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops.graph import Limb, Node
from morph_ops.identity.canonical_form import body_hash


def body_plan_hash(graph: nx.DiGraph[str]) -> str:
    """The hash of a body's plan: 32 hexadecimal digits.

    Bodies that differ only in densities, gears, or joint ranges have the same plan. The rest
    height and the contact excludes follow from the plan and do not count, since operators and
    imported files set them in different ways.

    Args:
        graph: A body.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.operators import gear, grow_limb
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(1)
        >>> body = sample_body(rng)
        >>> body_plan_hash(gear(body, rng)) == body_plan_hash(body)
        True
        >>> body_plan_hash(grow_limb(body, rng)) == body_plan_hash(body)
        False
    """
    nodes: list[tuple[str, Node]] = []
    for name in body_graph.node_names(graph):
        node = replace(body_graph.node(graph, name), density=1000.0, mass=None)
        if isinstance(node, Limb):
            joints = tuple(replace(j, gear=150.0, range_deg=(-30.0, 30.0)) for j in node.joints)
            node = replace(node, joints=joints)
        else:
            node = replace(node, pos=(0.0, 0.0, 0.0))
        nodes.append((name, node))
    plan = body_graph.with_excludes(body_graph.with_nodes(graph, nodes), ())
    return body_hash(plan)
