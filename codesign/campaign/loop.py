"""The loop of a campaign: create candidates, score them, write them, until the budget is spent.

``Algorithm.needs`` is the number of candidates to tell before the algorithm is asked for candidate
i. The loop tells exactly those, in the order of their numbers. So a candidate depends on numbers
alone, while many bodies are scored at the same time. A resumed run tells the candidates in the
database again, and creates those that are missing.

:class:`~codesign.campaign.frontier.Frontier` keeps the order of the candidates, and
:class:`~codesign.campaign.duplicates.DuplicateScheduler` decides which of them are scored.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from codesign.campaign import seeds
from codesign.campaign.adaptation import Adaptations
from codesign.campaign.algorithms import new_algorithm
from codesign.campaign.duplicates import DuplicateScheduler, Job
from codesign.campaign.finetuning import finetune_finalists
from codesign.campaign.frontier import Frontier
from codesign.campaign.generations import GenerationWriter
from codesign.campaign.kept_reevaluation import KeptReevaluations
from codesign.campaign.learning import OnSteps
from codesign.campaign.metrics import with_criteria
from codesign.campaign.progress import Progress
from codesign.campaign.reevaluation import reevaluate, require_controller
from codesign.campaign.stopping import StoppingRule
from codesign.campaign.variation import DuplicateKey, Variation
from codesign.config import Settings
from codesign.errors import RunError
from codesign.scoring import ScoreRecord, ScoringPool
from codesign.scoring.broods import Sibling
from codesign.store import Candidate, Database, Event, Founder, RunFolder


def run(
    settings: Settings,
    *,
    database: Database,
    pool: ScoringPool,
    folder: RunFolder | None = None,
    start: Sequence[Founder] = (),
    began: float | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_reevaluation: Callable[[int, int], None] = lambda done, total: None,
    on_learning: OnSteps = lambda what, done, total: None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> str | None:
    """Work on a run until all its candidates are scored and its finalists are ranked.

    Finalists are re-evaluated, and their networks learn on if the settings say so.

    Args:
        settings: Settings of the run.
        database: Database of the run. Candidates in it are not scored again.
        pool: The pool that scores bodies, set up for ``settings``.
        folder: Run folder, which gets controllers and networks that learn; None for a run in which
            nothing learns.
        start: Bodies that the campaign starts from; empty to sample them.
        began: Time of :func:`time.monotonic` from which ``stop.minutes`` counts; None for now.
        on_progress: Function to call after every candidate.
        on_reevaluation: Function to call with the number of re-evaluated finalists and their
            total.
        on_learning: Function to call while a controller or finalists learn.
        on_event: Function to call with every new event: ends of generations, alarms, adaptations,
            and re-evaluations of kept bodies.

    Returns:
        The reason why the run ended before its budget was spent; None if it did not.

    Raises:
        UsageError: The controller is not the one that the run started with.
        ValueError: Something learns, and there is no folder.
        UsageError: No sampled body is within the limits.
        RunError: No body of the starting population could be simulated.
        RunError: A plugin failed, or the database cannot be written.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> few = Settings(population=2, generations=0, episodes=1, reevaluation_episodes=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "run.sqlite"
        ...     Database.create(path)
        ...     with Database(path) as database, ScoringPool(workers=0, episodes=1) as pool:
        ...         run(few, database=database, pool=pool)
        ...         print([candidate.operator for candidate in database.candidates()])
        ['sample', 'sample']
    """
    if folder is None and (settings.adaptation is not None or settings.finetune_steps):
        raise ValueError("folder: expected a run folder for what learns, got None")
    loop = _Loop(settings, folder, database, pool, start, on_progress, on_learning, on_event)
    reason = loop.run(time.monotonic() if began is None else began)
    reevaluate(database, settings, pool, criteria=loop.criteria, on_reevaluation=on_reevaluation)
    if folder is not None:
        finetune_finalists(
            settings,
            folder=folder,
            database=database,
            pool=pool,
            criteria=loop.criteria,
            on_steps=on_learning,
        )
    return reason


class _Loop:
    """One process's work on a run."""

    def __init__(
        self,
        settings: Settings,
        folder: RunFolder | None,
        database: Database,
        pool: ScoringPool,
        start: Sequence[Founder],
        on_progress: Callable[[Progress], None],
        on_learning: OnSteps,
        on_event: Callable[[Event], None],
    ) -> None:
        self._settings = settings
        self._database = database
        self._pool = pool
        self._on_progress = on_progress
        self._algorithm = new_algorithm(settings)
        self.criteria = self._algorithm.criteria()
        self._variation = Variation(settings, start)
        self._stopping_rule = StoppingRule(settings)
        self._stop_reason: str | None = None
        self._generations = GenerationWriter(settings, database, self._algorithm, on_event)
        # A generational algorithm waits for a whole population.
        max_ahead = max(settings.in_flight, settings.population)
        self._frontier = Frontier(total=settings.total, max_ahead=max_ahead)
        self._selects_variants = settings.best_of > 1
        self._scheduler = self._new_scheduler()
        self._adaptations = None
        if settings.adaptation is not None and folder is not None:
            self._adaptations = Adaptations(
                settings,
                folder=folder,
                database=database,
                pool=pool,
                criteria=self.criteria,
                on_steps=on_learning,
                on_event=on_event,
            )
        self._reevaluations = None
        if settings.reevaluate_every:
            self._reevaluations = KeptReevaluations(
                settings, database=database, pool=pool, criteria=self.criteria, on_event=on_event
            )
        self._told: set[DuplicateKey] = set()
        self._recent: list[Candidate] = []  # told since the last adaptation
        self._stored = database.numbers()
        self._best: Candidate | None = None
        self._start_failures: list[str] = []
        self._controller_hash = ""

    def run(self, began: float) -> str | None:
        """Score all candidates; the reason if the run ends early."""
        minutes = self._settings.stop.minutes
        deadline = math.inf if minutes is None else began + 60.0 * minutes
        while not self._frontier.finished:
            if time.monotonic() > deadline:
                self._drain()
                return f"{minutes:g} minutes have passed"
            while self._frontier.may_create(self._needs):
                self._create()
            self._submit()
            if self._pool.busy:
                self._collect()
            elif not self._frontier.finished and not self._scheduler.queued:
                self._require_candidates()
        self._tell(self._frontier.done)
        self._generations.finish()
        if self._adaptations is not None:
            self._adaptations.finish()
        return self._stop_reason

    def _needs(self, number: int) -> int:
        """Number of candidates that must be scored before a candidate is created."""
        needs = self._algorithm.needs(number)
        pauses = [each for each in (self._adaptations, self._reevaluations) if each is not None]
        return max([needs, *(each.barrier(number) for each in pauses)])

    def _new_scheduler(self) -> DuplicateScheduler:
        return DuplicateScheduler(inherited_variants=not self._selects_variants)

    def _adapt(self, number: int) -> bool:
        """Let the controller learn before a candidate, if that is due; whether it is another."""
        if self._adaptations is None or not self._adaptations.due(number):
            return False
        self._tell(number)
        rescored = self._adaptations.run(number, kept=self._kept(), recent=self._recent)
        self._recent = []
        self._stopping_rule.spend(self._adaptations.steps)
        if not rescored:
            return False
        # Scores of the controller before are not copied any more.
        self._scheduler = self._new_scheduler()
        for candidate in rescored.values():
            self._scheduler.add_scored(candidate)
        self._rescore(rescored, of_others="forgotten")
        return True

    def _reevaluate_kept(self, number: int) -> None:
        """Score the kept bodies over fresh episodes before a candidate, if that is due."""
        if self._reevaluations is None or not self._reevaluations.due(number):
            return
        self._tell(number)
        adaptation = 0 if self._adaptations is None else self._adaptations.latest
        again = self._reevaluations.run(number, kept=self._kept(), adaptation=adaptation)
        self._stopping_rule.spend(self._reevaluations.steps)
        if again:
            self._rescore({candidate.number: candidate for candidate in again}, of_others="valid")

    def _kept(self) -> list[Candidate]:
        """Candidates that the algorithm keeps."""
        kept = {c.number: c for of in self._algorithm.membership().values() for c in of}
        return list(kept.values())

    def _rescore(
        self, rescored: Mapping[int, Candidate], *, of_others: Literal["forgotten", "valid"]
    ) -> None:
        """Go on with new scores of candidates, the best one among them."""
        self._algorithm.rescore(rescored)
        self._variation.rescore(rescored, of_others=of_others)
        self._generations.rescore(rescored)
        self._stopping_rule.rescore(rescored)
        self._best = max(rescored.values(), key=lambda candidate: candidate.score)
        self._controller_hash = self._best.result.controller_hash

    def _create(self) -> None:
        """Create the next candidate, or take it from the database."""
        # An adapted controller gives all kept bodies new scores anyway.
        if not self._adapt(self._frontier.created):
            self._reevaluate_kept(self._frontier.created)
        number = self._frontier.create()
        self._tell(self._algorithm.needs(number))
        if number in self._stored:
            self._take_stored(number)
        else:
            self._schedule(number)

    def _take_stored(self, number: int) -> None:
        """Complete a candidate that was scored before this process started."""
        # What it scored when it was created: the loop rescores it again where it was rescored.
        stored = self._database.candidate(number)
        candidate = replace(stored, rescored=None, rescored_in=0)
        self._check_controller(candidate.result)
        if not self._of_brood(number):
            self._scheduler.add_scored(candidate)
        self._complete(candidate)

    def _schedule(self, number: int) -> None:
        """Make a new candidate, which is scored, or copies the score of an equal one."""
        job = self._new_job(number)
        source = self._scheduler.add(job)
        if source is not None:
            self._write(job.candidate.scored_like(self._database.candidate(source)))

    def _new_job(self, number: int) -> Job:
        with seeds.selection(self._settings.seed, number):
            parents = self._algorithm.ask(number)
            threshold = self._algorithm.threshold(number) if self._settings.racing else None
        if threshold is not None and not math.isfinite(threshold):
            raise RunError(
                f"{self._settings.algorithm} set the threshold of candidate {number} to "
                f"{threshold}: expected a finite number or None"
            )
        of_brood = self._of_brood(number)
        if parents is None:
            taken = self._told if of_brood else self._scheduler.keys
            brood = [self._variation.sample(number, taken=taken)]
        elif of_brood:
            brood = self._variation.brood(number, parents=parents, taken=self._told)
        else:
            brood = [self._variation.offspring(number, parents=parents)]
        if self._adaptations is not None:
            brood = [replace(each, adaptation=self._adaptations.latest) for each in brood]
        return Job(brood[0], threshold, tuple(brood[1:]), has_duplicates=not of_brood)

    def _of_brood(self, number: int) -> bool:
        """Whether a candidate is chosen among several children, unless it has no parents."""
        return self._settings.brood > 1 and number >= self._settings.population

    def _submit(self) -> None:
        """Give jobs to idle workers."""
        while self._pool.idle and (job := self._scheduler.start_next()):
            candidate = job.candidate
            self._pool.submit(
                candidate.number,
                candidate.graph,
                threshold=job.threshold,
                preferred_variants=self._preferred_variants(candidate),
                variant=None if self._selects_variants else candidate.variant,
                siblings=[
                    Sibling(each.graph, None if self._selects_variants else each.variant)
                    for each in job.siblings
                ],
            )

    def _preferred_variants(self, candidate: Candidate) -> tuple[int, ...]:
        """Variants of the parents, to try first where variants are selected."""
        if not self._selects_variants:
            return ()
        parents = (self._database.candidate(number) for number in candidate.parents)
        return tuple(dict.fromkeys(parent.variant for parent in parents))

    def _collect(self) -> None:
        """Wait for scores, and write them and the duplicates that copy them."""
        for number, record in self._pool.collect():
            self._check_controller(record)
            candidate = self._scheduler.running(number).scored(record)
            candidate = with_criteria(candidate, self.criteria)
            self._write(candidate)
            for duplicate in self._scheduler.finish(candidate):
                self._write(duplicate.scored_like(candidate))

    def _drain(self) -> None:
        """Wait for the running jobs; queued ones are created again when the run is resumed."""
        while self._pool.busy:
            self._collect()

    def _write(self, candidate: Candidate) -> None:
        self._database.add(candidate)
        self._complete(candidate)

    def _complete(self, candidate: Candidate) -> None:
        """Count a candidate that is scored and in the database."""
        passed = self._frontier.complete(candidate)
        for each in passed:
            self._stop_early(each)
        if self._best is None or candidate.score > self._best.score:
            self._best = candidate
        self._check_start(candidate, passed)
        self._on_progress(
            Progress(
                done=self._frontier.scored,
                total=self._frontier.total,
                generation=candidate.generation,
                best=self._best,
            )
        )

    def _stop_early(self, candidate: Candidate) -> None:
        """End the run with this candidate if the stopping rule says so, and write that."""
        if self._stop_reason is not None:
            return
        self._stop_reason = self._stopping_rule.tell(candidate)
        if self._stop_reason is not None:
            self._frontier.end_after(candidate.number, self._needs)
            self._database.set_early_stop(self._frontier.total, self._stop_reason)

    def _tell(self, count: int) -> None:
        """Tell candidates until that many are told."""
        while self._frontier.told < count:
            candidate = self._frontier.tell_next()
            self._told.add((candidate.hash, 0 if self._selects_variants else candidate.variant))
            if self._adaptations is not None:
                self._recent.append(candidate)
            self._variation.tell(candidate)
            self._algorithm.tell(candidate)
            self._generations.tell(candidate)

    def _check_start(self, candidate: Candidate, passed: Sequence[Candidate]) -> None:
        """Refuse to continue if no starting body could be simulated."""
        population = min(self._settings.population, self._frontier.total)
        if candidate.number < population and candidate.result.status == "failed":
            self._start_failures.append(candidate.result.warnings[-1])
        is_last = any(each.number == population - 1 for each in passed)
        if is_last and len(self._start_failures) == population:
            raise RunError(f"no starting body could be simulated: {self._start_failures[0]}")

    def _check_controller(self, record: ScoreRecord) -> None:
        """Refuse scores of different controllers in one run."""
        self._controller_hash = self._controller_hash or record.controller_hash
        require_controller(record, self._controller_hash, name=str(self._pool.controller))

    def _require_candidates(self) -> None:
        """Refuse to wait for candidates that will never exist."""
        if self._frontier.may_create(self._needs):
            return
        number = self._frontier.created
        raise RunError(
            f"{self._settings.algorithm} needs {self._algorithm.needs(number)} candidates before "
            f"candidate {number}, and there are {self._frontier.done}: "
            f"expected needs({number}) to be at most {number}"
        )
