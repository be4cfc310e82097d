"""Which bodies are active: distinct ones, by weight, replaced in turn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperdistill_core.errors import TrainingError
from hyperdistill_core.training.ppo import BodyScheduler, PPOSettings
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.graph import Torso, new_body

BODY = new_body(Torso(pos=(0.0, 0.0, 1.0), radius=0.1, density=800.0))


def _bodies(n_robots, n_others):
    origins = ("robot",) * n_robots + ("sampled",) * n_others
    return TrainingSet((BODY,) * len(origins), origins)


def _scheduler(training_set, *, seed=0, **changes):
    options = {"n_active": 3, "replaced_per_update": 2, **changes}
    rng = np.random.default_rng(seed)
    return BodyScheduler(training_set, PPOSettings(**options), max_steps=100, rng=rng)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(
    n_bodies=st.integers(1, 12),
    n_active=st.integers(1, 12),
    replaced=st.integers(0, 5),
    seed=st.integers(0, 99),
)
def test_active_bodies_are_distinct_and_replaced_in_turn(n_bodies, n_active, replaced, seed):
    n_active = min(n_active, n_bodies)
    scheduler = _scheduler(
        _bodies(0, n_bodies), n_active=n_active, replaced_per_update=replaced, seed=seed
    )
    next_slot = 0
    for _ in range(6):
        before = list(scheduler.active)
        changed = scheduler.replace()
        assert len(changed) == min(replaced, n_bodies - n_active)
        for slot, body in changed:
            assert slot == next_slot
            assert scheduler.active[slot] == body or n_active < len(changed)
            assert body not in before
            next_slot = (next_slot + 1) % n_active
        assert len(set(scheduler.active)) == n_active


def test_a_body_without_weight_is_never_drawn():
    scheduler = _scheduler(_bodies(4, 4), robot_share=1.0)
    for _ in range(10):
        assert all(body < 4 for body in scheduler.active)
        scheduler.replace()


def test_all_bodies_are_active_where_they_fit():
    scheduler = _scheduler(_bodies(1, 2), robot_share=0.5)
    assert scheduler.active == [0, 1, 2]
    assert scheduler.replace() == []


def test_short_episodes_are_favored():
    counts = np.zeros(6, int)
    for seed in range(200):
        scheduler = _scheduler(
            _bodies(0, 6), n_active=1, replaced_per_update=1, favor_short=2.0, seed=seed
        )
        scheduler.lengths[...] = 100.0
        short = (scheduler.active[0] + 1) % 6
        scheduler.lengths[short] = 10.0
        [(_, body)] = scheduler.replace()
        counts[int(body == short)] += 1
    # The weight of the short one is 100 times that of each of the four others.
    assert counts[1] > 180


def test_lengths_are_running_means_of_the_body_in_a_slot():
    scheduler = _scheduler(_bodies(0, 5))
    body = scheduler.active[1]
    scheduler.record_length(1, 50.0)
    assert scheduler.lengths[body] == pytest.approx(95.0)
    assert np.delete(scheduler.lengths, body).tolist() == [100.0] * 4


def test_a_restored_scheduler_continues_with_the_same_draws():
    bodies = _bodies(2, 8)
    first = _scheduler(bodies, favor_short=1.0)
    first.replace()
    first.record_length(0, 20.0)
    second = _scheduler(bodies, favor_short=1.0)
    second.replace()
    state = {**first.state_dict(), "lengths": first.lengths.copy()}
    second.load_state_dict(state)
    assert [first.replace() for _ in range(5)] == [second.replace() for _ in range(5)]


def test_too_few_bodies_are_refused():
    with pytest.raises(TrainingError, match=r"n_active: expected at most the 2 bodies .* got 3"):
        _scheduler(_bodies(0, 2))
    with pytest.raises(TrainingError, match=r"at most 2, .* drawn with robot_share=1, got 3"):
        _scheduler(_bodies(2, 5), robot_share=1.0)
