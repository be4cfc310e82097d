"""Settings of a fine-tuning."""

from __future__ import annotations

import math

from pydantic import Field

from hyperdistill_core.settings import FrozenSettings
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings

#: A small network learns by many short steps of its optimizer.
_MINIBATCHES = 16
#: Least number of simulations of all bodies together, and of each. With fewer, a control step costs
#: more.
_LEAST_IN_ALL, _LEAST_EACH = 96, 12


def enough_simulations(bodies: int) -> int:
    """Number of simulations of each body with which a control step costs least.

    Args:
        bodies: Number of bodies that learn side by side, at least one.

    Examples:
        >>> enough_simulations(1), enough_simulations(20)
        (96, 12)
    """
    return max(_LEAST_EACH, math.ceil(_LEAST_IN_ALL / bodies))


class FineTuneSettings(FrozenSettings):
    """How bodies' networks are fine-tuned and scored.

    Raises:
        SettingsError: A name is unknown, or a value has the wrong type or is out of range.

    Examples:
        >>> FineTuneSettings(steps_per_body=100_000).ppo(3).steps
        300000
        >>> FineTuneSettings(episodes=0)
        Traceback (most recent call last):
        hyperdistill_core.errors.SettingsError: episodes: expected at least 1, got 0
    """

    task: str = Field(default="flat", description="Name of the task.")
    steps_per_body: int = Field(
        default=500_000,
        ge=1,
        description="Control steps of training for each body; their mean over the bodies, if there "
        "are several `rounds`.",
    )
    rounds: int = Field(
        default=1,
        ge=1,
        le=8,
        description="Most rounds. Each has the same number of control steps, and the better third "
        "of the bodies goes on to the next, so that few bodies learn much.",
    )
    n_envs: int = Field(default=12, ge=1, description="Number of simulations of each body.")
    horizon: int = Field(
        default=64, ge=1, description="Control steps of each simulation between two updates."
    )
    action_std: float = Field(
        default=0.9, description="Standard deviation of the actions at the beginning."
    )
    final_action_std: float = Field(
        default=0.9, description="Standard deviation of the actions at the end."
    )
    max_lr: float = Field(default=1e-3, description="Largest learning rate.")
    desired_kl: float = Field(
        default=0.05,
        description="Mean KL divergence from the acting network that each body's learning rate is "
        "steered to, below `max_lr`.",
    )
    checkpoints: int = Field(
        default=5,
        ge=1,
        description="Number of checkpoints, evenly spread over each round, the last at its end. "
        "Each body keeps the best of these networks and its generated network.",
    )
    episodes: int = Field(default=4, ge=1, description="Episodes of each score.")
    n_workers: int = Field(default=2, ge=1, description="Number of processes.")
    seed: int = Field(
        default=0,
        ge=0,
        description="Seed of the training and of the first scores. The choice among the "
        "checkpoints uses the seed after it, and the last scores the one after that.",
    )

    @property
    def selection_seed(self) -> int:
        """Seed of the scores that choose among the checkpoints."""
        return self.seed + 1

    @property
    def seed_after(self) -> int:
        """Seed of the scores after training.

        The three kinds of scores have different seeds: where training did not help, the scores
        before and after are of the same network and must not share their luck.
        """
        return self.seed + 2

    def ppo(self, n_bodies: int) -> PPOSettings:
        """Settings of the training that fine-tunes ``n_bodies`` bodies.

        Args:
            n_bodies: Number of bodies.

        Raises:
            SettingsError: A setting of the training is out of range.
        """
        return PPOSettings(
            # The networks still learn fast at the end: their mean would lie behind.
            average_last=0.0,
            teacher="specialists",
            observation="state",
            task=self.task,
            steps=self.steps_per_body * n_bodies,
            n_active=n_bodies,
            n_envs=self.n_envs,
            horizon=self.horizon,
            replaced_per_update=0,
            action_std=self.action_std,
            final_action_std=self.final_action_std,
            max_lr=self.max_lr,
            desired_kl=self.desired_kl,
            minibatches=min(_MINIBATCHES, self.horizon),
            n_workers=self.n_workers,
            seed=self.seed,
        )
