"""Many bodies in simulation at once, on worker processes with shared memory.

A fleet keeps A active bodies, each in E simulations of its own. One :meth:`Fleet.step`
advances all of them by a control step; episodes that end start again at once. States,
actions, rewards and endings lie in shared memory: workers and trainer exchange one byte
a step. Rows of bodies with fewer than ``n_max`` limbs are zero.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import shared_memory
from multiprocessing.connection import Connection
from typing import Any

import networkx as nx
import numpy as np
from mjbatch import Batch
from numpy.typing import NDArray

from hyperdistill_core.features import STATE_DIM, BodyLayout, StateReader
from hyperdistill_core.rollout import quiet_warnings, unstable_simulations
from hyperdistill_core.tasks import Task, get_task

RUNNING, FELL, TIME_LIMIT = 0, 1, 2


@dataclass(frozen=True)
class FleetShape:
    """Sizes of a fleet's arrays.

    Attributes:
        n_active: A, bodies in simulation.
        n_envs: E, simulations of each.
        n_max: N, rows a body at most, the torso included.
    """

    n_active: int
    n_envs: int
    n_max: int

    def fields(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Name, shape and dtype of every shared array."""
        simulations = (self.n_active, self.n_envs)
        rows = (*simulations, self.n_max)
        return {
            "state": ((*rows, STATE_DIM), np.dtype(np.float32)),
            "action": ((*rows, 2), np.dtype(np.float32)),
            "reward": (simulations, np.dtype(np.float32)),
            "ended": (simulations, np.dtype(np.uint8)),
        }


class SharedArrays:
    """Named arrays in one block of shared memory."""

    def __init__(self, shape: FleetShape, *, name: str | None = None) -> None:
        fields = shape.fields()
        sizes = [int(np.prod(dims)) * dtype.itemsize for dims, dtype in fields.values()]
        self._memory = shared_memory.SharedMemory(name=name, create=name is None, size=sum(sizes))
        self._owner = name is None
        offset = 0
        self.arrays: dict[str, NDArray[Any]] = {}
        for (field, (dims, dtype)), size in zip(fields.items(), sizes, strict=True):
            self.arrays[field] = np.ndarray(dims, dtype, buffer=self._memory.buf, offset=offset)
            offset += size

    @property
    def name(self) -> str:
        """Name by which another process attaches."""
        return self._memory.name

    def close(self) -> None:
        """Let go of the memory; its owner frees it."""
        self.arrays.clear()
        self._memory.close()
        if self._owner:
            self._memory.unlink()


class Fleet:
    """A active bodies, E simulations each.

    Args:
        graphs: the active bodies at the start, one a slot.
        task: name of the task.
        n_envs: simulations a body.
        n_max: rows a body at most.
        n_workers: worker processes.
        seed: of reset noise and of the first episodes' stagger.
    """

    def __init__(
        self,
        graphs: Sequence[nx.DiGraph],
        *,
        task: str,
        n_envs: int,
        n_max: int,
        n_workers: int,
        seed: int,
    ) -> None:
        self.shape = FleetShape(len(graphs), n_envs, n_max)
        self._shared = SharedArrays(self.shape)
        self._serial = 0
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(n_workers):
            ours, theirs = context.Pipe()
            args = (theirs, self._shared.name, self.shape, task, seed)
            process = context.Process(target=_work, args=args, daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        for slot, graph in enumerate(graphs):
            self.replace(slot, graph)

    @property
    def state(self) -> NDArray[np.float32]:
        """(A, E, N, 17) states now, before normalisation; a live view."""
        return self._shared.arrays["state"]

    def replace(self, slot: int, graph: nx.DiGraph) -> None:
        """Put another body into a slot; its episodes start anew."""
        pipe = self._pipes[slot % len(self._pipes)]
        pipe.send(("replace", slot, self._serial, graph))
        self._serial += 1
        self._expect(pipe)

    def step(self, actions: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Advance every simulation by one control step.

        Args:
            actions: (A, E, N, 2) controls by joint slot; slots without a hinge are ignored.

        Returns:
            (A, E) rewards and (A, E) endings: 0 goes on, 1 fell or unstable, 2 time limit;
            live views, valid until the next call.
        """
        np.copyto(self._shared.arrays["action"], actions)
        for pipe in self._pipes:
            pipe.send(("step",))
        for pipe in self._pipes:
            self._expect(pipe)
        return self._shared.arrays["reward"], self._shared.arrays["ended"]

    def close(self) -> None:
        """Stop the workers and free the shared memory."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            if process.is_alive():
                pipe.send(("close",))
            process.join(timeout=5)
            pipe.close()
        self._shared.close()

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @staticmethod
    def _expect(pipe: Connection) -> None:
        try:
            error = pipe.recv()
        except EOFError as lost:
            raise RuntimeError("a simulation worker died; its output above says why") from lost
        if error is not None:
            raise RuntimeError(f"a simulation worker failed: {error}")


class _Slot:
    """One body in E simulations: what a worker holds for a slot."""

    def __init__(
        self,
        graph: nx.DiGraph,
        task: Task,
        arrays: dict[str, NDArray[Any]],
        slot: int,
        seed: list[int],
    ) -> None:
        model = task.model(graph)
        layout = BodyLayout.from_graph(graph, model)
        self._task, self._model, self._layout = task, model, layout
        self._fall_height = task.fall_height(graph)
        n_envs = arrays["reward"].shape[1]
        self._arrays = {field: array[slot] for field, array in arrays.items()}
        self._flat_action = self._arrays["action"].reshape(n_envs, -1)
        self._batch = Batch(model, n_envs, 1)
        self._fields = {
            name: self._batch.bind(name)
            for name in ("xpos", "xquat", "subtree_com", "cdof", "qpos", "qvel")
        }
        self._ctrl = self._batch.bind("ctrl")
        self._warning = self._batch.bind("warning")
        self._reader = StateReader(layout, n_envs)
        self._torso = int(layout.body_ids[0])
        self._rng = np.random.default_rng(seed)
        self._arrays["state"][:] = 0.0
        self._reset(np.arange(n_envs))
        # Staggered first episodes: endings spread over time from the start.
        self._elapsed = self._rng.integers(0, task.max_steps, size=n_envs)
        self._publish()

    def step(self) -> None:
        self._ctrl[:] = self._flat_action[:, self._layout.actions]
        torso = self._fields["xpos"][:, self._torso]
        before = torso.copy()
        self._batch.step(nstep=self._task.physics_steps)
        reward = sum(self._task.terms(before, torso).values())
        unstable = unstable_simulations(self._warning, self._fields["qpos"])
        fell = self._task.fell(torso, self._fall_height) | unstable
        self._elapsed += 1
        ended = np.where(
            fell, FELL, np.where(self._elapsed >= self._task.max_steps, TIME_LIMIT, RUNNING)
        )
        self._arrays["reward"][:] = np.where(unstable, 0.0, reward)
        self._arrays["ended"][:] = ended
        if ended.any():
            ids = np.flatnonzero(ended)
            self._reset(ids)
            self._elapsed[ids] = 0
        self._publish()

    def _reset(self, ids: NDArray[np.intp]) -> None:
        for index in ids:
            qpos, qvel = self._task.reset_noise(self._rng, self._model)
            self._fields["qpos"][index] = self._model.qpos0 + qpos
            self._fields["qvel"][index] = qvel
        self._warning[ids] = 0
        self._batch.reset(ids)

    def _publish(self) -> None:
        state = self._reader.read(**self._fields)
        self._arrays["state"][:, : self._layout.n_bodies] = state


def _work(pipe: Connection, memory: str, shape: FleetShape, task_name: str, seed: int) -> None:
    """Main loop of a worker process."""
    os.environ["OMP_NUM_THREADS"] = "1"
    shared = SharedArrays(shape, name=memory)
    task = get_task(task_name)
    slots: dict[int, _Slot] = {}

    def obey(command: str, *args: Any) -> None:
        if command == "replace":
            slot, serial, graph = args
            slots[slot] = _Slot(graph, task, shared.arrays, slot, [seed, serial])
        else:
            for body in slots.values():
                body.step()

    try:
        with quiet_warnings():
            while (message := pipe.recv())[0] != "close":
                try:
                    obey(*message)
                except Exception as error:
                    pipe.send(f"{type(error).__name__}: {error}")
                    break
                pipe.send(None)
    except (EOFError, KeyboardInterrupt):
        pass
    finally:
        slots.clear()
        shared.close()
