"""Names that other programs accept: dm_control's PyMJCF, for one, allows no slash."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import networkx as nx

from morph_ops import graph as body_graph
from morph_ops.graph import Limb


def with_plain_names(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """A copy of a body whose names of nodes and joints have ``-`` in place of ``/``.

    A robot from elsewhere keeps its own names.

    Args:
        graph: A body; it stays untouched.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> plain = with_plain_names(sample_body(np.random.default_rng(0)))
        >>> body_graph.node_names(plain)[:2]
        ['torso-0', 'limb-0']
    """
    if body_graph.physics(graph) is not None:
        return graph
    nodes = _plain(body_graph.node_names(graph))
    joints = _plain(joint.name for _, joint in body_graph.joints(graph))
    renamed = nx.relabel_nodes(graph, nodes)
    for name in body_graph.limbs(renamed):
        limb = body_graph.node(renamed, name)
        if isinstance(limb, Limb):
            own = tuple(replace(joint, name=joints[joint.name]) for joint in limb.joints)
            renamed.nodes[name]["node"] = replace(limb, joints=own)
    pairs = [(nodes[a], nodes[b]) for a, b in body_graph.excludes(graph)]
    return body_graph.with_excludes(renamed, pairs)


def _plain(names: Iterable[str]) -> dict[str, str]:
    """Plain names by name, all of them different."""
    plain: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        candidate, number = name.replace("/", "-"), 1
        while candidate in taken:
            number += 1
            candidate = f"{name.replace('/', '-')}-{number}"
        taken.add(candidate)
        plain[name] = candidate
    return plain
