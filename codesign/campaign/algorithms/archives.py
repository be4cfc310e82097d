"""Algorithms with an archive of different bodies (pyribs)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from codesign.campaign import adapter
from codesign.campaign.algorithms.base import Parents, SteadyState
from codesign.campaign.descriptors import Descriptor, lookup_descriptor
from codesign.campaign.metrics import Criteria
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.store import Candidate


class Archived(SteadyState):
    """An algorithm that distinguishes bodies by descriptors.

    Args:
        settings: Settings of the campaign.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.descriptors: list[Descriptor] = list(map(lookup_descriptor, settings.descriptors))

    def criteria(self) -> Criteria:
        """See :meth:`Algorithm.criteria`: the descriptors."""
        named = zip(self.settings.descriptors, self.descriptors, strict=True)
        return {name: descriptor.value for name, descriptor in named}

    def _position(self, candidate: Candidate) -> list[float]:
        return [descriptor.clipped(candidate) for descriptor in self.descriptors]


class MapElites(Archived):
    """MAP-Elites (Mouret 2015): the best body of every cell of a grid.

    Parents are drawn from the elites uniformly.

    Args:
        settings: Settings of the campaign.

    Raises:
        UsageError: pyribs is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._clear()

    def tell(self, candidate: Candidate) -> None:
        """See :meth:`Algorithm.tell`."""
        if candidate.result.status != "ok":
            return
        position = self._position(candidate)
        added = self._grid.add_single([candidate.number], candidate.score, position)
        if added["status"]:
            self._elites[int(self._grid.index_of_single(position))] = candidate
            self.archive = list(self._elites.values())

    def rescore(self, candidates: Mapping[int, Candidate]) -> None:
        """See :meth:`Algorithm.rescore`; every elite finds its cell anew."""
        elites = [candidates.get(each.number, each) for each in self.archive]
        self._clear()
        for elite in sorted(elites, key=lambda each: each.number):
            self.tell(elite)

    def _clear(self) -> None:
        """Begin with an empty grid."""
        self.archive = []
        self._elites: dict[int, Candidate] = {}  # by index of the cell
        self._grid: Any = _ribs_archives(self.settings).GridArchive(
            solution_dim=1,
            dims=[self.settings.bins] * len(self.descriptors),
            ranges=[(axis.low, axis.high) for axis in self.descriptors],
        )

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        if number < self.settings.population or len(self.archive) < 2:
            return None
        first, second = random.sample(self.archive, 2)
        return first, second


class Novelty(Archived):
    """Novelty search (Lehman 2011): it prefers bodies that are far from all before.

    The score plays no part. The population is the latest candidates. The novelty of a candidate
    is its mean distance, when it was told, to its nearest neighbors in the archive, with every
    descriptor scaled to its range.

    Args:
        settings: Settings of the campaign.

    Raises:
        UsageError: pyribs is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._novelty: dict[int, float] = {}  # of the population, by number
        self._distances: Any = _ribs_archives(settings).ProximityArchive(
            solution_dim=1,
            measure_dim=len(self.descriptors),
            k_neighbors=settings.neighbors,
            novelty_threshold=settings.novelty_threshold,
        )

    def tell(self, candidate: Candidate) -> None:
        """See :meth:`Algorithm.tell`."""
        self.population.append(candidate)
        self._novelty[candidate.number] = self._add(candidate)
        if len(self.population) > self.settings.population:
            del self._novelty[self.population.pop(0).number]

    def rescore(self, candidates: Mapping[int, Candidate]) -> None:
        """See :meth:`Algorithm.rescore`; every body that is kept finds its novelty anew."""
        super().rescore(candidates)
        kept = {each.number: each for each in (*self.archive, *self.population)}
        self.archive = []
        self._distances.clear()
        novelty = {number: self._add(kept[number]) for number in sorted(kept)}
        self._novelty = {each.number: novelty[each.number] for each in self.population}

    def _add(self, candidate: Candidate) -> float:
        """Add a body to the archive if it is new enough; its novelty."""
        if candidate.result.status != "ok":
            return 0.0
        axes = zip(self._position(candidate), self.descriptors, strict=True)
        scaled = [(value - axis.low) / (axis.high - axis.low) for value, axis in axes]
        added = self._distances.add_single([candidate.number], 0.0, scaled)
        if added["status"]:
            self.archive.append(candidate)
        return float(added["novelty"].item())

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        if number < self.settings.population:
            return None
        return adapter.tournament(
            self.population, lambda c: self._novelty[c.number], size=self.settings.tournament
        )


def _ribs_archives(settings: Settings) -> Any:
    try:
        from ribs import archives
    except ImportError:
        raise UsageError(
            f"the algorithm {settings.algorithm} requires pyribs: "
            "run pip install 'codesign[archives]'"
        ) from None
    return archives
