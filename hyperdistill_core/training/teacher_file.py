"""Checkpoints of teachers: a network that acts for any body, and its normalization."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperdistill_core.checkpoint_file import checkpoint_kind, load_checkpoint
from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.features import ContextKind, context_kind
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.training.running_moments import RunningMoments

if TYPE_CHECKING:
    from hyperdistill_core.nets.teachers import Teacher

KIND = "teacher"


def is_teacher(checkpoint: str | Path) -> bool:
    """Whether a checkpoint holds a teacher, not a controller.

    Args:
        checkpoint: Path of the checkpoint, or name of a shipped controller.

    Raises:
        ControllerError: No shipped controller has that name.
        CheckpointError: The file is not a checkpoint.

    Examples:
        >>> is_teacher("flat-v2")
        False
    """
    return checkpoint_kind(find(checkpoint)) == KIND


def context_of(network: Teacher) -> ContextKind:
    """Layout of the contexts that a teacher takes; "extended" for one that takes none.

    Args:
        network: The teacher.

    Examples:
        >>> from hyperdistill_core.nets.teachers import MessagePassing, MessagePassingConfig
        >>> context_of(MessagePassing(MessagePassingConfig(context_dim=25)))
        'continuous'
    """
    return context_kind(network.context_dim) if network.context_dim else "extended"


def load_teacher(path: Path) -> tuple[Teacher, Normalization, dict[str, Any]]:
    """A teacher from its checkpoint.

    Args:
        path: File of the checkpoint.

    Returns:
        The network with the mean of its weights over the last part of the training, the
        normalization of its state features, and the metadata: "settings" and "steps" of its
        training and the hash of its "training_set", among others.

    Raises:
        CheckpointError: The file is missing, damaged, or not a checkpoint of a teacher.

    Examples:
        >>> path = find("flat-v0").parent / "flat-v0" / "teacher.safetensors"
        >>> network, normalization, meta = load_teacher(path)
        >>> network.kind, normalization.mean.shape, meta["steps"]
        ('gnn', (30,), 11304960)
    """
    # To ask what a checkpoint holds needs no torch.
    from hyperdistill_core.nets.teachers import teacher_from_description
    from hyperdistill_core.training.network_state import restore_network
    from hyperdistill_core.training.weight_average import weights_prefix

    arrays, meta = load_checkpoint(path, kind=KIND)
    network = teacher_from_description(meta["network"])
    restore_network(network, arrays, prefix=weights_prefix(meta))
    normalization = RunningMoments.from_dict(meta["state_moments"]).normalization()
    return network.eval(), normalization, meta
