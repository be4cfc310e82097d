"""Bodies as DEAP individuals: the one module that imports DEAP."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import networkx as nx
import numpy as np
from deap import base, tools

from codesign.campaign import seeds
from codesign.config import Settings
from codesign.store import Candidate
from morph_ops.identity import body_hash
from morph_ops.operators import OperatorError, crossover, mutate
from morph_ops.space import sample_body

_SAMPLE_ATTEMPTS = 20


class Fitness(base.Fitness):
    """One score, the higher the better."""

    weights = (1.0,)


class Individual:
    """A candidate as DEAP's tools see it.

    Attributes:
        candidate: scored.
        fitness: its score.
    """

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self.fitness = Fitness((candidate.score,))


class Breeder:
    """Makes candidates, each from its number and the population before it alone.

    Args:
        settings: of the campaign.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def sample(self, number: int, *, taken: Collection[str]) -> Candidate:
        """A starting body.

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
        return Candidate.bred(graph, number=number, generation=0, operator="sample")

    def breed(self, number: int, *, population: Sequence[Candidate]) -> Candidate:
        """A child of tournament winners.

        Where an operator finds no valid child, the other one is tried; a body that
        nothing can be made of is followed by a fresh one.

        Args:
            number: of the candidate.
            population: scored candidates that may be parents.
        """
        rates = self._settings.rates
        rng = seeds.variation_rng(self._settings.seed, number)
        wants_two = bool(rng.random() < rates.crossover)
        wants_mutation = bool(rng.random() < rates.mutation)
        with seeds.selection(self._settings.seed, number):
            first, second = self._select([Individual(candidate) for candidate in population])
        parents: tuple[Candidate, ...] = (first,)
        graph, names = parents[0].graph, []
        if wants_two:
            child = _crossed(graph, second.graph, rng)
            if child is not None:
                parents = (first, second)
                graph, names = child, ["crossover"]
        if wants_mutation or not names:
            mutant = _mutated(graph, rng, rates.operators)
            if mutant is not None:
                graph = mutant[0]
                names.append(mutant[1])
        if not names:
            parents, graph, names = (), sample_body(rng), ["sample"]
        return Candidate.bred(
            graph,
            number=number,
            generation=number // self._settings.population,
            operator="+".join(names),
            parents=tuple(parent.number for parent in parents),
        )

    def _select(self, individuals: list[Individual]) -> tuple[Candidate, Candidate]:
        """Winners of two tournaments, the second without the first's winner."""
        size = self._settings.tournament
        [first] = tools.selTournament(individuals, 1, tournsize=size)
        others = [individual for individual in individuals if individual is not first]
        [second] = tools.selTournament(others, 1, tournsize=size)
        return first.candidate, second.candidate


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
