"""The interface of an algorithm."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeAlias

from codesign.campaign.metrics import Criteria
from codesign.config import Settings
from codesign.store import Candidate

POPULATION, ARCHIVE = "population", "archive"

#: Two parents; the second counts in crossover alone. None stands for a fresh body.
Parents: TypeAlias = tuple[Candidate, Candidate] | None


class Algorithm(ABC):
    """Chooses the parents of every candidate.

    A campaign tells an algorithm every scored candidate, in the order of their numbers, and
    asks it for the parents of the next one. :meth:`ask` may draw from Python's :mod:`random`
    module, which is seeded for each candidate. The state of an algorithm must follow from the
    candidates told, because a resumed run tells them again.

    Args:
        settings: Settings of the campaign.

    Attributes:
        settings: Settings of the campaign.
        population: Candidates that may be parents, for an algorithm with one population.
        archive: Candidates in an archive, for an algorithm with one.

    Examples:
        Every candidate is a child of the two before it.

        >>> class LatestTwo(Algorithm):
        ...     def needs(self, number):
        ...         return 0 if number < self.settings.population else number
        ...     def ask(self, number):
        ...         return None if number < self.settings.population else tuple(self.population)
        ...     def tell(self, candidate):
        ...         self.population = [*self.population[-1:], candidate]
        >>> algorithm = LatestTwo(Settings(population=4))
        >>> [algorithm.needs(number) for number in (0, 3, 4, 5)]
        [0, 0, 4, 5]
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.population: list[Candidate] = []
        self.archive: list[Candidate] = []

    @abstractmethod
    def needs(self, number: int) -> int:
        """The number of candidates that must be told before :meth:`ask` for a candidate.

        The fewer, the more candidates can be scored at the same time.

        Args:
            number: Number of the candidate to ask for.

        Returns:
            At most ``number``, and at least as many as for the candidate before.
        """

    @abstractmethod
    def ask(self, number: int) -> Parents:
        """The parents of a candidate; exactly ``needs(number)`` candidates were told.

        Args:
            number: Number of the candidate.

        Returns:
            Two parents, of which the second counts in crossover alone; None for a fresh body.
        """

    @abstractmethod
    def tell(self, candidate: Candidate) -> None:
        """Take in a scored candidate.

        Args:
            candidate: The candidate; candidates come in the order of their numbers.
        """

    def rescore(self, candidates: Mapping[int, Candidate]) -> None:
        """Take in new scores of candidates that were told before.

        They are of another controller, or over more episodes.

        Args:
            candidates: Candidates with their new scores, by number. All that the algorithm keeps
                and that simulate are among them.
        """
        for kept in (self.population, self.archive):
            kept[:] = [candidates.get(each.number, each) for each in kept]

    def threshold(self, number: int) -> float | None:
        """The score that a candidate must be able to reach to matter, for racing.

        A campaign calls it right after :meth:`ask`, for the same candidate. An algorithm that
        compares candidates by more than their scores has no threshold.

        Args:
            number: Number of the candidate.

        Returns:
            The threshold; None if any score may matter.
        """
        del number
        return None

    def membership(self) -> dict[str, list[Candidate]]:
        """The candidates that the algorithm keeps, by role.

        The database stores them at the end of every generation, and alarms look at them. The
        usual roles are "population" and "archive"; designs come from a role "front" if there
        is one.
        """
        roles = {POPULATION: self.population, ARCHIVE: self.archive}
        return {role: list(candidates) for role, candidates in roles.items() if candidates}

    def criteria(self) -> Criteria:
        """The metrics that the algorithm compares candidates by, beside the score.

        Score records have their values among the ``metrics``, and their names as ``criteria``.
        """
        return {}


class SteadyState(Algorithm):
    """An algorithm without generations: candidates replace each other one by one.

    Up to ``in_flight`` candidates are asked for before the score of the first of them counts,
    and at most half a population: more would leave too few parents.

    Args:
        settings: Settings of the campaign.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._lag = min(settings.in_flight, settings.population // 2)

    def needs(self, number: int) -> int:
        """See :meth:`Algorithm.needs`."""
        return 0 if number < self.settings.population else number - self._lag + 1
