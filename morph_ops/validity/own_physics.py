"""Robots from elsewhere: their own nodes stay as they are, and limbs may grow on them."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx

from morph_ops.graph import Node, Torso, node, own_nodes, parent, physics

__all__ = ["keeps_own_nodes"]


def keeps_own_nodes(before: nx.DiGraph[str], after: nx.DiGraph[str]) -> bool:
    """Whether a child has all own nodes of its parent unchanged, and no others of its own.

    Args:
        before: The parent.
        after: The child.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> keeps_own_nodes(body, body)
        True
    """
    if physics(before) != physics(after):
        return False
    return all(
        name in after
        and parent(after, name) == parent(before, name)
        and _in_place(node(after, name)) == _in_place(node(before, name))
        for name in own_nodes(before)
    )


def _in_place(record: Node) -> Node:
    """A node without the place of the torso, which limbs that grow may lift."""
    return replace(record, pos=(0.0, 0.0, 0.0)) if isinstance(record, Torso) else record
