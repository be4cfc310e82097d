"""Aging evolution: no generations, the oldest dies with every birth (Gupta 2021)."""

from __future__ import annotations

import math
from statistics import median

from codesign.campaign import adapter
from codesign.campaign.algorithms.base import Ahead, Parents, Populated
from codesign.store import Candidate


class Aging(Ahead, Populated):
    """The population is the latest candidates; winners of tournaments are parents."""

    def tell(self, candidate: Candidate) -> None:
        """See :meth:`Algorithm.tell`."""
        self.population.append(candidate)
        if len(self.population) > self._settings.population:
            del self.population[0]

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        if number < self._settings.population:
            return None
        return adapter.tournament(
            self.population, lambda c: c.score, tournament=self._settings.tournament
        )

    def threshold(self, number: int) -> float | None:
        """The median of the population; whoever was stopped in it counts as below.

        A body below the median beats three others at random with a chance of one in eight at
        most. Where half of the population was stopped, nobody else is.
        """
        if number < self._settings.population:
            return None
        threshold = median(-math.inf if c.pruned else c.score for c in self.population)
        return threshold if math.isfinite(threshold) else None
