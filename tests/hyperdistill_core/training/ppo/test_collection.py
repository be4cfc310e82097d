"""Rollouts over many bodies: shapes, rewards, moments and noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hyperdistill_core.training.ppo.collection import WARM_UP_STEPS
from tests.helpers.small_training import SETTINGS, small_training


def test_a_rollout_has_all_steps_of_all_nodes():
    training = small_training()
    data, _ = training.collect()
    n = training.batch.present.shape[1]
    assert data.observation.shape == (2, 6, 2, n, 17)
    assert data.clock_phase is None
    assert data.mean.shape == data.action.shape == (2, 6, 2, n, 2)
    assert data.value.shape == data.advantage.shape == data.target.shape == (2, 6, 2)
    assert data.joints.shape == (2, n, 2)
    missing = ~torch.as_tensor(training.batch.present)
    assert not data.observation.transpose(1, 3)[missing].any()
    batch = data.minibatch(torch.tensor([4, 1]))
    assert batch.mean.shape == (2, 4, n, 2)
    assert torch.equal(batch.mean[:, :2], data.mean[:, 4])
    assert torch.equal(batch.value[:, 2:], data.value[:, 1])


def test_a_network_with_a_clock_gets_the_time_of_each_episode():
    training = small_training(teacher="generalist", clock_harmonics=1)
    data, _ = training.collect(training.env(falls=(2,)))
    assert data.clock_phase is not None
    time = torch.tensor([0.0, 1.0, 0.0, 1.0, 2.0, 3.0]) * 0.02
    expected = torch.stack([(2 * torch.pi * time).sin(), (2 * torch.pi * time).cos()], dim=1)
    torch.testing.assert_close(data.clock_phase[0, :, 0], expected)


def test_only_hinges_are_moved():
    training = small_training()
    training.collect(env := training.env())
    joints = np.repeat(training.batch.joints[:, None], SETTINGS.n_envs, axis=1)
    for actions in env.actions:
        assert actions[joints].all()
        assert not actions[~joints].any()


def test_figures_are_those_of_the_episodes_that_ended():
    training = small_training()
    _, figures = training.collect(training.env(falls=(2,), truncations=(5,)))
    # The fall ends a return of 2, the time limit one of 5.
    assert (figures["episodes"], figures["return"]) == (2, 3.5)
    assert (figures["falls"], figures["no_progress"]) == (0.5, 0.0)
    assert figures["reward"] == 1.0
    elapsed = training.collector.episodes.elapsed
    np.testing.assert_array_equal(elapsed, [[4, 6], [6, 1]])


def test_lengths_of_ended_episodes_reach_the_scheduler():
    training = small_training()
    lengths, active = training.state.scheduler.lengths, training.state.scheduler.active
    before = lengths.copy()
    training.collect(training.env(falls=(2,)))
    assert lengths[active[0]] == pytest.approx(before[active[0]] * 0.9 + 0.2)
    assert lengths[active[1]] == before[active[1]]


def test_a_step_that_terminates_has_no_alive_bonus():
    plain, paid = small_training(), small_training()
    first, _ = plain.collect(plain.env(falls=(1, 2, 3, 4, 5, 6)))
    second, _ = paid.collect(paid.env(falls=(1, 2, 3, 4, 5, 6)), alive_bonus=1.0)
    # Each step of that simulation is an episode, so its rewards are the targets up to the scale.
    scales = [float(t.collector.return_moments.var[0]) ** 0.5 for t in (plain, paid)]
    torch.testing.assert_close(first.target[0, :, 0] * scales[0], torch.ones(6))
    torch.testing.assert_close(second.target[0, :, 0] * scales[1], torch.ones(6))


def test_a_fall_costs_what_the_settings_say():
    training = small_training(fall_cost=3.0)
    data, figures = training.collect(training.env(falls=(1, 2, 3, 4, 5, 6)))
    scale = float(training.collector.return_moments.var[0]) ** 0.5
    torch.testing.assert_close(data.target[0, :, 0] * scale, torch.full((6,), 1.0 - 3.0))
    assert figures["return"] == 1.0, "returns in the log are those of the task"


def test_the_moments_change_after_the_rollout_unless_they_are_fixed():
    free, fixed = small_training(), small_training(moments_fixed=True)
    for training in (free, fixed):
        data, _ = training.collect()
        # Moments without samples leave the states as they are, up to the clipping.
        rows = data.observation.transpose(1, 3)[torch.as_tensor(training.batch.present)]
        assert rows.std() == pytest.approx(1.0, abs=0.05)
    assert free.collector.state_moments.count > 0
    assert fixed.collector.state_moments.count == 0


def test_the_warm_up_finds_moments_once():
    training = small_training()
    for _ in range(2):
        training.collector.warm_up(training.env(), training.batch, training.state.rng)  # pyright: ignore[reportArgumentType]
    nodes = 2 * int(training.batch.present.sum())
    assert training.collector.state_moments.count == WARM_UP_STEPS * nodes
    assert (training.collector.episodes.elapsed == WARM_UP_STEPS).all()


def test_equal_generators_give_equal_rollouts():
    first, second = small_training().collect()[0], small_training().collect()[0]
    for name in ("observation", "mean", "action", "value", "advantage"):
        assert torch.equal(getattr(first, name), getattr(second, name)), name


def test_without_noise_the_actions_are_the_means():
    data, _ = small_training().collect(action_std=0.0)
    assert torch.equal(data.action, data.mean)
