"""Worker processes that set themselves up once and then take one item at a time.

They are made for work that may crash or hang. A worker that dies, or gives no answer in time and
is killed, is replaced. Its item is tried once more, since the item may not be the reason; an item
that costs two workers fails.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, Generic, Self

from hyperdistill_core.parallel.backend import Item, Outcome, Result, WorkerDiedError
from hyperdistill_core.parallel.processes import WorkerProcess


@dataclass
class _Worker:
    process: WorkerProcess
    key: Hashable = None
    item: Any = None
    busy: bool = False
    retried: bool = False
    deadline: float = math.inf


class WorkerPool(Generic[Item, Result]):
    """A fixed number of worker processes behind the :class:`Backend` protocol.

    A context manager.

    Args:
        setup: Picklable function that every worker calls once. It returns the function that
            makes a result of an item. Items and results must be picklable.
        workers: Number of processes.
        time_limit: Longest time that an item may take (s); None for no limit. Near the limit the
            machine decides whether an item has a result: choose one that only a hanging item can
            reach.

    Raises:
        Exception: The error that ``setup`` raised in a worker.
        WorkerDiedError: A worker died during its setup.

    Examples:
        >>> from functools import partial
        >>> from operator import methodcaller
        >>> with WorkerPool(partial(methodcaller, "upper"), workers=1) as pool:
        ...     pool.submit("first", "abc")
        ...     pool.collect()
        [Outcome(key='first', result='ABC', error=None, exception=None)]
    """

    def __init__(
        self,
        setup: Callable[[], Callable[[Item], Result]],
        *,
        workers: int,
        time_limit: float | None = None,
    ) -> None:
        self._setup = setup
        self._time_limit = math.inf if time_limit is None else time_limit
        self._workers: list[_Worker] = []
        try:
            for _ in range(workers):
                self._workers.append(self._start())
            for worker in self._workers:
                _await_setup(worker)
        except BaseException:
            self.close()
            raise

    @property
    def idle(self) -> int:
        """Number of workers that wait for an item."""
        return sum(not worker.busy for worker in self._workers)

    @property
    def busy(self) -> bool:
        """Whether a worker works on an item."""
        return any(worker.busy for worker in self._workers)

    @property
    def parallelism(self) -> int:
        """Number of workers."""
        return len(self._workers)

    @property
    def location(self) -> str:
        """Where the work is done, for people."""
        return describe_workers(len(self._workers))

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers now."""
        return [worker.process.pid for worker in self._workers]

    def submit(self, key: Hashable, item: Item) -> None:
        """Give an item to an idle worker.

        Args:
            key: Name of the item in its :class:`Outcome`.
            item: Picklable argument of the function that ``setup`` returned.

        Raises:
            RuntimeError: No worker is idle.
        """
        worker = next((worker for worker in self._workers if not worker.busy), None)
        if worker is None:
            raise RuntimeError("every worker is busy: collect before submitting more")
        self._send(worker, key, item)

    def collect(self) -> list[Outcome[Result]]:
        """Wait until at least one item is done; return the outcomes of all that are.

        Returns:
            Outcomes in any order; none if no item was submitted.
        """
        outcomes: list[Outcome[Result]] = []
        while not outcomes and self.busy:
            busy = [worker for worker in self._workers if worker.busy]
            first = min(worker.deadline for worker in busy) - time.monotonic()
            answered = wait(
                [worker.process.connection for worker in busy],
                timeout=None if math.isinf(first) else max(0.0, first),
            )
            now = time.monotonic()
            for worker in busy:
                if worker.process.connection in answered:
                    outcome = self._receive(worker)
                elif worker.deadline <= now:
                    outcome = self._kill(worker)
                else:
                    continue
                if outcome is not None:
                    outcomes.append(outcome)
        return outcomes

    def close(self) -> None:
        """End all workers at once, whatever they do."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
        self._workers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> _Worker:
        return _Worker(WorkerProcess(self._setup))

    def _send(self, worker: _Worker, key: Hashable, item: Item) -> None:
        worker.key, worker.item, worker.busy = key, item, True
        worker.deadline = time.monotonic() + self._time_limit
        # collect() finds a dead worker: the other end of its connection is closed.
        with suppress(OSError):
            worker.process.send(item)

    def _receive(self, worker: _Worker) -> Outcome[Result] | None:
        """Return the outcome of a worker's item; None if it died and another one repeats it."""
        try:
            result, error, exception = worker.process.receive()
        except (EOFError, OSError):
            return self._replace(worker, _describe_death(worker))
        worker.busy = worker.retried = False
        return Outcome(worker.key, result, error, exception)

    def _kill(self, worker: _Worker) -> Outcome[Result] | None:
        """End a worker that hangs; return as :meth:`_receive`."""
        worker.process.kill()
        worker.process.join()
        return self._replace(worker, f"no answer within {self._time_limit:g} s")

    def _replace(self, worker: _Worker, error: str) -> Outcome[Result] | None:
        worker.process.connection.close()
        fresh = self._start()
        self._workers[self._workers.index(worker)] = fresh
        _await_setup(fresh)
        if worker.retried:
            return Outcome(worker.key, error=error)
        self._send(fresh, worker.key, worker.item)
        fresh.retried = True
        return None


def describe_workers(count: int) -> str:
    """Return a number of worker processes in words.

    Examples:
        >>> describe_workers(1), describe_workers(4)
        ('1 worker process', '4 worker processes')
    """
    return f"{count} worker process{'' if count == 1 else 'es'}"


def _await_setup(worker: _Worker) -> None:
    try:
        _, _, exception = worker.process.receive()
    except EOFError:
        raise WorkerDiedError(
            f"{_describe_death(worker)} during its setup; worker processes import the script that "
            'starts them, so start them under: if __name__ == "__main__"'
        ) from None
    if exception is not None:
        raise exception


def _describe_death(worker: _Worker) -> str:
    return f"the worker process died ({worker.process.describe_end()})"
