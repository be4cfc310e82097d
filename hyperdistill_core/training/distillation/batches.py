"""Batches of expert data: random states of random bodies, for training and for validation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hyperdistill_core.features import STATE_DIM
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import BodyBatch, BodyInputs
from hyperdistill_core.training.distillation.distill_settings import DistillSettings
from hyperdistill_core.training.distillation.expert_data import (
    ExpertData,
    Segment,
    SegmentReader,
    Transitions,
)
from hyperdistill_core.training.running_moments import RunningMoments


@dataclass(frozen=True)
class BodyData:
    """One body and where its data is.

    Attributes:
        inputs: Inputs of networks.
        segments: Segments of the expert data.
    """

    inputs: BodyInputs
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class ExpertBatch:
    """Random states of A bodies, S of each.

    Attributes:
        bodies: The bodies.
        states: (A, S, n_max, 17) states.
        time: (A, S) time since the beginning of their episodes (s).
        means: (A, S, n_max, 2) the teachers' action means.
    """

    bodies: BodyBatch
    states: NDArray[np.float32]
    time: NDArray[np.float64]
    means: Tensor


class ExpertBatches:
    """Draws batches from expert data.

    Invariants:
        The split into training and validation depends on the bodies and the seed alone, so it is
        the same after a restart.
        A body is in one of both parts only.

    Args:
        data: Expert data with at least one segment.
        settings: Settings of the distillation.

    Attributes:
        training: Bodies that the student learns on.
        validation: Bodies that validate the student.
    """

    def __init__(self, data: ExpertData, settings: DistillSettings) -> None:
        self._settings = settings
        task = get_task(settings.task)
        self._control_dt = task.control_dt
        self._reader: SegmentReader = data.reader()
        by_body: dict[int, list[Segment]] = {}
        for segment in data.segments:
            by_body.setdefault(segment.body, []).append(segment)
        bodies = [
            BodyData(BodyInputs.of(group[0].graph, task, kind=settings.context), tuple(group))
            for _, group in sorted(by_body.items())
        ]
        self._n_max = max(len(body.inputs.parents) for body in bodies)
        order: list[int] = np.random.default_rng(settings.seed).permutation(len(bodies)).tolist()
        n_held_out = int(settings.held_out * len(bodies))
        self.validation = [bodies[i] for i in order[:n_held_out]]
        self.training = [bodies[i] for i in order[n_held_out:]]

    def normalization(self) -> Normalization:
        """Normalization by the moments of equally many states of each training body."""
        moments = RunningMoments(STATE_DIM)
        rng = np.random.default_rng(self._settings.seed)
        for body in self.training:
            states, _, _ = self._draw(body, rng)
            moments.update(states.reshape(-1, STATE_DIM).astype(np.float64))
        return moments.normalization()

    def training_batch(self, rng: np.random.Generator) -> ExpertBatch:
        """A batch of random training bodies.

        Args:
            rng: Generator of the bodies and states.
        """
        number = min(self._settings.n_bodies, len(self.training))
        chosen: list[int] = rng.choice(len(self.training), size=number, replace=False).tolist()
        return self._batch([self.training[i] for i in chosen], rng)

    def validation_batch(self) -> ExpertBatch:
        """The same states of all validation bodies every time."""
        return self._batch(self.validation, np.random.default_rng(self._settings.seed + 1))

    def _batch(self, bodies: list[BodyData], rng: np.random.Generator) -> ExpertBatch:
        batch = BodyBatch([body.inputs for body in bodies], n_max=self._n_max)
        shape = (len(bodies), self._settings.n_states, self._n_max)
        states = np.zeros((*shape, STATE_DIM), np.float32)
        means = np.zeros((*shape, 2), np.float32)
        time = np.zeros(shape[:2])
        for row, body in enumerate(bodies):
            n = len(body.inputs.parents)
            states[row, :, :n], elapsed, means[row, :, :n] = self._draw(body, rng)
            time[row] = elapsed * self._control_dt
        return ExpertBatch(batch, states, time, torch.as_tensor(means))

    def _draw(self, body: BodyData, rng: np.random.Generator) -> Transitions:
        """Random transitions of a body: states (S, n, 17), elapsed (S,) and means (S, n, 2)."""
        counts = np.array([segment.transitions for segment in body.segments])
        ends = counts.cumsum()
        chosen = np.sort(rng.integers(ends[-1], size=self._settings.n_states))
        drawn: list[Transitions] = []
        for segment, first, end in zip(body.segments, ends - counts, ends, strict=True):
            inside = chosen[(chosen >= first) & (chosen < end)] - first
            if len(inside):
                drawn.append(self._reader(segment, inside))
        states, elapsed, means = zip(*drawn, strict=True)
        return np.concatenate(states), np.concatenate(elapsed), np.concatenate(means)
