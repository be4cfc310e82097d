"""Bodies bred from founders for many generations, each founder's line for itself.

A search under a controller soon breeds from bodies that the controller moves well, and a
controller that is to serve searches must learn on such bodies. Lines keep them different:
one founder's offspring cannot crowd out another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np

from morph_ops.operators import OperatorError, crossover, mutate

#: Bodies of a line that may be parents.
LINE_LENGTH = 16
#: A child that does worse than this share of its parent becomes no parent; where the parent's
#: score is negative, one that is as far below it.
LEAST_SHARE = 0.4
CROSSOVER = 0.4
MOST_MUTATIONS = 3


@dataclass(frozen=True)
class Offspring:
    """A body and where it came from.

    Attributes:
        graph: the body.
        line: number of its line.
        parent_score: what its first parent scored.
    """

    graph: nx.DiGraph[str]
    line: int
    parent_score: float


class Lineages:
    """A line of bodies for every founder.

    Args:
        founders: at least two bodies with their scores.
        rng: of selection and variation.
    """

    def __init__(self, founders: Sequence[tuple[nx.DiGraph[str], float]], rng: np.random.Generator):
        self._lines = [[founder] for founder in founders]
        self._rng = rng

    def breed(self) -> Offspring:
        """A child of the better of two bodies of a line drawn at random.

        Its second parent, where there is one, comes from any line.
        """
        while True:
            line = int(self._rng.integers(len(self._lines)))
            graph, score = max((self._draw(line), self._draw(line)), key=lambda body: body[1])
            try:
                if self._rng.random() < CROSSOVER:
                    other, _ = self._draw(int(self._rng.integers(len(self._lines))))
                    graph = crossover(graph, other, self._rng)
                for _ in range(self._rng.integers(1, MOST_MUTATIONS + 1)):
                    graph, _ = mutate(graph, self._rng)
            except OperatorError:
                continue
            return Offspring(graph, line, score)

    def tell(self, child: Offspring, score: float) -> None:
        """Take a child in as a parent, if it does not fall too far behind its own."""
        if score < child.parent_score - (1.0 - LEAST_SHARE) * abs(child.parent_score):
            return
        line = self._lines[child.line]
        line.append((child.graph, score))
        if len(line) > LINE_LENGTH:
            line.remove(min(line, key=lambda body: body[1]))

    def _draw(self, line: int) -> tuple[nx.DiGraph[str], float]:
        return self._lines[line][self._rng.integers(len(self._lines[line]))]
