"""A body that a search starts from."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx


@dataclass(frozen=True, eq=False)
class Founder:
    """A body that a search starts from.

    Attributes:
        graph: the body.
        variant: that it carries where bodies of the search do: a robot from a file the first.
    """

    graph: nx.DiGraph[str]
    variant: int = 0
