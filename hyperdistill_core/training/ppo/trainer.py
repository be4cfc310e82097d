"""The loop of a teacher's training."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import networkx as nx
import numpy as np
import torch

from hyperdistill_core.checkpoint_file import load_checkpoint
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.nets.teachers import Specialists, Teacher
from hyperdistill_core.parallel.vector_env import NoProgress, VectorEnv
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import BodyBatch, BodyInputs
from hyperdistill_core.training.ppo.collection import RolloutCollector
from hyperdistill_core.training.ppo.new_teachers import new_teacher
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings
from hyperdistill_core.training.ppo.scheduler import BodyScheduler
from hyperdistill_core.training.ppo.schedules import Schedules
from hyperdistill_core.training.ppo.starting_point import StartingPoint, network_of_checkpoint
from hyperdistill_core.training.ppo.state import TrainerState
from hyperdistill_core.training.ppo.update import PPOUpdate
from hyperdistill_core.training.running_moments import RunningMoments
from hyperdistill_core.training.teacher_file import KIND
from hyperdistill_core.training.training_log import append_row, drop_rows
from hyperdistill_core.training.training_sets.training_set import TrainingSet

#: Groups of bodies: the network acts for one of them while the other is simulated.
_PARTS = 2


#: Places for simulations that a training has at least, so that workers share few bodies; and
#: simulations of a place at least.
_PLACES, _LEAST_SIMULATIONS = 8, 8


class TeacherTrainer:
    """Trains a teacher on the bodies of a training set.

    Invariants:
        After every update there is one row in ``log.csv`` and a checkpoint of the same step. A
        row whose checkpoint was not written is dropped when the training continues.
        A training that was stopped and continued gives the same numbers as one that was not.

    Args:
        training_set: Bodies to train on, at least ``settings.n_active``.
        settings: Settings of the training.
        folder: Folder of ``teacher.safetensors`` and ``log.csv``. A checkpoint that is there is
            continued.
        initialize_from: Controller, or checkpoint of another training on any bodies, whose
            weights and normalization a new training starts with. A generalist starts as the
            hypernetwork of a controller, specialists as the networks that it generates for their
            bodies, or as as many specialists of another training, in their order; both keep its
            normalization. It has no effect where a checkpoint is continued.
        variants: Variant of the controller for each body of the training set, for specialists;
            None for variant 0 of all.
        action_factors: Factor on the action means that each body starts with, for specialists; None
            for the action means of the controller.
        device: Device of the network, "cpu" or "cuda". Simulation runs on the CPU.

    Raises:
        TrainingError: The device is not available.
        TrainingError: The training set is too small for ``settings.n_active`` active bodies.
        TrainingError: Bodies share no weights, and not all of them are active.
        UnknownNameError: The kind of teacher or the task is unknown.
        CheckpointError: The checkpoint in ``folder`` is of another network, training set or
            settings, or the one to initialize from is of another network.

    Examples:
        >>> import tempfile
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(0)
        >>> bodies = TrainingSet((sample_body(rng), sample_body(rng)), ("sampled",) * 2)
        >>> settings = PPOSettings(
        ...     steps=32, n_active=2, n_envs=2, horizon=8, width=8, layers=1, n_workers=1
        ... )
        >>> trainer = TeacherTrainer(bodies, settings, Path(tempfile.mkdtemp()))
        >>> trainer.train()
        >>> trainer.steps_done
        32
    """

    def __init__(
        self,
        training_set: TrainingSet,
        settings: PPOSettings,
        folder: Path,
        *,
        initialize_from: Path | None = None,
        variants: Sequence[int] | None = None,
        action_factors: Sequence[float] | None = None,
        device: str = "cpu",
    ) -> None:
        if device != "cpu" and not torch.cuda.is_available():
            raise TrainingError(
                f"device: expected cpu, as torch finds no CUDA device here, got {device!r}"
            )
        self.settings, self.folder = settings, folder
        self._graphs, self._task = training_set.graphs, get_task(settings.task)
        self._n_max = max(len(graph) for graph in self._graphs)
        self._schedules = Schedules(settings)
        self._checkpoint, self._log = folder / "teacher.safetensors", folder / "log.csv"
        rng = np.random.default_rng(settings.seed)
        self._scheduler = BodyScheduler(
            training_set, settings, max_steps=self._task.max_steps, rng=rng
        )
        continues = self._checkpoint.exists()
        if not continues:
            self._activate()
        start = self._starting_point(initialize_from, variants)
        if action_factors is not None and isinstance(start.network, Specialists):
            start.network.scale_actions([action_factors[body] for body in self._scheduler.active])
        generator = torch.Generator().manual_seed(settings.seed)
        target = torch.device(device)
        self._collector = RolloutCollector(
            settings,
            state_moments=start.state_moments,
            return_moments=start.return_moments,
            moments_fixed=start.moments_fixed,
            max_steps=self._task.max_steps,
            control_dt=self._task.control_dt,
            on_length=self._scheduler.record_length,
            generator=generator,
            device=target,
        )
        self._update = PPOUpdate(
            start.network.to(target), settings, generator=generator, device=target
        )
        self._state = TrainerState(
            settings,
            training_set.hash,
            self._scheduler,
            self._collector,
            self._update,
            rng,
            generator,
        )
        if continues:
            self._state.restore(self._checkpoint)
            drop_rows(self._log, beyond=self.steps_done)
            self._activate()

    @property
    def network(self) -> Teacher:
        """The teacher that learns; a checkpoint also holds the mean of its weights."""
        return self._update.network

    @property
    def state_moments(self) -> RunningMoments:
        """Moments of the state features that the teacher's observations are normalized by."""
        return self._collector.state_moments

    @property
    def steps_done(self) -> int:
        """Control steps that the training has done."""
        return self._state.steps

    def train(self, *, report: Callable[[dict[str, float]], None] = lambda _: None) -> None:
        """Train for ``settings.steps`` control steps, or for ``settings.minutes``.

        Args:
            report: Function that is called with a row of the log after every update.

        Raises:
            TrainingError: The network's weights are not finite any more.
        """
        settings, state = self.settings, self._state
        rule = NoProgress(settings.no_progress_steps, settings.no_progress_m)
        env = VectorEnv(
            [self._graphs[body] for body in self._scheduler.active],
            task=settings.task,
            n_envs=settings.n_envs,
            n_max=self._n_max,
            n_workers=settings.n_workers,
            n_parts=min(_PARTS, settings.n_active),
            n_splits=_splits(settings.n_active, settings.n_envs),
            seed=settings.seed,
            state_dict=state.env,
            no_progress=rule if settings.no_progress_steps else None,
            n_heights=self.network.terrain_dim,
        )
        with env:
            self._collector.warm_up(env, self._batch, state.rng)
            while self._progress < 1.0:
                row = self._iterate(env)
                append_row(self._log, row)
                state.env = env.state_dict()
                state.save(self._checkpoint)
                report(row)

    @property
    def _progress(self) -> float:
        return self._schedules.progress(steps=self._state.steps, seconds=self._state.seconds)

    def _iterate(self, env: VectorEnv) -> dict[str, float]:
        """Replace bodies, collect a rollout and update; a row of the log."""
        settings, state = self.settings, self._state
        began = time.perf_counter()
        critic_alone = state.steps < settings.critic_steps
        self._replace_bodies(env)
        action_std = self._schedules.action_std(self._progress)
        data, row = self._collector.collect(
            env,
            self._batch,
            self.network,
            action_std=action_std,
            alive_bonus=self._schedules.alive_bonus(self._progress),
        )
        new_steps = settings.horizon * settings.n_active * settings.n_envs
        state.steps += new_steps
        collected = time.perf_counter()
        # An update counts as after its rollout, by steps and by the clock.
        state.seconds += collected - began
        lr_bound = self._schedules.lr_bound(self._progress)
        row |= self._update.update(
            data,
            self._batch,
            action_std=action_std,
            lr_bound=lr_bound,
            critic_alone=critic_alone,
        )
        ended = time.perf_counter()
        state.seconds += ended - collected
        self._average()
        return row | {
            "steps": state.steps,
            "seconds": state.seconds,
            "steps_per_s": new_steps / (ended - began),
            "simulation_share": (collected - began) / (ended - began),
        }

    def _average(self) -> None:
        """Add the weights to their mean in the last part of the training."""
        if self._progress >= 1.0 - self.settings.average_last and self.settings.average_last:
            self._state.average.add(self.network)
        else:
            # A training that was extended begins its last part later.
            self._state.average.clear()

    def _starting_point(
        self, initialize_from: Path | None, variants: Sequence[int] | None
    ) -> StartingPoint:
        torch.manual_seed(self.settings.seed)  # pyright: ignore[reportUnknownMemberType]  untyped
        network = new_teacher(self.settings, n_max=self._n_max)
        n_bodies, n_active = len(self._graphs), self.settings.n_active
        if network.separate_bodies is not None and n_bodies > n_active:
            raise TrainingError(
                f"n_active: expected all {n_bodies} bodies of the training set, as {network.kind} "
                f"train side by side, got {n_active}"
            )
        if self._checkpoint.exists():
            _, meta = load_checkpoint(self._checkpoint, kind=KIND)
            network, fixed = network_of_checkpoint(self._checkpoint, meta, network)
            return StartingPoint(network, RunningMoments(network.state_dim), moments_fixed=fixed)
        if initialize_from is None:
            return StartingPoint.new(network)
        chosen = None if variants is None else [variants[body] for body in self._scheduler.active]
        return StartingPoint.from_file(initialize_from, network, self.settings, self._batch, chosen)

    def _activate(self) -> None:
        """Prepare the inputs of all active bodies."""
        active = [self._graphs[body] for body in self._scheduler.active]
        self._inputs = [self._inputs_of(graph) for graph in active]
        self._batch = BodyBatch(self._inputs, n_max=self._n_max)

    def _inputs_of(self, graph: nx.DiGraph[str]) -> BodyInputs:
        return BodyInputs.of(graph, self._task, kind=self.settings.context)

    def _replace_bodies(self, env: VectorEnv) -> None:
        for slot, body in self._scheduler.replace():
            graph = self._graphs[body]
            self._inputs[slot] = self._inputs_of(graph)
            env.replace(slot, graph)
            self._collector.episodes.clear_slot(slot)
        self._batch = BodyBatch(self._inputs, n_max=self._n_max)


def _splits(n_active: int, n_envs: int) -> int:
    """Number of parts of the simulations of each body.

    The number of workers does not count: a training gives the same on any number of them.
    """
    most = min(-(-_PLACES // n_active), n_envs // _LEAST_SIMULATIONS)
    return next((count for count in range(most, 1, -1) if n_envs % count == 0), 1)
