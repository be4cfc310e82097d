"""Many bodies in simulation at once, on worker processes with shared memory.

A fleet keeps A active bodies, each in E simulations of its own. One :meth:`VectorEnv.step`
advances all of them by a control step; episodes that end start again at once. States,
actions, rewards and endings lie in shared memory: a step costs a worker two short messages.
Rows of bodies with fewer than ``n_max`` limbs are zero.

Which worker simulates a body changes nothing but the time that it takes: the bodies are
dealt out so that all workers are done at about the same time. ``fleet_shard`` is what a
worker does with its bodies, ``fleet_worker`` the process around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.parallel.env_shard import (
    FELL,
    RUNNING,
    STALLED,
    TIME_LIMIT,
    EnvShape,
    NoProgress,
)
from hyperdistill_core.parallel.env_worker import EnvWorker, shared_memory

__all__ = ["FELL", "RUNNING", "STALLED", "TIME_LIMIT", "VectorEnv", "NoProgress"]

_REPLACING = "replacing"


class VectorEnv:
    """A active bodies, E simulations each.

    With more than one part a trainer can decide on the actions of one part while another
    simulates::

        for part in parts:
            fleet.step_async(actions[part], part=part)
        while True:
            for part in parts:
                rewards, ended = fleet.step_wait(part=part)
                ...
                fleet.step_async(actions[part], part=part)

    Args:
        graphs: the active bodies at the start, one a slot.
        task: name of the task.
        n_envs: simulations a body.
        n_max: rows a body at most.
        n_workers: worker processes.
        seed: of reset noise and of the first episodes' stagger.
        n_parts: groups of slots that step independently of each other.
        kept: what :meth:`keep` gave: go on where that fleet was, which had these bodies in
            these slots, and the same shape, task and seed.
        stall: ends an episode in which a body makes no way; None lets it stand.

    Attributes:
        parts: the slots of each part, side by side and of equal number within one.

    Raises:
        RuntimeError: a worker failed, here and in all methods; its message tells why.
    """

    def __init__(
        self,
        graphs: Sequence[nx.DiGraph[str]],
        *,
        task: str,
        n_envs: int,
        n_max: int,
        n_workers: int,
        seed: int,
        n_parts: int = 1,
        kept: Mapping[str, NDArray[Any]] | None = None,
        stall: NoProgress | None = None,
    ) -> None:
        self.shape = EnvShape(len(graphs), n_envs, n_max)
        ends = [len(graphs) * part // n_parts for part in range(n_parts + 1)]
        self.parts = tuple(map(slice, ends, ends[1:]))
        memory = shared_memory(self.shape)
        self._arrays: dict[str, NDArray[Any]] = self.shape.arrays(memory)
        self._serial = 0
        self._serial_of = np.arange(len(graphs))
        self._stepping = [False] * n_parts
        self._limbs = np.zeros(len(graphs))
        self._worker_of = np.full(len(graphs), -1)
        self._workers: list[EnvWorker] = []
        try:
            for _ in range(n_workers):
                self._workers.append(
                    EnvWorker(
                        self.shape, memory, task=task, seed=seed, n_parts=n_parts, stall=stall
                    )
                )
            self._deal_out(graphs, kept)
            self._settle(_REPLACING)
        except BaseException:
            self.close()
            raise

    @property
    def state(self) -> NDArray[np.float32]:
        """(A, E, N, 17) states now, before normalisation; a live view."""
        self._settle(_REPLACING)
        return self._arrays["state"]

    def replace(self, slot: int, graph: nx.DiGraph[str]) -> None:
        """Put another body into a slot; its episodes start anew.

        A worker prepares it while we go on; whoever asks for :attr:`state` or steps waits
        for it, and meets its error.

        Raises:
            RuntimeError: the slot's part is in the middle of a step.
        """
        part = self._part_of(slot)
        if self._stepping[part]:
            raise RuntimeError(f"slot {slot} is in the middle of a step: step_wait first")
        self._arrays["seconds"][slot] = 0.0
        self._put(slot, self._serial, graph)
        self._serial += 1

    def step(self, actions: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Advance every simulation by one control step.

        Args:
            actions: (A, E, N, 2) controls by joint slot; slots without a hinge are ignored.

        Returns:
            (A, E) rewards and (A, E) endings: 0 goes on, 1 fell or unstable, 2 time limit,
            3 stalled; live views, valid until the next call.
        """
        for part, slots in enumerate(self.parts):
            self.step_async(actions[slots], part=part)
        for part in range(len(self.parts)):
            self.step_wait(part=part)
        return self._arrays["reward"], self._arrays["ended"]

    def step_async(self, actions: NDArray[np.float32], *, part: int = 0) -> None:
        """Begin to advance the simulations of one part.

        Args:
            actions: (A', E, N, 2) controls of the part's A' slots, as for :meth:`step`.
            part: which.

        Raises:
            RuntimeError: the part is in the middle of a step.
        """
        if self._stepping[part]:
            raise RuntimeError(f"part {part} is in the middle of a step: step_wait first")
        self._settle(_REPLACING)
        np.copyto(self._arrays["action"][self.parts[part]], actions)
        self._stepping[part] = True
        for worker in self._workers:
            worker.send(part, "step", part)

    def step_wait(self, *, part: int = 0) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Wait for the end of a step that :meth:`step_async` began.

        Its states are in :attr:`state` then, at the slots of the part.

        Args:
            part: which.

        Returns:
            (A', E) rewards and (A', E) endings of the part, as :meth:`step` has them; live
            views, valid until the part's next step.

        Raises:
            RuntimeError: the part is in no step.
        """
        if not self._stepping[part]:
            raise RuntimeError(f"part {part} is in no step: step_async first")
        self._settle(part)
        self._stepping[part] = False
        slots = self.parts[part]
        return self._arrays["reward"][slots], self._arrays["ended"][slots]

    def keep(self) -> dict[str, NDArray[Any]]:
        """All that decides how the fleet goes on, for another one to do so, bit by bit.

        Raises:
            RuntimeError: a part is in the middle of a step.
        """
        if any(self._stepping):
            raise RuntimeError("a part is in the middle of a step: step_wait first")
        kept = {"serials": self._serial_of.copy(), "next_serial": np.array(self._serial)}
        for worker in self._workers:
            for part in range(len(self.parts)):
                for slot, arrays in worker.ask("keep", part).items():
                    kept |= {f"{slot}/{name}": array for name, array in arrays.items()}
        return kept

    def close(self) -> None:
        """Stop the workers; what the last step left can still be read."""
        for worker in self._workers:
            worker.close()

    def __enter__(self) -> VectorEnv:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _settle(self, tag: str | int) -> None:
        for worker in self._workers:
            worker.settle(tag)

    def _part_of(self, slot: int) -> int:
        for part, slots in enumerate(self.parts):
            if slots.start <= slot < slots.stop:
                return part
        raise IndexError(f"slot: expected 0 to {self.shape.n_active - 1}, got {slot}")

    def _deal_out(
        self, graphs: Sequence[nx.DiGraph[str]], kept: Mapping[str, NDArray[Any]] | None
    ) -> None:
        """Put the first bodies into their slots, the largest first: so loads come out even."""
        by_slot: dict[int, dict[str, NDArray[Any]]] = {}
        self._serial = len(graphs)
        if kept is not None:
            self._serial_of, self._serial = kept["serials"], int(kept["next_serial"])
            for key, array in kept.items():
                slot, _, name = key.rpartition("/")
                if slot:
                    by_slot.setdefault(int(slot), {})[name] = array
        for slot in sorted(range(len(graphs)), key=lambda slot: -len(graphs[slot])):
            self._put(slot, int(self._serial_of[slot]), graphs[slot], by_slot.get(slot))

    def _put(
        self,
        slot: int,
        serial: int,
        graph: nx.DiGraph[str],
        kept: dict[str, NDArray[Any]] | None = None,
    ) -> None:
        part = self._part_of(slot)
        self._serial_of[slot] = serial
        # Until it is measured a body counts by its limbs.
        self._limbs[slot] = len(graph)
        worker = self._least_busy(part, but=slot)
        before = int(self._worker_of[slot])
        if before not in (-1, worker):
            self._workers[before].send(_REPLACING, "drop", part, slot)
        self._worker_of[slot] = worker
        self._workers[worker].send(_REPLACING, "put", part, slot, serial, graph, kept)

    def _least_busy(self, part: int, *, but: int) -> int:
        """The worker with the least to do at a step of a part, not counting one slot."""
        seconds, limbs, slots = self._arrays["seconds"], self._limbs, self.parts[part]
        known = seconds > 0.0
        a_limb = seconds[known].sum() / limbs[known].sum() if known.any() else 1.0
        load = np.where(known, seconds, a_limb * limbs)
        load[but] = 0.0
        owner = self._worker_of[slots]
        loads = np.bincount(owner[owner >= 0], load[slots][owner >= 0], len(self._workers))
        return int(loads.argmin())
