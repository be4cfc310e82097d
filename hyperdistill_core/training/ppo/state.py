"""The state of a training on disk: a checkpoint from which it continues bit for bit."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hyperdistill_core.checkpoint_file import (
    load_checkpoint,
    require_same,
    require_same_settings,
    save_checkpoint,
)
from hyperdistill_core.training.network_state import (
    network_arrays,
    optimizer_arrays,
    restore_network,
    restore_optimizer,
)
from hyperdistill_core.training.ppo.collection import RolloutCollector
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings
from hyperdistill_core.training.ppo.scheduler import BodyScheduler
from hyperdistill_core.training.ppo.update import PPOUpdate
from hyperdistill_core.training.running_moments import RunningMoments
from hyperdistill_core.training.teacher_file import KIND
from hyperdistill_core.training.weight_average import WeightAverage

#: Settings that may differ when a training continues.
CHANGEABLE = ("steps", "minutes", "n_workers")
_ENV = "env/"


@dataclass
class TrainerState:
    """All parts of a training that change, and its progress.

    Invariants:
        After :meth:`restore` the training continues as if it had never stopped: networks,
        optimizer, moments, counters, simulations and both generators are as they were.
        :meth:`save` replaces the checkpoint in one step; a killed process leaves the old one.

    Attributes:
        settings: Settings of the training.
        training_set_hash: Hash of the training set.
        scheduler: Bodies that are active.
        collector: Collector of rollouts, with moments and counters.
        update: Network and optimizer.
        rng: Generator of bodies and of random actions.
        generator: Generator of action noise and of the order of minibatches.
        average: Mean of the network's weights over the last part of the training.
        steps: Control steps done.
        seconds: Time of training (s).
        env: State of the vector env; None for new simulations.
    """

    settings: PPOSettings
    training_set_hash: str
    scheduler: BodyScheduler
    collector: RolloutCollector
    update: PPOUpdate
    rng: np.random.Generator
    generator: torch.Generator
    average: WeightAverage = field(default_factory=WeightAverage)
    steps: int = 0
    seconds: float = 0.0
    env: dict[str, NDArray[Any]] | None = None

    def save(self, path: Path) -> None:
        """Write a checkpoint.

        Args:
            path: File to write.
        """
        network, optimizer = self.update.network, self.update.optimizer
        scheduler = self.scheduler.state_dict()
        arrays: dict[str, NDArray[Any]] = {
            **network_arrays(network, prefix="network"),
            **optimizer_arrays(optimizer, prefix="optimizer"),
            **self.average.arrays(),
            **self.collector.episodes.state_dict(),
            "lengths": scheduler["lengths"],
            "generator": self.generator.get_state().numpy(),
        }
        arrays |= {_ENV + name: array for name, array in (self.env or {}).items()}
        meta: dict[str, Any] = {
            "kind": KIND,
            "network": network.describe(),
            "settings": self.settings.to_dict(),
            "training_set": self.training_set_hash,
            "state_moments": self.collector.state_moments.to_dict(),
            "moments_fixed": self.collector.moments_fixed,
            "return_moments": self.collector.return_moments.to_dict(),
            "steps": self.steps,
            "seconds": self.seconds,
            "lr": self.update.learning_rate.rates.tolist(),
            "active": scheduler["active"],
            "next_slot": scheduler["next_slot"],
            "rng": self.rng.bit_generator.state,
            **self.average.meta(),
        }
        save_checkpoint(path, arrays, meta)

    def restore(self, path: Path) -> None:
        """Read a checkpoint of the same training.

        Args:
            path: File to read.

        Raises:
            CheckpointError: The checkpoint is of another training set or of other settings.
        """
        arrays, meta = load_checkpoint(path, kind=KIND)
        self._require_same(path, meta)
        restore_network(self.update.network, arrays, prefix="network")
        restore_optimizer(self.update.optimizer, arrays, prefix="optimizer")
        self.average.restore(arrays, meta)
        rates = self.update.learning_rate.rates
        self.update.learning_rate.rates = np.broadcast_to(meta["lr"], rates.shape).copy()
        collector = self.collector
        collector.state_moments = RunningMoments.from_dict(meta["state_moments"])
        collector.return_moments = RunningMoments.from_dict(meta["return_moments"])
        collector.episodes.load_state_dict(arrays)
        self.scheduler.load_state_dict(
            {"active": meta["active"], "next_slot": meta["next_slot"], "lengths": arrays["lengths"]}
        )
        self.env = {
            name.removeprefix(_ENV): array
            for name, array in arrays.items()
            if name.startswith(_ENV)
        }
        self.steps, self.seconds = meta["steps"], meta["seconds"]
        self.generator.set_state(torch.tensor(arrays["generator"]))
        self.rng.bit_generator.state = meta["rng"]

    def _require_same(self, path: Path, meta: dict[str, Any]) -> None:
        before = meta.get("training_set")
        require_same(path, before, self.training_set_hash, what="training set")
        require_same_settings(
            path, meta["settings"], self.settings.to_dict(), changeable=CHANGEABLE
        )
