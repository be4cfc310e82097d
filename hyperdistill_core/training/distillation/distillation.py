"""Distillation: the hypernetwork learns to write controllers that act like the teacher.

The loss is the KL divergence between Gaussians of equal, fixed deviation around the
teacher's and the student's means, each body weighing the same (Xiong 2024). What lies
beyond the controls' range is the same control: targets are clipped to it, and a student
that goes further than a clipped target makes no error. Rounds of DAgger
(Ross 2011) let the student act and the teacher label where the student went.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hyperdistill_core.checkpoint_file import (
    load_checkpoint,
    network_tensors,
    optimizer_tensors,
    require_same,
    restore_network,
    restore_optimizer,
    save_checkpoint,
)
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.features import CONTEXT, STATE_DIM, ContextKind, context_dim
from hyperdistill_core.nets.hypernetwork import (
    Aggregation,
    GeneratedWeights,
    HypernetConfig,
    Hypernetwork,
)
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import BodyInputs, BodyBatch, clock_phase_of, observe
from hyperdistill_core.training.distillation.expert_data import ExpertData, Segment
from hyperdistill_core.training.ppo.ppo_settings import require_clock, require_least
from hyperdistill_core.training.running_moments import RunningMoments
from hyperdistill_core.training.training_log import append_row
from morph_ops._registry import lookup

KIND = "distillation"
LOG_EVERY = 200
# Settings that a distillation may go on with others of.
MAY_CHANGE = ("updates",)


@dataclass(frozen=True, kw_only=True)
class DistillSettings:
    """How a student learns.

    Attributes:
        task: name of the task, for the bodies' contexts.
        updates: gradient steps.
        n_bodies: bodies in a batch.
        n_states: states of each.
        hidden: width of the generated networks.
        hidden_layers: generated hidden-to-hidden layers.
        embed: width of the context embeddings.
        context: layout of the contexts; that of the controller that a student begins with.
        clock: harmonics of a clock that the generated networks hear; 0 for none. A student that
            begins with a controller hears what that hears.
        dropout: on the context embeddings.
        aggregation: how limbs' input products meet in a generated network: "sum" or "limb_mean".
        weight_decay: weight of the generated weights' mean square in the loss.
        max_lr: learning rate at the start; it falls to a hundredth along a cosine.
        max_grad_norm: clip of the gradient's norm.
        action_std: deviation of both Gaussians.
        gain: the teacher's means are multiplied by it. Means learned early, under
            much noise, are timid.
        held_out: share of the bodies kept for validation.
        seed: of initial weights, batches and dropout.

    Raises:
        TrainingError: a number is out of its range.
        UnknownNameError: there is no such context layout.
    """

    task: str = "flat"
    updates: int = 20_000
    n_bodies: int = 64
    n_states: int = 48
    hidden: int = 128
    hidden_layers: int = 1
    embed: int = 128
    context: ContextKind = "continuous"
    clock: int = 0
    dropout: float = 0.1
    aggregation: Aggregation = "sum"
    weight_decay: float = 1e-4
    max_lr: float = 1e-3
    max_grad_norm: float = 0.5
    action_std: float = 0.5
    gain: float = 1.0
    held_out: float = 0.04
    seed: int = 0

    def __post_init__(self) -> None:
        lookup({str(kind): kind for kind in CONTEXT}, self.context, what="context layout")
        require_least(self, 1, "updates", "n_bodies", "n_states", "hidden", "embed")
        require_least(self, 0, "hidden_layers", "clock", "dropout", "weight_decay", "max_lr", "seed")
        if self.action_std <= 0.0:
            raise TrainingError(f"action_std: expected more than 0, got {self.action_std}")
        if not 0.0 <= self.held_out < 1.0:
            raise TrainingError(f"held_out: expected 0 or more, less than 1, got {self.held_out}")


@dataclass(frozen=True)
class _Body:
    inputs: BodyInputs
    segments: tuple[Segment, ...]


class Distiller:
    """Trains a hypernetwork on expert data.

    States are normalised by the moments of the data that lies there when it begins.

    Args:
        data: what the teacher said.
        settings: of the training.
        folder: where ``student.safetensors`` and ``distill.csv`` go; a checkpoint that lies
            there is taken up again.
        initialize_from: controller whose hypernetwork, of whatever size, and normalisation a new
            training begins with.

    Raises:
        TrainingError: there is no data.
        TrainingError: the aggregation is unknown.
        CheckpointError: the checkpoint in ``folder`` is of another network or other settings.
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
            raise TrainingError("there is no expert data to distil: run the collection first")
        self.settings, self._folder, self._data = settings, folder, data
        self._task = get_task(settings.task)
        torch.manual_seed(settings.seed)
        self.network = _begin(settings, initialize_from)
        self._optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.max_lr)
        self._rng = np.random.default_rng(settings.seed)
        self.updates_done = 0
        self._seconds = 0.0
        self._checkpoint = folder / "student.safetensors"
        self.normalization = Normalization(np.zeros(STATE_DIM), np.ones(STATE_DIM))
        if self._checkpoint.exists():
            self._restore()
            self.refresh()
        else:
            self.refresh()
            self.normalization = initialize_from.normalization if initialize_from else self._moments()

    def refresh(self) -> None:
        """Take in the segments that the data has now."""
        self._read = self._data.reader()
        by_body: dict[int, list[Segment]] = {}
        for segment in self._data.segments:
            by_body.setdefault(segment.body, []).append(segment)
        kind = self.settings.context
        bodies = [
            _Body(BodyInputs.of(group[0].graph, self._task, kind=kind), tuple(group))
            for _, group in sorted(by_body.items())
        ]
        self._n_max = max(len(body.inputs.parents) for body in bodies)
        # The split depends on the seed alone, so that it is the same after a resume.
        order = np.random.default_rng(self.settings.seed).permutation(len(bodies))
        n_held_out = int(self.settings.held_out * len(bodies))
        self._validation = [bodies[i] for i in order[:n_held_out]]
        self._training = [bodies[i] for i in order[n_held_out:]]

    def _moments(self) -> Normalization:
        """Normalisation by as many states of each training body, limb by limb."""
        moments = RunningMoments(STATE_DIM)
        rng = np.random.default_rng(self.settings.seed)
        for body in self._training:
            states, _, _ = self._draw(body, rng)
            moments.update(states.reshape(-1, STATE_DIM).astype(np.float64))
        return moments.normalization()

    def train(
        self,
        until: int | None = None,
        *,
        report: Callable[[dict[str, float]], None] = lambda _: None,
    ) -> None:
        """Train up to ``until`` updates in all, by default to ``settings.updates``."""
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
        """Loss on bodies that are never trained on; NaN where none is held out."""
        if not self._validation:
            return math.nan
        self.network.eval()
        rng = np.random.default_rng(self.settings.seed + 1)
        loss, _ = self._loss(self._validation, rng)
        self.network.train()
        return loss.item()

    def _update(self) -> float:
        lr = self._learning_rate()
        for group in self._optimizer.param_groups:
            group["lr"] = lr
        number = min(self.settings.n_bodies, len(self._training))
        chosen = self._rng.choice(len(self._training), size=number, replace=False)
        loss, weights = self._loss([self._training[i] for i in chosen], self._rng)
        penalty = self.settings.weight_decay * _mean_square(weights)
        self._optimizer.zero_grad(set_to_none=True)
        (loss + penalty).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.max_grad_norm)
        self._optimizer.step()
        return loss.item()

    def _loss(
        self, bodies: list[_Body], rng: np.random.Generator
    ) -> tuple[Tensor, GeneratedWeights]:
        crowd = BodyBatch([body.inputs for body in bodies], n_max=self._n_max)
        shape = (len(bodies), self.settings.n_states, self._n_max)
        states = np.zeros((*shape, STATE_DIM), np.float32)
        targets = np.zeros((*shape, 2), np.float32)
        time = np.zeros(shape[:2])
        for row, body in enumerate(bodies):
            n = len(body.inputs.parents)
            states[row, :, :n], elapsed, targets[row, :, :n] = self._draw(body, rng)
            time[row] = elapsed * self._task.control_dt
        observation = torch.from_numpy(observe(self.normalization, states))
        weights = self.network.generate(crowd.context, torch.from_numpy(crowd.present))
        wanted = (torch.from_numpy(targets) * self.settings.gain).clamp(-1.0, 1.0)
        said = clock_phase_of(time, self.network.config.clock_harmonics)
        error = control_error(weights.act(observation, clock_phase=said), wanted)
        joints = torch.from_numpy(crowd.joints)[:, None]
        divergence = (error.square() * joints).sum(dim=(2, 3)) / (2 * self.settings.action_std**2)
        return divergence.mean(), weights

    def _draw(self, body: _Body, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Random states (n_states, n, 17) of a body, the control steps before, and means."""
        counts = np.array([segment.transitions for segment in body.segments])
        ends = counts.cumsum()
        chosen = np.sort(rng.integers(ends[-1], size=self.settings.n_states))
        drawn: list[tuple[np.ndarray, ...]] = []
        for segment, first, end in zip(body.segments, ends - counts, ends, strict=True):
            inside = chosen[(chosen >= first) & (chosen < end)] - first
            if len(inside):
                drawn.append(self._read(segment, inside))
        return tuple(map(np.concatenate, zip(*drawn, strict=True)))

    def _learning_rate(self) -> float:
        done = self.updates_done / self.settings.updates
        warm = min(1.0, self.updates_done / 200)
        return self.settings.max_lr * warm * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * done)))

    def _save(self) -> None:
        tensors = network_tensors(self.network, prefix="network")
        tensors |= optimizer_tensors(self._optimizer, prefix="optimizer")
        meta: dict[str, Any] = {
            "kind": KIND,
            "network": self.network.config.to_dict(),
            "settings": asdict(self.settings),
            "updates": self.updates_done,
            "seconds": self._seconds,
            "rng": self._rng.bit_generator.state,
            "state_mean": self.normalization.mean.tolist(),
            "state_var": self.normalization.var.tolist(),
        }
        save_checkpoint(self._checkpoint, tensors, meta)

    def _restore(self) -> None:
        tensors, meta = load_checkpoint(self._checkpoint, kind=KIND)
        require_same(self._checkpoint, meta["network"], self.network.config.to_dict(), what="network")
        for name, value in asdict(self.settings).items():
            if name not in MAY_CHANGE:
                before = meta["settings"].get(name, value)
                require_same(self._checkpoint, before, value, what=f"{name} ({before})")
        restore_network(self.network, tensors, prefix="network")
        restore_optimizer(self._optimizer, tensors, prefix="optimizer")
        self.updates_done, self._seconds = meta["updates"], meta["seconds"]
        self._rng.bit_generator.state = meta["rng"]
        self.normalization = Normalization(
            np.array(meta["state_mean"]), np.array(meta["state_var"])
        )


def _begin(settings: DistillSettings, initialize_from: Controller | None) -> Hypernetwork:
    if initialize_from is not None:
        if initialize_from.context != settings.context:
            raise TrainingError(
                f"context: expected {initialize_from.context!r} as controller {initialize_from.name} takes, "
                f"got {settings.context!r}"
            )
        require_clock(settings.clock, initialize_from.network.config.clock_harmonics)
        network = Hypernetwork(replace(initialize_from.network.config, dropout=settings.dropout))
        network.load_state_dict(initialize_from.network.state_dict())
        return network
    try:
        config = HypernetConfig(
            context_dim=context_dim(settings.context),
            state_dim=STATE_DIM,
            hidden=settings.hidden,
            hidden_layers=settings.hidden_layers,
            embed=settings.embed,
            clock_harmonics=settings.clock,
            dropout=settings.dropout,
            aggregation=settings.aggregation,
        )
    except ValueError as error:
        raise TrainingError(f"distillation: {error}") from None
    return Hypernetwork(config)


def control_error(means: Tensor, wanted: Tensor) -> Tensor:
    """How far means are from targets within -1..1; none beyond a target at the limit."""
    beyond = (means * wanted > 1.0) & (wanted.abs() == 1.0)
    return torch.where(beyond, 0.0, means - wanted)


def _mean_square(weights: GeneratedWeights) -> Tensor:
    """Mean square of all generated numbers of real limbs."""
    of_limbs = (
        weights.input_weight,
        weights.input_bias,
        weights.output_weight,
        weights.output_bias,
    )
    mask = weights.mask
    made = [numbers if mask is None else numbers[mask] for numbers in of_limbs]
    made += [*weights.hidden_weights, *weights.hidden_biases]
    made += [rows for rows in (weights.clock_weight, weights.terrain_weight) if rows is not None]
    return torch.cat([numbers.flatten() for numbers in made]).square().mean()
