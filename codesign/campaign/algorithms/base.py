"""What an algorithm must say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from codesign.config import Settings
from codesign.store import Candidate

POPULATION, ARCHIVE = "population", "archive"
Parents = tuple[Candidate, Candidate] | None


class Algorithm(ABC):
    """Chooses parents.

    Args:
        settings: of the campaign.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @abstractmethod
    def needs(self, number: int) -> int:
        """How many candidates must be told before ``number`` can be bred; never falls."""

    @abstractmethod
    def tell(self, candidate: Candidate) -> None:
        """Take in a scored candidate; they come in the order of their numbers."""

    @abstractmethod
    def ask(self, number: int) -> Parents:
        """A parent, and a second one in case of crossover; None for a fresh body.

        Exactly ``needs(number)`` candidates were told. Python's ``random`` module is set
        for this candidate.
        """

    def threshold(self, number: int) -> float | None:
        """Score that ``number`` must reach to matter, for racing; None where any may matter.

        Asked right after :meth:`ask`, so exactly ``needs(number)`` candidates were told. An
        algorithm whose candidates matter by more than their score need not have one.
        """
        del number
        return None

    def membership(self) -> dict[str, list[Candidate]]:
        """Who is kept of the candidates told, by role; a role is "population", "archive", ...

        The database keeps them for every generation, and alarms look at them. An algorithm
        that does not say keeps nobody.
        """
        return {}

    def metrics(self) -> dict[str, Callable[[Candidate], float]]:
        """What it looks at beside the score, by name: score records keep the values."""
        return {}


class Ahead(Algorithm):
    """An algorithm that breeds without waiting for the latest candidates.

    Up to ``in_flight`` candidates are bred before the score of the first of them counts, at
    most half a population: more would leave too few parents.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._lag = min(settings.in_flight, settings.population // 2)

    def needs(self, number: int) -> int:
        """See :meth:`Algorithm.needs`."""
        return 0 if number < self._settings.population else number - self._lag + 1


class Populated(Algorithm):
    """An algorithm with a population, which others may send candidates to.

    Attributes:
        population: who may be a parent.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.population: list[Candidate] = []

    def membership(self) -> dict[str, list[Candidate]]:
        """See :meth:`Algorithm.membership`."""
        return {POPULATION: self.population}
