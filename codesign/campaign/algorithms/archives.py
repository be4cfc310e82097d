"""Algorithms with an archive of different bodies (pyribs)."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from codesign.campaign import adapter
from codesign.campaign.algorithms.base import ARCHIVE, POPULATION, Ahead, Parents
from codesign.campaign.objectives import Descriptor, get_descriptor
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.store import Candidate


class _Archived(Ahead):
    """Bodies told apart by descriptors.

    Raises:
        UsageError: pyribs is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._descriptors: list[Descriptor] = list(map(get_descriptor, settings.descriptors))
        try:
            from ribs import archives
        except ImportError:
            raise UsageError(
                f"the algorithm {settings.algorithm} needs pyribs: pip install 'codesign[archives]'"
            ) from None
        self.archive = self._new_archive(archives)

    @abstractmethod
    def _new_archive(self, archives: Any) -> Any:
        """An empty archive of numbers of candidates."""

    def metrics(self) -> dict[str, Callable[[Candidate], float]]:
        """See :meth:`Algorithm.metrics`; its descriptors."""
        values = (descriptor.value for descriptor in self._descriptors)
        return dict(zip(self._settings.descriptors, values, strict=True))

    def _places(self, candidate: Candidate) -> list[float]:
        return [descriptor.place(candidate) for descriptor in self._descriptors]


class MapElites(_Archived):
    """The best body of every cell of a grid (Mouret 2015); elites are parents, all alike."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._elites: dict[int, Candidate] = {}

    def _new_archive(self, archives: Any) -> Any:
        return archives.GridArchive(
            solution_dim=1,
            dims=[self._settings.bins] * len(self._descriptors),
            ranges=[(axis.low, axis.high) for axis in self._descriptors],
        )

    def tell(self, candidate: Candidate) -> None:
        """See :meth:`Algorithm.tell`."""
        if candidate.result.status != "ok":
            return
        places = self._places(candidate)
        added = self.archive.add_single([candidate.number], candidate.score, places)
        if added["status"]:
            self._elites[int(self.archive.index_of_single(places))] = candidate

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        if number < self._settings.population or len(self._elites) < 2:
            return None
        first, second = random.sample(list(self._elites.values()), 2)
        return first, second

    def membership(self) -> dict[str, list[Candidate]]:
        """See :meth:`Algorithm.membership`."""
        return {ARCHIVE: list(self._elites.values())}


class Novelty(_Archived):
    """Novelty search (Lehman 2011): far from what was seen is good, the score is no matter.

    The population is the latest candidates, each with its novelty at birth: its mean
    distance to its nearest neighbours in the archive, every descriptor scaled to its range.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._latest: list[tuple[Candidate, float]] = []
        self._archived: list[Candidate] = []

    def _new_archive(self, archives: Any) -> Any:
        return archives.ProximityArchive(
            solution_dim=1,
            measure_dim=len(self._descriptors),
            k_neighbors=self._settings.neighbors,
            novelty_threshold=self._settings.novelty_threshold,
        )

    def tell(self, candidate: Candidate) -> None:
        """See :meth:`Algorithm.tell`."""
        novelty = 0.0
        if candidate.result.status == "ok":
            axes = zip(self._places(candidate), self._descriptors, strict=True)
            places = [(place - axis.low) / (axis.high - axis.low) for place, axis in axes]
            added = self.archive.add_single([candidate.number], 0.0, places)
            novelty = float(added["novelty"].item())
            if added["status"]:
                self._archived.append(candidate)
        self._latest.append((candidate, novelty))
        if len(self._latest) > self._settings.population:
            del self._latest[0]

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        if number < self._settings.population:
            return None
        novelty = {candidate.number: novelty for candidate, novelty in self._latest}
        return adapter.tournament(
            [candidate for candidate, _ in self._latest],
            lambda c: novelty[c.number],
            tournament=self._settings.tournament,
        )

    def membership(self) -> dict[str, list[Candidate]]:
        """See :meth:`Algorithm.membership`."""
        return {POPULATION: [c for c, _ in self._latest], ARCHIVE: self._archived}
