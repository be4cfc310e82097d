"""Ends of generations: membership and alarms, written while a run goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from codesign.campaign.alarms import Monitor
from codesign.campaign.algorithms import Algorithm
from codesign.config import Settings
from codesign.store import Candidate, Database, Event


class GenerationWriter:
    """Writes the end of every generation, once.

    A resumed run tells all candidates again; ends that are in the database already are left out.

    Args:
        settings: Settings of the run.
        database: Database of the run.
        algorithm: The algorithm of the run.
        on_event: Function to call with every new event.
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
        self._monitor = Monitor(settings)
        self._written = {event.generation for event in database.events("generation")}
        self._candidates: list[Candidate] = []  # of the generation that has not ended

    def tell(self, candidate: Candidate) -> None:
        """Take in a candidate that the algorithm was told, before it is told the next one.

        Args:
            candidate: The scored candidate.

        Raises:
            RunError: The end of a generation cannot be written.
        """
        self._monitor.tell(candidate)
        self._candidates.append(candidate)
        if len(self._candidates) == self._population:
            self._end()

    def rescore(self, candidates: Mapping[int, Candidate]) -> None:
        """Take in new scores, the best one among them.

        Args:
            candidates: Candidates with their new scores, by number.
        """
        self._monitor.rescore(candidates)

    def finish(self) -> None:
        """Write the end of the generation that the budget leaves incomplete.

        Raises:
            RunError: The end of the generation cannot be written.
        """
        if self._candidates:
            self._end()

    def _end(self) -> None:
        candidates, self._candidates = self._candidates, []
        generation = candidates[0].generation
        if generation in self._written:
            return
        membership = self._algorithm.membership()
        events = self._monitor.end_generation(
            generation, candidates=candidates, membership=membership
        )
        self._database.add_generation(
            generation,
            membership={role: [c.number for c in kept] for role, kept in membership.items()},
            events=events,
        )
        for event in events:
            self._on_event(event)
