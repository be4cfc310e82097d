"""Many bodies in simulation at once, on worker processes with shared memory.

A vector env keeps A active bodies, each in E simulations of its own. One :meth:`VectorEnv.step`
advances all of them by a control step. A simulation whose episode ends is reset in the same step,
as in Gymnasium's ``AutoresetMode.SAME_STEP``. States, actions, rewards and flags lie in shared
memory, so that a step costs two short messages for each worker. The rows of a body with fewer
than ``n_max`` nodes are padded with zeros.

Which worker simulates a body changes only how long a step takes. See ``slot_assignment`` for
which worker that is, ``env_shard`` for what a worker does with its bodies, ``env_slot`` for one
body, and ``env_worker`` for the process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self, TypedDict

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.parallel.env_arrays import EnvShape
from hyperdistill_core.parallel.env_shard import NoProgress
from hyperdistill_core.parallel.env_worker import EnvWorker
from hyperdistill_core.parallel.slot_assignment import SlotAssignment

__all__ = ["NoProgress", "StepInfo", "StepResult", "VectorEnv"]

_REPLACE = "replace"


class StepInfo(TypedDict):
    """Why episodes were terminated; each (A, E), at most one of them True.

    Attributes:
        fell: The body fell, or its simulation became unstable.
        no_progress: The body did not advance, see :class:`NoProgress`.
    """

    fell: NDArray[np.bool_]
    no_progress: NDArray[np.bool_]


class StepResult(NamedTuple):
    """What one control step gave. The arrays are live views, valid until the next step.

    At most one of ``terminated`` and ``truncated`` is True: a fall counts before the time limit,
    and the time limit before a lack of progress.

    Attributes:
        rewards: (A, E) rewards; 0 where a simulation became unstable.
        terminated: (A, E) whether an episode ended by a fall or for lack of progress.
        truncated: (A, E) whether an episode reached the time limit.
        info: Reasons of the terminations.
    """

    rewards: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    info: StepInfo

    @property
    def done(self) -> NDArray[np.bool_]:
        """(A, E) whether an episode ended; a new array."""
        return self.terminated | self.truncated


class VectorEnv:
    """A active bodies in E simulations each; a context manager.

    With several parts, the caller can compute the actions of one part while another simulates::

        for part in parts:
            env.step_async(actions[part], part=part)
        while True:
            for part in parts:
                rewards, terminated, truncated, info = env.step_wait(part=part)
                ...
                env.step_async(actions[part], part=part)

    Args:
        graphs: Active bodies at first, one a slot.
        task: Name of the task.
        n_envs: Number of simulations of each body, E.
        n_max: Number of rows of a body, N: nodes of the largest body that will be active.
        n_workers: Number of worker processes.
        seed: Seed of the initial states, and of the first episodes' lengths.
        n_parts: Number of groups of slots that step independently of each other.
        n_splits: Number of equal parts of the simulations of a body, which different workers may
            simulate; a divisor of ``n_envs``. It changes what they do, as their initial states are
            others.
        state_dict: State to continue from, as :meth:`state_dict` gave it for a vector env with
            the same bodies in the same slots, shape, task and seed; None for new episodes.
        no_progress: Rule that terminates episodes without progress; None for no such rule.
        n_heights: Number of numbers that a torso sees, H; 0 for none.

    Attributes:
        shape: Sizes of the arrays.
        parts: Slots of each part: equally many, except for a remainder.

    Raises:
        ValueError: ``n_splits`` does not divide ``n_envs``.
        RuntimeError: A worker failed. All methods raise it, and its message gives the reason.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> with VectorEnv([body], task="flat", n_envs=2, n_max=12, n_workers=1, seed=0) as env:
        ...     rewards, terminated, truncated, info = env.step(np.zeros((1, 2, 12, 2), "f4"))
        ...     env.state.shape, rewards.shape, bool(info["fell"].any())
        ((1, 2, 12, 17), (1, 2), False)
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
        n_splits: int = 1,
        state_dict: Mapping[str, NDArray[Any]] | None = None,
        no_progress: NoProgress | None = None,
        n_heights: int = 0,
    ) -> None:
        if n_envs % n_splits:
            raise ValueError(f"n_splits: expected a divisor of {n_envs}, got {n_splits}")
        self.shape = EnvShape(len(graphs), n_envs, n_max, n_heights)
        ends = [len(graphs) * part // n_parts for part in range(n_parts + 1)]
        self.parts = tuple(map(slice, ends, ends[1:]))
        # Workers know places: as many for each slot as its simulations have parts.
        self._splits, n_places = n_splits, len(graphs) * n_splits
        shape = EnvShape(n_places, n_envs // n_splits, n_max, n_heights)
        memory = shape.allocate()
        of_places = shape.arrays(memory)
        self._seconds = of_places.pop("seconds")
        self._arrays: dict[str, NDArray[Any]] = {
            name: array.reshape(len(graphs), n_envs, *array.shape[2:])
            for name, array in of_places.items()
        }
        self._n_bodies = n_places
        self._body_numbers = np.arange(n_places)
        self._in_step = [False] * n_parts
        self._assignment = SlotAssignment(n_places, n_workers)
        self._workers: list[EnvWorker] = []
        options: dict[str, Any] = {"task": task, "seed": seed, "n_parts": n_parts}
        options["no_progress"] = no_progress
        try:
            for _ in range(n_workers):
                self._workers.append(EnvWorker(shape, memory, **options))
            self._put_all(graphs, state_dict)
            self._settle(_REPLACE)
        except BaseException:
            self.close()
            raise

    @property
    def state(self) -> NDArray[np.float32]:
        """(A, E, N, 17) present raw states; a live view."""
        self._settle(_REPLACE)
        return self._arrays["state"]

    @property
    def heights(self) -> NDArray[np.float32]:
        """(A, E, H) what the torsos see now, :func:`~hyperdistill_core.tasks.sight.sight`; live."""
        self._settle(_REPLACE)
        return self._arrays["heights"]

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the workers."""
        return [worker.pid for worker in self._workers]

    def replace(self, slot: int, graph: nx.DiGraph[str]) -> None:
        """Put another body into a slot, in new episodes.

        A worker prepares the body in the background. :attr:`state` and the next step wait for
        it, and raise its error.

        Args:
            slot: Slot of the body.
            graph: Body to simulate from now on.

        Raises:
            RuntimeError: The slot's part is in the middle of a step.
            IndexError: There is no such slot.
        """
        part = self._part_of(slot)
        if self._in_step[part]:
            raise RuntimeError(f"slot {slot} is in the middle of a step: call step_wait first")
        for place in range(slot * self._splits, (slot + 1) * self._splits):
            self._seconds[place] = 0.0
            self._put(place, self._n_bodies, graph)
            self._n_bodies += 1

    def step(self, actions: NDArray[np.float32]) -> StepResult:
        """Advance every simulation by one control step.

        Args:
            actions: (A, E, N, 2) controls by joint slot; a slot without a hinge is ignored.
        """
        for part, slots in enumerate(self.parts):
            self.step_async(actions[slots], part=part)
        for part in range(len(self.parts)):
            self.step_wait(part=part)
        return self._result(slice(None))

    def step_async(self, actions: NDArray[np.float32], *, part: int = 0) -> None:
        """Begin to advance the simulations of one part.

        Args:
            actions: (A', E, N, 2) controls of the part's A' slots, as for :meth:`step`.
            part: Part to advance.

        Raises:
            RuntimeError: The part is in the middle of a step.
        """
        if self._in_step[part]:
            raise RuntimeError(f"part {part} is in the middle of a step: call step_wait first")
        self._settle(_REPLACE)
        np.copyto(self._arrays["action"][self.parts[part]], actions)
        self._in_step[part] = True
        for worker in self._workers:
            worker.send(part, "step", part)

    def step_wait(self, *, part: int = 0) -> StepResult:
        """Wait until the step of a part is complete.

        Afterwards :attr:`state` holds the part's new states at its slots.

        Args:
            part: Part that :meth:`step_async` was called for.

        Returns:
            Arrays of the part's slots, (A', E).

        Raises:
            RuntimeError: The part is not in a step.
        """
        if not self._in_step[part]:
            raise RuntimeError(f"part {part} is not in a step: call step_async first")
        self._settle(part)
        self._in_step[part] = False
        return self._result(self.parts[part])

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Return everything that another vector env needs to continue bit by bit.

        Raises:
            RuntimeError: A part is in the middle of a step.
        """
        if any(self._in_step):
            raise RuntimeError("a part is in the middle of a step: call step_wait first")
        state = {"body_numbers": self._body_numbers.copy(), "n_bodies": np.array(self._n_bodies)}
        for worker in self._workers:
            for part in range(len(self.parts)):
                for place, arrays in worker.call("state_dict", part).items():
                    state |= {f"{place}/{name}": array for name, array in arrays.items()}
        return state

    def close(self) -> None:
        """End the workers. The arrays of the latest step stay valid."""
        for worker in self._workers:
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _result(self, slots: slice) -> StepResult:
        arrays = self._arrays
        return StepResult(
            rewards=arrays["reward"][slots],
            terminated=arrays["terminated"][slots],
            truncated=arrays["truncated"][slots],
            info={"fell": arrays["fell"][slots], "no_progress": arrays["no_progress"][slots]},
        )

    def _settle(self, tag: str | int) -> None:
        for worker in self._workers:
            worker.settle(tag)

    def _part_of(self, slot: int) -> int:
        for part, slots in enumerate(self.parts):
            if slots.start <= slot < slots.stop:
                return part
        raise IndexError(f"slot: expected 0 to {self.shape.n_active - 1}, got {slot}")

    def _put_all(
        self, graphs: Sequence[nx.DiGraph[str]], state_dict: Mapping[str, NDArray[Any]] | None
    ) -> None:
        """Put the first bodies into their places, the largest first, which balances the loads."""
        by_place: dict[int, dict[str, NDArray[Any]]] = {}
        if state_dict is not None:
            self._body_numbers = state_dict["body_numbers"].copy()
            self._n_bodies = int(state_dict["n_bodies"])
            for key, array in state_dict.items():
                place, _, name = key.rpartition("/")
                if place:
                    by_place.setdefault(int(place), {})[name] = array
        of_places = [graph for graph in graphs for _ in range(self._splits)]
        for place in sorted(range(len(of_places)), key=lambda place: -len(of_places[place])):
            number = int(self._body_numbers[place])
            self._put(place, number, of_places[place], by_place.get(place))

    def _put(
        self,
        place: int,
        body_number: int,
        graph: nx.DiGraph[str],
        state_dict: dict[str, NDArray[Any]] | None = None,
    ) -> None:
        part = self._part_of(place // self._splits)
        slots = self.parts[part]
        self._body_numbers[place] = body_number
        before = int(self._assignment.worker_of[place])
        worker = self._assignment.assign(
            place,
            len(graph),
            among=slice(slots.start * self._splits, slots.stop * self._splits),
            seconds=self._seconds,
        )
        if before not in (-1, worker):
            self._workers[before].send(_REPLACE, "drop", part, place)
        self._workers[worker].send(_REPLACE, "put", part, place, body_number, graph, state_dict)
