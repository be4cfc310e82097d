"""Change the densities of a body."""

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
    """A body of other densities: one for the torso, one that all limbs share.

    At least one of the two changes. Parts that had a mass have a density afterwards.

    Keeps every invariant of :data:`morph_ops.validity.invariants.CHECKS` that the parent keeps.
    Recomputes contact excludes and rest height; all other values stay number for number.

    Args:
        graph: a body; stays untouched.
        rng: the only source of chance; it is advanced.
        space: the design space.

    Raises:
        OperatorError: no valid child in 50 tries.
    """
    head = torso(graph)
    names = limbs(graph)
    current = (head.density, {limb(graph, name).density for name in names})

    def propose() -> nx.DiGraph[str] | None:
        for_torso = draw(rng, space.torso_densities)
        for_limbs = draw(rng, space.limb_densities)
        if (for_torso, {for_limbs} if names else set()) == current:
            return None
        heavier = [
            (name, replace(limb(graph, name), density=for_limbs, mass=None)) for name in names
        ]
        core = replace(head, density=for_torso, mass=None)
        return with_nodes(graph, [(root(graph), core), *heavier])

    return first_valid("density", graph, propose, space=space)
