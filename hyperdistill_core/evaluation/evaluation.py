"""What a controller is worth: returns of many bodies under mean actions, with intervals."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import active_children
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import networkx as nx
import numpy as np
import torch
from numpy.typing import NDArray

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.controller.halving import select_variant
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.parallel.processes import begin_worker, worker_context, worker_surroundings
from hyperdistill_core.rollout import Policy, Rollout, rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import BodyInputs, BodyBatch, TeacherPolicy, harmonics_of
from hyperdistill_core.training.teacher_file import TeacherNetwork, is_teacher, load_teacher

BOOTSTRAPS = 2000
_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


class TeacherControl:
    """A teacher as the controller of one body."""

    def __init__(
        self, network: TeacherNetwork, normalization: Normalization, inputs: BodyInputs
    ) -> None:
        self._network, self._normalization = network, normalization
        self._crowd = BodyBatch([inputs], n_max=len(inputs.parents))
        self._policies: dict[int, TeacherPolicy] = {}
        self.clock_harmonics = harmonics_of(network)
        self._actions = np.flatnonzero(inputs.joint_mask.ravel())

    def act(self, state: NDArray[np.float64], *, time: float | None = None) -> NDArray[np.float64]:
        """Mean actions (E, nu) in raw states (E, n, 17), at a time of the episodes (s)."""
        if self.clock_harmonics and time is None:
            raise ValueError("time: this teacher hears a clock, got no time")
        n_envs = len(state)
        if n_envs not in self._policies:
            self._policies[n_envs] = TeacherPolicy(
                self._network, self._normalization, self._crowd, n_envs
            )
        means = self._policies[n_envs].means(state[None], np.full((1, n_envs), time or 0.0))
        return means.reshape(n_envs, -1)[:, self._actions].astype(np.float64)


@dataclass(frozen=True)
class Evaluation:
    """Rollouts of many bodies under one controller.

    Attributes:
        rollouts: one a body, in the order given.
    """

    rollouts: tuple[Rollout, ...]

    @property
    def scores(self) -> NDArray[np.float64]:
        """(bodies,) mean return of each body."""
        return np.array([result.score for result in self.rollouts])

    def interval(self, *, seed: int = 0) -> tuple[float, float]:
        """95% bootstrap interval of the mean over bodies."""
        rng = np.random.default_rng(seed)
        draws = rng.choice(self.scores, size=(BOOTSTRAPS, len(self.rollouts)))
        low, high = np.quantile(draws.mean(axis=1), [0.025, 0.975])
        return float(low), float(high)

    def summary(self) -> dict[str, float]:
        """Figures for a table: mean, interval, median, extremes, share of falls,
        and of bodies below a tenth of the mean ("feeble").
        """
        low, high = self.interval()
        return {
            "bodies": len(self.rollouts),
            "mean": float(self.scores.mean()),
            "low": low,
            "high": high,
            "median": float(np.median(self.scores)),
            "worst": float(self.scores.min()),
            "best": float(self.scores.max()),
            "falls": float(np.mean([result.fell.mean() for result in self.rollouts])),
            "feeble": float((self.scores < 0.1 * self.scores.mean()).mean()),
        }


def paired_ratio(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], *, seed: int = 0
) -> tuple[float, float, float]:
    """Ratio of two mean scores (bodies,) of the same bodies, with its 95% bootstrap interval.

    The bootstrap draws bodies, each with both of its scores.
    """
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(ours), size=(BOOTSTRAPS, len(ours)))
    ratios = ours[draws].mean(axis=1) / theirs[draws].mean(axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(ours.mean() / theirs.mean()), float(low), float(high)


def evaluate(
    graphs: Sequence[nx.DiGraph[str]],
    checkpoint: str | Path,
    *,
    task: str = "flat",
    episodes: int = 4,
    seed: int = 0,
    variants: Sequence[int] | None = None,
    n_workers: int | None = None,
) -> Evaluation:
    """Returns of bodies under mean actions.

    Args:
        graphs: the bodies.
        checkpoint: a teacher's checkpoint from training, or a controller's name or file.
        task: name of the task.
        episodes: episodes a body.
        seed: of the episodes' starts.
        variants: of each body, that a controller is to use; None for the first of every one.
        n_workers: worker processes, one a core by default.

    Raises:
        ControllerError: there is no such controller.
        CheckpointError: the file is no checkpoint.
    """
    _read(checkpoint)  # an error in a worker's start breaks the pool, and says nothing
    jobs = [
        (graph, task, episodes, seed, variant)
        for graph, variant in zip(graphs, variants or [0] * len(graphs), strict=True)
    ]
    return Evaluation(tuple(on_workers(_evaluate_one, jobs, n_workers, _load, str(checkpoint))))


def select_variants(
    graphs: Sequence[nx.DiGraph[str]],
    checkpoint: str | Path,
    *,
    best_of: int,
    task: str = "flat",
    seed: int = 0,
    n_workers: int | None = None,
) -> list[int]:
    """The variant of each body under which it does best (:mod:`hyperdistill_core.controller.halving`).

    Args:
        graphs: the bodies.
        checkpoint: a controller's name or file; a teacher's has one variant.
        best_of: variants that are tried.
        task: name of the task.
        seed: of the episodes' starts.
        n_workers: worker processes, one a core by default.

    Raises:
        TrainingError: a teacher is to try several variants.
        ControllerError: there is no such controller, or it has fewer.
        CheckpointError: the file is no checkpoint.
    """
    loaded = _read(checkpoint)
    if isinstance(loaded, Controller):
        loaded.require_variants(best_of)
    elif best_of > 1:
        raise TrainingError(f"best_of: expected 1 for a teacher, which has one variant, got {best_of}")
    if best_of == 1:
        return [0] * len(graphs)
    jobs = [(graph, task, best_of, seed) for graph in graphs]
    return list(on_workers(_best_one, jobs, n_workers, _load, str(checkpoint)))


def on_workers(
    function: Callable[[_Job], _Result],
    jobs: Sequence[_Job],
    n_workers: int | None,
    load: Callable[..., None] | None = None,
    *known: Any,
) -> Iterator[_Result]:
    """Results of the jobs, in order, from processes of one thread for torch.

    Each of them calls ``load(*known)`` first, if there is something to load. Who breaks off ends
    all processes that this one has started since.
    """
    with ProcessPoolExecutor(
        n_workers or os.cpu_count() or 1,
        mp_context=worker_context(),
        initializer=_begin,
        initargs=(load, *known),
    ) as pool:
        others = set(active_children())
        try:
            with worker_surroundings():  # the first jobs start the processes
                futures = [pool.submit(function, job) for job in jobs]
            futures.reverse()
            while futures:
                yield futures.pop().result()
        except BaseException:  # a job may be long, and nobody wants its result any more
            for process in set(active_children()) - others:
                process.kill()
            raise


def _begin(load: Callable[..., None] | None, *known: Any) -> None:
    begin_worker()
    torch.set_num_threads(1)
    if load is not None:
        load(*known)


_Loaded: TypeAlias = Controller | tuple[TeacherNetwork, Normalization]
_loaded: list[_Loaded] = []


def _load(checkpoint: str) -> None:
    _loaded.append(_read(checkpoint))


def _read(checkpoint: str | Path) -> _Loaded:
    if is_teacher(checkpoint):
        network, normalization, _ = load_teacher(Path(checkpoint))
        return network, normalization
    return Controller.load(checkpoint)


def _evaluate_one(job: tuple[nx.DiGraph[str], str, int, int, int]) -> Rollout:
    graph, task_name, episodes, seed, variant = job
    task = get_task(task_name)
    (loaded,) = _loaded
    control: Policy
    if isinstance(loaded, Controller):
        control = loaded.for_body(graph, task.model(graph), variant=variant)
    else:
        control = TeacherControl(*loaded, BodyInputs.of(graph, task))
    return rollout(graph, control, task=task, episodes=episodes, seed=seed)


def _best_one(job: tuple[nx.DiGraph[str], str, int, int]) -> int:
    graph, task_name, best_of, seed = job
    (controller,) = _loaded
    assert isinstance(controller, Controller)
    return select_variant(graph, controller, task=get_task(task_name), best_of=best_of, seed=seed)
