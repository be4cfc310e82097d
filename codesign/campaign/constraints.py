"""Constraints on the bodies of a campaign: limits, and locked limbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import networkx as nx

from codesign.config import Settings
from codesign.errors import UsageError
from morph_ops import graph as body_graph
from morph_ops.geometry import extent, total_mass
from morph_ops.locks import LockedNodes, locked_in_all


def _limbs(graph: nx.DiGraph[str]) -> float:
    return len(body_graph.limbs(graph))


def _actuators(graph: nx.DiGraph[str]) -> float:
    return sum(1 for _ in body_graph.joints(graph))


def _size(graph: nx.DiGraph[str]) -> float:
    return float(extent(graph).max())


#: The value that each limit bounds, and its unit.
_VALUES: Mapping[str, tuple[Callable[[nx.DiGraph[str]], float], str]] = {
    "mass": (total_mass, " kg"),
    "limbs": (_limbs, ""),
    "actuators": (_actuators, ""),
    "size": (_size, " m"),
}


class Constraints:
    """The limits of a campaign, and the limbs that must stay as they are.

    Args:
        settings: Settings of the campaign.
        start: Bodies that the campaign starts from. All have the locked limbs.

    Raises:
        BodyError: A body lacks a locked limb, or has a different one.
    """

    def __init__(self, settings: Settings, start: Sequence[nx.DiGraph[str]]) -> None:
        given = settings.limits.model_dump()
        self._limits = {name: limit for name, limit in given.items() if limit is not None}
        self._locked: LockedNodes | None = None
        if settings.locked:
            named = [(f"starting body {number}", body) for number, body in enumerate(start)]
            self._locked = locked_in_all(named, settings.locked)

    def violation(self, graph: nx.DiGraph[str]) -> str | None:
        """The first constraint that a body violates, in one line; None for a body that fits.

        Args:
            graph: The body.
        """
        for name, limit in self._limits.items():
            measure, unit = _VALUES[name]
            value = measure(graph)
            if value > limit:
                return f"{name} {value:.4g}{unit}, expected at most {limit:g}{unit}"
        if self._locked is not None and not self._locked.is_in(graph):
            return "the locked limbs have changed"
        return None

    def allow(self, graph: nx.DiGraph[str]) -> bool:
        """Whether a body violates no constraint.

        Args:
            graph: The body.
        """
        return self.violation(graph) is None

    def require(self, graph: nx.DiGraph[str], *, name: str) -> None:
        """Refuse a starting body that violates a constraint.

        Args:
            graph: The body.
            name: Name of the body for the error message.

        Raises:
            UsageError: The body violates a constraint.
        """
        violation = self.violation(graph)
        if violation is not None:
            raise UsageError(f"{name} cannot start the search: {violation}")
