"""What changes with the progress of a training: noise, bonus and learning rate."""

from __future__ import annotations

import math

from hyperdistill_core.training.ppo.ppo_settings import PPOSettings


class Schedules:
    """Values of a training by its progress.

    Args:
        settings: Settings of the training.

    Examples:
        >>> schedules = Schedules(PPOSettings(steps=100, action_std=0.8, final_action_std=0.2))
        >>> schedules.progress(steps=50, seconds=7.0)
        0.5
        >>> round(schedules.action_std(0.0), 3), round(schedules.action_std(0.5), 3)
        (0.8, 0.4)
    """

    def __init__(self, settings: PPOSettings) -> None:
        self._settings = settings

    def progress(self, *, steps: int, seconds: float) -> float:
        """Share of the training that is done, at most 1.

        Args:
            steps: Control steps that the training has done.
            seconds: Time that it has taken (s).
        """
        settings = self._settings
        done = seconds / (60.0 * settings.minutes) if settings.minutes else steps / settings.steps
        return min(1.0, done)

    def action_std(self, progress: float) -> float:
        """Standard deviation of the actions.

        Args:
            progress: Share of the training that is done.
        """
        first, last = self._settings.action_std, self._settings.final_action_std
        return first * (last / first) ** progress

    def alive_bonus(self, progress: float) -> float:
        """Bonus for a control step in which the body does not fall.

        Args:
            progress: Share of the training that is done.
        """
        fading = progress / self._settings.alive_until
        return self._settings.alive_bonus * max(0.0, 1.0 - fading)

    def lr_bound(self, progress: float) -> float:
        """Upper bound of the learning rate.

        Args:
            progress: Share of the training that is done.
        """
        settings = self._settings
        warm = min(1.0, progress / settings.warmup) if settings.warmup else 1.0
        return settings.max_lr * warm * (0.1 + 0.9 * 0.5 * (1.0 + math.cos(math.pi * progress)))
