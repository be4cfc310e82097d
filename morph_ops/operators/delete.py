"""Deletion of a limb with its twin."""

from __future__ import annotations

import networkx as nx
import numpy as np

from morph_ops.errors import OperatorError
from morph_ops.geometry import limb_groups
from morph_ops.graph import children, grown_limbs, physics, subtree
from morph_ops.operators.common import draw, first_valid
from morph_ops.physics import changed_copy
from morph_ops.space import UNIMAL, Space

FEWEST = 2
"""Number of limbs that every body keeps, as in DERL."""


def fewest(graph: nx.DiGraph[str]) -> int:
    """Number of limbs that a body keeps; a robot from elsewhere may lose all that grew on it.

    Args:
        graph: A body.
    """
    return FEWEST if physics(graph) is None else 0


def delete_limb(
    graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A child without one of the outermost limbs, and without that limb's twin.

    The child keeps every invariant of :data:`morph_ops.validity.CHECKS` that the parent keeps.
    Contact excludes and rest height are recomputed; all other values keep every digit.

    Args:
        graph: A body; it stays untouched.
        rng: The only source of randomness; its state advances.
        space: The design space.

    Raises:
        OperatorError: The body has 2 limbs or fewer.
        OperatorError: No valid child was found in 50 attempts.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(1)
        >>> body = sample_body(rng)
        >>> len(delete_limb(body, rng)) < len(body)
        True
    """
    grown, least = grown_limbs(graph), fewest(graph)
    if len(grown) <= least:
        raise OperatorError(
            f"delete_limb: expected more than {least} limbs, the body has {len(grown)}"
        )
    leaves = [
        group
        for group in limb_groups(graph)
        if not any(children(graph, name) for name in group) and set(group) <= set(grown)
    ]

    def propose() -> nx.DiGraph[str]:
        return without(graph, draw(rng, leaves))

    return first_valid("delete_limb", graph, propose, space=space)


def without(graph: nx.DiGraph[str], names: tuple[str, ...]) -> nx.DiGraph[str]:
    """A copy of a body without the named limbs and all limbs that hang on them.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> list(without(body, ("limb/1",)))
        ['torso/0', 'limb/0', 'limb/2']
    """
    child = changed_copy(graph)
    for name in names:
        child.remove_nodes_from(subtree(child, name))
    return child
