"""Lineages: bodies that evolve from founders, each founder's offspring apart from the others'.

A search under a controller soon varies bodies that this controller moves well, so a controller
for searches must learn on such bodies. Separate lineages keep them different: the offspring of
one founder cannot replace that of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np

from morph_ops.operators import OperatorError, crossover, mutate

#: Most bodies of a lineage that can be parents.
LINEAGE_SIZE = 16
#: A child becomes a parent if it loses at most this share of its first parent's absolute score.
MAX_LOSS = 0.6
CROSSOVER_RATE = 0.4
MAX_MUTATIONS = 3


@dataclass(frozen=True)
class Offspring:
    """A body and its descent.

    Attributes:
        graph: The body.
        lineage: Number of its lineage.
        parent_score: Score of its first parent.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(0)
        >>> child = Lineages([(sample_body(rng), 1.0), (sample_body(rng), 2.0)], rng).ask()
        >>> child.parent_score in (1.0, 2.0)
        True
    """

    graph: nx.DiGraph[str]
    lineage: int
    parent_score: float


class Lineages:
    """One lineage of bodies for every founder.

    Invariants:
        A lineage holds 1 to :data:`LINEAGE_SIZE` bodies; a full one loses its worst.
        Offspring joins the lineage of its first parent, never another one.

    Args:
        founders: At least one body with its score; each starts a lineage.
        rng: Generator for selection and variation.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(0)
        >>> lineages = Lineages([(sample_body(rng), 1.0), (sample_body(rng), 2.0)], rng)
        >>> child = lineages.ask()
        >>> lineages.tell(child, score=3.0)
    """

    def __init__(self, founders: Sequence[tuple[nx.DiGraph[str], float]], rng: np.random.Generator):
        self._lineages = [[founder] for founder in founders]
        self._rng = rng

    def ask(self) -> Offspring:
        """A child of the better of two bodies that are drawn from a random lineage.

        Its second parent, if it has one, comes from any lineage.
        """
        while True:
            lineage = int(self._rng.integers(len(self._lineages)))
            graph, score = max((self._draw(lineage), self._draw(lineage)), key=lambda body: body[1])
            try:
                if self._rng.random() < CROSSOVER_RATE:
                    other, _ = self._draw(int(self._rng.integers(len(self._lineages))))
                    graph = crossover(graph, other, self._rng)
                for _ in range(self._rng.integers(1, MAX_MUTATIONS + 1)):
                    graph, _ = mutate(graph, self._rng)
            except OperatorError:
                continue
            return Offspring(graph, lineage, score)

    def tell(self, child: Offspring, score: float) -> None:
        """Report the score of a child; it becomes a parent unless it is much worse than its own.

        Args:
            child: What :meth:`ask` returned.
            score: Score of the child.
        """
        if score < child.parent_score - MAX_LOSS * abs(child.parent_score):
            return
        lineage = self._lineages[child.lineage]
        lineage.append((child.graph, score))
        if len(lineage) > LINEAGE_SIZE:
            lineage.remove(min(lineage, key=lambda body: body[1]))

    def bodies(self, lineage: int) -> list[tuple[nx.DiGraph[str], float]]:
        """Possible parents of a lineage with their scores, oldest first.

        Args:
            lineage: Number of the lineage.
        """
        return list(self._lineages[lineage])

    def _draw(self, lineage: int) -> tuple[nx.DiGraph[str], float]:
        bodies = self._lineages[lineage]
        return bodies[self._rng.integers(len(bodies))]
