"""Collecting expert data: a fleet acts, the teacher says what it would have done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.message_passing import MessagePassing
from hyperdistill_core.nets.mlp import Normalisation
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.crowd import (
    BodyInputs,
    Crowd,
    CrowdPolicy,
    StudentPolicy,
    TeacherPolicy,
)
from hyperdistill_core.training.expert import ExpertData
from hyperdistill_core.training.fleet import Fleet
from hyperdistill_core.training.pool import Pool


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
    """

    task: str = "flat"
    n_active: int = 128
    n_envs: int = 4
    horizon: int = 400
    every: int = 4
    action_std: float = 0.4
    n_workers: int = 2
    seed: int = 0


@dataclass(frozen=True)
class Teacher:
    """A network that labels, with the normalisation it was trained under."""

    network: MessagePassing
    normalisation: Normalisation


@dataclass(frozen=True)
class Student:
    """A hypernetwork that acts, with the normalisation it is trained under."""

    network: Hypernetwork
    normalisation: Normalisation


def collect(
    pool: Pool,
    data: ExpertData,
    settings: CollectSettings,
    *,
    teacher: Teacher,
    student: Student | None = None,
    round_: int = 0,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Append a segment for every body of the pool that has none of this round yet.

    Args:
        pool: the bodies.
        data: where the segments go.
        settings: of the collection.
        teacher: labels every state, and acts where there is no student.
        student: acts where given (DAgger, Ross 2011).
        round_: 0 for the teacher's own data, from 1 on for DAgger.
        report: called with the bodies done and their total after every group.
    """
    missing = [body for body in range(len(pool)) if not data.has(body, round_)]
    if not missing:
        return
    task = get_task(settings.task)
    n_active = min(settings.n_active, len(missing))
    n_max = max(len(graph) for graph in pool.graphs)
    rng = np.random.default_rng([settings.seed, round_, missing[0]])
    inputs = [BodyInputs.of(pool.graphs[body], task) for body in missing]
    fleet = Fleet(
        [pool.graphs[body] for body in missing[:n_active]],
        task=settings.task,
        n_envs=settings.n_envs,
        n_max=n_max,
        n_workers=settings.n_workers,
        seed=int(rng.integers(2**31)),
    )
    with fleet:
        for first in range(0, len(missing), n_active):
            # The last group is filled up from the front, so that all have one size.
            group = [(first + i) % len(missing) for i in range(n_active)]
            if first:
                for slot, index in enumerate(group):
                    fleet.replace(slot, pool.graphs[missing[index]])
            crowd = Crowd([inputs[index] for index in group], n_max=n_max)
            labels = TeacherPolicy(teacher.network, teacher.normalisation, crowd, settings.n_envs)
            actor: CrowdPolicy = labels
            if student is not None:
                actor = StudentPolicy(student.network, student.normalisation, crowd)
            states, means = _run(fleet, labels, actor, settings, rng)
            for slot, index in enumerate(group[: len(missing) - first]):
                n = len(inputs[index].parents)
                data.append(
                    pool.graphs[missing[index]],
                    body=missing[index],
                    round_=round_,
                    states=states[:, slot, :, :n].reshape(-1, n, states.shape[-1]),
                    means=means[:, slot, :, :n].reshape(-1, n, means.shape[-1]),
                )
            report(min(first + n_active, len(missing)), len(missing))


def _run(
    fleet: Fleet,
    labels: TeacherPolicy,
    actor: CrowdPolicy,
    settings: CollectSettings,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """States (k, A, E, n_max, 17) and labels (k, A, E, n_max, 2) of the steps kept."""
    states, means = [], []
    for step in range(settings.horizon):
        now = fleet.state.copy()
        action = actor.means(now)
        if step % settings.every == 0:
            states.append(now)
            means.append(action if actor is labels else labels.means(now))
        noise = settings.action_std * rng.standard_normal(action.shape)
        fleet.step(action + noise.astype(np.float32))
    return np.stack(states), np.stack(means)
