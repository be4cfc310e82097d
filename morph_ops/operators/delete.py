"""Delete a limb, with its twin."""

from __future__ import annotations

import networkx as nx
import numpy as np

from morph_ops.errors import OperatorError
from morph_ops.geometry import limb_groups
from morph_ops.graph import children, limbs
from morph_ops.operators.common import draw, first_valid
from morph_ops.space import UNIMAL, Space

FEWEST = 2
"""Only bodies with more limbs than this lose any, as in DERL."""


def delete_limb(
    graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A body without one of its outermost limbs, and without that limb's twin.

    Keeps every invariant of :data:`morph_ops.validity.invariants.CHECKS` that the parent keeps.
    Recomputes contact excludes and rest height; all other values stay number for number.

    Args:
        graph: a body; stays untouched.
        rng: the only source of chance; it is advanced.
        space: the design space.

    Raises:
        OperatorError: the body has 2 limbs or fewer.
        OperatorError: no valid child in 50 tries.
    """
    count = len(limbs(graph))
    if count <= FEWEST:
        raise OperatorError(f"delete_limb: needs more than {FEWEST} limbs, the body has {count}")
    leaves = [
        group for group in limb_groups(graph) if not any(children(graph, name) for name in group)
    ]

    def propose() -> nx.DiGraph[str]:
        return without(graph, draw(rng, leaves))

    return first_valid("delete_limb", graph, propose, space=space)


def without(graph: nx.DiGraph[str], names: tuple[str, ...]) -> nx.DiGraph[str]:
    """A copy of a body that lacks the named limbs and all that hangs on them."""
    child = graph.copy()
    for name in names:
        child.remove_nodes_from([name, *nx.descendants(child, name)])
    return child
