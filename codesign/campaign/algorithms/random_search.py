"""Random search: the baseline that every other algorithm must beat."""

from __future__ import annotations

from collections.abc import Mapping

from codesign.campaign.algorithms.base import Algorithm, Parents
from codesign.config import Settings
from codesign.store import Candidate


class Random(Algorithm):
    """Fresh bodies only; the algorithm keeps no candidates.

    Args:
        settings: Settings of the campaign.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._finalists = max(settings.finalists, settings.top)
        self._best: dict[str, float] = {}  # best scores so far, by hash of the body

    def needs(self, number: int) -> int:
        """See :meth:`Algorithm.needs`; it waits for no more than the campaign does anyway."""
        ahead = max(self.settings.in_flight, self.settings.population)
        return max(0, number - ahead + 1)

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        return None

    def tell(self, candidate: Candidate) -> None:
        """See :meth:`Algorithm.tell`."""
        if candidate.result.status != "ok":
            return
        best = self._best
        best[candidate.hash] = max(candidate.score, best.get(candidate.hash, candidate.score))
        if len(best) > self._finalists:
            del best[min(best, key=best.__getitem__)]

    def rescore(self, candidates: Mapping[int, Candidate]) -> None:
        """See :meth:`Algorithm.rescore`; the best bodies are among the candidates."""
        self._best = {}
        for candidate in candidates.values():
            self.tell(candidate)

    def threshold(self, number: int) -> float | None:
        """The lowest score among the bodies that would be finalists now."""
        full = len(self._best) == self._finalists
        return min(self._best.values()) if full and number >= self.settings.population else None
