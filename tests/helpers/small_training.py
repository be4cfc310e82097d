"""The parts of a training on two small bodies, without a vector env."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import BodyBatch, BodyInputs
from hyperdistill_core.training.ppo import (
    BodyScheduler,
    PPOSettings,
    PPOUpdate,
    RolloutCollector,
    TrainerState,
    new_teacher,
)
from hyperdistill_core.training.running_moments import RunningMoments
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.sampling import sample_body
from tests.helpers.scripted_vector_env import ScriptedVectorEnv

SETTINGS = PPOSettings(
    observation="state",
    n_active=2,
    n_envs=2,
    horizon=6,
    minibatches=3,
    epochs=2,
    width=8,
    layers=1,
    precision="float32",
)
_CPU = torch.device("cpu")


@dataclass
class SmallTraining:
    """The parts of a training with ``SETTINGS`` and some changes."""

    training_set: TrainingSet
    batch: BodyBatch
    state: TrainerState

    @property
    def collector(self) -> RolloutCollector:
        """Collector of rollouts."""
        return self.state.collector

    @property
    def update(self) -> PPOUpdate:
        """Update of the network."""
        return self.state.update

    def env(self, **ends: tuple[int, ...]) -> ScriptedVectorEnv:
        """A scripted vector env for the bodies."""
        present = self.batch.present
        return ScriptedVectorEnv((len(present), SETTINGS.n_envs, present.shape[1]), **ends)

    def collect(self, env: ScriptedVectorEnv | None = None, **options: float):
        """A rollout and its figures."""
        options = {"action_std": 0.5, "alive_bonus": 0.0, **options}
        env = env or self.env()
        return self.collector.collect(env, self.batch, self.update.network, **options)  # pyright: ignore[reportArgumentType]


def small_training(*, moments_fixed: bool = False, **changes: object) -> SmallTraining:
    """All parts, with random weights."""
    settings, task = SETTINGS.replace(**changes), get_task("flat")
    graphs = tuple(sample_body(np.random.default_rng(seed)) for seed in range(3))
    training_set = TrainingSet(graphs, ("sampled",) * 3)
    n_max = max(len(graph) for graph in graphs)
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    scheduler = BodyScheduler(training_set, settings, max_steps=task.max_steps, rng=rng)
    inputs = [BodyInputs.of(graphs[body], task) for body in scheduler.active]
    torch.manual_seed(0)
    network = new_teacher(settings, n_max=n_max)
    collector = RolloutCollector(
        settings,
        state_moments=RunningMoments(network.state_dim),
        moments_fixed=moments_fixed,
        max_steps=task.max_steps,
        control_dt=task.control_dt,
        on_length=scheduler.record_length,
        generator=generator,
        device=_CPU,
    )
    update = PPOUpdate(network, settings, generator=generator, device=_CPU)
    state = TrainerState(settings, training_set.hash, scheduler, collector, update, rng, generator)
    return SmallTraining(training_set, BodyBatch(inputs, n_max=n_max), state)
