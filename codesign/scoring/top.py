"""The best of many bodies, with few complete scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import networkx as nx

from codesign.scoring.racing import SCREENING, UpperBound
from codesign.scoring.record import ScoreRecord
from codesign.scoring.scoring_pool import ScoringPool

#: Bodies that race against the same threshold. A constant, so that the number of workers
#: changes no result.
_ROUND = 16


def race_for_top(
    graphs: Sequence[nx.DiGraph[str]], pool: ScoringPool, *, top: int
) -> list[ScoreRecord]:
    """Score only those bodies completely that may be among the best.

    First all bodies are screened by one short episode. Then they race in the order of their
    upper bounds; the threshold is the ``top``-th best score so far. The best bodies are probably,
    not certainly, among the complete scores. The number of workers changes no result.

    Args:
        graphs: The bodies.
        pool: The scoring pool, with racing.
        top: Number of best bodies wanted.

    Returns:
        One record for each body, in order. Its status is "pruned" and its metrics have
        "upper_bound" if the body was pruned.

    Raises:
        ValueError: ``top`` is below 1.

    Examples:
        >>> import numpy as np
        >>> from codesign.config import Racing
        >>> from morph_ops.sampling import sample_body
        >>> bodies = [sample_body(np.random.default_rng(seed)) for seed in range(3)]
        >>> with ScoringPool(workers=0, episodes=2, racing=Racing(steps=20)) as pool:
        ...     records = race_for_top(bodies, pool, top=1)
        >>> len(records)
        3
    """
    if top < 1:
        raise ValueError(f"top: expected at least 1, got {top}")
    records = pool.map(graphs, threshold=SCREENING)
    # A body that screening did not prune has a complete score, or cannot have one.
    screened = [index for index, record in enumerate(records) if record.status == "pruned"]
    screened.sort(key=lambda index: -records[index].metrics["upper_bound"])
    for first in range(0, len(screened), _ROUND):
        scores = sorted((r.score for r in records if r.status == "ok"), reverse=True)
        threshold = scores[top - 1] if len(scores) >= top else None
        racers = screened[first : first + _ROUND]
        if threshold is not None and threshold > 0.0:
            racers = [index for index in racers if not _bound(records[index]).is_below(threshold)]
        raced = pool.map(
            [graphs[index] for index in racers],
            threshold=threshold,
            variants=[records[index].variant for index in racers],
        )
        for index, record in zip(racers, raced, strict=True):
            before = records[index]
            steps, seconds = before.steps + record.steps, before.seconds + record.seconds
            records[index] = replace(record, steps=steps, seconds=seconds)
    return records


def _bound(record: ScoreRecord) -> UpperBound:
    return UpperBound(record.metrics["upper_bound"], record.metrics["confidence_margin"])
