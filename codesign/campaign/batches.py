"""Batches: scores of candidates that all may be scored at once, as they come."""

from __future__ import annotations

from collections import deque
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
        candidates: The candidates, first the ones that begin first.
        options: Function that gives more arguments of
            :meth:`~codesign.scoring.ScoringPool.submit` for a candidate.

    Yields:
        Number and record of each candidate, in the order in which they are scored.
    """
    waiting = deque(candidates)
    while waiting or pool.busy:
        while waiting and pool.idle:
            candidate = waiting.popleft()
            own: dict[str, Any] = {"variant": candidate.variant, **options(candidate)}
            pool.submit(candidate.number, candidate.graph, **own)
        yield from pool.collect()
