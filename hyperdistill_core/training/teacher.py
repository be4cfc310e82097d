"""A universal teacher on disk: a network that acts for any body, and its normalisation."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from hyperdistill_core.features import STATE_DIM, context_dim
from hyperdistill_core.nets.message_passing import MessagePassing, MessagePassingConfig
from hyperdistill_core.nets.mlp import Normalisation
from hyperdistill_core.training.moments import RunningMoments
from hyperdistill_core.weights_file import load_checkpoint, restore_network

KIND = "teacher"


def new_network(width: int, layers: int) -> MessagePassing:
    """A fresh message-passing teacher for our state and the continuous context."""
    config = MessagePassingConfig(
        context_dim=context_dim("continuous"), state_dim=STATE_DIM, width=width, layers=layers
    )
    return MessagePassing(config)


def describe_network(network: MessagePassing) -> dict[str, Any]:
    """The network's settings, from which :func:`load_teacher` builds it again."""
    return asdict(network.config)


def load_teacher(path: Path) -> tuple[MessagePassing, Normalisation, dict[str, Any]]:
    """Network, normalisation of the states and metadata of a teacher's checkpoint.

    Raises:
        CheckpointError: as :func:`~hyperdistill_core.weights_file.load_checkpoint`.
    """
    tensors, meta = load_checkpoint(path, kind=KIND)
    network = MessagePassing(MessagePassingConfig(**meta["network"]))
    restore_network(network, tensors, prefix="network")
    normalisation = RunningMoments.from_dict(meta["state_moments"]).normalisation()
    return network.eval(), normalisation, meta
