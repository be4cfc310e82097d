"""Settings of a collection of expert data."""

from __future__ import annotations

from pydantic import Field

from hyperdistill_core.settings import FrozenSettings


class CollectSettings(FrozenSettings):
    """How much expert data is collected of each body, and how.

    Raises:
        SettingsError: A name is unknown, or a value has the wrong type or is out of range.

    Examples:
        >>> CollectSettings(horizon=200).every
        4
        >>> CollectSettings(every=0)
        Traceback (most recent call last):
        hyperdistill_core.errors.SettingsError: every: expected at least 1, got 0
    """

    task: str = Field(default="flat", description="Name of the task.")
    n_active: int = Field(
        default=128, ge=1, description="Number of bodies that are simulated at the same time."
    )
    n_envs: int = Field(default=4, ge=1, description="Number of simulations of each body.")
    horizon: int = Field(default=400, ge=1, description="Control steps of each simulation.")
    every: int = Field(
        default=4,
        ge=1,
        description="Control steps between two states that are stored; neighboring states are "
        "nearly alike.",
    )
    action_std: float = Field(
        default=0.4,
        ge=0.0,
        description="Standard deviation of the noise on the actions, so that the data covers more "
        "than the paths of the acting policy. The stored action means have no noise.",
    )
    n_workers: int = Field(default=2, ge=1, description="Number of simulation processes.")
    seed: int = Field(default=0, ge=0, description="Seed of the noise and of the initial states.")
