"""Random starting bodies of a design space.

Source: Gupta 2021 (DERL).

Example:
    >>> import numpy as np
    >>> from morph_ops.graph import limbs
    >>> from morph_ops.space import UNIMAL
    >>> body = sample_body(np.random.default_rng(0))
    >>> 2 <= len(limbs(body)) <= UNIMAL.max_limbs
    True
"""

from __future__ import annotations

import networkx as nx
import numpy as np

from morph_ops.graph import Torso, limbs, new_body
from morph_ops.operators import grow_limb, mutate
from morph_ops.space import UNIMAL, Space

__all__ = ["sample_body"]


def sample_body(rng: np.random.Generator, *, space: Space = UNIMAL) -> nx.DiGraph[str]:
    """A random starting body, made as in DERL.

    Draws a target number of limbs, grows once, then mutates with all seven operators
    until the body has that many limbs (one more when the last to grow was a pair).
    Keeps every invariant of :data:`morph_ops.validity.invariants.CHECKS`.

    Args:
        rng: the only source of chance; it is advanced.
        space: the design space.

    Returns:
        A new body, its torso's center above the origin at rest height.
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
