"""Candidates as DEAP individuals: the one module that imports DEAP."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from deap import base, tools

from codesign.store import Candidate

Value = Callable[[Candidate], float]
Values = Callable[[Candidate], tuple[float, ...]]


class Individual:
    """A candidate as DEAP's tools see it.

    Args:
        candidate: scored.
        values: what counts, the higher the better.

    Attributes:
        candidate: the same.
        fitness: its values.
    """

    def __init__(self, candidate: Candidate, values: tuple[float, ...]) -> None:
        self.candidate = candidate
        self.fitness = _fitness(len(values))(values)


def tournament(
    candidates: Sequence[Candidate], value: Value, *, tournament: int
) -> tuple[Candidate, Candidate]:
    """Winners of two tournaments, the second without the first's winner.

    Args:
        candidates: at least two, that may be parents.
        value: the higher the better.
        tournament: bodies that compete in each.
    """
    individuals = [Individual(candidate, (value(candidate),)) for candidate in candidates]
    [first] = tools.selTournament(individuals, 1, tournsize=tournament)
    others = [individual for individual in individuals if individual is not first]
    [second] = tools.selTournament(others, 1, tournsize=tournament)
    return first.candidate, second.candidate


def best(candidates: Sequence[Candidate], value: Value, count: int) -> list[Candidate]:
    """The best of them, best first; ties go to the older."""
    individuals = [Individual(candidate, (value(candidate),)) for candidate in candidates]
    return [individual.candidate for individual in tools.selBest(individuals, count)]


def nsga2(candidates: Sequence[Candidate], values: Values, count: int) -> list[Individual]:
    """Survivors by rank and crowding (Deb 2002); they carry both for :func:`crowded_tournament`.

    Args:
        candidates: parents and children.
        values: objectives, the higher the better each.
        count: how many survive.
    """
    individuals = [Individual(candidate, values(candidate)) for candidate in candidates]
    return tools.selNSGA2(individuals, count)


def front(candidates: Sequence[Candidate], values: Values) -> list[Candidate]:
    """Those of them that nobody beats in one of the values without losing in another.

    Args:
        candidates: any.
        values: objectives, the higher the better each.
    """
    individuals = [Individual(candidate, values(candidate)) for candidate in candidates]
    if not individuals:
        return []
    [first] = tools.sortNondominated(individuals, len(individuals), first_front_only=True)
    return [individual.candidate for individual in first]


def crowded_tournament(individuals: Sequence[Individual]) -> tuple[Candidate, Candidate]:
    """Winners of two binary tournaments: who dominates wins, else who is less crowded.

    Args:
        individuals: at least three, from :func:`nsga2`.
    """

    def winner(among: Sequence[Individual]) -> Individual:
        one, other = tools.selRandom(among, 2)
        if one.fitness.dominates(other.fitness):
            return one
        if other.fitness.dominates(one.fitness):
            return other
        return max(one, other, key=lambda i: i.fitness.crowding_dist)  # type: ignore[attr-defined] # DEAP sets it

    first = winner(individuals)
    second = winner([individual for individual in individuals if individual is not first])
    return first.candidate, second.candidate


def migrate(populations: Sequence[list[Candidate]], value: Value, count: int) -> None:
    """Send copies of the best of every population to the next one, in place of its worst.

    Args:
        populations: in the order of the ring; changed.
        value: the higher the better.
        count: how many travel.
    """
    rings = [[Individual(c, (value(c),)) for c in population] for population in populations]
    tools.migRing(rings, count, selection=tools.selBest, replacement=tools.selWorst)
    for population, ring in zip(populations, rings, strict=True):
        population[:] = [individual.candidate for individual in ring]


def _fitness(count: int) -> type[base.Fitness]:
    """A class of DEAP's fitness with so many values, the higher the better each."""
    if count not in _fitnesses:
        _fitnesses[count] = type(f"Fitness{count}", (base.Fitness,), {"weights": (1.0,) * count})
    return _fitnesses[count]


_fitnesses: dict[int, type[base.Fitness]] = {}
