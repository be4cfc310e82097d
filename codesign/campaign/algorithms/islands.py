"""Islands: populations that search side by side and send each other their best."""

from __future__ import annotations

from codesign.campaign import adapter
from codesign.campaign.algorithms.base import POPULATION, Algorithm, Parents, Populated
from codesign.campaign.algorithms.generational import MuPlusLambda
from codesign.campaign.algorithms.steady import Aging
from codesign.config import Settings
from codesign.store import Candidate

#: What an island can be: an algorithm with a population that migrants can join.
ISLANDS: dict[str, type[Populated]] = {"aging": Aging, "mu_plus_lambda": MuPlusLambda}


class Islands(Algorithm):
    """Candidate k belongs to island k modulo their number; DEAP's ring takes migrants around.

    Each island has an equal share of the population. Whenever every island has been told
    ``migrate_every`` more candidates, copies of its best go to the next one and take the
    places of the worst there.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        kinds = settings.islands
        self._number = len(kinds)
        share = {
            "population": settings.population // self._number,
            "in_flight": max(1, settings.in_flight // self._number),
        }
        own = settings.model_copy(update=share)
        self._islands = [ISLANDS[kind](own) for kind in kinds]

    def needs(self, number: int) -> int:
        """See :meth:`Algorithm.needs`."""
        island = number % self._number
        own = self._islands[island].needs(number // self._number)
        return (own - 1) * self._number + island + 1 if own else 0

    def tell(self, candidate: Candidate) -> None:
        """See :meth:`Algorithm.tell`."""
        round_, island = divmod(candidate.number, self._number)
        self._islands[island].tell(candidate)
        if island == self._number - 1 and (round_ + 1) % self._settings.migrate_every == 0:
            populations = [each.population for each in self._islands]
            if all(populations):
                adapter.migrate(populations, lambda c: c.score, self._settings.migrants)

    def ask(self, number: int) -> Parents:
        """See :meth:`Algorithm.ask`."""
        round_, island = divmod(number, self._number)
        return self._islands[island].ask(round_)

    def threshold(self, number: int) -> float | None:
        """That of the candidate's island."""
        round_, island = divmod(number, self._number)
        return self._islands[island].threshold(round_)

    def membership(self) -> dict[str, list[Candidate]]:
        """See :meth:`Algorithm.membership`; a role for each island."""
        kept = (island.membership()[POPULATION] for island in self._islands)
        return {f"island {index}": membership for index, membership in enumerate(kept)}
