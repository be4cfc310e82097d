"""Collecting expert data: a fleet acts, the teacher says what it would have done.

Where there are several teachers, every body goes to the one that brings it the largest
reward before it falls: all of them act on it, and the best one's data is kept. A controller
teaches as well: each of its variants is a teacher.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.features import ContextKind
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers import Teacher as TeacherNet
from hyperdistill_core.parallel.vector_env import VectorEnv
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import (
    BodyInputs,
    BodyBatch,
    BatchPolicy,
    StudentPolicy,
    TeacherPolicy,
)
from hyperdistill_core.training.distillation.expert_data import ExpertData
from hyperdistill_core.training.initialization import require_continuous
from hyperdistill_core.training.ppo.ppo_settings import require_least
from hyperdistill_core.training.teacher_file import (
    is_teacher,
    load_teacher,
)
from hyperdistill_core.training.training_sets import TrainingSet

_HASH_DIGITS = 16


@dataclass(frozen=True, kw_only=True)
class CollectSettings:
    """How much is collected, and how.

    Attributes:
        task: name of the task.
        n_active: bodies in simulation at once.
        n_envs: simulations a body.
        horizon: control steps of each simulation.
        every: one control step in so many is kept: neighbours are nearly alike.
        action_std: noise on the acting policy's means, so that data covers more than its
            own paths; the stored means are without it.
        n_workers: simulation processes.
        seed: of noise and starts.

    Raises:
        TrainingError: a number is out of its range.
    """

    task: str = "flat"
    n_active: int = 128
    n_envs: int = 4
    horizon: int = 400
    every: int = 4
    action_std: float = 0.4
    n_workers: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        require_least(self, 1, "n_active", "n_envs", "horizon", "every", "n_workers")
        require_least(self, 0, "action_std", "seed")


@dataclass(frozen=True)
class Teacher:
    """A network that labels, with the normalisation it was trained under.

    Attributes:
        pool: hash of the pool that it learned on, see :attr:`TrainingSet.hash`; "" where nobody knows.
    """

    network: TeacherNet
    normalization: Normalization
    pool: str = ""

    @property
    def identity(self) -> str:
        """What tells it from others: a hash of its weights."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(name.encode() + tensor.float().numpy().tobytes())
        return digest.hexdigest()[:_HASH_DIGITS]

    def policy(self, crowd: BodyBatch, bodies: Sequence[int], n_envs: int) -> BatchPolicy:
        """It, acting for some bodies of the pool; specialists are those of the whole pool."""
        network = self.network
        network = network.select(bodies)
        return TeacherPolicy(network, self.normalization, crowd, n_envs)

    def require_for(self, pool: TrainingSet) -> None:
        """Refuse a pool that it cannot teach.

        Raises:
            TrainingError: they are specialists, and learned on another pool.
        """
        network = self.network
        if network.separate_bodies is not None and self.pool != pool.hash:
            raise TrainingError(
                f"{network.separate_bodies} specialists cannot teach another pool of {len(pool)}"
                " bodies: name the pool that they learned on"
            )


@dataclass(frozen=True)
class VariantTeacher:
    """A variant of a controller that labels."""

    controller: Controller
    number: int

    @property
    def identity(self) -> str:
        """What tells it from others: the controller's hash and the variant's number."""
        return f"{self.controller.hash}/{self.number}"

    def policy(self, crowd: BodyBatch, bodies: Sequence[int], n_envs: int) -> BatchPolicy:
        """It, acting for the bodies of the crowd."""
        variants, factors = self.controller.variants, None
        if variants is not None:
            factors = torch.from_numpy(variants[self.number])
        controller = self.controller
        return StudentPolicy(controller.network, controller.normalization, crowd, factors)

    def require_for(self, pool: TrainingSet) -> None:
        """Refuse what a crowd cannot tell it.

        Raises:
            TrainingError: the controller takes another context than crowds have.
        """
        require_continuous(self.controller)

    @classmethod
    def all_of(cls, controller: Controller) -> list[VariantTeacher]:
        """One teacher for every variant."""
        return [cls(controller, number) for number in range(controller.n_variants)]


@dataclass(frozen=True)
class Student:
    """A hypernetwork that acts, with the normalisation and contexts it is trained under."""

    network: Hypernetwork
    normalization: Normalization
    context: ContextKind = "continuous"


def load_teachers(
    names: Sequence[str | Path],
) -> tuple[list[Teacher | VariantTeacher], list[dict[str, Any]]]:
    """Teachers of checkpoints and controllers, and what each file is, as JSON takes it.

    Raises:
        CheckpointError: a file is no checkpoint.
        ControllerError: there is no such controller.
    """
    teachers: list[Teacher | VariantTeacher] = []
    made: list[dict[str, Any]] = []
    for name in names:
        path = find(name)
        if is_teacher(path):
            network, normalization, meta = load_teacher(path)
            teachers.append(Teacher(network, normalization, meta.get("pool", "")))
            made.append({key: meta[key] for key in ("network", "settings", "steps", "seconds")})
        else:
            controller = Controller.load(path)
            teachers += VariantTeacher.all_of(controller)
            made.append(
                {
                    "controller": controller.name,
                    "hash": controller.hash,
                    "variants": controller.n_variants,
                }
            )
    return teachers, made


def collect(
    pool: TrainingSet,
    data: ExpertData,
    settings: CollectSettings,
    *,
    teachers: Sequence[Teacher | VariantTeacher],
    student: Student | None = None,
    round_: int = 0,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Append a segment for every body of the pool that has none of this round yet.

    Args:
        pool: the bodies.
        data: where the segments go.
        settings: of the collection.
        teachers: at least one. Without a student they act, and a body's best one labels.
            Specialists must have learned on this very pool.
        student: acts where given (DAgger, Ross 2011); a body's teacher of round 0 labels.
        round_: 0 for the teacher's own data, from 1 on for DAgger.
        report: called with the bodies done and their total after every group.

    Raises:
        TrainingError: specialists learned on another pool, a controller takes another context,
            or the data is of another pool, task or other teachers.
    """
    data.require_of(pool.graphs)
    data.require_made_by(task=settings.task, teachers=[teacher.identity for teacher in teachers])
    for teacher in teachers:
        teacher.require_for(pool)
    missing = [body for body in range(len(pool)) if not data.has(body, round_)]
    if not missing:
        return
    task = get_task(settings.task)
    n_active = min(settings.n_active, len(missing))
    n_max = max(len(graph) for graph in pool.graphs)
    rng = np.random.default_rng([settings.seed, round_, missing[0]])
    inputs = [BodyInputs.of(pool.graphs[body], task) for body in missing]
    env = VectorEnv(
        [pool.graphs[body] for body in missing[:n_active]],
        task=settings.task,
        n_envs=settings.n_envs,
        n_max=n_max,
        n_workers=settings.n_workers,
        seed=int(rng.integers(2**31)),
    )
    with env:
        for first in range(0, len(missing), n_active):
            # The last group is filled up from the front, so that all have one size.
            group = [(first + i) % len(missing) for i in range(n_active)]
            if first:
                for slot, index in enumerate(group):
                    env.replace(slot, pool.graphs[missing[index]])
            crowd = BodyBatch([inputs[index] for index in group], n_max=n_max)
            bodies = [missing[index] for index in group]
            policies = [teacher.policy(crowd, bodies, settings.n_envs) for teacher in teachers]
            if student is None:
                runs = []
                for policy in policies:
                    if runs:  # each begins upright, not where the one before it ended
                        for slot, body in enumerate(bodies):
                            env.replace(slot, pool.graphs[body])
                    runs.append(_run(env, policy, policy, settings, rng))
                best = np.argmax([run.rewards for run in runs], axis=0)
            else:
                its_crowd = crowd
                if student.context != "continuous":
                    graphs = [pool.graphs[body] for body in bodies]
                    own = [BodyInputs.of(graph, task, kind=student.context) for graph in graphs]
                    its_crowd = BodyBatch(own, n_max=n_max)
                actor = StudentPolicy(student.network, student.normalization, its_crowd)
                best = np.array([data.teacher_of(body) for body in bodies])
                labels = policies[0] if len(policies) == 1 else _Chosen(policies, best)
                runs = [_run(env, labels, actor, settings, rng)] * len(policies)
            for slot, index in enumerate(group[: len(missing) - first]):
                n = len(inputs[index].parents)
                run = runs[best[slot]]
                data.append(
                    pool.graphs[missing[index]],
                    body=missing[index],
                    round_=round_,
                    teacher=int(best[slot]),
                    states=run.states[:, slot, :, :n].reshape(-1, n, run.states.shape[-1]),
                    elapsed=run.elapsed[:, slot].reshape(-1),
                    means=run.means[:, slot, :, :n].reshape(-1, n, run.means.shape[-1]),
                )
            report(min(first + n_active, len(missing)), len(missing))


@dataclass(frozen=True)
class _Run:
    """What a fleet came through.

    Attributes:
        states: (k, A, E, n_max, 17) of the steps kept.
        elapsed: (k, A, E) control steps since the episodes of these began.
        means: (k, A, E, n_max, 2) labels.
        rewards: (A,) mean over simulations of the sum of rewards until the first fall. A body
            that falls forward over and over is no model.
    """

    states: np.ndarray
    elapsed: np.ndarray
    means: np.ndarray
    rewards: np.ndarray


class _Chosen:
    """Several teachers as one: every body is labelled by its own."""

    def __init__(self, policies: Sequence[BatchPolicy], best: np.ndarray) -> None:
        self._policies, self._best = policies, best

    def means(self, states: np.ndarray, time: np.ndarray) -> np.ndarray:
        """See :class:`~hyperdistill_core.training.body_batch.BatchPolicy`."""
        means = self._policies[0].means(states, time)
        for number, policy in enumerate(self._policies[1:], start=1):
            own = self._best == number
            if own.any():
                means[own] = policy.means(states, time)[own]
        return means


def _run(
    env: VectorEnv,
    labels: BatchPolicy,
    actor: BatchPolicy,
    settings: CollectSettings,
    rng: np.random.Generator,
) -> _Run:
    states, times, means = [], [], []
    control_dt = get_task(settings.task).control_dt
    # Of first episodes, which begin staggered, this is when we first saw them.
    elapsed = np.zeros((env.shape.n_active, settings.n_envs), dtype=np.int64)
    rewards = np.zeros((env.shape.n_active, settings.n_envs))
    upright = np.ones(rewards.shape, dtype=bool)
    for step in range(settings.horizon):
        now = env.state.copy()
        time = elapsed * control_dt
        action = actor.means(now, time)
        if step % settings.every == 0:
            states.append(now)
            times.append(elapsed.copy())
            means.append(action if actor is labels else labels.means(now, time))
        noise = settings.action_std * rng.standard_normal(action.shape)
        result = env.step(action + noise.astype(np.float32))
        rewards += result.rewards * upright
        upright &= ~result.terminated
        elapsed = np.where(result.done, 0, elapsed + 1)
    return _Run(np.stack(states), np.stack(times), np.stack(means), rewards.mean(axis=1))
