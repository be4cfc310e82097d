"""Noise, bonus and learning rate over a training."""

from __future__ import annotations

import pytest

from hyperdistill_core.training.ppo import PPOSettings, Schedules

SETTINGS = PPOSettings(
    steps=1000,
    action_std=0.8,
    final_action_std=0.2,
    alive_bonus=0.6,
    alive_until=2.0,
    max_lr=1e-3,
    warmup=0.1,
)


def test_the_noise_falls_exponentially():
    stds = [Schedules(SETTINGS).action_std(progress) for progress in (0.0, 0.5, 1.0)]
    assert stds == pytest.approx([0.8, 0.4, 0.2])


def test_the_bonus_falls_to_zero_at_its_end():
    assert Schedules(SETTINGS).alive_bonus(0.0) == pytest.approx(0.6)
    assert Schedules(SETTINGS).alive_bonus(1.0) == pytest.approx(0.3)
    assert Schedules(SETTINGS.replace(alive_until=0.5)).alive_bonus(0.75) == 0.0


def test_the_bound_of_the_learning_rate_rises_and_falls_to_a_tenth():
    bound = Schedules(SETTINGS).lr_bound
    assert bound(0.0) == 0.0
    assert bound(0.05) == pytest.approx(0.5e-3, rel=0.01)
    assert bound(0.5) == pytest.approx(0.55e-3)
    assert bound(1.0) == pytest.approx(1e-4)


def test_progress_follows_the_steps_or_the_time():
    by_steps, by_time = Schedules(SETTINGS), Schedules(SETTINGS.replace(minutes=2.0))
    assert by_steps.progress(steps=500, seconds=1e9) == 0.5
    assert by_steps.progress(steps=2000, seconds=0.0) == 1.0
    assert by_time.progress(steps=10**9, seconds=90.0) == 0.75
    assert by_time.progress(steps=0, seconds=121.0) == 1.0
