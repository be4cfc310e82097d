"""Breed, score, write down, until the budget is spent.

Aging evolution (Gupta 2021): the population is the last ``population`` candidates, so the
oldest dies with every birth. Candidate i is bred as soon as every candidate up to
i - ``in_flight`` is scored, and knows no others. So what it becomes depends on numbers
alone, while ``in_flight`` bodies can be scored at the same time; and a run that was cut off
goes on by breeding again what is missing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from codesign.campaign.adapter import Breeder
from codesign.config import Settings
from codesign.errors import RunError, UsageError
from codesign.scoring import ScoreRecord, ScoringPool
from codesign.store import Candidate, Database


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
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> None:
    """Go on with a run until all its candidates are in its database.

    Args:
        settings: of the run.
        database: of the run; what it holds already is taken as it is.
        pool: scores the bodies; it must be set up as ``settings`` say.
        on_progress: called after every candidate.

    Raises:
        UsageError: the controller is another one than the run began with.
        RunError: no body of the starting population could be simulated.
    """
    _Loop(settings, database, pool, on_progress).run()


class _Loop:
    def __init__(
        self,
        settings: Settings,
        database: Database,
        pool: ScoringPool,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._settings = settings
        self._database = database
        self._pool = pool
        self._on_progress = on_progress
        self._breeder = Breeder(settings)
        # More than half a population in flight would leave too few parents.
        self._in_flight = min(settings.in_flight, settings.population // 2)
        self._stored = {c.number: c for c in database.candidates()}
        self._done: dict[int, Candidate] = {}
        self._frontier = 0  # every candidate below this number is done
        self._bred = 0
        self._first_of: dict[str, int] = {}
        self._waiting: dict[int, list[Candidate]] = {}
        self._submitted: dict[int, Candidate] = {}
        self._queue: deque[Candidate] = deque()
        self._best: Candidate | None = None
        self._controller_hash = next(
            (c.result.controller_hash for c in self._stored.values() if _trusted(c.result)), None
        )

    def run(self) -> None:
        while self._frontier < self._settings.total:
            while self._bred < self._settings.total and self._may_breed():
                self._breed()
            while self._queue and self._pool.idle:
                candidate = self._queue.popleft()
                self._submitted[candidate.number] = candidate
                self._pool.submit(candidate.number, candidate.graph)
            if self._pool.busy:
                for number, record in self._pool.collect():
                    self._check_controller(record)
                    self._finish(self._submitted.pop(number).scored(record))

    def _may_breed(self) -> bool:
        return self._frontier >= self._bred - self._in_flight + 1

    def _breed(self) -> None:
        number, population = self._bred, self._settings.population
        self._bred += 1
        candidate = self._stored.pop(number, None)
        if candidate is None and number < population:
            candidate = self._breeder.sample(number, taken=self._first_of)
        elif candidate is None:
            end = number - self._in_flight + 1
            alive = [self._done[i] for i in range(max(0, end - population), end)]
            candidate = self._breeder.breed(number, population=alive)
        first = self._first_of.setdefault(candidate.hash, number)
        if candidate.record is not None:
            self._mark_done(candidate)
        elif first == number:
            self._queue.append(candidate)
        elif first in self._done:
            self._finish(candidate.scored_like(self._done[first]))
        else:
            self._waiting.setdefault(first, []).append(candidate)

    def _finish(self, candidate: Candidate) -> None:
        self._database.add(candidate)
        self._mark_done(candidate)
        for twin in self._waiting.pop(candidate.number, ()):
            self._finish(twin.scored_like(candidate))

    def _mark_done(self, candidate: Candidate) -> None:
        self._done[candidate.number] = candidate
        before = self._frontier
        while self._frontier in self._done:
            self._frontier += 1
        if self._best is None or candidate.score > self._best.score:
            self._best = candidate
        # Later candidates may be done already: the frontier can leap over the last of them.
        if before < self._settings.population <= self._frontier:
            self._check_start()
        self._on_progress(
            Progress(
                done=len(self._done),
                total=self._settings.total,
                generation=candidate.generation,
                best=self._best,
            )
        )

    def _check_start(self) -> None:
        start = [self._done[number].result for number in range(self._settings.population)]
        if all(record.status == "failed" for record in start):
            raise RunError(f"no starting body could be simulated: {start[0].warnings[-1]}")

    def _check_controller(self, record: ScoreRecord) -> None:
        if not _trusted(record):
            return
        if self._controller_hash is None:
            self._controller_hash = record.controller_hash
        if record.controller_hash != self._controller_hash:
            raise UsageError(
                f"the controller {self._settings.controller} is not the one that this run began "
                f"with: expected {self._controller_hash}, got {record.controller_hash}"
            )


def _trusted(record: ScoreRecord) -> bool:
    """Whether the record names the controller; one of a worker that died does not."""
    return bool(record.controller_hash)
