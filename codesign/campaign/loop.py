"""Breed, score, write down, until the budget is spent.

An algorithm says how many candidates must be scored before candidate i is bred, and is told
exactly those, in the order of their numbers. So what a candidate becomes depends on numbers
alone, while many bodies can be scored at the same time; and a run that was cut off goes on
by telling the algorithm what there is and breeding again what is missing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codesign.campaign import seeds
from codesign.campaign.algorithms import new_algorithm
from codesign.campaign.history import History
from codesign.campaign.objectives import with_metrics
from codesign.campaign.reevaluation import require_controller, score_finalists
from codesign.campaign.stopping import Stopping
from codesign.campaign.variation import DuplicateKey, Variation
from codesign.config import Settings
from codesign.errors import RunError
from codesign.scoring import ScoreRecord, ScoringPool
from codesign.store import Candidate, Database, Event, Founder


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is.

    Attributes:
        done: candidates scored.
        total: candidates of the whole run.
        generation: of the latest candidate scored.
        best: the best candidate so far; None before the first.
    """

    done: int
    total: int
    generation: int
    best: Candidate | None


def run(
    settings: Settings,
    *,
    database: Database,
    pool: ScoringPool,
    start: Sequence[Founder] = (),
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_reevaluation: Callable[[int, int], None] = lambda done, total: None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> str | None:
    """Go on with a run until all its candidates are in its database, and its finalists.

    Args:
        settings: of the run.
        database: of the run; what it holds already is taken as it is.
        pool: scores the bodies; it must be set up as ``settings`` say.
        start: bodies that the search starts from; none for sampled ones.
        on_progress: called after every candidate.
        on_reevaluation: called after every finalist, with how many are done and how many there are.
        on_event: called with the end of every generation, and with every alarm, that this process
            is the first to write down.

    Returns:
        Why the run stopped before all its candidates were scored; None if it did not.

    Raises:
        UsageError: the controller is another one than the run began with, or no body is
            within the limits.
        RunError: no body of the starting population could be simulated, or something of the
            user's own failed.
    """
    loop = _Loop(settings, database, pool, start, on_progress, on_event)
    stopped = loop.run()
    score_finalists(database, settings, pool, metrics=loop.metrics, on_reevaluation=on_reevaluation)
    return stopped


class _Loop:
    def __init__(
        self,
        settings: Settings,
        database: Database,
        pool: ScoringPool,
        start: Sequence[Founder],
        on_progress: Callable[[Progress], None],
        on_event: Callable[[Event], None],
    ) -> None:
        self._settings = settings
        self._database = database
        self._pool = pool
        self._on_progress = on_progress
        self._breeder = Variation(settings, start)
        self._stopping = Stopping(settings.stop)
        self._total = settings.total
        self._stopped: str | None = None
        self._algorithm = new_algorithm(settings)
        self.metrics = self._algorithm.metrics()
        self._history = History(settings, database, self._algorithm, on_event)
        # Candidates that the algorithm waits for may take so many others along.
        self._most_ahead = max(settings.in_flight, settings.population)
        self._stored = database.numbers()
        self._done: dict[int, Candidate] = {}  # scored, and not told yet
        self._scored = 0
        self._frontier = 0  # every candidate below this number is done
        self._told = 0  # every candidate below this number is told
        self._bred = 0
        self._first_of: dict[DuplicateKey, int] = {}  # whose score twins take
        self._waiting: dict[int, list[Candidate]] = {}
        self._submitted: dict[int, Candidate] = {}
        self._queue: dict[int, Candidate] = {}  # first come, first scored
        self._thresholds: dict[int, float] = {}  # of candidates that may be stopped
        self._best: Candidate | None = None
        self._start_failures: list[str] = []
        self._controller_hash = ""

    def run(self) -> str | None:
        minutes = self._settings.stop.minutes
        deadline = None if minutes is None else time.monotonic() + 60.0 * minutes
        while self._frontier < self._total:
            if deadline is not None and time.monotonic() > deadline:
                self._drain()
                return f"{minutes:g} minutes have passed"
            while self._bred < self._total and self._may_breed():
                self._breed()
            while self._queue and self._pool.idle:
                candidate = self._queue.pop(next(iter(self._queue)))
                self._submitted[candidate.number] = candidate
                self._pool.submit(
                    candidate.number,
                    candidate.graph,
                    threshold=self._thresholds.pop(candidate.number, None),
                    preferred_variants=self._preferred_variants(candidate),
                    variant=candidate.variant if self._settings.best_of == 1 else None,
                )
            if self._pool.busy:
                self._collect()
            elif not self._queue and not self._may_breed() and self._frontier < self._total:
                raise RunError(
                    f"{self._settings.algorithm} waits for {self._algorithm.needs(self._bred)} "
                    f"candidates before it breeds number {self._bred}, and there are "
                    f"{self._frontier}: needs({self._bred}) must be {self._bred} at most"
                )
        self._tell(self._frontier)
        self._history.finish()
        return self._stopped

    def _preferred_variants(self, candidate: Candidate) -> tuple[int, ...]:
        """Readings that moved its parents best, the first parent's first."""
        if self._settings.best_of == 1:
            return ()
        parents = (self._database.candidate(number) for number in candidate.parents)
        return tuple(dict.fromkeys(parent.variant for parent in parents))

    def _collect(self) -> None:
        for number, record in self._pool.collect():
            self._check_controller(record)
            candidate = self._submitted.pop(number).scored(record)
            self._finish(with_metrics(candidate, self.metrics))

    def _drain(self) -> None:
        """Wait for what is being scored; what waits to be scored is bred again another time."""
        while self._pool.busy:
            self._collect()

    def _may_breed(self) -> bool:
        ahead = self._bred - self._frontier
        return ahead < self._most_ahead and self._algorithm.needs(self._bred) <= self._frontier

    def _breed(self) -> None:
        number = self._bred
        self._tell(self._algorithm.needs(number))
        self._bred += 1
        if number in self._stored:
            candidate = self._database.candidate(number)
        else:
            candidate = self._new(number)
        first = self._first(candidate)
        if candidate.record is not None:
            self._check_controller(candidate.record)
            self._mark_done(candidate)
        elif first == number:
            self._queue[number] = candidate
        elif self._pending(first):
            self._waiting.setdefault(first, []).append(candidate)
        else:
            self._finish(candidate.scored_like(self._database.candidate(first)))

    def _first(self, candidate: Candidate) -> int:
        """Number of its first twin that is scored; a stopped one is left aside.

        It was stopped by the bar of its own time, or of its own island.
        """
        key = self._twin_key(candidate)
        first = self._first_of.setdefault(key, candidate.number)
        if first == candidate.number or self._pending(first):
            return first
        if self._settings.racing and self._database.candidate(first).pruned:
            self._first_of[key] = candidate.number
        return self._first_of[key]

    def _twin_key(self, candidate: Candidate) -> DuplicateKey:
        """What twins share: the body, and the variant where it is not found by best-of-N."""
        return candidate.hash, candidate.variant if self._settings.best_of == 1 else 0

    def _pending(self, number: int) -> bool:
        return number in self._submitted or number in self._queue

    def _new(self, number: int) -> Candidate:
        with seeds.selection(self._settings.seed, number):
            parents = self._algorithm.ask(number)
            threshold = self._algorithm.threshold(number) if self._settings.racing else None
        if threshold is not None and not math.isfinite(threshold):
            raise RunError(f"{self._settings.algorithm} set the bar {threshold} for candidate {number}")
        if threshold is not None:
            self._thresholds[number] = threshold
        if parents is None:
            return self._breeder.sample(number, taken=self._first_of)
        return self._breeder.offspring(number, parents=parents)

    def _tell(self, until: int) -> None:
        for number in range(self._told, until):
            candidate = self._done.pop(number)
            self._breeder.tell(candidate)
            self._algorithm.tell(candidate)
            self._history.told(candidate)
        self._told = max(self._told, until)

    def _finish(self, candidate: Candidate) -> None:
        self._database.add(candidate)
        self._thresholds.pop(candidate.number, None)
        self._mark_done(candidate)
        twins = self._waiting.pop(candidate.number, [])
        if twins and candidate.pruned:
            first, *others = twins
            self._first_of[self._twin_key(first)] = first.number
            self._queue[first.number] = first
            if others:
                self._waiting[first.number] = others
            return
        for twin in twins:
            self._finish(twin.scored_like(candidate))

    def _mark_done(self, candidate: Candidate) -> None:
        self._done[candidate.number] = candidate
        self._scored += 1
        before = self._frontier
        while self._frontier in self._done:
            self._watch(self._done[self._frontier])
            self._frontier += 1
        if self._best is None or candidate.score > self._best.score:
            self._best = candidate
        population = self._settings.population
        if candidate.number < population and candidate.result.status == "failed":
            self._start_failures.append(candidate.result.warnings[-1])
        # Later candidates may be done already: the frontier can leap over the last of them.
        if before < population <= self._frontier and len(self._start_failures) == population:
            raise RunError(f"no starting body could be simulated: {self._start_failures[0]}")
        self._on_progress(
            Progress(
                done=self._scored,
                total=self._total,
                generation=candidate.generation,
                best=self._best,
            )
        )

    def _watch(self, candidate: Candidate) -> None:
        """End the run early where the settings say so."""
        if self._stopped is not None:
            return
        self._stopped = self._stopping.reason(candidate)
        if self._stopped is None:
            return
        # Whatever could have been bred before this score was known comes in, on any number
        # of workers, and nothing else.
        end = candidate.number + 1
        latest = min(self._total, candidate.number + self._most_ahead)
        while end < latest and self._algorithm.needs(end) <= candidate.number:
            end += 1
        self._total = end
        self._database.set_ending(end, self._stopped)

    def _check_controller(self, record: ScoreRecord) -> None:
        self._controller_hash = self._controller_hash or record.controller_hash
        require_controller(record, self._controller_hash, self._settings)
