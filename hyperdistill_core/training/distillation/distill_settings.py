"""Settings of a distillation."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from hyperdistill_core.features import ContextKind
from hyperdistill_core.nets.hypernet_config import Aggregation
from hyperdistill_core.settings import FrozenSettings
from hyperdistill_core.training.precision import Precision
from morph_ops._registry import Registry

#: What becomes of a teacher's action means beyond the limits of a control.
LargeActions: TypeAlias = Literal["clip", "weigh"]


class DistillSettings(FrozenSettings):
    """The size of a student and how it learns.

    Raises:
        SettingsError: A name is unknown, or a value has the wrong type or is out of range.

    Examples:
        >>> DistillSettings(updates=1000).n_bodies
        64
        >>> DistillSettings(held_out=1.0)
        Traceback (most recent call last):
        hyperdistill_core.errors.SettingsError: held_out: expected at least 0 and below 1, got 1.0
    """

    task: str = Field(default="flat", description="Name of the task, for the bodies' contexts.")
    updates: int = Field(default=20_000, ge=1, description="Number of gradient steps.")
    n_bodies: int = Field(default=64, ge=1, description="Number of bodies in a batch.")
    n_states: int = Field(default=48, ge=1, description="Number of states of each body in a batch.")
    hidden: int = Field(
        default=128, ge=1, description="Width of the hidden layers of the generated networks."
    )
    hidden_layers: int = Field(
        default=1, ge=0, description="Number of generated hidden-to-hidden layers."
    )
    embed: int = Field(default=128, ge=1, description="Width of the context embeddings.")
    context: ContextKind = Field(
        default="extended",
        description="Layout of the contexts. A student that is initialized from a controller needs "
        "the layout of that controller, or one that extends it.",
    )
    clock_harmonics: int = Field(
        default=0,
        ge=0,
        description="Harmonics of the clock phase input of the generated networks; 0 for no such "
        "input. A student that is initialized from a controller keeps the input of that "
        "controller.",
    )
    dropout: float = Field(
        default=0.1, ge=0.0, description="Dropout probability of the context embeddings."
    )
    aggregation: Aggregation = Field(
        default="sum",
        description="How a generated network combines the input products of its nodes.",
    )
    weight_decay: float = Field(
        default=1e-4,
        ge=0.0,
        description="Weight in the loss of the mean square of the generated weights.",
    )
    max_lr: float = Field(
        default=1e-3,
        ge=0.0,
        description="Learning rate at the beginning; it falls to a hundredth along a cosine.",
    )
    max_grad_norm: float = Field(
        default=0.5, description="Largest norm of a gradient; longer ones are scaled down."
    )
    action_std: float = Field(
        default=0.5,
        gt=0.0,
        description="Standard deviation of the two Gaussians of the loss.",
    )
    large_actions: LargeActions = Field(
        default="clip",
        description='Targets beyond -1..1, the limits of a control: "clip" takes the limit, and a '
        'student beyond it has no error; "weigh" keeps them, and weighs their errors down by '
        "exp(1 - |target|) (Xiong 2024).",
    )
    held_out: float = Field(
        default=0.04, ge=0.0, lt=1.0, description="Share of the bodies that validate the student."
    )
    precision: Precision = Field(
        default="auto", description="Precision of matrix products, as in the training of a teacher."
    )
    seed: int = Field(
        default=0, ge=0, description="Seed of the initial weights, the batches and the dropout."
    )


#: "cpu" is for two cores; "paper" has the public settings of Xiong 2024 for flat terrain: 150
#: passes over 1,000 bodies with 8,000 transitions each.
DISTILL_PRESETS = Registry(
    "preset",
    {
        "cpu": DistillSettings(),
        "paper": DistillSettings(
            updates=234_375,
            n_bodies=64,
            n_states=80,
            hidden=256,
            context="reference",
            weight_decay=0.0,
            max_lr=3e-4,
            action_std=0.9,
            large_actions="weigh",
            held_out=0.0,
        ),
    },
)
