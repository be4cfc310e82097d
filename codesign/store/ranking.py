"""The best candidates of a run: SQL clauses, and a spread along the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codesign.scoring import ScoreRecord
from codesign.store.candidate import Candidate
from codesign.store.schema import FRONT

#: The score of a candidate under the controller that it was first scored under, over all its
#: episodes, and the join that it needs.
UNDER_FIRST = "ifnull(f.score, c.score)"
JOIN_FIRST = """
LEFT JOIN rescores AS f ON f.number = c.number AND f.candidates = (
    SELECT max(candidates) FROM rescores
    WHERE number = c.number AND adaptation = c.adaptation
)
"""
#: Number of the adaptation that the controller of the search came from in the end; 0 for none.
_LATEST = "(SELECT ifnull(max(number), 0) FROM adaptations WHERE kept)"
#: Each body once, if it was scored under the last controller of the search: scores of different
#: controllers do not compare. Of a body under several variants the best counts.
DISTINCT = f"""
WHERE c.number IN (
    SELECT number FROM (
        SELECT s.number, ROW_NUMBER() OVER (
            PARTITION BY s.hash ORDER BY ifnull(r.score, s.score) DESC, s.number
        ) AS place
        FROM candidates AS s LEFT JOIN rescores AS r
            ON r.number = s.number AND r.adaptation = {_LATEST} AND r.candidates = (
                SELECT max(candidates) FROM rescores WHERE number = s.number
            )
        WHERE ifnull(json_extract(r.record, '$.status'), s.status) = 'ok'
            AND (s.adaptation = {_LATEST} OR r.number IS NOT NULL)
    ) WHERE place = 1
)
"""
#: All candidates on the front. Of a body under several variants the best comes last.
ON_FRONT = f"""
WHERE c.status = 'ok' AND c.number IN (
    SELECT number FROM membership WHERE role = '{FRONT}' AND until IS NULL
) ORDER BY ifnull(rescores.score, c.score), c.number DESC
"""
#: Best first, by the score of the search alone; ties go to the older.
BY_SEARCH = "ifnull(rescores.score, c.score) DESC, c.number"
#: Best first: by the score after fine-tuning, then by the re-evaluation, then by the search.
FINAL_FIRST = (
    "finetunings.score IS NULL, finetunings.score DESC, "
    f"reevaluations.score IS NULL, reevaluations.score DESC, {BY_SEARCH}"
)


def spread(records: Mapping[Candidate, ScoreRecord], count: int) -> list[Candidate]:
    """Candidates of a front, evenly spread along its first objective, by decreasing score.

    Args:
        records: The candidates on the front, with distinct bodies, and the score records to
            choose by.
        count: Maximum number of candidates. With 1 it is the one with the best score.
    """
    best_first = sorted(records, key=lambda c: records[c].score, reverse=True)
    if not 1 < count < len(best_first):
        return best_first[:count]
    along = sorted(best_first, key=lambda c: next(iter(records[c].criteria_values.values()), 0.0))
    picked = set(evenly(along, count))
    return [candidate for candidate in best_first if candidate in picked]


def evenly(ordered: Sequence[Candidate], count: int) -> Sequence[Candidate]:
    """At most ``count`` of the candidates, evenly spread from the first to the last.

    Args:
        ordered: The candidates.
        count: Maximum number of candidates, at least 1; with 1 it is the first one.
    """
    if len(ordered) <= count:
        return ordered
    step = (len(ordered) - 1) / max(count - 1, 1)
    return [ordered[round(place * step)] for place in range(count)]
