"""What a body must be to come into a campaign: within limits, with locked limbs as given."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx

from codesign.config import Settings
from codesign.errors import UsageError
from morph_ops import graph as body_graph
from morph_ops.geometry import extent, total_mass
from morph_ops.locks import LockedNodes, locked_in_all

_UNITS = {"mass": " kg", "limbs": "", "actuators": "", "size": " m"}


class Constraints:
    """Limits of a campaign, and the part that it must leave alone.

    Args:
        settings: of the campaign.
        start: bodies that it starts from, which have the locked limbs.

    Raises:
        BodyError: they have not, or not the same.
    """

    def __init__(self, settings: Settings, start: Sequence[nx.DiGraph[str]]) -> None:
        given = settings.limits.model_dump()
        self._limits = {name: limit for name, limit in given.items() if limit is not None}
        self._fixed: LockedNodes | None = None
        if settings.locked:
            named = [(f"starting body {number}", body) for number, body in enumerate(start)]
            self._fixed = locked_in_all(named, settings.locked)

    def complaint(self, graph: nx.DiGraph[str]) -> str | None:
        """What keeps a body out, in one line; None for one that may come in."""
        for name, limit in self._limits.items():
            value = _VALUES[name](graph)
            if value > limit:
                unit = _UNITS[name]
                return f"{name} {value:.4g}{unit}, expected at most {limit:g}{unit}"
        if self._fixed is not None and not self._fixed.is_in(graph):
            return "the locked limbs are not as they were"
        return None

    def allow(self, graph: nx.DiGraph[str]) -> bool:
        """Whether a body may come in."""
        return self.complaint(graph) is None

    def require(self, graph: nx.DiGraph[str], *, name: str) -> None:
        """Refuse a body that may not come in.

        Raises:
            UsageError: what keeps it out.
        """
        complaint = self.complaint(graph)
        if complaint is not None:
            raise UsageError(f"{name} cannot start the search: {complaint}")


_VALUES = {
    "mass": total_mass,
    "limbs": lambda graph: len(body_graph.limbs(graph)),
    "actuators": lambda graph: sum(1 for _ in body_graph.joints(graph)),
    "size": lambda graph: float(extent(graph).max()),
}
