"""A body that a campaign starts from."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx


@dataclass(frozen=True, eq=False)
class Founder:
    """A body that a campaign starts from.

    Attributes:
        graph: The body.
        variant: Number of the controller variant, for campaigns in which bodies inherit one;
            0 for a robot from a file.
    """

    graph: nx.DiGraph[str]
    variant: int = 0
