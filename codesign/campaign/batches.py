"""Batches: scores of candidates that all may be scored at once, as they come."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any

from codesign.scoring import ScoreRecord, ScoringPool
from codesign.store import Candidate


def score_batch(
    pool: ScoringPool,
    candidates: Iterable[Candidate],
    options: Callable[[Candidate], dict[str, Any]] = lambda candidate: {},
) -> Generator[tuple[int, ScoreRecord]]:
    """Score candidates, each under its controller variant, while no others are scored.

    Args:
        pool: The pool that scores bodies.
        candidates: The candidates, first the ones that begin first. An iterator makes them while
            others are scored.
        options: Function that gives more arguments of
            :meth:`~codesign.scoring.ScoringPool.submit` for a candidate.

    Yields:
        Number and record of each candidate, in the order in which they are scored.
    """
    waiting = iter(candidates)
    candidate = next(waiting, None)
    while candidate is not None or pool.busy:
        while candidate is not None and pool.idle:
            own: dict[str, Any] = {"variant": candidate.variant, **options(candidate)}
            pool.submit(candidate.number, candidate.graph, **own)
            candidate = next(waiting, None)
        yield from pool.collect()
