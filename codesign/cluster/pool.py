"""Worker processes that set themselves up once and then take one item at a time.

Made for work that may crash: a worker that dies is replaced and its item tried once more,
since it may have been killed for another reason; an item that kills two is given up. Workers
know nothing of Ctrl-C, and end by themselves when the process that started them is gone,
however it ended.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from codesign.errors import one_line
from hyperdistill_core.processes import worker_surroundings

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerDiedError(RuntimeError):
    """A worker process ended in the middle of its work."""


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What became of an item.

    Attributes:
        key: what it was submitted under.
        result: what the worker made of it, None if it failed.
        error: why it failed, None if it did not.
    """

    key: Hashable
    result: Result | None = None
    error: str | None = None


@dataclass
class _Worker:
    process: Any
    connection: Connection
    key: Hashable = None
    item: Any = None
    busy: bool = False
    retried: bool = False


class ProcessPool(Generic[Item, Result]):
    """A fixed number of worker processes; a context manager.

    Args:
        setup: called once in every worker; returns the function that makes a result of
            an item. It must be picklable, as must items and results.
        workers: number of processes.

    Raises:
        Exception: what ``setup`` raised in a worker.
        WorkerDiedError: a worker ended while it set itself up.
    """

    def __init__(self, setup: Callable[[], Callable[[Item], Result]], *, workers: int) -> None:
        self._setup = setup
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

    def submit(self, key: Hashable, item: Item) -> None:
        """Give an item to an idle worker.

        Raises:
            RuntimeError: no worker is idle.
        """
        worker = next((worker for worker in self._workers if not worker.busy), None)
        if worker is None:
            raise RuntimeError("every worker is busy: collect before submitting more")
        _send(worker, key, item)

    def collect(self) -> list[Outcome[Result]]:
        """Wait until at least one item is done; the outcomes of all that are."""
        outcomes: list[Outcome[Result]] = []
        while not outcomes and self.busy:
            busy = {worker.connection: worker for worker in self._workers if worker.busy}
            received = [self._receive(busy[connection]) for connection in wait(list(busy))]  # type: ignore[index] # wait returns what it was given
            outcomes = [outcome for outcome in received if outcome is not None]
        return outcomes

    def close(self) -> None:
        """End all workers at once, whatever they are doing."""
        for worker in self._workers:
            worker.connection.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
        self._workers.clear()

    def __enter__(self) -> ProcessPool[Item, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(self._setup, theirs), daemon=True)
        with worker_surroundings():
            process.start()
        theirs.close()  # so that a worker's end shows as a closed pipe
        return _Worker(process, ours)

    def _greet(self, worker: _Worker) -> None:
        try:
            complaint = worker.connection.recv()
        except EOFError:
            raise WorkerDiedError(_farewell(worker)) from None
        if complaint is not None:
            raise complaint

    def _receive(self, worker: _Worker) -> Outcome[Result] | None:
        """What a worker made of its item; None if it died and another one tries again."""
        key, worker.busy = worker.key, False
        try:
            result, error = worker.connection.recv()
        except (EOFError, OSError):
            error, result = _farewell(worker), None
            worker.connection.close()
            fresh = self._start()
            self._workers[self._workers.index(worker)] = fresh
            self._greet(fresh)
            if not worker.retried:
                _send(fresh, key, worker.item)
                fresh.retried = True
                return None
        return Outcome(key, result, error)


def _send(worker: _Worker, key: Hashable, item: object) -> None:
    worker.key, worker.item, worker.busy, worker.retried = key, item, True, False
    # A worker that is dead is found by collect(): its end of the pipe is closed.
    with suppress(OSError):
        worker.connection.send(item)


def _farewell(worker: _Worker) -> str:
    worker.process.join()
    code = worker.process.exitcode
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return f"the worker process died ({how})"


def _serve(setup: Callable[[], Callable[[Any], Any]], connection: Connection) -> None:
    """A worker's life: greet with None or an error, then answer items until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        work = setup()
    except Exception as error:
        connection.send(error)
        return
    connection.send(None)
    while True:
        try:
            item = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = (work(item), None)
        except Exception as error:
            answer = (None, f"{type(error).__name__}: {one_line(error)}")
        try:
            connection.send(answer)
        except OSError:
            return
