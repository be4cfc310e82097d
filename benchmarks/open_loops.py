"""Physics alone, of many bodies: what ``vector_env.py`` compares the vector env with."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import mujoco
import networkx as nx
import numpy as np
from mjbatch import Batch
from numpy.typing import NDArray

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.parallel.env_slot import InitialStateSampler
from hyperdistill_core.parallel.processes import WorkerProcess
from hyperdistill_core.rollout import quiet_warnings
from hyperdistill_core.tasks import get_task

TOLERANCE_M = 1e-5


@dataclass(frozen=True)
class BenchmarkSettings:
    """What all methods have in common.

    Attributes:
        task: Name of the task.
        n_envs: Number of simulations of each body, E.
        n_max: Number of nodes of the largest body, N.
        n_parts: Number of parts of the vector env: with two, a worker need not wait for another.
        steps: Number of control steps of a repeat, T.
        action_std: Standard deviation of the actions.
        seed: Seed of bodies, actions and initial states.
    """

    task: str
    n_envs: int
    n_max: int
    n_parts: int
    steps: int
    action_std: float
    seed: int

    def actions(self, repeat: int, slot: int) -> NDArray[np.float32]:
        """Return (T, E, N, 2) actions of a body."""
        rng = np.random.default_rng([self.seed, repeat, slot])
        shape = (self.steps, self.n_envs, self.n_max, 2)
        return self.action_std * rng.standard_normal(shape, dtype=np.float32)


class OpenLoopWorkers:
    """Processes that simulate the physics alone.

    Args:
        graphs: Bodies, one a slot.
        settings: What all methods have in common.
        workers: Number of processes.
    """

    def __init__(
        self, graphs: Sequence[nx.DiGraph[str]], settings: BenchmarkSettings, *, workers: int
    ) -> None:
        order = sorted(range(len(graphs)), key=lambda slot: -len(graphs[slot]))
        self._slots = [order[worker::workers] for worker in range(workers)]
        self._settings = settings
        self._workers = [
            WorkerProcess(partial(OpenLoops, {slot: graphs[slot] for slot in slots}, settings))
            for slots in self._slots
        ]
        for worker in self._workers:
            _receive(worker)

    def run(
        self, method: str, repeat: int, done: NDArray[np.bool_], heights: NDArray[np.float32]
    ) -> float:
        """Make a repeat, and return its control steps per second.

        Args:
            method: Name of an open loop.
            repeat: Number of the repeat.
            done: (T, A, E) which step ends an episode.
            heights: (A, E) heights of the torsos (m) that the method must arrive at.

        Raises:
            RuntimeError: It arrived at other heights, or a process failed.
        """
        for worker, slots in zip(self._workers, self._slots, strict=True):
            worker.send((method, repeat, done[:, slots]))
        speed = 0.0
        for worker, slots in zip(self._workers, self._slots, strict=True):
            seconds, found = _receive(worker)
            if not np.allclose(found, heights[slots], atol=TOLERANCE_M):
                raise RuntimeError(f"{method} did not arrive at the states of the vector env")
            speed += self._settings.steps * found.size / seconds
        return speed

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.close(patience_s=5.0)


def _receive(worker: WorkerProcess) -> tuple[float, NDArray[np.float64]]:
    result, error, _ = worker.receive()
    if error is not None:
        raise RuntimeError(f"an open loop failed: {error}")
    return result


_Request: TypeAlias = tuple[str, int, NDArray[np.bool_]]


class OpenLoops:
    """The work of a process: its bodies in every open loop.

    Args:
        graphs: Bodies by slot.
        settings: What all methods have in common.
    """

    def __init__(self, graphs: dict[int, nx.DiGraph[str]], settings: BenchmarkSettings) -> None:
        self._steps = settings.steps
        self._loops = {
            method: [loop(graph, slot, settings) for slot, graph in graphs.items()]
            for method, loop in OPEN_LOOPS.items()
        }

    def __call__(self, request: _Request) -> tuple[float, NDArray[np.float64]]:
        """Make a repeat; return its duration (s) and the (bodies, E) heights of the torsos (m)."""
        method, repeat, done = request
        loops = self._loops[method]
        for row, loop in enumerate(loops):
            loop.prepare(repeat, done[:, row])
        with quiet_warnings():
            begin = time.perf_counter()
            for step in range(self._steps):
                for loop in loops:
                    loop.step(step)
            seconds = time.perf_counter() - begin
        return seconds, np.stack([loop.heights() for loop in loops])


class OpenLoop(ABC):
    """A body whose controls, resets and initial states are known before each repeat.

    Args:
        graph: Body to simulate.
        slot: Slot of the body in the vector env.
        settings: What all methods have in common.
    """

    def __init__(self, graph: nx.DiGraph[str], slot: int, settings: BenchmarkSettings) -> None:
        task = get_task(settings.task)
        self._settings, self._slot = settings, slot
        self._model = model = task.model(graph)
        self._layout = BodyLayout.from_graph(graph, model)
        self._torso = int(self._layout.body_ids[0])
        self._physics_steps = task.physics_steps
        self._sampler = InitialStateSampler(task, model, seed=settings.seed, body_number=slot)
        self._initial_states = self._draw(settings.n_envs)
        self._begin(settings.n_envs)

    def prepare(self, repeat: int, done: NDArray[np.bool_]) -> None:
        """Draw controls and initial states of a repeat.

        Args:
            repeat: Number of the repeat.
            done: (T, E) which step ends an episode.
        """
        actions = self._settings.actions(repeat, self._slot)
        flat = actions.reshape(*actions.shape[:2], -1)
        self._controls = flat[:, :, self._layout.actions].astype(np.float64)
        self._resets = [np.flatnonzero(ended) for ended in done]
        self._initial_states = self._draw(int(done.sum()))

    def _draw(self, number: int) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        return iter([self._sampler.draw() for _ in range(number)])

    @abstractmethod
    def _begin(self, n_envs: int) -> None:
        """Make the simulations, in their first initial states."""

    @abstractmethod
    def step(self, step: int) -> None:
        """Make a control step, and reset the simulations whose episodes end with it."""

    @abstractmethod
    def heights(self) -> NDArray[np.float64]:
        """Return (E,) heights of the torso (m)."""


class MjbatchLoop(OpenLoop):
    """All simulations of a body in one call (mjbatch)."""

    def _begin(self, n_envs: int) -> None:
        self._batch = Batch(self._model, n_envs, num_threads=1)
        self._ctrl, self._xpos = self._batch.bind("ctrl"), self._batch.bind("xpos")
        self._qpos, self._qvel = self._batch.bind("qpos"), self._batch.bind("qvel")
        self._reset(np.arange(n_envs))

    def step(self, step: int) -> None:
        """See :meth:`OpenLoop.step`."""
        self._ctrl[:] = self._controls[step]
        self._batch.step(nstep=self._physics_steps)
        if len(self._resets[step]):
            self._reset(self._resets[step])

    def heights(self) -> NDArray[np.float64]:
        """See :meth:`OpenLoop.heights`."""
        return self._xpos[:, self._torso, 2]

    def _reset(self, simulations: NDArray[np.intp]) -> None:
        for index in simulations:
            self._qpos[index], self._qvel[index] = next(self._initial_states)
        self._batch.reset(simulations)


class MjStepLoop(OpenLoop):
    """``mj_step`` for each simulation."""

    def _begin(self, n_envs: int) -> None:
        self._data = [mujoco.MjData(self._model) for _ in range(n_envs)]
        for data in self._data:
            self._reset(data)

    def step(self, step: int) -> None:
        """See :meth:`OpenLoop.step`."""
        for data, controls in zip(self._data, self._controls[step], strict=True):
            data.ctrl[:] = controls
            mujoco.mj_step(self._model, data, nstep=self._physics_steps)
        for index in self._resets[step]:
            self._reset(self._data[index])

    def heights(self) -> NDArray[np.float64]:
        """See :meth:`OpenLoop.heights`."""
        return np.array([data.xpos[self._torso, 2] for data in self._data])

    def _reset(self, data: mujoco.MjData) -> None:
        mujoco.mj_resetData(self._model, data)
        data.qpos[:], data.qvel[:] = next(self._initial_states)
        mujoco.mj_forward(self._model, data)


OPEN_LOOPS: dict[str, type[OpenLoop]] = {"mjbatch": MjbatchLoop, "mj_step": MjStepLoop}
