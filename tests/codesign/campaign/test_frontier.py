"""The frontier keeps its invariants whatever the order of the scores."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesign.campaign.frontier import Frontier


def candidate(number) -> Any:
    return SimpleNamespace(number=number)


def nothing(number):
    return 0


def all_before(number):
    return number


def test_candidates_pass_in_order():
    frontier = Frontier(total=4, max_ahead=4)
    assert [frontier.create() for _ in range(4)] == [0, 1, 2, 3]
    assert frontier.complete(candidate(2)) == []
    assert [c.number for c in frontier.complete(candidate(0))] == [0]
    assert (frontier.done, frontier.scored) == (1, 2)
    assert [c.number for c in frontier.complete(candidate(1))] == [1, 2]
    assert not frontier.finished
    frontier.complete(candidate(3))
    assert frontier.finished
    assert [frontier.tell_next().number for _ in range(4)] == [0, 1, 2, 3]


def test_a_candidate_that_is_not_scored_cannot_be_told():
    frontier = Frontier(total=2, max_ahead=2)
    frontier.create()
    with pytest.raises(KeyError, match="0"):
        frontier.tell_next()


def test_creation_waits_for_what_the_algorithm_needs_and_for_room():
    frontier = Frontier(total=9, max_ahead=2)
    assert frontier.may_create(nothing)
    frontier.create()
    assert not frontier.may_create(all_before)
    frontier.create()
    assert not frontier.may_create(nothing), "two candidates ahead are enough"
    frontier.complete(candidate(0))
    assert frontier.may_create(nothing)


def test_the_end_includes_what_can_be_created_before_the_score_is_known():
    frontier = Frontier(total=20, max_ahead=6)
    frontier.end_after(7, all_before)
    assert frontier.total == 8
    frontier = Frontier(total=20, max_ahead=6)
    frontier.end_after(7, nothing)
    assert frontier.total == 13
    frontier = Frontier(total=10, max_ahead=6)
    frontier.end_after(7, nothing)
    assert frontier.total == 10


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    total=st.integers(1, 30),
    max_ahead=st.integers(1, 8),
    lag=st.integers(1, 8),
    seed=st.integers(0, 1000),
)
def test_invariants_hold_in_any_order_of_scores(total, max_ahead, lag, seed):
    rng = random.Random(seed)
    frontier = Frontier(total=total, max_ahead=max_ahead)
    running, told = [], []

    def needs(number):
        return max(0, number - lag + 1)

    while not frontier.finished:
        while frontier.may_create(needs):
            while frontier.told < needs(frontier.created):
                told.append(frontier.tell_next().number)
            running.append(frontier.create())
        frontier.complete(candidate(running.pop(rng.randrange(len(running)))))
        assert frontier.told <= frontier.done <= frontier.created <= frontier.total
        assert frontier.created - frontier.done <= max_ahead
        assert frontier.scored == frontier.created - len(running)
        assert all(number >= frontier.done for number in running)
        assert running == [] or frontier.done == min(running)
    while frontier.told < frontier.done:
        told.append(frontier.tell_next().number)
    assert told == list(range(total))
