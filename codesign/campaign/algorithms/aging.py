"""Aging evolution (Gupta 2021): every candidate replaces the oldest one."""

from __future__ import annotations

import math
from statistics import median

from codesign.campaign import adapter
from codesign.campaign.algorithms.base import Parents, SteadyState
from codesign.store import Candidate


class Aging(SteadyState):
    """The population is the latest candidates; parents are winners of tournaments."""

    def tell(self, candidate: Candidate) -> None:
        """See :meth:`Algorithm.tell`."""
        self.population.append(candidate)
        if len(self.population) > self.settings.population:
            del self.population[0]

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        if number < self.settings.population:
            return None
        return adapter.tournament(self.population, lambda c: c.score, size=self.settings.tournament)

    def threshold(self, number: int) -> float | None:
        """The median score of the population; pruned candidates count as below it.

        A body below the median wins a tournament against three others at random with a
        probability of 1/8 at most. If half of the population was pruned, there is no threshold.
        """
        if number < self.settings.population:
            return None
        value = median(-math.inf if c.pruned else c.score for c in self.population)
        return value if math.isfinite(value) else None
