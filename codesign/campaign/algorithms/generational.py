"""Algorithms with generations: the next one begins when the last body of one is scored."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from codesign.campaign import adapter
from codesign.campaign.algorithms.base import POPULATION, Algorithm, Parents, Populated
from codesign.campaign.objectives import get_objective
from codesign.config import Settings
from codesign.store import FRONT, Candidate


class Random(Algorithm):
    """Fresh bodies, one after the other: what every other algorithm must beat."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._wanted = max(settings.finalists, settings.top)
        self._best: dict[str, float] = {}  # best score of each of the best bodies, by its hash

    def needs(self, number: int) -> int:
        """See :meth:`Algorithm.needs`; it waits for nothing that the loop does not wait for."""
        ahead = max(self._settings.in_flight, self._settings.population)
        return max(0, number - ahead + 1)

    def tell(self, candidate: Candidate) -> None:
        """See :meth:`Algorithm.tell`."""
        if candidate.result.status != "ok":
            return
        best = self._best
        best[candidate.hash] = max(candidate.score, best.get(candidate.hash, candidate.score))
        if len(best) > self._wanted:
            del best[min(best, key=best.__getitem__)]

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        return None

    def threshold(self, number: int) -> float | None:
        """The worst score among those that would be finalists now."""
        full = len(self._best) == self._wanted
        return min(self._best.values()) if full and number >= self._settings.population else None

    def membership(self) -> dict[str, list[Candidate]]:
        """Nobody is kept."""
        return {}


class _Generational(Populated):
    """Parents and children compete for the places of the next generation."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._children: list[Candidate] = []

    def needs(self, number: int) -> int:
        """See :meth:`Algorithm.needs`."""
        return number // self._settings.population * self._settings.population

    def tell(self, candidate: Candidate) -> None:
        """See :meth:`Algorithm.tell`."""
        self._children.append(candidate)
        if len(self._children) == self._settings.population:
            self._replace([*self.population, *self._children])
            self._children = []

    def membership(self) -> dict[str, list[Candidate]]:
        """See :meth:`Algorithm.membership`; children that wait for their siblings are kept too."""
        return {POPULATION: [*self.population, *self._children]}

    @abstractmethod
    def _replace(self, candidates: list[Candidate]) -> None:
        """Choose who survives."""


class MuPlusLambda(_Generational):
    """The best of parents and children survive; winners of tournaments are parents."""

    def _replace(self, candidates: list[Candidate]) -> None:
        self.population = adapter.best(candidates, lambda c: c.score, self._settings.population)

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        if number < self._settings.population:
            return None
        return adapter.tournament(
            self.population, lambda c: c.score, tournament=self._settings.tournament
        )

    def threshold(self, number: int) -> float | None:
        """The worst score of those that survived; a child below it would not.

        On islands a migrant may come in later that is worse.
        """
        if number < self._settings.population:
            return None
        return min(candidate.score for candidate in self.population)


class NSGA2(_Generational):
    """Several objectives at once: what nobody beats in all of them survives (Deb 2002)."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._objectives = [get_objective(name) for name in settings.objectives]
        self._ranked: list[adapter.Individual] = []

    def membership(self) -> dict[str, list[Candidate]]:
        """See :meth:`Algorithm.membership`; the front is what nobody among them beats."""
        membership = super().membership()
        return {**membership, FRONT: adapter.front(membership[POPULATION], self._merits)}

    def metrics(self) -> dict[str, Callable[[Candidate], float]]:
        """See :meth:`Algorithm.metrics`; its objectives."""
        values = (objective.value for objective in self._objectives)
        return dict(zip(self._settings.objectives, values, strict=True))

    def _merits(self, candidate: Candidate) -> tuple[float, ...]:
        return tuple(objective.merit(candidate) for objective in self._objectives)

    def _replace(self, candidates: list[Candidate]) -> None:
        self._ranked = adapter.nsga2(candidates, self._merits, self._settings.population)
        self.population = [individual.candidate for individual in self._ranked]

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        return adapter.crowded_tournament(self._ranked) if self._ranked else None
