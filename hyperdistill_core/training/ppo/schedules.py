"""What changes with the progress of a training: noise, bonus and learning rate."""

from __future__ import annotations

import math

from hyperdistill_core.training.ppo.ppo_settings import PPOSettings


class Schedules:
    """Values of a training after some of its control steps.

    Args:
        settings: Settings of the training.

    Examples:
        >>> schedules = Schedules(PPOSettings(steps=100, action_std=0.8, final_action_std=0.2))
        >>> round(schedules.action_std(0), 3), round(schedules.action_std(50), 3)
        (0.8, 0.4)
    """

    def __init__(self, settings: PPOSettings) -> None:
        self._settings = settings

    def action_std(self, steps_done: int) -> float:
        """Standard deviation of the actions.

        Args:
            steps_done: Control steps that the training has done.
        """
        first, last = self._settings.action_std, self._settings.final_action_std
        return first * (last / first) ** min(1.0, steps_done / self._settings.steps)

    def alive_bonus(self, steps_done: int) -> float:
        """Bonus for a control step in which the body does not fall.

        Args:
            steps_done: Control steps that the training has done.
        """
        fading = steps_done / (self._settings.alive_until * self._settings.steps)
        return self._settings.alive_bonus * max(0.0, 1.0 - fading)

    def lr_bound(self, steps_done: int) -> float:
        """Upper bound of the learning rate.

        Args:
            steps_done: Control steps that the training has done.
        """
        settings = self._settings
        done = min(1.0, steps_done / settings.steps)
        warm = min(1.0, done / settings.warmup) if settings.warmup else 1.0
        return settings.max_lr * warm * (0.1 + 0.9 * 0.5 * (1.0 + math.cos(math.pi * done)))
