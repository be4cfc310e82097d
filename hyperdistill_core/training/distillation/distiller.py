"""Training of a student: a hypernetwork learns networks that act as the teachers do.

The loss is the KL divergence between two Gaussians of the same fixed standard deviation, around
the teacher's and the student's action means, and each body has the same weight (Xiong 2024).
Controls are limited to -1..1. So the targets are clipped to that range, and a student that goes
beyond a clipped target has no error. The published loss is a setting (``large_actions``).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hyperdistill_core.checkpoint_file import (
    load_checkpoint,
    require_same,
    require_same_settings,
    save_checkpoint,
)
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.features import STATE_DIM, context_dim
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import GeneratedWeights, Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.training.body_batch import clock_phase_of, observe
from hyperdistill_core.training.distillation.batches import ExpertBatch, ExpertBatches
from hyperdistill_core.training.distillation.distill_settings import DistillSettings
from hyperdistill_core.training.distillation.expert_data import ExpertData
from hyperdistill_core.training.initialization import require_clock
from hyperdistill_core.training.network_state import (
    network_arrays,
    optimizer_arrays,
    restore_network,
    restore_optimizer,
)
from hyperdistill_core.training.precision import product_dtype, products_in
from hyperdistill_core.training.training_log import append_row

#: Kind of the checkpoint.
KIND = "distillation"
#: Number of updates between two rows of the log, each with a checkpoint.
LOG_EVERY = 200
#: Number of updates over which the learning rate rises from zero.
WARM_UP_UPDATES = 200
_CPU = torch.device("cpu")
#: Settings that may differ when a distillation continues.
CHANGEABLE = ("updates",)


class Distiller:
    """Trains a hypernetwork on expert data.

    Invariants:
        The normalization is fixed when the training begins, whatever data is added later.
        A training that was stopped at a checkpoint and continued on the same data gives the same
        numbers as one that was not, except for the noise of the dropout.

    Args:
        data: Expert data.
        settings: Settings of the training.
        folder: Folder of ``student.safetensors`` and ``distill.csv``. A checkpoint that is there
            is continued.
        initialize_from: Controller whose hypernetwork, of whatever size, and normalization a new
            training starts with; None, the default, for random weights and the normalization of
            the data.

    Attributes:
        settings: Settings of the training.
        network: The hypernetwork.
        normalization: Normalization of the states.
        updates_done: Number of gradient steps so far.

    Raises:
        TrainingError: There is no data.
        ControllerError: The controller takes another context.
        TrainingError: The controller has another clock phase input.
        CheckpointError: The checkpoint in ``folder`` is of another network or other settings.

    Examples:
        The whole of a distillation without DAgger::

            distiller = Distiller(data, DistillSettings(updates=20_000), Path("student"))
            distiller.train(report=print)
    """

    def __init__(
        self,
        data: ExpertData,
        settings: DistillSettings,
        folder: Path,
        *,
        initialize_from: Controller | None = None,
    ) -> None:
        if not data.segments:
            raise TrainingError(
                "data: expected expert data, got none; collect it before the distillation"
            )
        self.settings, self._folder, self._data = settings, folder, data
        torch.manual_seed(settings.seed)  # pyright: ignore[reportUnknownMemberType]  untyped
        self.network = _new_student(settings, initialize_from)
        self._optimizer: torch.optim.Optimizer = torch.optim.Adam(
            self.network.parameters(), lr=settings.max_lr
        )
        self._rng = np.random.default_rng(settings.seed)
        self._dtype = product_dtype(settings.precision, _CPU)
        self.updates_done = 0
        self._seconds = 0.0
        self._checkpoint = folder / "student.safetensors"
        self._batches = ExpertBatches(data, settings)
        if self._checkpoint.exists():
            self.normalization = self._restore()
        elif initialize_from is not None:
            self.normalization = initialize_from.normalization
        else:
            self.normalization = self._batches.normalization()

    def refresh(self) -> None:
        """Include the segments that were added to the data."""
        self._batches = ExpertBatches(self._data, self.settings)

    def train(
        self,
        until: int | None = None,
        *,
        report: Callable[[dict[str, float]], None] = lambda _: None,
    ) -> None:
        """Train until a number of updates is done.

        Args:
            until: Number of updates in all; by default ``settings.updates``, which is also the
                most.
            report: Function that is called with every row of the log.
        """
        last = self.settings.updates if until is None else min(until, self.settings.updates)
        total, since, began = 0.0, 0, time.perf_counter()
        self.network.train()
        while self.updates_done < last:
            total += self._update()
            self.updates_done += 1
            since += 1
            if self.updates_done % LOG_EVERY == 0 or self.updates_done == last:
                self._seconds += time.perf_counter() - began
                row = {
                    "updates": self.updates_done,
                    "seconds": self._seconds,
                    "loss": total / since,
                    "validation_loss": self.validate(),
                    "lr": self._learning_rate(),
                }
                append_row(self._folder / "distill.csv", row)
                self._save()
                report(row)
                total, since, began = 0.0, 0, time.perf_counter()

    @torch.no_grad()
    def validate(self) -> float:
        """Loss on the validation bodies; NaN without such bodies."""
        if not self._batches.validation:
            return math.nan
        self.network.eval()
        loss, _ = self._loss(self._batches.validation_batch())
        self.network.train()
        return loss.item()

    def _update(self) -> float:
        lr = self._learning_rate()
        for group in self._optimizer.param_groups:
            group["lr"] = lr
        loss, weights = self._loss(self._batches.training_batch(self._rng))
        penalty = self.settings.weight_decay * _mean_square(weights)
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss + penalty)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.max_grad_norm)
        self._optimizer.step()
        return loss.item()

    def _loss(self, batch: ExpertBatch) -> tuple[Tensor, GeneratedWeights]:
        bodies = batch.bodies
        observation = torch.as_tensor(observe(self.normalization, batch.states, bodies.present))
        phase = clock_phase_of(batch.time, self.network.config.clock_harmonics)
        with products_in(self._dtype, _CPU):
            weights = self.network.generate(bodies.context, torch.as_tensor(bodies.present))
            means = weights.act(observation, clock_phase=phase).float()
        targets = batch.means
        if self.settings.large_actions == "clip":
            squares = control_error(means, targets.clamp(-1.0, 1.0)).square()
        else:
            squares = (means - targets).square() * large_action_weight(targets)
        joints = torch.as_tensor(bodies.joints)[:, None]
        divergence = (squares * joints).sum(dim=(2, 3)) / (2 * self.settings.action_std**2)
        return divergence.mean(), weights

    def _learning_rate(self) -> float:
        done = self.updates_done / self.settings.updates
        warm = min(1.0, self.updates_done / WARM_UP_UPDATES)
        return self.settings.max_lr * warm * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * done)))

    def _save(self) -> None:
        arrays = network_arrays(self.network, prefix="network")
        arrays |= optimizer_arrays(self._optimizer, prefix="optimizer")
        meta: dict[str, Any] = {
            "kind": KIND,
            "network": asdict(self.network.config),
            "settings": self.settings.to_dict(),
            "updates": self.updates_done,
            "seconds": self._seconds,
            "rng": self._rng.bit_generator.state,
            "state_mean": self.normalization.mean.tolist(),
            "state_var": self.normalization.var.tolist(),
        }
        save_checkpoint(self._checkpoint, arrays, meta)

    def _restore(self) -> Normalization:
        """Restore the checkpoint; the normalization that it was trained with."""
        path = self._checkpoint
        arrays, meta = load_checkpoint(path, kind=KIND)
        require_same(path, meta["network"], asdict(self.network.config), what="network")
        require_same_settings(
            path, meta["settings"], self.settings.to_dict(), changeable=CHANGEABLE
        )
        restore_network(self.network, arrays, prefix="network")
        restore_optimizer(self._optimizer, arrays, prefix="optimizer")
        self.updates_done, self._seconds = meta["updates"], meta["seconds"]
        self._rng.bit_generator.state = meta["rng"]
        return Normalization(np.array(meta["state_mean"]), np.array(meta["state_var"]))


def control_error(means: Tensor, targets: Tensor) -> Tensor:
    """Difference between action means and targets, zero beyond a target at the limit.

    Args:
        means: Action means.
        targets: Targets of the same shape, in -1..1.

    Examples:
        >>> control_error(torch.tensor([1.5, 1.5]), torch.tensor([1.0, 0.5]))
        tensor([0., 1.])
    """
    beyond = (means * targets > 1.0) & (targets.abs() == 1.0)
    return torch.where(beyond, 0.0, means - targets)


def large_action_weight(targets: Tensor) -> Tensor:
    """Weights of the errors of targets: exp(1 - |target|) beyond -1..1, else 1 (Xiong 2024).

    Args:
        targets: Targets of any shape.

    Examples:
        >>> large_action_weight(torch.tensor([0.5, -2.0]))
        tensor([1.0000, 0.3679])
    """
    return (1.0 - targets.abs()).clamp(max=0.0).exp()


def _new_student(settings: DistillSettings, initialize_from: Controller | None) -> Hypernetwork:
    if initialize_from is not None:
        controller = initialize_from.with_context(settings.context)
        require_clock(settings.clock_harmonics, controller.network.config.clock_harmonics)
        network = Hypernetwork(replace(controller.network.config, dropout=settings.dropout))
        network.load_state_dict(Hypernetwork.from_numpy(controller.network).state_dict())
        return network
    try:
        config = HypernetConfig(
            context_dim=context_dim(settings.context),
            state_dim=STATE_DIM,
            hidden=settings.hidden,
            hidden_layers=settings.hidden_layers,
            embed=settings.embed,
            clock_harmonics=settings.clock_harmonics,
            dropout=settings.dropout,
            aggregation=settings.aggregation,
        )
    except ValueError as error:
        raise TrainingError(f"distillation: {error}") from None
    return Hypernetwork(config)


def _mean_square(weights: GeneratedWeights) -> Tensor:
    """Mean square of all generated weights of existing nodes."""
    of_nodes = (
        weights.input_weight,
        weights.input_bias,
        weights.output_weight,
        weights.output_bias,
    )
    mask = weights.mask
    generated = [numbers if mask is None else numbers[mask] for numbers in of_nodes]
    generated += [*weights.hidden_weights, *weights.hidden_biases]
    more = (weights.clock_weight, weights.terrain_weight)
    generated += [rows for rows in more if rows is not None]
    return torch.cat([numbers.flatten() for numbers in generated]).float().square().mean()
