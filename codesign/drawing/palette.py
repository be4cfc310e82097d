"""Colors that people with any kind of color vision can tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING

from morph_ops import graph as body_graph

if TYPE_CHECKING:
    import networkx as nx

TORSO = "#8d99ae"
#: Colors of limbs (after Okabe 2008, made lighter).
PALETTE = ("#3b8fd1", "#e69f3c", "#2fae8a", "#d9704f", "#b88ac9", "#c9b92e", "#6cb6e0", "#9a9a52")


def colors_of(graph: nx.DiGraph[str]) -> Mapping[str, str]:
    """The color of each node: that of its parent, and where limbs branch, each has its own.

    Args:
        graph: The body.

    Returns:
        Colors by node name, as ``"#rrggbb"``.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> colors_of(body)["torso/0"]
        '#8d99ae'
    """
    root = body_graph.root(graph)
    colors, unused = {root: TORSO}, cycle(PALETTE)
    for node in body_graph.node_names(graph):
        parent = body_graph.parent(graph, node)
        if parent is not None:
            branches = parent == root or len(body_graph.children(graph, parent)) > 1
            colors[node] = next(unused) if branches else colors[parent]
    return colors
