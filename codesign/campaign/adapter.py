"""Candidates as DEAP individuals: the one module that imports DEAP.

DEAP's selection draws from Python's :mod:`random` module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

from deap import base, tools

from codesign.store import Candidate

#: A number to compare candidates by; larger is better.
Value: TypeAlias = Callable[[Candidate], float]
#: Several such numbers.
Values: TypeAlias = Callable[[Candidate], tuple[float, ...]]


class Individual:
    """A candidate as DEAP's tools expect it.

    Args:
        candidate: The scored candidate.
        values: Its values; larger is better.

    Attributes:
        candidate: The candidate.
        fitness: The values as a DEAP fitness. NSGA-II adds a crowding distance to it.
    """

    def __init__(self, candidate: Candidate, values: tuple[float, ...]) -> None:
        self.candidate = candidate
        self.fitness = _fitness_class(len(values))(values)


def tournament(
    candidates: Sequence[Candidate], value: Value, *, size: int
) -> tuple[Candidate, Candidate]:
    """The winners of two tournaments; the first winner is not in the second one.

    Args:
        candidates: The candidates, at least two.
        value: The number to compare them by.
        size: Number of candidates in a tournament.
    """
    individuals = _individuals(candidates, value)
    [first] = tools.selTournament(individuals, 1, tournsize=size)
    others = [individual for individual in individuals if individual is not first]
    [second] = tools.selTournament(others, 1, tournsize=size)
    return first.candidate, second.candidate


def crowded_tournament(individuals: Sequence[Individual]) -> tuple[Candidate, Candidate]:
    """The winners of two binary tournaments by dominance, then by crowding distance.

    The first winner is not in the second tournament.

    Args:
        individuals: At least three individuals, from :func:`select_nsga2`.
    """

    def winner(among: Sequence[Individual]) -> Individual:
        one, other = tools.selRandom(among, 2)
        if one.fitness.dominates(other.fitness):
            return one
        if other.fitness.dominates(one.fitness):
            return other
        return max(one, other, key=lambda individual: individual.fitness.crowding_dist)

    first = winner(individuals)
    second = winner([individual for individual in individuals if individual is not first])
    return first.candidate, second.candidate


def best(candidates: Sequence[Candidate], value: Value, count: int) -> list[Candidate]:
    """The best candidates, best first; ties go to the earlier in the sequence.

    Args:
        candidates: The candidates.
        value: The number to compare them by.
        count: Number of candidates to select.
    """
    selected = tools.selBest(_individuals(candidates, value), count)
    return [individual.candidate for individual in selected]


def select_nsga2(candidates: Sequence[Candidate], values: Values, count: int) -> list[Individual]:
    """The survivors of NSGA-II (Deb 2002): by non-dominated rank, then by crowding distance.

    Args:
        candidates: Parents and children.
        values: The objectives.
        count: Number of survivors.

    Returns:
        The survivors, with the crowding distances that :func:`crowded_tournament` reads.
    """
    return tools.selNSGA2([Individual(c, values(c)) for c in candidates], count)


def pareto_front(candidates: Sequence[Candidate], values: Values) -> list[Candidate]:
    """The non-dominated candidates.

    Args:
        candidates: The candidates.
        values: The objectives.
    """
    individuals = [Individual(candidate, values(candidate)) for candidate in candidates]
    if not individuals:
        return []
    [front] = tools.sortNondominated(individuals, len(individuals), first_front_only=True)
    return [individual.candidate for individual in front]


def migrate(populations: Sequence[list[Candidate]], value: Value, count: int) -> None:
    """Replace the worst candidates of each population by copies of the best of the one before.

    Args:
        populations: The populations in the order of the ring; changed in place.
        value: The number to compare candidates by.
        count: Number of migrants from each population.
    """
    rings = [_individuals(population, value) for population in populations]
    tools.migRing(rings, count, selection=tools.selBest, replacement=tools.selWorst)
    for population, ring in zip(populations, rings, strict=True):
        population[:] = [individual.candidate for individual in ring]


def _individuals(candidates: Sequence[Candidate], value: Value) -> list[Individual]:
    return [Individual(candidate, (value(candidate),)) for candidate in candidates]


@cache
def _fitness_class(count: int) -> type[base.Fitness]:
    """The class of DEAP's fitness with a number of values, all to be maximized."""
    return type(f"Fitness{count}", (base.Fitness,), {"weights": (1.0,) * count})
