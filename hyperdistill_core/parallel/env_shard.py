"""The bodies of a vector env that one worker simulates."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features.batch_state import BatchStateReader
from hyperdistill_core.parallel.env_arrays import EnvShape
from hyperdistill_core.parallel.env_slot import EnvSlot, training_worlds
from hyperdistill_core.rollout.axes import in_axes_of
from hyperdistill_core.tasks import Task
from hyperdistill_core.tasks.episodes import EpisodesOfBodies
from hyperdistill_core.tasks.sight import sight
from hyperdistill_core.tasks.terrain.world import Worlds


@dataclass(frozen=True)
class NoProgress:
    """The rule that terminates an episode in which a body does not advance.

    Attributes:
        steps: Number of control steps from one check to the next.
        distance_m: Distance along x that the torso must advance between two checks (m).

    Examples:
        >>> NoProgress(steps=100, distance_m=0.2).steps
        100
    """

    steps: int
    distance_m: float


class EnvShard:
    """Some bodies of a vector env, stepped together in one process.

    Args:
        shape: Sizes of the vector env's arrays.
        arrays: The vector env's shared arrays, as :class:`EnvShape` names them.
        task: Task of all bodies.
        seed: Seed of the vector env.
        no_progress: Rule that terminates episodes without progress; None for no such rule. It holds
            in tasks that reward moving along x.
    """

    def __init__(
        self,
        shape: EnvShape,
        arrays: dict[str, NDArray[Any]],
        task: Task,
        seed: int,
        no_progress: NoProgress | None = None,
    ) -> None:
        self._shape, self._arrays, self._task, self._seed = shape, arrays, task, seed
        self._no_progress = no_progress if task.along_x else None
        self._bodies: dict[int, EnvSlot] = {}
        self._tables: _Tables | None = None

    def put(
        self,
        slot: int,
        body_number: int,
        graph: nx.DiGraph[str],
        state_dict: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        """Simulate a body in a slot from now on, and write its states.

        Args:
            slot: Slot of the body.
            body_number: Number of the body, counted over all bodies that the env has had.
            graph: Body to simulate.
            state_dict: State to continue from, as :meth:`state_dict` gives it for a slot; None
                for new episodes.
        """
        self.drop(slot)
        body = EnvSlot(
            graph, self._task, n_envs=self._shape.n_envs, seed=self._seed, body_number=body_number
        )
        if state_dict is not None:
            body.load_state_dict(state_dict)
        self._bodies[slot] = body
        tables = self._make_tables({slot: body})
        self._arrays["state"][slot] = self._states(tables)[0]
        self._write_heights(tables)

    def drop(self, slot: int) -> None:
        """Stop simulating the body of a slot, if it is in this shard."""
        self._bodies.pop(slot, None)
        self._tables = None

    def state_dict(self) -> dict[int, dict[str, NDArray[Any]]]:
        """Return, by slot, everything that determines how the simulations continue."""
        return {slot: body.state_dict() for slot, body in self._bodies.items()}

    def step(self) -> None:
        """Advance all bodies by a control step, and reset the simulations that ended."""
        if not self._bodies:
            return
        if self._tables is None:
            self._tables = self._make_tables(self._bodies)
        tables, arrays, task = self._tables, self._arrays, self._task
        reader, slots, elapsed = tables.reader, tables.slots, tables.elapsed
        before = reader.torso.copy()
        self._simulate(tables)
        after = reader.torso
        unstable = np.zeros(elapsed.shape, dtype=bool)
        has_warnings = [body.has_warnings for body in tables.bodies]
        for row in np.flatnonzero(has_warnings | ~reader.finite):
            unstable[row] = tables.bodies[row].unstable()
        actions = arrays["action"][slots].reshape(*elapsed.shape, -1)
        reward = sum(task.all_terms(before, after, actions, tables.episodes).values())
        elapsed += 1
        ground = tables.worlds.ground(tables.which, after)
        fell = task.fell(after, tables.fall_heights, ground) | unstable
        left = task.left(after) & ~fell
        truncated = (elapsed >= task.max_steps) & ~(fell | left)
        no_progress = self._check_progress(tables) & ~(fell | left | truncated)
        terminated = fell | left | no_progress
        arrays["reward"][slots] = np.where(unstable, 0.0, reward)
        arrays["terminated"][slots], arrays["truncated"][slots] = terminated, truncated
        arrays["fell"][slots], arrays["no_progress"][slots] = fell, no_progress
        done = terminated | truncated
        elapsed[done] = 0
        self._reset(tables, done)
        tables.checked_x[done] = reader.torso[done, 0]
        arrays["state"][slots] = self._states(tables)
        self._write_heights(tables)

    def _states(self, tables: _Tables) -> NDArray[np.float32]:
        """Return (B, E, N, 17) states in the axes of the task.

        Their z is above the ground, and x towards the goal, where the task does not say otherwise.
        """
        reader, ground = tables.reader, None
        if not self._task.world_z:
            ground = tables.worlds.ground(tables.which, reader.torso)
        return in_axes_of(self._task, reader.read(ground=ground), tables.episodes)

    def _write_heights(self, tables: _Tables) -> None:
        numbers = self._shape.n_heights
        if numbers:
            reader = tables.reader
            self._arrays["heights"][tables.slots] = sight(
                tables.worlds,
                tables.which,
                reader.torso,
                reader.torso_quat,
                numbers,
                tables.episodes,
            )

    def _check_progress(self, tables: _Tables) -> NDArray[np.bool_]:
        """Return (B, E) whether a check is due and finds that the body did not advance."""
        if self._no_progress is None:
            return np.zeros(tables.elapsed.shape, dtype=bool)
        due = tables.elapsed % self._no_progress.steps == 0
        x = tables.reader.torso[..., 0]
        failed = due & (x - tables.checked_x < self._no_progress.distance_m)
        tables.checked_x[due] = x[due]
        return failed

    def _simulate(self, tables: _Tables) -> None:
        """Advance every body, and fetch its numbers.

        Each stage runs over all bodies before the next stage begins. Half a millisecond of
        physics evicts Python's data from the processor's caches, so that alternating between
        the two makes the Python part several times slower.
        """
        for body, actions in zip(tables.bodies, tables.actions, strict=True):
            body.set_controls(actions)
        begin = time.perf_counter()
        for body in tables.bodies:
            body.step()
            end = time.perf_counter()
            body.note_duration(end - begin)
            begin = end
        for row in range(len(tables.bodies)):
            tables.reader.fetch(row)
        self._arrays["seconds"][tables.slots] = [body.seconds for body in tables.bodies]

    @staticmethod
    def _reset(tables: _Tables, done: NDArray[np.bool_]) -> None:
        """Begin new episodes where (B, E) ``done`` says, and fetch their numbers."""
        resets = [
            (row, tables.bodies[row], np.flatnonzero(done[row]))
            for row in np.flatnonzero(done.any(axis=1)).tolist()
        ]
        for _, body, simulations in resets:
            body.draw_initial_states(simulations)
        for _, body, simulations in resets:
            body.reset(simulations)
        for row, _, _ in resets:
            tables.reader.fetch(row)

    def _make_tables(self, slots_and_bodies: Mapping[int, EnvSlot]) -> _Tables:
        bodies, slots = list(slots_and_bodies.values()), list(slots_and_bodies)
        reader = self._reader(bodies)
        elapsed = np.stack([body.elapsed for body in bodies])
        checked_x = np.stack([body.checked_x for body in bodies])
        for row, body in enumerate(bodies):
            reader.fetch(row)
            # From now on these are rows of the tables: a body carries them to its next tables.
            body.elapsed, body.checked_x = elapsed[row], checked_x[row]
        flat = self._arrays["action"].reshape(self._shape.n_active, self._shape.n_envs, -1)
        return _Tables(
            bodies=bodies,
            slots=np.array(slots),
            reader=reader,
            elapsed=elapsed,
            checked_x=checked_x,
            fall_heights=np.stack([body.fall_heights for body in bodies]),
            actions=[flat[slot] for slot in slots],
            worlds=training_worlds(self._task, self._seed),
            which=np.stack([body.worlds for body in bodies]),
            episodes=EpisodesOfBodies.of([body.episodes for body in bodies]),
        )

    def _reader(self, bodies: Sequence[EnvSlot]) -> BatchStateReader:
        return BatchStateReader(
            [body.layout for body in bodies],
            [body.arrays for body in bodies],
            n_max=self._shape.n_max,
            world_y=self._task.world_y,
        )


@dataclass(frozen=True)
class _Tables:
    """What a shard of B bodies needs at every step; rebuilt when its bodies change.

    Attributes:
        bodies: The B bodies.
        slots: (B,) slots of the bodies.
        reader: Reader of the bodies' states.
        elapsed: (B, E) control steps since the running episodes began.
        checked_x: (B, E) x positions of the torsos at the latest progress check (m).
        fall_heights: (B, E) heights of the torso at which the bodies have fallen (m).
        actions: (E, 2 N) controls of each body, views of the shared array.
        worlds: Worlds of the simulations.
        which: (B, E) number of the world of each simulation.
        episodes: What the task keeps of the running episodes; None if it keeps nothing.
    """

    bodies: list[EnvSlot]
    slots: NDArray[np.intp]
    reader: BatchStateReader
    elapsed: NDArray[np.int64]
    checked_x: NDArray[np.float64]
    fall_heights: NDArray[np.float64]
    actions: list[NDArray[np.float32]]
    worlds: Worlds
    which: NDArray[np.intp]
    episodes: EpisodesOfBodies | None
