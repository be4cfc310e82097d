"""Locked nodes: a part of a body that no operator may change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import networkx as nx

from morph_ops.errors import BodyError
from morph_ops.graph import Limb, Torso, children, limb, limbs, parent, root, torso

__all__ = ["LockedNodes", "locked_in_all"]


@dataclass(frozen=True, eq=False)
class LockedNodes:
    """The torso and some limbs of a body, with all limbs between them.

    Attributes:
        graph: The locked nodes as a body of their own.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.operators import gear
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(1))
        >>> locked = LockedNodes.of(body, ["limb/0"])
        >>> locked.is_in(body), locked.is_in(gear(body, np.random.default_rng(0)))
        (True, False)
    """

    graph: nx.DiGraph[str]

    @classmethod
    def of(cls, graph: nx.DiGraph[str], names: Collection[str]) -> LockedNodes:
        """The torso and the named limbs of a body, with all limbs between them.

        Args:
            graph: A body.
            names: Names of limbs.

        Raises:
            BodyError: The body has no limb of a name.
        """
        locked = {root(graph)}
        for name in names:
            if name not in graph:
                raise BodyError(f"no limb {name!r}: expected one of {', '.join(limbs(graph))}")
            above: str | None = name
            while above is not None:
                locked.add(above)
                above = parent(graph, above)
        kept = graph.copy()
        kept.remove_nodes_from([name for name in graph if name not in locked])
        return cls(kept)

    def is_in(self, graph: nx.DiGraph[str]) -> bool:
        """Whether a body has these nodes unchanged.

        Names, order, and rest height may differ, and more limbs may hang on the nodes.

        Args:
            graph: A body.
        """
        return _comparable(torso(self.graph)) == _comparable(torso(graph)) and self._fits(
            root(self.graph), root(graph), graph
        )

    def _fits(self, ours: str, theirs: str, graph: nx.DiGraph[str]) -> bool:
        """Whether each locked child of ``ours`` matches another child of ``theirs``."""
        wanted, present = children(self.graph, ours), children(graph, theirs)
        matches: nx.Graph[tuple[str, str]] = nx.Graph()
        for name in wanted:
            equal = [other for other in present if self._equal(name, other, graph)]
            matches.add_edges_from((("ours", name), ("theirs", other)) for other in equal)
            if not equal:
                return False
        pairs = nx.bipartite.maximum_matching(matches, [("ours", name) for name in wanted])
        return all(("ours", name) in pairs for name in wanted)

    def _equal(self, ours: str, theirs: str, graph: nx.DiGraph[str]) -> bool:
        same = _comparable(limb(self.graph, ours)) == _comparable(limb(graph, theirs))
        return same and self._fits(ours, theirs, graph)


def _comparable(node: Torso | Limb) -> Torso | Limb:
    """A node without the values that may change: joint names, and the place of the torso."""
    if isinstance(node, Torso):
        return replace(node, pos=(0.0, 0.0, 0.0))
    return replace(node, joints=tuple(replace(joint, name="") for joint in node.joints))


def locked_in_all(
    graphs: Sequence[tuple[str, nx.DiGraph[str]]], names: Collection[str]
) -> LockedNodes:
    """The locked nodes that several bodies share.

    Args:
        graphs: Names of the bodies, for error messages, and the bodies; at least one.
        names: Names of limbs of the first body.

    Raises:
        BodyError: The first body has no limb of a name.
        BodyError: Another body does not have these nodes.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.operators import grow_limb
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(1)
        >>> body = sample_body(rng)
        >>> locked = locked_in_all([("a", body), ("b", grow_limb(body, rng))], ["limb/0"])
        >>> list(locked.graph)
        ['torso/0', 'limb/0']
    """
    first, graph = graphs[0]
    locked = LockedNodes.of(graph, names)
    for name, other in graphs[1:]:
        if not locked.is_in(other):
            raise BodyError(
                f"{name}: its limbs {', '.join(names)} are not those of {first}; all bodies that "
                "a search starts from must have the same locked nodes"
            )
    return locked
