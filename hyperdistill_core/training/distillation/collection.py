"""Collecting expert data: bodies act, and their best teachers label the states.

Where there are several teachers, all of them act on every body, and the teacher with the largest
reward before the first fall labels that body.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features import ContextKind
from hyperdistill_core.parallel.vector_env import VectorEnv
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import BatchPolicy, BodyBatch, BodyInputs, StudentPolicy
from hyperdistill_core.training.distillation.collect_settings import CollectSettings
from hyperdistill_core.training.distillation.expert_data import ExpertData
from hyperdistill_core.training.distillation.labelers import Labeler, Student
from hyperdistill_core.training.distillation.policy_run import (
    ChosenPolicies,
    PolicyRun,
    run_policies,
)
from hyperdistill_core.training.training_sets.training_set import TrainingSet


def collect(
    training_set: TrainingSet,
    data: ExpertData,
    settings: CollectSettings,
    *,
    teachers: Sequence[Labeler],
    student: Student | None = None,
    round_: int = 0,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Append a segment for every body that has no segment of this round yet.

    An interrupted collection goes on with the first missing body when it is called again.

    Args:
        training_set: The bodies.
        data: Expert data that the segments are appended to.
        settings: Settings of the collection.
        teachers: At least one teacher. Without a student they act, and each body's best one
            labels. Specialists must have been trained on this training set.
        student: Student that acts, for rounds of DAgger (Ross 2011); each body's teacher of round
            0 labels. None, the default, for the teachers' own data.
        round_: Number of the round: 0 for the teachers' own data, from 1 on for DAgger.
        report: Function that is called with the number of bodies so far and in all.

    Raises:
        TrainingError: A teacher cannot act for this training set.
        TrainingError: The data is of another training set, task or other teachers.

    Examples:
        A variant of a controller as the teacher:

        >>> import tempfile
        >>> from pathlib import Path
        >>> from hyperdistill_core.training.distillation import load_teachers
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(0)
        >>> bodies = TrainingSet((sample_body(rng), sample_body(rng)), ("sampled",) * 2)
        >>> teachers, _ = load_teachers(["flat-v0"])
        >>> data = ExpertData(Path(tempfile.mkdtemp()))
        >>> settings = CollectSettings(n_active=2, n_envs=1, horizon=4, n_workers=1)
        >>> collect(bodies, data, settings, teachers=teachers[:1])
        >>> [(segment.body, segment.transitions) for segment in data.segments]
        [(0, 1), (1, 1)]
    """
    data.require_of(training_set.graphs)
    data.require_made_by(task=settings.task, teachers=[teacher.identity for teacher in teachers])
    for teacher in teachers:
        teacher.require_for(training_set)
    missing = [body for body in range(len(training_set)) if not data.has(body, round_)]
    if not missing:
        return
    rng = np.random.default_rng([settings.seed, round_, missing[0]])
    n_active = min(settings.n_active, len(missing))
    env = VectorEnv(
        [training_set.graphs[body] for body in missing[:n_active]],
        task=settings.task,
        n_envs=settings.n_envs,
        n_max=max(len(graph) for graph in training_set.graphs),
        n_workers=settings.n_workers,
        seed=int(rng.integers(2**31)),
    )
    groups = _Groups(training_set, settings, env, teachers, rng)
    with env:
        for first in range(0, len(missing), n_active):
            # The first bodies fill up the last group, so that all groups have the same size.
            bodies = [missing[(first + i) % len(missing)] for i in range(n_active)]
            if first:
                groups.put(bodies)
            if student is None:
                runs, best = groups.run_teachers(bodies)
            else:
                best = np.array([data.teacher_of(body) for body in bodies])
                runs = [groups.run_student(bodies, student, best)] * len(teachers)
            for slot, body in enumerate(bodies[: len(missing) - first]):
                graph, teacher = training_set.graphs[body], int(best[slot])
                states, elapsed, means = runs[teacher].of_body(slot, len(graph))
                data.append(
                    graph,
                    body=body,
                    round_=round_,
                    teacher=teacher,
                    states=states,
                    elapsed=elapsed,
                    means=means,
                )
            report(min(first + n_active, len(missing)), len(missing))


class _Groups:
    """Runs of one group of bodies after the other in the same vector env."""

    def __init__(
        self,
        training_set: TrainingSet,
        settings: CollectSettings,
        env: VectorEnv,
        teachers: Sequence[Labeler],
        rng: np.random.Generator,
    ) -> None:
        self._graphs, self._settings, self._env = training_set.graphs, settings, env
        self._teachers, self._rng = teachers, rng
        self._task = get_task(settings.task)

    def put(self, bodies: Sequence[int]) -> None:
        """Put bodies into the slots; their episodes begin anew."""
        for slot, body in enumerate(bodies):
            self._env.replace(slot, self._graphs[body])

    def run_teachers(self, bodies: Sequence[int]) -> tuple[list[PolicyRun], NDArray[np.intp]]:
        """The run of each teacher, and the number of each body's best teacher."""
        policies = self._policies(bodies)
        runs: list[PolicyRun] = []
        for policy in policies:
            if runs:  # every teacher starts upright, not where the one before it ended
                self.put(bodies)
            runs.append(run_policies(self._env, policy, policy, self._settings, self._rng))
        return runs, np.argmax([run.rewards for run in runs], axis=0)

    def run_student(
        self, bodies: Sequence[int], student: Student, best: NDArray[np.integer]
    ) -> PolicyRun:
        """A run of the student, labeled by the best teacher of each body."""
        policies = self._policies(bodies)
        labels = policies[0] if len(policies) == 1 else ChosenPolicies(policies, best)
        batch = self._batch(bodies, student.context)
        actor = StudentPolicy(student.network, student.normalization, batch)
        return run_policies(self._env, labels, actor, self._settings, self._rng)

    def _policies(self, bodies: Sequence[int]) -> list[BatchPolicy]:
        """Each teacher as the policy of the bodies."""
        batches: dict[ContextKind, BodyBatch] = {}
        for teacher in self._teachers:
            if teacher.context not in batches:
                batches[teacher.context] = self._batch(bodies, teacher.context)
        return [teacher.policy(batches[teacher.context], bodies) for teacher in self._teachers]

    def _batch(self, bodies: Sequence[int], kind: ContextKind) -> BodyBatch:
        inputs = [BodyInputs.of(self._graphs[body], self._task, kind=kind) for body in bodies]
        return BodyBatch(inputs, n_max=self._env.shape.n_max)
