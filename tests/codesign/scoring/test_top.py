"""The best of many bodies are found with few complete scores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from codesign.config import Racing
from codesign.scoring import BodyScorer, ScoringPool, race_for_top
from codesign.scoring.racing import SCREENING
from morph_ops.sampling import sample_body
from tests.helpers.formula_pool import BLANK

#: The function, called with numbers for bodies.
race_numbers: Any = race_for_top


class NumberPool:
    """A pool whose bodies are numbers: their scores. Screening bounds them by 100 more."""

    def __init__(self, failed=()):
        self.failed, self.thresholds, self.complete = failed, [], []

    def map(self, graphs, *, threshold=None, variants=None):
        self.thresholds.append(threshold)
        return [self.record(score, threshold) for score in graphs]

    def record(self, score, threshold):
        if score in self.failed:
            return BLANK
        if threshold is not None and score + 50.0 < threshold:
            bound = score + (100.0 if threshold == SCREENING else 50.0)
            metrics = {"upper_bound": bound, "confidence_margin": 0.0}
            return replace(BLANK, status="pruned", metrics=metrics, steps=1)
        self.complete.append(score)
        return replace(BLANK, score=score, status="ok", steps=1)


def test_a_body_that_fell_in_screening_races_if_its_margin_reaches_the_threshold():
    class Pool(NumberPool):
        def record(self, score, threshold):
            record = super().record(score, threshold)
            if threshold == SCREENING and score == 30.0:  # it fell
                return replace(record, metrics={"upper_bound": 30.0, "confidence_margin": 0.7})
            return record

    values = [*map(float, range(100, 140)), 30.0, 20.0]
    fell, pool = values.index(30.0), Pool()
    assert race_numbers(values, pool, top=5)[fell].status == "pruned"
    assert pool.thresholds.count(SCREENING) == 1
    low = [*map(float, range(40, 80)), 30.0]
    pool = Pool()
    race_numbers(low, pool, top=5)  # the threshold is 75, below 30 + 0.7 * 75
    assert 30.0 in pool.complete


@pytest.mark.parametrize("top", [0, -1])
def test_top_is_at_least_one(top):
    with pytest.raises(ValueError, match=f"top: expected at least 1, got {top}"):
        race_numbers([1.0], NumberPool(), top=top)


def test_the_best_are_found_with_few_complete_scores():
    values = [float(v) for v in np.random.default_rng(0).permutation(400)]
    pool = NumberPool(failed=[7.0])
    records = race_numbers(values, pool, top=5)
    best = sorted((r.score for r in records if r.status == "ok"), reverse=True)[:5]
    assert best == [399.0, 398.0, 397.0, 396.0, 395.0]
    assert len(pool.complete) < 100
    assert records[values.index(7.0)] is BLANK
    assert {r.steps for r in records if r.status == "ok"} == {2}, "screening counts too"
    assert [r.status for r in records].count("pruned") == 400 - len(pool.complete) - 1
    assert pool.thresholds[:2] == [SCREENING, None], "no threshold before the first score"


def test_bodies_with_scores_below_zero_are_all_scored():
    records = race_numbers([-300.0, -200.0, -400.0], NumberPool(), top=2)
    assert [r.score for r in records] == [-300.0, -200.0, -400.0]


@pytest.mark.slow
def test_the_best_are_the_same_on_any_number_of_workers(tiny_controller, untimed):
    graphs = [sample_body(np.random.default_rng(n)) for n in range(20)]
    found = []
    for workers in (0, 2):
        with ScoringPool(
            workers=workers, controller=tiny_controller, episodes=2, racing=Racing(steps=10)
        ) as pool:
            found.append([untimed(r) for r in race_for_top(graphs, pool, top=1)])
    assert found[0] == found[1]
    assert {"ok", "pruned"} <= {r.status for r in found[0]}
    best = max((r for r in found[0] if r.status == "ok"), key=lambda r: r.score)
    alone = BodyScorer(controller=tiny_controller, episodes=2)(graphs[found[0].index(best)])
    assert best.returns == alone.returns


def test_a_variant_is_selected_once(bodies, variant_controller):
    options = {"controller": variant_controller, "episodes": 2, "best_of": 4}
    with ScoringPool(workers=0, racing=Racing(), **options) as pool:
        best = race_for_top(bodies, pool, top=3)
    scored = [record for record in best if record.status == "ok"]
    assert len(scored) == 3
    for record, body in zip(best, bodies, strict=True):
        alone = BodyScorer(**options)(body)
        assert (record.returns, record.variant) == (alone.returns, alone.variant)
        # One selection, the short episode of screening, and the rest.
        assert record.steps <= alone.steps + Racing().steps + sum(alone.lengths)
