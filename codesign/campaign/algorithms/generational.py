"""Algorithms with generations: the next one starts when all of the last one is scored."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from codesign.campaign import adapter
from codesign.campaign.algorithms.base import POPULATION, Algorithm, Parents
from codesign.campaign.metrics import Criteria
from codesign.campaign.objectives import lookup_objective
from codesign.config import Settings
from codesign.store import FRONT, Candidate


class Generational(Algorithm):
    """Parents and children compete for the places in the next generation.

    Args:
        settings: Settings of the campaign.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._children: list[Candidate] = []

    def needs(self, number: int) -> int:
        """See :meth:`Algorithm.needs`."""
        return number // self.settings.population * self.settings.population

    def tell(self, candidate: Candidate) -> None:
        """See :meth:`Algorithm.tell`."""
        self._children.append(candidate)
        if len(self._children) == self.settings.population:
            self.replace([*self.population, *self._children])
            self._children = []

    def rescore(self, candidates: Mapping[int, Candidate]) -> None:
        """See :meth:`Algorithm.rescore`."""
        super().rescore(candidates)
        self._children = [candidates.get(each.number, each) for each in self._children]
        self.replace(self.population)

    def membership(self) -> dict[str, list[Candidate]]:
        """See :meth:`Algorithm.membership`; children of an incomplete generation belong to it."""
        return {POPULATION: [*self.population, *self._children]}

    @abstractmethod
    def replace(self, candidates: list[Candidate]) -> None:
        """Set the population to the candidates that survive.

        Args:
            candidates: Parents and children.
        """


class MuPlusLambda(Generational):
    """The best of parents and children survive; parents are winners of tournaments."""

    def replace(self, candidates: list[Candidate]) -> None:
        """See :meth:`Generational.replace`."""
        self.population = adapter.best(candidates, lambda c: c.score, self.settings.population)

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        if number < self.settings.population:
            return None
        return adapter.tournament(self.population, lambda c: c.score, size=self.settings.tournament)

    def threshold(self, number: int) -> float | None:
        """The lowest score in the population: a child below it would not survive.

        On islands a migrant with a lower score may come later.
        """
        if number < self.settings.population:
            return None
        return min(candidate.score for candidate in self.population)


class NSGA2(Generational):
    """NSGA-II (Deb 2002): several objectives at the same time.

    The survivors are the best by non-dominated rank and crowding distance; parents are winners
    of crowded tournaments.

    Args:
        settings: Settings of the campaign.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._objectives = list(map(lookup_objective, settings.objectives))
        self._ranked: list[adapter.Individual] = []

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        return adapter.crowded_tournament(self._ranked) if self._ranked else None

    def replace(self, candidates: list[Candidate]) -> None:
        """See :meth:`Generational.replace`."""
        self._ranked = adapter.select_nsga2(candidates, self._merits, self.settings.population)
        self.population = [individual.candidate for individual in self._ranked]

    def membership(self) -> dict[str, list[Candidate]]:
        """See :meth:`Algorithm.membership`; the role "front" is the Pareto front."""
        membership = super().membership()
        return {**membership, FRONT: adapter.pareto_front(membership[POPULATION], self._merits)}

    def criteria(self) -> Criteria:
        """See :meth:`Algorithm.criteria`: the objectives."""
        named = zip(self.settings.objectives, self._objectives, strict=True)
        return {name: objective.value for name, objective in named}

    def _merits(self, candidate: Candidate) -> tuple[float, ...]:
        return tuple(objective.merit(candidate) for objective in self._objectives)
