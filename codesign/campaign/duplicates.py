"""Scheduling of scorings: equal bodies are scored once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from codesign.campaign.variation import DuplicateKey
from codesign.scoring import ScoreRecord
from codesign.store import Candidate


@dataclass(frozen=True, eq=False)
class Job:
    """A candidate to score.

    Attributes:
        candidate: The candidate, without a score.
        threshold: The threshold of racing; None for a candidate that is never pruned.
        siblings: Other children of its parents: which of them becomes the candidate is decided
            where they are scored.
        has_duplicates: Whether it is a duplicate of others, or they of it. A candidate of a brood
            is not, because its body is not known before it is scored.
    """

    candidate: Candidate
    threshold: float | None = None
    siblings: tuple[Candidate, ...] = ()
    has_duplicates: bool = True

    def scored(self, record: ScoreRecord) -> Candidate:
        """The candidate with its score: the child that the record is of.

        Args:
            record: The score record.
        """
        brood = (self.candidate, *self.siblings)
        key = record.hash, record.variant
        same = (each for each in brood if (each.hash, each.variant) == key)
        others = (each for each in brood if each.hash == record.hash)
        return next(same, next(others, self.candidate)).scored(record)


class DuplicateScheduler:
    """Decides which candidates are scored, and whose score a duplicate copies.

    Candidates are duplicates of each other if they have the same key: the hash of the body, and
    the variant if bodies inherit one. The *source* of a key is the candidate that its
    duplicates copy.

    Invariants, for every key:

    * At most one candidate is queued or running: its source.
    * Duplicates wait only for a source that is queued or running.
    * A pruned candidate is never copied, because its threshold was that of another time, or of
      another island. The first duplicate that waits for it becomes the source and is queued. If
      none waits, the next candidate with this key becomes the source.
    * A source that was scored and not pruned stays the source.

    Jobs start in the order in which they were queued.

    Args:
        inherited_variants: Whether bodies inherit their variants, so that two candidates with
            the same body and different variants are no duplicates.
    """

    def __init__(self, *, inherited_variants: bool) -> None:
        self._inherited_variants = inherited_variants
        self._source: dict[DuplicateKey, int] = {}
        self._pruned: set[int] = set()
        self._queue: dict[int, Job] = {}
        self._running: dict[int, Job] = {}
        self._waiting: dict[int, list[Job]] = {}  # by the source that they wait for

    @property
    def keys(self) -> Collection[DuplicateKey]:
        """Keys of all candidates so far."""
        return self._source.keys()

    @property
    def queued(self) -> bool:
        """Whether a job is queued."""
        return bool(self._queue)

    def add(self, job: Job) -> int | None:
        """Take in a candidate without a score: it is queued, waits, or copies a score.

        Args:
            job: The candidate and its threshold.

        Returns:
            The number of the scored candidate to copy; None for a job that is queued or waits.
        """
        number = job.candidate.number
        source = self._source_of(job.candidate) if job.has_duplicates else number
        if source == number:
            self._queue[number] = job
        elif source in self._queue or source in self._running:
            self._waiting.setdefault(source, []).append(job)
        else:
            return source
        return None

    def add_scored(self, candidate: Candidate) -> None:
        """Take in a candidate that was scored before this process started.

        Args:
            candidate: The scored candidate.
        """
        self._source_of(candidate)
        if candidate.pruned:
            self._pruned.add(candidate.number)

    def start_next(self) -> Job | None:
        """The job that was queued first, which runs from now on; None if no job is queued."""
        for number in self._queue:
            job = self._running[number] = self._queue.pop(number)
            return job
        return None

    def running(self, number: int) -> Job:
        """The job of a candidate that is running.

        Args:
            number: Number of the candidate.
        """
        return self._running[number]

    def finish(self, candidate: Candidate) -> list[Candidate]:
        """Take in the score of a running candidate.

        Args:
            candidate: The scored candidate.

        Returns:
            The duplicates that copy its score now.
        """
        number = candidate.number
        if not self._running.pop(number).has_duplicates:
            return []
        waiting = self._waiting.pop(number, [])
        if not candidate.pruned:
            return [job.candidate for job in waiting]
        self._pruned.add(number)
        if waiting:
            first, *others = waiting
            source = first.candidate.number
            self._source[self._key(first.candidate)] = source
            self._queue[source] = first
            if others:
                self._waiting[source] = others
        return []

    def _source_of(self, candidate: Candidate) -> int:
        """The source of a candidate's key, which may be the candidate itself from now on."""
        key = self._key(candidate)
        source = self._source.setdefault(key, candidate.number)
        if source in self._pruned:
            source = self._source[key] = candidate.number
        return source

    def _key(self, candidate: Candidate) -> DuplicateKey:
        return candidate.hash, candidate.variant if self._inherited_variants else 0
