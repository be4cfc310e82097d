"""Islands: populations that search side by side and exchange their best candidates."""

from __future__ import annotations

from collections.abc import Mapping

from codesign.campaign import adapter
from codesign.campaign.algorithms.base import POPULATION, Algorithm, Parents
from codesign.config import Settings
from codesign.config.names import ALGORITHMS
from codesign.store import Candidate


class Islands(Algorithm):
    """Islands in a ring, with migration to the next one (DEAP's ``migRing``).

    Of n islands, island k has the candidates k, k + n, k + 2n, ... and an equal share of the
    population. Whenever each has been told ``migrate_every`` more candidates, copies of its best
    ones replace the worst ones of the next island.

    Args:
        settings: Settings of the campaign.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._count = len(settings.islands)
        share = {
            "population": settings.population // self._count,
            "in_flight": max(1, settings.in_flight // self._count),
        }
        island_settings = settings.model_copy(update=share)
        self._islands: list[Algorithm] = [
            ALGORITHMS.lookup(name)(island_settings) for name in settings.islands
        ]

    def needs(self, number: int) -> int:
        """See :meth:`Algorithm.needs`."""
        own_number, island = divmod(number, self._count)
        own_needs = self._islands[island].needs(own_number)
        return (own_needs - 1) * self._count + island + 1 if own_needs else 0

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        own_number, island = divmod(number, self._count)
        return self._islands[island].ask(own_number)

    def tell(self, candidate: Candidate) -> None:
        """See :meth:`Algorithm.tell`."""
        own_number, island = divmod(candidate.number, self._count)
        self._islands[island].tell(candidate)
        is_last = island == self._count - 1
        if is_last and (own_number + 1) % self.settings.migrate_every == 0:
            populations = [each.population for each in self._islands]
            if all(populations):
                adapter.migrate(populations, lambda c: c.score, self.settings.migrants)

    def rescore(self, candidates: Mapping[int, Candidate]) -> None:
        """See :meth:`Algorithm.rescore`."""
        for island in self._islands:
            island.rescore(candidates)

    def threshold(self, number: int) -> float | None:
        """The threshold of the candidate's island."""
        own_number, island = divmod(number, self._count)
        return self._islands[island].threshold(own_number)

    def membership(self) -> dict[str, list[Candidate]]:
        """See :meth:`Algorithm.membership`; every island is a role."""
        return {
            f"island {index}": island.membership().get(POPULATION, [])
            for index, island in enumerate(self._islands)
        }
