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


def test_the_noise_falls_exponentially_and_stays():
    stds = [Schedules(SETTINGS).action_std(steps) for steps in (0, 500, 1000, 2000)]
    assert stds == pytest.approx([0.8, 0.4, 0.2, 0.2])


def test_the_bonus_falls_to_zero_at_its_end():
    bonuses = [Schedules(SETTINGS).alive_bonus(steps) for steps in (0, 1000, 2000, 3000)]
    assert bonuses == pytest.approx([0.6, 0.3, 0.0, 0.0])


def test_the_bound_of_the_learning_rate_rises_and_falls_to_a_tenth():
    bound = Schedules(SETTINGS).lr_bound
    assert bound(0) == 0.0
    assert bound(50) == pytest.approx(0.5e-3, rel=0.01)
    assert bound(500) == pytest.approx(0.55e-3)
    assert bound(1000) == bound(2000) == pytest.approx(1e-4)
