"""Curves and shares of a run in numbers."""

from __future__ import annotations

import numpy as np
import pytest

from codesign.report.history import MOST_POINTS, diversity, fitness, operator_success, wilson
from codesign.store import Event, Summary


def summary(number, score=0.0, *, parents=(), operator="gear", status="ok", generation=0):
    return Summary(number, generation, operator, parents, status, score, None, 1)


def test_the_best_so_far_never_falls_and_bad_bodies_do_not_count():
    scores = [3.0, 9.0, 1.0, 4.0]
    statuses = ["ok", "unstable", "pruned", "ok"]
    made = [
        summary(number, score, status=status, generation=number // 2)
        for number, (score, status) in enumerate(zip(scores, statuses, strict=True))
    ]
    curve = fitness(made)
    assert curve.candidates.tolist() == [2, 4]
    assert curve.best.tolist() == [3.0, 4.0]
    assert curve.quartiles[:, 1].tolist() == [3.0, 4.0]


def test_a_run_in_which_nothing_simulates_has_no_best():
    curve = fitness([summary(0, status="failed"), summary(1, status="failed")])
    assert np.isnan(curve.best).all()
    assert fitness([]).candidates.tolist() == []


def test_long_runs_are_cut_into_parts():
    made = [summary(number, float(number), generation=number) for number in range(3 * MOST_POINTS)]
    curve = fitness(made)
    assert len(curve.candidates) == MOST_POINTS
    assert curve.candidates[-1] == len(made)
    assert curve.best[-1] == len(made) - 1


def test_operators_succeed_where_children_beat_their_first_parent():
    made = [
        summary(0, 5.0, operator="sample"),
        summary(1, 6.0, parents=(0,), operator="crossover+gear"),
        summary(2, 4.0, parents=(1, 0), operator="crossover"),
        summary(3, 9.0, parents=(0,), operator="density", status="pruned"),
        summary(4, 7.0, parents=(3,), operator="density"),
        summary(5, 9.0, parents=(4,), operator="variant"),
    ]
    found = {one.name: one for one in operator_success(made)}
    assert set(found) == {"gear", "crossover"}
    assert (found["crossover"].better, found["crossover"].children) == (1, 2)
    assert found["gear"].share == 1.0
    assert found["gear"].low < 1.0


def test_scores_under_different_controllers_do_not_compare():
    first = summary(0, 1.0, operator="sample")
    later = summary(1, 5.0, parents=(0,))._replace(adaptation=1)
    same = summary(2, 6.0, parents=(1,))._replace(adaptation=1)
    [found] = operator_success([first, later, same])
    assert (found.better, found.children) == (1, 1)


def adapted(*scores):
    """Candidates of one generation each, of the controllers 0, 0, 1, 1."""
    return [
        summary(number, score, generation=number)._replace(adaptation=number // 2)
        for number, score in enumerate(scores)
    ]


def test_the_best_so_far_starts_anew_under_an_adapted_controller():
    curve = fitness(adapted(3.0, 9.0, 4.0, 6.0))
    assert curve.best.tolist() == [3.0, 9.0, 4.0, 6.0]
    assert [candidates for candidates, _ in curve.adapted] == [2]
    again = fitness(adapted(3.0, 9.0, 4.0, 6.0), {1: 5.0})
    assert again.best.tolist() == [3.0, 9.0, 5.0, 6.0]
    assert again.adapted == ((2, 5.0),)
    assert fitness(adapted(3.0, 9.0)).adapted == ()


def test_parts_of_long_runs_end_where_the_controller_changed():
    made = [
        summary(number, 1.0, generation=number)._replace(adaptation=int(number >= 301))
        for number in range(3 * MOST_POINTS)
    ]
    curve = fitness(made)
    assert [candidates for candidates, _ in curve.adapted] == [301]
    assert 301 in curve.candidates
    assert len(curve.candidates) == MOST_POINTS + 1


@pytest.mark.parametrize("successes", [0, 3, 10])
def test_intervals_of_shares_lie_in_the_unit_interval(successes):
    low, high = wilson(successes, 10)
    assert 0.0 <= low <= successes / 10 <= high <= 1.0


def test_diversity_is_what_the_events_say():
    events = [
        Event(kind="generation", message="", generation=n, details={"diversity": value})
        for n, value in enumerate([0.5, None])
    ]
    assert diversity(events) == ([0, 1], [0.5, None], [0.0, 0.0])
    many = events * MOST_POINTS
    assert len(diversity(many)[0]) == MOST_POINTS
