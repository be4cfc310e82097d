"""Random starting bodies of a design space [Gupta 2021]."""

from __future__ import annotations

import networkx as nx
import numpy as np

from morph_ops.graph import Torso, limbs, new_body
from morph_ops.operators import grow_limb, mutate
from morph_ops.space import UNIMAL, Space

__all__ = ["sample_body"]


def sample_body(rng: np.random.Generator, *, space: Space = UNIMAL) -> nx.DiGraph[str]:
    """A random starting body, made as in DERL [Gupta 2021].

    The function draws a target number of limbs, grows once, and then applies all seven
    mutations until the body has at least that many limbs. The body has one limb more if the
    last growth added a pair. It keeps every invariant of
    :data:`morph_ops.validity.CHECKS`.

    Args:
        rng: The only source of randomness; its state advances.
        space: The design space.

    Returns:
        A new body. Its torso is above the origin, at rest height.

    Raises:
        OperatorError: No mutation finds a valid child, which happens only in very small spaces.

    Examples:
        >>> from morph_ops.graph import limbs
        >>> body = sample_body(np.random.default_rng(0))
        >>> 2 <= len(limbs(body)) <= UNIMAL.max_limbs
        True
    """
    low, high = space.start_limbs
    target = int(rng.integers(low, high + 1))
    torso = Torso(
        pos=(0.0, 0.0, space.torso_radii[0] + space.clearance),
        radius=float(rng.choice(space.torso_radii)),
        density=float(rng.choice(space.torso_densities)),
    )
    graph = grow_limb(new_body(torso), rng, space=space)
    while len(limbs(graph)) < target:
        graph, _ = mutate(graph, rng, space=space)
    return graph
