"""Scores of one body over several sets of episodes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codesign.scoring import BodyScorer
from codesign.scoring.pooling import pooled
from morph_ops.sampling import sample_body


@pytest.fixture(scope="module")
def parts(tiny_controller):
    body = sample_body(np.random.default_rng(0))
    scorer = BodyScorer(controller=str(tiny_controller), episodes=2)
    return [scorer(body, seed=seed) for seed in (0, 1)]


def test_means_count_by_episodes(parts):
    first, second = parts
    both = pooled([first, second, replace(second, seed=2)])
    assert both.episodes == 6
    assert both.score == pytest.approx(np.mean(both.returns))
    assert both.score == pytest.approx((first.score + 2 * second.score) / 3)
    assert both.distance == pytest.approx((first.distance + 2 * second.distance) / 3)
    assert sum(both.terms.values()) == pytest.approx(both.score)
    assert both.ci95[0] < both.score < both.ci95[1]
    assert both.lengths == first.lengths + second.lengths * 2
    assert both.steps == first.steps + 2 * second.steps
    assert both.metrics["height"] == pytest.approx(
        (first.metrics["height"] + 2 * second.metrics["height"]) / 3
    )
    assert (both.seed, both.robot, both.hash) == (first.seed, first.robot, first.hash)


def test_a_metric_that_one_record_lacks_is_that_of_the_other(parts):
    first, second = parts
    lacking = replace(first, metrics={k: v for k, v in first.metrics.items() if k != "height"})
    assert pooled([lacking, second]).metrics["height"] == second.metrics["height"]
    assert pooled([first]) == first


def test_a_body_that_became_unstable_is_unstable(parts):
    first, second = parts
    unstable = replace(second, status="unstable", score=-1e4)
    assert pooled([first, unstable]) == unstable


def test_parts_of_several_tasks_are_pooled_each(parts):
    first, second = parts
    records = [replace(each, task="flat,csr", by_task={"flat": each}) for each in (first, second)]
    both = pooled(records)
    assert both.by_task["flat"] == pooled([first, second])
