"""Change of the densities of a body."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np

from morph_ops.graph import limb, limbs, root, torso, with_nodes
from morph_ops.operators.common import draw, first_valid
from morph_ops.space import UNIMAL, Space


def density(
    graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A child with other densities: one for the torso, and one that all limbs share.

    At least one of the two changes. Nodes that had a mass have a density afterwards.

    The child keeps every invariant of :data:`morph_ops.validity.CHECKS` that the parent keeps.
    Contact excludes and rest height are recomputed; all other values keep every digit.

    Args:
        graph: A body; it stays untouched.
        rng: The only source of randomness; its state advances.
        space: The design space.

    Raises:
        OperatorError: No valid child was found in 50 attempts.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(1)
        >>> body = sample_body(rng)
        >>> child = density(body, rng)
        >>> len({limb(child, name).density for name in limbs(child)})
        1
    """
    top = torso(graph)
    names = limbs(graph)
    current = (top.density, {limb(graph, name).density for name in names})

    def propose() -> nx.DiGraph[str] | None:
        for_torso = draw(rng, space.torso_densities)
        for_limbs = draw(rng, space.limb_densities)
        if (for_torso, {for_limbs} if names else set()) == current:
            return None
        new_torso = replace(top, density=for_torso, mass=None)
        new_limbs = [
            (name, replace(limb(graph, name), density=for_limbs, mass=None)) for name in names
        ]
        return with_nodes(graph, [(root(graph), new_torso), *new_limbs])

    return first_valid("density", graph, propose, space=space)
