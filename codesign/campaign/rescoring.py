"""New scores of bodies that were scored before, while no others are scored."""

from __future__ import annotations

from collections.abc import Sequence

from codesign.campaign.batches import score_batch
from codesign.campaign.metrics import Criteria, with_criteria
from codesign.campaign.reevaluation import require_controller
from codesign.scoring import ScoreRecord, ScoringPool
from codesign.store import Candidate


def score_anew(
    pool: ScoringPool,
    candidates: Sequence[Candidate],
    *,
    criteria: Criteria,
    controller_hash: str,
    **options: int,
) -> tuple[dict[int, ScoreRecord], int]:
    """Score candidates under the controller of a pool; equal bodies are scored once.

    Args:
        pool: The pool that scores bodies.
        candidates: Scored candidates.
        criteria: The criteria of the algorithm.
        controller_hash: Hash of the controller that the pool must have.
        options: Other arguments of :meth:`~codesign.scoring.ScoringPool.submit`.

    Returns:
        Records by number of the candidate, and the control steps that they took.

    Raises:
        UsageError: A score is of another controller.
        RunError: The metric of a plugin failed.
    """
    keys = {(c.hash, c.variant): c.number for c in reversed(candidates)}
    by_number = {c.number: c for c in candidates}
    scored: dict[int, ScoreRecord] = {}
    for number, record in score_batch(
        pool, (by_number[n] for n in keys.values()), lambda candidate: options
    ):
        require_controller(record, controller_hash, name=str(pool.controller))
        scored[number] = with_criteria(by_number[number].scored(record), criteria).result
    records = {c.number: scored[keys[c.hash, c.variant]].named(c.name) for c in candidates}
    return records, sum(record.steps for record in scored.values())
