"""One score of the scores on several tasks."""

from __future__ import annotations

import json
from dataclasses import replace
from statistics import fmean

import pytest

from codesign.errors import UsageError
from codesign.scoring import Scale, ScoreRecord, ScoringPool, combined
from codesign.scoring.several_tasks import (
    AS_IT_IS,
    NORMALIZED,
    reference_bodies,
    scale_of,
    scales_from_json,
    scales_to_json,
)
from morph_ops.validity import require_well_formed
from tests.helpers.formula_pool import BLANK

SCALES = {"flat": Scale(mean=400.0, deviation=100.0), "patrol": Scale(mean=-5.0, deviation=20.0)}


def part(task, *returns, status="ok", **changes):
    score = fmean(returns) if status == "ok" else -10_000.0
    return replace(
        BLANK,
        task=task,
        score=score,
        returns=returns,
        lengths=(10,) * len(returns),
        fell=(True,) * len(returns),
        status=status,
        **changes,
    )


WALKS = part("flat", 200.0, 400.0, metrics={"work": 4.0, "period": 1.0}, speed=1.0)
TURNS = part("patrol", -5.0, 15.0, metrics={"work": 2.0}, speed=0.5)


@pytest.mark.parametrize(
    ("mean", "deviation", "score", "normalized"),
    [
        (400.0, 100.0, 600.0, 150.0),  # a quotient
        (400.0, 100.0, 0.0, 0.0),
        (10.0, 40.0, 50.0, 200.0),  # a mean near zero: deviations
        (-20.0, 40.0, -60.0, 0.0),
        (-500.0, 40.0, 0.0, 200.0),  # negative scores alone: larger is better all the same
        (-500.0, 40.0, -1000.0, 0.0),
    ],
)
def test_reference_bodies_get_100_and_larger_scores_more(mean, deviation, score, normalized):
    scale = Scale(mean=mean, deviation=deviation)
    assert scale.normalized(mean) == 100.0
    assert scale.normalized(score) == pytest.approx(normalized)
    assert AS_IT_IS.normalized(score) == pytest.approx(score)


def test_scores_without_a_unit_are_refused():
    for mean, deviation in ((0.0, 0.0), (float("nan"), 1.0), (1.0, float("inf"))):
        with pytest.raises(ValueError, match="scale: expected finite scores"):
            Scale(mean=mean, deviation=deviation)


def test_a_scale_leaves_out_what_does_not_simulate():
    unstable = part("flat", status="unstable", warnings=("too fast",))
    assert scale_of([WALKS, part("flat", 100.0), unstable]) == Scale(mean=200.0, deviation=100.0)
    with pytest.raises(UsageError, match=r"only 1 of 3 .* on flat under c, .* too fast; leave out"):
        scale_of([WALKS, unstable, unstable])
    with pytest.raises(UsageError, match="all reference bodies score 0 on flat under c"):
        scale_of([part("flat", 0.0)] * 3)


def test_the_mean_over_tasks():
    record = combined([WALKS, TURNS], scales=SCALES, aggregate="mean")
    on_flat, on_patrol = 75.0, 100.0 + 100.0 * 10.0 / 20.0
    assert record.score == pytest.approx((on_flat + on_patrol) / 2)
    assert record.terms == pytest.approx({"flat": on_flat / 2, "patrol": on_patrol / 2})
    assert fmean(record.returns) == pytest.approx(record.score)
    assert record.ci95[0] < record.score < record.ci95[1]
    assert record.task == "flat,patrol"
    assert record.metrics == {"work": 3.0, "score@flat": 300.0, "score@patrol": 5.0}
    assert (record.speed, len(record.lengths), len(record.fell)) == (0.75, 4, 4)
    assert record.by_task["flat"].metrics[NORMALIZED] == pytest.approx(on_flat)
    assert record.by_task["patrol"].returns == TURNS.returns


def test_the_least_over_tasks():
    record = combined([WALKS, TURNS], scales=SCALES, aggregate="min")
    assert record.score == pytest.approx(75.0)
    assert record.terms == pytest.approx({"flat": 75.0})
    assert record.returns == pytest.approx((50.0, 100.0))


@pytest.mark.parametrize("aggregate", ["mean", "min"])
@pytest.mark.parametrize("status", ["unstable", "failed"])
def test_a_body_that_does_not_simulate_on_one_task_is_the_worst(aggregate, status):
    broken = part("patrol", status=status, warnings=("why",))
    record = combined([WALKS, broken], scales=SCALES, aggregate=aggregate)
    assert (record.status, record.score, record.terms) == (status, -10_000.0, {})
    assert record.warnings == ("patrol: why",)
    assert record.by_task["flat"].score == 300.0


def test_robustness_is_normalized_as_the_score_is():
    robust = [
        replace(each, metrics={"robustness": score, "score_when_weak": score})
        for each, score in ((WALKS, 200.0), (TURNS, -5.0))
    ]
    mean = combined(robust, scales=SCALES, aggregate="mean").metrics
    assert mean["robustness"] == mean["score_when_weak"] == 75.0
    least = combined(robust, scales=SCALES, aggregate="min").metrics
    assert least["robustness"] == least["score_when_weak"] == 50.0


def test_warnings_that_all_tasks_share_come_once():
    records = [replace(each, warnings=("heavy", each.task)) for each in (WALKS, TURNS)]
    record = combined(records, scales=SCALES, aggregate="mean")
    assert record.warnings == ("heavy", "flat: flat", "patrol: patrol")


def test_a_record_of_several_tasks_survives_json():
    record = combined([WALKS, TURNS], scales=SCALES, aggregate="mean").named("walker")
    text = json.dumps(record.to_dict(), allow_nan=False)
    assert ScoreRecord.from_dict(json.loads(text)) == record
    assert {each["robot"] for each in json.loads(text)["by_task"].values()} == {"walker"}
    assert "by_task" not in WALKS.to_dict()


def test_scales_survive_json():
    assert scales_from_json(scales_to_json(SCALES)) == SCALES
    for damaged in ("[1]", '{"flat": {"mean": 1.0}}', '{"flat": 3}', "{"):
        with pytest.raises(ValueError, match=r"scales|Expecting"):
            scales_from_json(damaged)


def test_reference_bodies_are_different_bodies():
    bodies = reference_bodies()
    for body in bodies:
        require_well_formed(body)
    assert len({len(body) for body in bodies}) > 2


def test_a_pool_of_several_tasks(bodies, tiny_controller, untimed, monkeypatch):
    options = {"controller": tiny_controller, "episodes": 2, "seed": 3}
    tasks = ("flat", "incline")
    alone: list[list[ScoreRecord]] = []
    for task in tasks:
        with ScoringPool(workers=0, task=task, **options) as pool:
            alone.append([untimed(record) for record in pool.map(bodies)])
    monkeypatch.setattr("codesign.scoring.scoring_pool.reference_bodies", lambda: bodies[:2])
    with ScoringPool(workers=2, tasks=tasks, **options) as pool:
        scales = pool.measure_scales()
        before = pool.map(bodies[:1])
        pool.use_scales(scales)
        found = pool.map(bodies)
        with pytest.raises(ValueError, match="scales: expected those of flat, incline, got flat"):
            pool.use_scales({"flat": AS_IT_IS})
    assert before[0].score == pytest.approx(fmean(records[0].score for records in alone))
    assert scales["flat"].mean != scales["incline"].mean
    for number, record in enumerate(found):
        parts = [untimed(part) for part in record.parts]
        own = [part.metrics.pop(NORMALIZED) for part in parts]
        assert parts == [records[number] for records in alone]
        assert record.score == pytest.approx(fmean(own))


def test_a_worker_that_dies_fails_on_every_task(bodies, tiny_controller):
    options = {"controller": tiny_controller, "episodes": 2, "tasks": ("flat", "csr")}
    with ScoringPool(workers=1, time_limit=1e-4, **options) as pool:
        [record] = pool.map(bodies[:1])
    assert record.status == "failed"
    assert [part.status for part in record.parts] == ["failed", "failed"]
    assert record.warnings == ("no answer within 0.0002 s",)
