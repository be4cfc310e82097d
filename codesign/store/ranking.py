"""The best candidates of a run: SQL clauses, and a spread along the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping

from codesign.scoring import ScoreRecord
from codesign.store.candidate import Candidate
from codesign.store.schema import FRONT

#: Each body once: of a body under several variants the best counts.
DISTINCT = """
WHERE c.number IN (
    SELECT number FROM (
        SELECT number, ROW_NUMBER() OVER (PARTITION BY hash ORDER BY score DESC, number) AS place
        FROM candidates WHERE status = 'ok'
    ) WHERE place = 1
)
"""
#: All candidates on the front. Of a body under several variants the best comes last.
ON_FRONT = f"""
WHERE c.status = 'ok' AND c.number IN (
    SELECT number FROM membership WHERE role = '{FRONT}' AND until IS NULL
) ORDER BY c.score, c.number DESC
"""
#: Best first: by the re-evaluation, then by the score of the search; ties go to the older.
REEVALUATED_FIRST = "reevaluations.score IS NULL, reevaluations.score DESC, c.score DESC, c.number"
#: Best first, by the score of the search alone; ties go to the older.
BY_SEARCH = "c.score DESC, c.number"


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
    step = (len(along) - 1) / (count - 1)
    picked = {along[round(place * step)] for place in range(count)}
    return [candidate for candidate in best_first if candidate in picked]
