"""Light reads of whole runs."""

from __future__ import annotations

from codesign.store import Summary


def test_summaries_are_the_candidates_without_bodies(small_run):
    with small_run.database(read_only=True) as database:
        summaries, candidates = database.summaries(), database.candidates()
    assert summaries == [
        Summary(
            one.number, one.generation, one.operator, one.parents, one.result.status, one.score,
            one.duplicate_of, one.result.steps,
        )
        for one in candidates
    ]  # fmt: skip


def test_metrics_are_spread_over_the_run(small_run):
    with small_run.database(read_only=True) as database:
        rows = database.metrics(["work", "absent"], most=3)
        more = database.metrics(["work"], most=4)
        assert database.reevaluated() == []
    assert [row[0] for row in rows] == [0, 2, 4]
    assert [row[2] for row in rows] == [(None, None), (2.0, None), (2.0, None)]
    assert more[-1][0] >= 4, "the end of the run is among them"
