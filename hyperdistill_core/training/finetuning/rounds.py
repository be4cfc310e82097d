"""Rounds of a fine-tuning: all bodies learn a little, and few bodies much.

Every round has the same number of control steps. After each, the better third of the bodies goes
on (successive halving, Jamieson 2016, with the share of Hyperband, Li 2018), each from the best
network that it has learned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from hyperdistill_core.checkpoint_file import save_checkpoint
from hyperdistill_core.errors import CheckpointError
from hyperdistill_core.nets.teachers import Specialists
from hyperdistill_core.training.network_state import network_arrays
from hyperdistill_core.training.teacher_file import load_teacher

#: One of so many bodies goes on to the next round.
_ONE_OF = 3


class Round(NamedTuple):
    """A round of a fine-tuning.

    Attributes:
        bodies: Number of bodies that learn.
        steps_per_body: Control steps of each of them.
    """

    bodies: int
    steps_per_body: int


def plan_rounds(n_bodies: int, steps_per_body: int, rounds: int) -> list[Round]:
    """The rounds of a fine-tuning.

    Args:
        n_bodies: Number of bodies, at least one.
        steps_per_body: Mean number of control steps of a body over all rounds.
        rounds: Most rounds. There are fewer where no body is left to drop.

    Examples:
        >>> plan_rounds(10, 60_000, 3)
        [Round(bodies=10, steps_per_body=20000), Round(bodies=4, steps_per_body=50000), \
Round(bodies=2, steps_per_body=100000)]
        >>> plan_rounds(1, 60_000, 3)
        [Round(bodies=1, steps_per_body=60000)]
    """
    counts = [n_bodies]
    while len(counts) < rounds and counts[-1] > 1:
        counts.append(math.ceil(counts[-1] / _ONE_OF))
    of_round = steps_per_body * n_bodies / len(counts)
    return [Round(count, max(1, round(of_round / count))) for count in counts]


def join_specialists(chosen: Sequence[tuple[Path, int]], file: Path) -> None:
    """Write a checkpoint of specialists from the checkpoints of one training, to go on from.

    Args:
        chosen: Checkpoint, and number in it, of each of the specialists, in their new order.
        file: File to write.

    Raises:
        CheckpointError: A file is not the checkpoint of specialists.
    """
    networks: dict[Path, Specialists] = {}
    meta: dict[str, Any] = {}
    for checkpoint, _ in chosen:
        if checkpoint not in networks:
            network, _, meta = load_teacher(checkpoint)
            if not isinstance(network, Specialists):
                raise CheckpointError(f"{checkpoint}: expected specialists, got a {network.kind}")
            networks[checkpoint] = network
    parts = [networks[checkpoint].select([number]) for checkpoint, number in chosen]
    joined = parts[0].select([0] * len(parts))
    with torch.no_grad():
        for new, *old in zip(*(each.parameters() for each in (joined, *parts)), strict=True):
            new.copy_(torch.cat(old))
    arrays = network_arrays(joined, prefix="network")
    save_checkpoint(file, arrays, {**meta, "network": joined.describe(), "averaged": 0})
