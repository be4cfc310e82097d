"""Candidates from parents: each from its number, its parents and what was bred before it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import networkx as nx
import numpy as np

from codesign.campaign import seeds
from codesign.config import Settings
from codesign.store import Candidate
from morph_ops.identity import body_hash
from morph_ops.operators import OperatorError, crossover, mutate
from morph_ops.space import sample_body

_SAMPLE_ATTEMPTS = 20


class Breeder:
    """Makes candidates.

    Args:
        settings: of the campaign.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def sample(self, number: int, *, taken: Collection[str]) -> Candidate:
        """A fresh body.

        Args:
            number: of the candidate.
            taken: hashes of the bodies before it; another one is drawn if it can be found.
        """
        rng = seeds.variation_rng(self._settings.seed, number)
        graph = sample_body(rng)
        for _ in range(_SAMPLE_ATTEMPTS):
            if body_hash(graph) not in taken:
                break
            graph = sample_body(rng)
        return self._bred(graph, number, "sample", ())

    def breed(self, number: int, *, parents: tuple[Candidate, Candidate]) -> Candidate:
        """A child of the first parent, and of the second in case of crossover.

        Where an operator finds no valid child, the other one is tried; a body that
        nothing can be made of is followed by a fresh one.

        Args:
            number: of the candidate.
            parents: scored candidates.
        """
        rates = self._settings.rates
        rng = seeds.variation_rng(self._settings.seed, number)
        wants_two = bool(rng.random() < rates.crossover)
        wants_mutation = bool(rng.random() < rates.mutation)
        first, second = parents
        used: tuple[Candidate, ...] = (first,)
        graph, names = first.graph, []
        if wants_two:
            child = _crossed(graph, second.graph, rng)
            if child is not None:
                used = (first, second)
                graph, names = child, ["crossover"]
        if wants_mutation or not names:
            mutant = _mutated(graph, rng, rates.operators)
            if mutant is not None:
                graph = mutant[0]
                names.append(mutant[1])
        if not names:
            used, graph, names = (), sample_body(rng), ["sample"]
        return self._bred(graph, number, "+".join(names), used)

    def _bred(
        self, graph: nx.DiGraph, number: int, operator: str, parents: tuple[Candidate, ...]
    ) -> Candidate:
        return Candidate.bred(
            graph,
            number=number,
            generation=number // self._settings.population,
            operator=operator,
            parents=tuple(parent.number for parent in parents),
            first_parent=parents[0].graph if parents else None,
        )


def _crossed(first: nx.DiGraph, second: nx.DiGraph, rng: np.random.Generator) -> nx.DiGraph | None:
    try:
        return crossover(first, second, rng)
    except OperatorError:
        return None


def _mutated(
    graph: nx.DiGraph, rng: np.random.Generator, rates: Mapping[str, float]
) -> tuple[nx.DiGraph, str] | None:
    try:
        return mutate(graph, rng, rates=rates)
    except OperatorError:
        return None
