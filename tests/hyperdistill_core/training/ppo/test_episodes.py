"""Counters of running episodes."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.parallel.vector_env import StepInfo, StepResult
from hyperdistill_core.training.ppo.episodes import EpisodeCounters


def _result(*, terminated=(), truncated=()):
    """A step of 2 bodies in 2 simulations with some ends."""
    flags = {"terminated": np.zeros((2, 2), bool), "truncated": np.zeros((2, 2), bool)}
    for at in terminated:
        flags["terminated"][at] = True
    for at in truncated:
        flags["truncated"][at] = True
    info = StepInfo(fell=flags["terminated"], no_progress=np.zeros((2, 2), bool))
    return StepResult(np.ones((2, 2), np.float32), **flags, info=info)


def test_lengths_of_ended_episodes_are_given_and_counted_anew():
    episodes = EpisodeCounters((2, 2), max_steps=100)
    assert list(episodes.advance(_result())) == []
    assert list(episodes.advance(_result(terminated=[(1, 0)]))) == [(1, 2.0)]
    np.testing.assert_array_equal(episodes.elapsed, [[2, 2], [0, 2]])
    assert list(episodes.advance(_result(terminated=[(0, 0), (1, 0)]))) == [(0, 3.0), (1, 1.0)]


def test_a_truncated_episode_has_the_length_of_the_time_limit():
    episodes = EpisodeCounters((2, 2), max_steps=100)
    ends = list(episodes.advance(_result(terminated=[(0, 1)], truncated=[(0, 0)])))
    assert ends == [(0, pytest.approx(50.5))]


def test_returns_end_with_their_episodes_and_a_slot_can_be_cleared():
    episodes = EpisodeCounters((2, 2), max_steps=100)
    episodes.returns += [[1.0, 2.0], [3.0, 4.0]]
    episodes.discounted += 1.0
    assert episodes.end(np.array([[False, True], [False, False]])) == [2.0]
    np.testing.assert_array_equal(episodes.returns, [[1.0, 0.0], [3.0, 4.0]])
    episodes.elapsed += 5
    episodes.clear_slot(1)
    np.testing.assert_array_equal(episodes.returns, [[1.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(episodes.discounted, [[1.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(episodes.elapsed, [[5, 5], [0, 0]])
