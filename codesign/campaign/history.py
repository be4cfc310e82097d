"""Who was kept at the end of each generation, and what looked wrong: written as a run goes."""

from __future__ import annotations

from collections.abc import Callable

from codesign.campaign.alarms import Watch
from codesign.campaign.algorithms import Algorithm
from codesign.config import Settings
from codesign.store import Candidate, Database, Event


class History:
    """Writes the end of every generation once; one that is in the database already is skipped.

    Args:
        settings: of the run.
        database: of the run.
        algorithm: that says who is kept.
        on_event: called with every event that is new.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        algorithm: Algorithm,
        on_event: Callable[[Event], None],
    ) -> None:
        self._population = settings.population
        self._database = database
        self._algorithm = algorithm
        self._on_event = on_event
        self._watch = Watch(settings)
        self._written = {event.generation for event in database.events("generation")}
        self._born: list[Candidate] = []

    def told(self, candidate: Candidate) -> None:
        """Go on by a candidate that the algorithm was told, and no later one."""
        self._watch.see(candidate)
        self._born.append(candidate)
        if len(self._born) == self._population:
            self._end()

    def finish(self) -> None:
        """End the generation that the run's budget leaves incomplete."""
        if self._born:
            self._end()

    def _end(self) -> None:
        born, self._born = self._born, []
        generation = born[0].generation
        if generation in self._written:
            return
        membership = self._algorithm.membership()
        events = self._watch.look(generation, born=born, membership=membership)
        self._database.add_generation(
            generation,
            membership={role: [c.number for c in kept] for role, kept in membership.items()},
            events=events,
        )
        for event in events:
            self._on_event(event)
