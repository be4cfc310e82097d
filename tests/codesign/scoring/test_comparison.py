"""Comparisons of two robots over the same episodes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from codesign.errors import UsageError
from codesign.scoring import ScoreRecord, compare
from codesign.scoring.comparison import comparisons


def record(name, returns, **changes):
    blank = ScoreRecord.failed(
        robot=name, hash="", task="flat", controller="c", controller_hash="", episodes=len(returns),
        seed=0, worst_score=-10.0,
    )  # fmt: skip
    score = float(np.mean(returns))
    return replace(blank, status="ok", returns=tuple(returns), score=score, **changes)


def test_equal_luck_does_not_hide_a_difference():
    # Episodes differ by hundreds, and the first robot is better in each by about 10.
    luck = np.array([0.0, 500.0, 120.0, 900.0, 40.0, 610.0, 330.0, 70.0])
    noise = np.array([1.0, -1.0, 2.0, 0.0, -2.0, 1.0, -1.0, 0.0])
    found = compare(record("a", luck + 10.0 + noise), record("b", luck))
    assert (found.first, found.second, found.episodes) == ("a", "b", 8)
    assert found.difference == pytest.approx(10.0)
    assert 8.0 < found.ci95[0] < 10.0 < found.ci95[1] < 12.0
    assert found.significant
    assert found.episodes_to_tell == 2


def test_a_difference_within_the_noise_needs_more_episodes():
    rng = np.random.default_rng(3)
    found = compare(record("a", rng.normal(10.0, 100.0, 8)), record("b", rng.normal(0.0, 100.0, 8)))
    assert not found.significant
    expected = (2.8 * np.sqrt(2.0) * 100.0 / abs(found.difference)) ** 2
    assert 0.2 * expected < found.episodes_to_tell < 5.0 * expected


def test_the_number_of_episodes_is_enough_in_four_of_five_cases():
    rng = np.random.default_rng(1)
    first = compare(record("a", rng.normal(30.0, 80.0, 400)), record("b", np.zeros(400)))
    number = int(first.episodes_to_tell)
    assert 40 < number < 80
    zeros = record("b", np.zeros(number))
    told = [
        compare(record("a", rng.normal(30.0, 80.0, number)), zeros).significant for _ in range(60)
    ]
    assert 0.6 < np.mean(told) < 0.95


def test_equal_robots_are_never_told_apart():
    found = compare(record("a", [1.0, 2.0]), record("b", [1.0, 2.0]))
    assert (found.difference, found.significant) == (0.0, False)
    assert math.isinf(found.episodes_to_tell)


def test_the_best_is_compared_with_all_that_have_whole_episodes():
    records = [
        record("low", [1.0, 2.0]),
        record("best", [5.0, 6.0]),
        replace(record("pruned", [0.0, 0.0]), status="pruned"),
        record("middle", [3.0, 4.0]),
    ]
    found = comparisons(records)
    assert [(one.first, one.second) for one in found] == [("best", "low"), ("best", "middle")]
    assert comparisons(records[2:3]) == []


def test_what_cannot_be_compared_is_refused():
    first = record("a", [1.0, 2.0])
    for other, message in (
        (record("b", [1.0, 2.0, 3.0]), "of one episodes, got 2 and 3"),
        (replace(first, seed=5), "of one seed, got 0 and 5"),
        (replace(first, task="hills"), "of one task, got 'flat' and 'hills'"),
        (replace(first, robot="bad", status="failed"), "got bad, whose score is failed"),
    ):
        with pytest.raises(UsageError, match=message):
            compare(first, other)
    with pytest.raises(UsageError, match="at least 2 episodes of each robot, got 1"):
        compare(record("a", [1.0]), record("b", [2.0]))
