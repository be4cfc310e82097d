"""The part of a fleet that one worker simulates: its bodies, and all steps of them at once."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mujoco
import networkx as nx
import numpy as np
from mjbatch import Batch
from numpy.typing import NDArray

from hyperdistill_core.features import STATE_DIM, BodyLayout
from hyperdistill_core.features.batch_state import BatchStateReader, BodyArrays
from hyperdistill_core.rollout import unstable_simulations
from hyperdistill_core.tasks import Task

RUNNING, FELL, TIME_LIMIT, STALLED = 0, 1, 2, 3

# Share of the newest measurement in the running mean of a body's time.
_NEWEST = 0.1


@dataclass(frozen=True)
class NoProgress:
    """What ends an episode in which a body makes no way.

    Attributes:
        steps: control steps between two looks at where the torso is.
        metres: that it must have come forward along x from one look to the next (m).
    """

    steps: int
    metres: float


@dataclass(frozen=True)
class EnvShape:
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
        """Name, shape and dtype of every shared array, the widest dtype first.

        ``seconds`` is what a control step of a body's simulations takes, 0 while unknown (s).
        """
        simulations = (self.n_active, self.n_envs)
        rows = (*simulations, self.n_max)
        return {
            "seconds": ((self.n_active,), np.dtype(np.float64)),
            "state": ((*rows, STATE_DIM), np.dtype(np.float32)),
            "action": ((*rows, 2), np.dtype(np.float32)),
            "reward": (simulations, np.dtype(np.float32)),
            "ended": (simulations, np.dtype(np.uint8)),
        }

    @property
    def n_bytes(self) -> int:
        """Bytes of all arrays together."""
        return sum(int(np.prod(dims)) * dtype.itemsize for dims, dtype in self.fields().values())

    def arrays(self, memory: ctypes.Array[ctypes.c_byte]) -> dict[str, NDArray[Any]]:
        """The arrays, as views of a block of :attr:`n_bytes`."""
        arrays: dict[str, NDArray[Any]] = {}
        offset = 0
        for field, (dims, dtype) in self.fields().items():
            count = int(np.prod(dims))
            flat = np.frombuffer(memoryview(memory), dtype, count=count, offset=offset)
            arrays[field] = flat.reshape(dims)
            offset += flat.nbytes
        return arrays


class Starts:
    """Where the episodes of one slot's body begin, one after the other.

    Args:
        task: gives the noise.
        model: the body in its world.
        seed: of the fleet.
        serial: number of the body, counted over all that the fleet has had.

    Attributes:
        drawn: starts drawn so far.
    """

    def __init__(self, task: Task, model: mujoco.MjModel, *, seed: int, serial: int) -> None:
        self._task, self._model = task, model
        self._root = [seed, serial]
        self.drawn = 0

    def draw(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The next start: qpos (nq,) and qvel (nv,)."""
        self.drawn += 1
        qpos, qvel = self._task.reset_noise(self._rng(self.drawn), self._model)
        return self._model.qpos0 + qpos, qvel

    def stagger(self, n_envs: int) -> NDArray[np.int64]:
        """(E,) control steps by which first episodes are shortened, to spread their ends."""
        return self._rng(0).integers(0, self._task.max_steps, size=n_envs)

    def _rng(self, number: int) -> np.random.Generator:
        return np.random.default_rng([*self._root, number])


class EnvSlot:
    """One body in E simulations.

    Args:
        graph: the body.
        task: what it does.
        n_envs: E.
        seed: of the fleet.
        serial: number of the body, counted over all that the fleet has had.

    Attributes:
        layout: of the body in its model.
        arrays: live views of its simulations.
        fall_height: torso height at which it has fallen (m).
        elapsed: (E,) control steps of the running episodes.
        marks: (E,) where along x the torsos were at the last look (m), see :class:`NoProgress`.
        seconds: running mean of what a control step takes, 0 while unknown (s).
    """

    def __init__(
        self, graph: nx.DiGraph[str], task: Task, *, n_envs: int, seed: int, serial: int
    ) -> None:
        model = task.model(graph)
        self.layout = BodyLayout.from_graph(graph, model)
        self.fall_height = task.fall_height(graph)
        self.seconds = 0.0
        self._starts = Starts(task, model, seed=seed, serial=serial)
        self._batch = batch = Batch(model, n_envs, num_threads=1)
        self._physics_steps = task.physics_steps
        self._ctrl, self._warning = batch.bind("ctrl"), batch.bind("warning")
        self._qpos, self._qvel = batch.bind("qpos"), batch.bind("qvel")
        # A row of the integration state begins with the time, then come qpos and qvel.
        self._physics = batch.bind("state")
        coordinates = self._physics[:, 1 : 1 + model.nq + model.nv]
        self.arrays = BodyArrays(
            xpos=batch.bind("xpos"),
            xquat=batch.bind("xquat"),
            subtree_com=batch.bind("subtree_com"),
            cdof=batch.bind("cdof"),
            coordinates=coordinates,
        )
        everything = np.arange(n_envs)
        self.rewind(everything)
        self.reset(everything)
        self.elapsed = self._starts.stagger(n_envs)
        # The first look may come after a few steps, as first episodes are shortened.
        self.marks = np.full(n_envs, -np.inf)

    def control(self, actions: NDArray[np.float32]) -> None:
        """Take (E, 2 N) controls by joint slot for the coming step."""
        self._ctrl[...] = actions.take(self.layout.actions, axis=1)

    def step(self) -> None:
        """Advance all simulations by a control step."""
        self._batch.step(nstep=self._physics_steps)

    def rewind(self, simulations: NDArray[np.intp]) -> None:
        """Bring some simulations to their next starts; :meth:`reset` comes next."""
        for index in simulations:
            self._qpos[index], self._qvel[index] = self._starts.draw()
        self._warning[simulations] = 0

    def reset(self, simulations: NDArray[np.intp]) -> None:
        """Make all numbers of rewound simulations those of their starts."""
        self._batch.reset(simulations)

    def keep(self) -> dict[str, NDArray[Any]]:
        """All that decides how the simulations go on; :meth:`restore` takes it."""
        kept = {name: array.copy() for name, array in self._all_arrays().items()}
        return kept | {
            "elapsed": self.elapsed.copy(),
            "marks": self.marks.copy(),
            "drawn": np.array(self._starts.drawn),
        }

    def restore(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """Go on where the body was that :meth:`keep` was called on."""
        for name, array in self._all_arrays().items():
            array[...] = kept[name]
        self.elapsed[...] = kept["elapsed"]
        self.marks[...] = kept["marks"]
        self._starts.drawn = int(kept["drawn"])

    def _all_arrays(self) -> dict[str, NDArray[Any]]:
        # The positions are those at the beginning of the last physics step: the state alone
        # does not tell them.
        arrays = self.arrays
        return {
            "physics": self._physics,
            "warning": self._warning,
            "xpos": arrays.xpos,
            "xquat": arrays.xquat,
            "subtree_com": arrays.subtree_com,
            "cdof": arrays.cdof,
        }

    @property
    def warned(self) -> bool:
        """Whether any simulation has had a warning of any kind since its start."""
        return bool(np.count_nonzero(self._warning))

    def unstable(self) -> NDArray[np.bool_]:
        """(E,) which simulations blew up."""
        return unstable_simulations(self._warning, self._qpos)


class EnvShard:
    """Those bodies of a fleet, or of one of its parts, that a worker simulates.

    Args:
        shape: of the fleet.
        arrays: its shared arrays.
        task: what the bodies do.
        seed: of the fleet.
        stall: what ends an episode without way, or None.
    """

    def __init__(
        self,
        shape: EnvShape,
        arrays: dict[str, NDArray[Any]],
        task: Task,
        seed: int,
        stall: NoProgress | None = None,
    ) -> None:
        self._shape, self._arrays, self._task, self._seed = shape, arrays, task, seed
        self._stall = stall
        self._bodies: dict[int, EnvSlot] = {}
        self._tables: _Tables | None = None

    def put(
        self,
        slot: int,
        serial: int,
        graph: nx.DiGraph[str],
        kept: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        """Begin to simulate a body in a slot, or go on with one that was kept.

        Its states are there when this returns.
        """
        self.drop(slot)
        body = EnvSlot(
            graph, self._task, n_envs=self._shape.n_envs, seed=self._seed, serial=serial
        )
        if kept is not None:
            body.restore(kept)
        self._bodies[slot] = body
        reader = self._reader([body])
        reader.fetch(0)
        self._arrays["state"][slot] = reader.read()[0]

    def drop(self, slot: int) -> None:
        """Forget the body of a slot, if it is here."""
        self._bodies.pop(slot, None)
        self._tables = None

    def keep(self) -> dict[int, dict[str, NDArray[Any]]]:
        """What decides how the simulations go on, by slot."""
        return {slot: body.keep() for slot, body in self._bodies.items()}

    def step(self) -> None:
        """Advance all bodies by a control step, and start anew what has ended."""
        if not self._bodies:
            return
        if self._tables is None:
            self._tables = self._make_tables()
        tables, arrays, task = self._tables, self._arrays, self._task
        reader, slots, elapsed = tables.reader, tables.slots, tables.elapsed
        before = reader.torso.copy()
        self._simulate(tables)
        after = reader.torso
        unstable = np.zeros(elapsed.shape, dtype=bool)
        warned = [body.warned for body in tables.bodies]
        for row in np.flatnonzero(warned | ~reader.finite):
            unstable[row] = tables.bodies[row].unstable()
        reward = sum(task.terms(before, after).values())
        fell = task.fell(after, tables.fall_heights) | unstable
        elapsed += 1
        late = elapsed >= task.max_steps
        ends = {FELL: fell, TIME_LIMIT: late, STALLED: self._stalled(tables)}
        ended = np.select(list(ends.values()), list(ends), default=RUNNING)
        arrays["reward"][slots] = np.where(unstable, 0.0, reward)
        arrays["ended"][slots] = ended
        elapsed[ended != RUNNING] = 0
        self._start_anew(tables, ended)
        over = ended != RUNNING
        tables.marks[over] = reader.torso[over, 0]
        arrays["state"][slots] = reader.read()

    def _stalled(self, tables: _Tables) -> NDArray[np.bool_]:
        """(B, E) which episodes are looked at now, and made no way since the last time."""
        if self._stall is None:
            return np.zeros(tables.elapsed.shape, dtype=bool)
        looked = tables.elapsed % self._stall.steps == 0
        along = tables.reader.torso[..., 0]
        stalled = looked & (along - tables.marks < self._stall.metres)
        tables.marks[looked] = along[looked]
        return stalled

    def _simulate(self, tables: _Tables) -> None:
        """Advance every body, and fetch its numbers.

        One thing for all bodies, then the next: what Python does for a body after half a
        millisecond of physics finds the processor's caches full of that, and takes several
        times as long as for the body before it.
        """
        for body, actions in zip(tables.bodies, tables.actions, strict=True):
            body.control(actions)
        began = time.perf_counter()
        for body in tables.bodies:
            body.step()
            ended = time.perf_counter()
            taken = ended - began
            body.seconds += (_NEWEST if body.seconds else 1.0) * (taken - body.seconds)
            began = ended
        for row in range(len(tables.bodies)):
            tables.reader.fetch(row)
        self._arrays["seconds"][tables.slots] = [body.seconds for body in tables.bodies]

    @staticmethod
    def _start_anew(tables: _Tables, ended: NDArray[np.intp]) -> None:
        """Reset what has (B, E) ended, and fetch its numbers."""
        over = [
            (row, tables.bodies[row], np.flatnonzero(ended[row]))
            for row in np.flatnonzero(ended.any(axis=1)).tolist()
        ]
        for _, body, simulations in over:
            body.rewind(simulations)
        for _, body, simulations in over:
            body.reset(simulations)
        for row, _, _ in over:
            tables.reader.fetch(row)

    def _make_tables(self) -> _Tables:
        bodies, slots = list(self._bodies.values()), list(self._bodies)
        reader = self._reader(bodies)
        elapsed = np.stack([body.elapsed for body in bodies])
        marks = np.stack([body.marks for body in bodies])
        for row, body in enumerate(bodies):
            reader.fetch(row)
            # From now on rows of the tables: bodies take them along to the next ones.
            body.elapsed, body.marks = elapsed[row], marks[row]
        flat = self._arrays["action"].reshape(self._shape.n_active, self._shape.n_envs, -1)
        return _Tables(
            bodies=bodies,
            slots=np.array(slots),
            reader=reader,
            elapsed=elapsed,
            marks=marks,
            fall_heights=np.array([[body.fall_height] for body in bodies]),
            actions=[flat[slot] for slot in slots],
        )

    def _reader(self, bodies: list[EnvSlot]) -> BatchStateReader:
        return BatchStateReader(
            [body.layout for body in bodies],
            [body.arrays for body in bodies],
            n_max=self._shape.n_max,
            world_y=self._task.world_y,
        )


@dataclass(frozen=True)
class _Tables:
    """What a shard of B bodies looks up at every step; made anew when its bodies change.

    Attributes:
        bodies: B of them.
        slots: (B,) slot of each.
        reader: of their states.
        elapsed: (B, E) control steps of the running episodes.
        marks: (B, E) where along x the torsos were at the last look (m).
        fall_heights: (B, 1) torso heights at which they have fallen (m); a task takes them
            as it takes a number.
        actions: of each body the (E, 2 N) controls in shared memory.
    """

    bodies: list[EnvSlot]
    slots: NDArray[np.intp]
    reader: BatchStateReader
    elapsed: NDArray[np.int64]
    marks: NDArray[np.float64]
    fall_heights: Any
    actions: list[NDArray[np.float32]]
