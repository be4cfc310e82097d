"""Worker processes that set themselves up once and then take one item at a time.

Made for work that may crash or hang: a worker that dies, or gives no answer in time and is
killed, is replaced and its item tried once more, since the item may not be the reason; an item
that costs two workers is given up. Workers know nothing of Ctrl-C, and end by themselves when
the process that started them is gone, however it ended.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic

from hyperdistill_core.parallel.backend import Item, Outcome, Result, WorkerDiedError
from hyperdistill_core.parallel.processes import exit_code, start_worker
from morph_ops._messages import failure


@dataclass
class _Worker:
    process: Any
    connection: Connection
    key: Hashable = None
    item: Any = None
    busy: bool = False
    retried: bool = False
    deadline: float = math.inf


class WorkerPool(Generic[Item, Result]):
    """A fixed number of worker processes; a context manager.

    Args:
        setup: called once in every worker; returns the function that makes a result of
            an item. It must be picklable, as must items and results.
        workers: number of processes.
        time_limit: an item may take so long (s), None for ever. Where an item ends near it,
            whether there is a result depends on the machine: choose one that only what hangs
            can reach.

    Raises:
        Exception: what ``setup`` raised in a worker.
        WorkerDiedError: a worker ended while it set itself up.
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
                self._greet(worker)
        except BaseException:
            self.close()
            raise

    @property
    def idle(self) -> int:
        """Workers that wait for an item."""
        return sum(not worker.busy for worker in self._workers)

    @property
    def busy(self) -> bool:
        """Whether any item is being worked on."""
        return any(worker.busy for worker in self._workers)

    @property
    def parallelism(self) -> int:
        """Number of workers."""
        return len(self._workers)

    @property
    def location(self) -> str:
        """Where the work is done, for people."""
        return describe_workers(len(self._workers))

    def submit(self, key: Hashable, item: Item) -> None:
        """Give an item to an idle worker.

        Raises:
            RuntimeError: no worker is idle.
        """
        worker = next((worker for worker in self._workers if not worker.busy), None)
        if worker is None:
            raise RuntimeError("every worker is busy: collect before submitting more")
        self._send(worker, key, item)

    def collect(self) -> list[Outcome[Result]]:
        """Wait until at least one item is done; the outcomes of all that are."""
        outcomes: list[Outcome[Result]] = []
        while not outcomes and self.busy:
            busy = [worker for worker in self._workers if worker.busy]
            first = min(worker.deadline for worker in busy) - time.monotonic()
            answered = wait(
                [worker.connection for worker in busy],
                timeout=None if math.isinf(first) else max(0.0, first),
            )
            now = time.monotonic()
            for worker in busy:
                if worker.connection in answered:
                    outcome = self._receive(worker)
                elif worker.deadline <= now:
                    outcome = self._give_up(worker)
                else:
                    continue
                if outcome is not None:
                    outcomes.append(outcome)
        return outcomes

    def close(self) -> None:
        """End all workers at once, whatever they are doing."""
        for worker in self._workers:
            worker.connection.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
        self._workers.clear()

    def __enter__(self) -> WorkerPool[Item, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> _Worker:
        return _Worker(*start_worker(_serve, self._setup))

    def _greet(self, worker: _Worker) -> None:
        try:
            complaint = worker.connection.recv()
        except EOFError:
            raise WorkerDiedError(_farewell(worker)) from None
        if complaint is not None:
            raise complaint

    def _send(self, worker: _Worker, key: Hashable, item: Item) -> None:
        worker.key, worker.item, worker.busy = key, item, True
        worker.deadline = time.monotonic() + self._time_limit
        # A worker that is dead is found by collect(): its end of the pipe is closed.
        with suppress(OSError):
            worker.connection.send(item)

    def _receive(self, worker: _Worker) -> Outcome[Result] | None:
        """What a worker made of its item; None if it died and another one tries again."""
        try:
            result, error = worker.connection.recv()
        except (EOFError, OSError):
            return self._replace(worker, _farewell(worker))
        worker.busy = worker.retried = False
        return Outcome(worker.key, result, error)

    def _give_up(self, worker: _Worker) -> Outcome[Result] | None:
        """End a worker that hangs; None if another one tries again."""
        worker.process.kill()  # work that hangs in C code hears nothing else
        worker.process.join()
        return self._replace(worker, f"no answer within {self._time_limit:g} s")

    def _replace(self, worker: _Worker, error: str) -> Outcome[Result] | None:
        worker.connection.close()
        fresh = self._start()
        self._workers[self._workers.index(worker)] = fresh
        self._greet(fresh)
        if worker.retried:
            return Outcome(worker.key, error=error)
        self._send(fresh, worker.key, worker.item)
        fresh.retried = True
        return None


def describe_workers(count: int) -> str:
    """So many worker processes, for people."""
    return f"{count} worker process{'' if count == 1 else 'es'}"


def _farewell(worker: _Worker) -> str:
    code = exit_code(worker.process)
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return f"the worker process died ({how})"


def _serve(connection: Connection, setup: Callable[[], Callable[[Any], Any]]) -> None:
    """A worker's life: greet with None or an error, then answer items until the pipe closes."""
    with suppress(EOFError, OSError):
        try:
            work = setup()
        except Exception as error:
            connection.send(error)
            return
        connection.send(None)
        while True:
            item = connection.recv()
            try:
                answer = (work(item), None)
            except Exception as error:
                answer = (None, failure(error))
            connection.send(answer)
