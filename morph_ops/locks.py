"""Parts of a body that no operator may touch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import networkx as nx

from morph_ops.errors import BodyError
from morph_ops.graph import Limb, Torso, children, limb, limbs, parent, root, torso


@dataclass(frozen=True, eq=False)
class LockedNodes:
    """The torso and some limbs of a body, each with what it hangs on.

    Example:
        >>> import numpy as np
        >>> from morph_ops.operators import gear
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(1))
        >>> fixed = LockedNodes.of(body, ["limb/0"])
        >>> fixed.is_in(body), fixed.is_in(gear(body, np.random.default_rng(0)))
        (True, False)
    """

    graph: nx.DiGraph[str]

    @classmethod
    def of(cls, graph: nx.DiGraph[str], names: Collection[str]) -> LockedNodes:
        """The torso and the limbs called ``names``, with all limbs between.

        Raises:
            BodyError: the body has no limb of a name.
        """
        kept = {root(graph)}
        for name in names:
            if name not in graph:
                raise BodyError(f"no limb {name!r}: expected one of {', '.join(limbs(graph))}")
            above: str | None = name
            while above is not None:
                kept.add(above)
                above = parent(graph, above)
        return cls(graph.subgraph(kept).copy())

    def is_in(self, graph: nx.DiGraph[str]) -> bool:
        """Whether a body has this part as it is; names, order and resting height do not matter.

        Limbs may have been added to the part.
        """
        return _bare(torso(self.graph)) == _bare(torso(graph)) and self._fits(
            root(self.graph), root(graph), graph
        )

    def _fits(self, ours: str, theirs: str, graph: nx.DiGraph[str]) -> bool:
        """Whether all that hangs on a limb of ours hangs on theirs, each limb on another one."""
        wanted, there = children(self.graph, ours), children(graph, theirs)
        matches = nx.Graph()
        for name in wanted:
            like = [other for other in there if self._equal(name, other, graph)]
            matches.add_edges_from((("ours", name), ("theirs", other)) for other in like)
            if not like:
                return False
        pairs = nx.bipartite.maximum_matching(matches, [("ours", name) for name in wanted])
        return all(("ours", name) in pairs for name in wanted)

    def _equal(self, ours: str, theirs: str, graph: nx.DiGraph[str]) -> bool:
        same = _bare(limb(self.graph, ours)) == _bare(limb(graph, theirs))
        return same and self._fits(ours, theirs, graph)


def _bare(part: Torso | Limb) -> Torso | Limb:
    """A part without what operators may change everywhere: names, and the height at rest."""
    if isinstance(part, Torso):
        return replace(part, pos=(0.0, 0.0, 0.0))
    return replace(part, joints=tuple(replace(joint, name="") for joint in part.joints))


def locked_in_all(
    graphs: Sequence[tuple[str, nx.DiGraph[str]]], names: Collection[str]
) -> LockedNodes:
    """The part that several bodies share.

    Args:
        graphs: what each body is called, and the body; at least one.
        names: of limbs of the first.

    Raises:
        BodyError: another body does not have that part.
    """
    first, graph = graphs[0]
    fixed = LockedNodes.of(graph, names)
    for name, other in graphs[1:]:
        if not fixed.is_in(other):
            raise BodyError(
                f"{name}: its limbs {', '.join(names)} are not those of {first}; expected the same"
                " fixed part in all bodies that a search starts from"
            )
    return fixed
