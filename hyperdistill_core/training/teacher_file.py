"""A universal teacher on disk: a network that acts for any body, and its normalisation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from torch import Tensor

from hyperdistill_core.checkpoint_file import checkpoint_kind, load_checkpoint, restore_network
from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.features import PRIVILEGED_DIM, STATE_DIM, context_dim
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers.generalist import Generalist, GeneralistConfig
from hyperdistill_core.nets.teachers.message_passing import MessagePassing, MessagePassingConfig
from hyperdistill_core.nets.teachers.modumorph import ModuMorph, ModuMorphConfig
from hyperdistill_core.nets.teachers.specialists import Specialists, SpecialistsConfig
from hyperdistill_core.nets.teachers.transformer_teacher import (
    TransformerTeacher,
    TransformerTeacherConfig,
)
from hyperdistill_core.nets.trees import TreeBatch
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings
from hyperdistill_core.training.running_moments import RunningMoments
from morph_ops._registry import lookup

KIND = "teacher"
_Config: TypeAlias = (
    MessagePassingConfig
    | TransformerTeacherConfig
    | ModuMorphConfig
    | GeneralistConfig
    | SpecialistsConfig
)


class TeacherNetwork(Protocol):
    """What every kind of teacher offers: actions and values of packed samples.

    Attributes:
        config: its settings; ``state_dim`` tells what it sees of a limb, ``clock``, where it is
            there, how many harmonics of a clock it hears.
    """

    config: Any

    def __call__(
        self, observation: Tensor, context: Tensor, tree: TreeBatch
    ) -> tuple[Tensor, Tensor]:
        """Means (N, 2) and values (B,) of observations (N, state_dim).

        What the clock says stands behind the state in every row of those that hear one.
        """
        ...

    def means(self, observation: Tensor, context: Tensor, tree: TreeBatch) -> Tensor:
        """Means (N, 2) alone."""
        ...

    def state_dict(self) -> Mapping[str, Tensor]:
        """All its weights, by name."""
        ...


def _gnn(settings: PPOSettings, inputs: dict[str, int], limbs: int) -> _Config:
    return MessagePassingConfig(
        **inputs,
        width=settings.width,
        layers=settings.layers,
        shared_trunk=settings.shared_trunk,
    )


def _attending(
    config: type[TransformerTeacherConfig] | type[ModuMorphConfig],
) -> Callable[[PPOSettings, dict[str, int], int], _Config]:
    def build(settings: PPOSettings, inputs: dict[str, int], limbs: int) -> _Config:
        return config(
            **inputs,
            width=settings.width,
            layers=settings.layers,
            heads=settings.heads,
            feedforward=settings.feedforward,
            shared_trunk=settings.shared_trunk,
        )

    return build


def _generalist(settings: PPOSettings, inputs: dict[str, int], limbs: int) -> _Config:
    return GeneralistConfig(
        context_dim=inputs["context_dim"],
        state_dim=inputs["state_dim"],
        hidden=settings.width,
        hidden_layers=settings.layers,
        clock_harmonics=settings.clock,
    )


def _specialists(settings: PPOSettings, inputs: dict[str, int], limbs: int) -> _Config:
    return SpecialistsConfig(
        bodies=settings.n_active,
        limbs=limbs,
        state_dim=inputs["state_dim"],
        hidden=settings.width,
        hidden_layers=settings.layers,
        clock_harmonics=settings.clock,
    )


#: Kinds of teachers: the network, its settings, and how a training's settings make these.
TEACHERS: dict[str, tuple[Callable[[Any], Any], type, Callable[..., _Config]]] = {
    "gnn": (MessagePassing, MessagePassingConfig, _gnn),
    "transformer": (
        TransformerTeacher,
        TransformerTeacherConfig,
        _attending(TransformerTeacherConfig),
    ),
    "modumorph": (ModuMorph, ModuMorphConfig, _attending(ModuMorphConfig)),
    "generalist": (Generalist, GeneralistConfig, _generalist),
    "specialists": (Specialists, SpecialistsConfig, _specialists),
}
OBSERVATION_DIMS = {"privileged": PRIVILEGED_DIM, "state": STATE_DIM}


def new_network(settings: PPOSettings, *, limbs: int) -> Any:
    """A fresh teacher for the continuous context, of the kind and size that settings name.

    Args:
        settings: of the training.
        limbs: of the largest body, the torso included.

    Raises:
        UnknownNameError: there is no such kind of teacher, or no such observation.
    """
    network, _, configure = lookup(TEACHERS, settings.teacher, what="kind of teacher")
    inputs = {
        "context_dim": context_dim("continuous"),
        "state_dim": lookup(OBSERVATION_DIMS, settings.observation, what="observation"),
    }
    return network(configure(settings, inputs, limbs))


def describe_network(network: Any) -> dict[str, Any]:
    """The network's kind and settings, as a checkpoint keeps them."""
    kinds = {config: kind for kind, (_, config, _) in TEACHERS.items()}
    return {"kind": kinds[type(network.config)], **asdict(network.config)}


def described_network(description: Mapping[str, Any]) -> Any:
    """The inverse of :func:`describe_network`, with fresh weights."""
    settings = dict(description)
    build, config, _ = TEACHERS[settings.pop("kind")]
    return build(config(**settings))


def is_teacher(checkpoint: str | Path) -> bool:
    """Whether a checkpoint, or a shipped controller's name, is a teacher's and no controller's.

    Raises:
        ControllerError: no shipped controller has that name.
        CheckpointError: the file is no checkpoint.
    """
    return checkpoint_kind(find(checkpoint)) == KIND


def load_teacher(path: Path) -> tuple[Any, Normalization, dict[str, Any]]:
    """Network, normalisation of what it sees and metadata of a teacher's checkpoint.

    Raises:
        CheckpointError: as :func:`~hyperdistill_core.checkpoint_file.load_checkpoint`.
    """
    tensors, meta = load_checkpoint(path, kind=KIND)
    network = described_network(meta["network"])
    restore_network(network, tensors, prefix="network")
    normalization = RunningMoments.from_dict(meta["state_moments"]).normalization()
    return network.eval(), normalization, meta
