"""A Dask worker's side of a pool: it passes items to child processes of its own.

A body that crashes or hangs costs a child process, never the Dask worker. The children are
those of :class:`~hyperdistill_core.parallel.WorkerPool`, with its time limit and its second
attempt. A Dask worker has as many children at work as it has threads, and each child sets itself
up once.

The functions of this module run on Dask workers. Dask sends them by name.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from hyperdistill_core.parallel import Outcome, WorkerPool

#: Number of jobs whose children a Dask worker keeps. Without this limit, the children of a
#: coordinator that was killed would stay forever.
MAX_JOBS = 2
_Child: TypeAlias = WorkerPool[Any, Any]


class OtherVersionError(RuntimeError):
    """A Dask worker has other software or files than the coordinator. One line for people."""


@dataclass(frozen=True)
class Job:
    """What Dask workers need for all items of a pool.

    Attributes:
        token: Unique name of the pool.
        setup: Setup function, as of :class:`~hyperdistill_core.parallel.WorkerPool`.
        time_limit: Longest time that an item may take (s); None for no limit.
        fingerprint: Function that returns, by name, what must be equal everywhere. It is called
            on the worker.
        expected: Result of ``fingerprint`` on the coordinator.
    """

    token: str
    setup: Callable[[], Callable[[Any], Any]]
    time_limit: float | None
    fingerprint: Callable[[], Mapping[str, str]]
    expected: Mapping[str, str]

    def check(self) -> None:
        """Compare this worker with the coordinator.

        Raises:
            OtherVersionError: They differ. The message names every difference.
        """
        found = self.fingerprint()
        differences = [
            f"{name}: expected {value}, got {found.get(name, 'nothing')}"
            for name, value in self.expected.items()
            if found.get(name) != value
        ]
        if differences:
            raise OtherVersionError("; ".join(differences))


def prepare(job: Job) -> None:
    """Start a child before there is an item, which shows whether its setup works.

    Raises:
        OtherVersionError: This worker differs from the coordinator.
        Exception: The error that ``setup`` raised.
    """
    with worker_jobs().children_of(job).lend():
        pass


def work(job: Job, key: Hashable, item: object) -> Outcome[Any]:
    """Return the outcome of an item.

    Raises:
        OtherVersionError: This worker differs from the coordinator.
        Exception: The error that ``setup`` raised.
    """
    with worker_jobs().children_of(job).lend() as child:
        child.submit(key, item)
        [outcome] = child.collect()
    return outcome


def end(token: str) -> None:
    """End the children of a job; a child at work ends after its item."""
    worker_jobs().end(token)


class Children:
    """The child processes of one job on one Dask worker.

    Args:
        job: Job of the children.

    Raises:
        OtherVersionError: This worker differs from the coordinator.
    """

    def __init__(self, job: Job) -> None:
        job.check()
        self._job = job
        self._lock = threading.Lock()
        self._free: list[_Child] = []
        self._closed = False

    @contextmanager
    def lend(self) -> Generator[_Child]:
        """Lend a child for one item; start one if none is free."""
        with self._lock:
            child = self._free.pop() if self._free else None
        if child is None:
            child = WorkerPool[Any, Any](
                self._job.setup, workers=1, time_limit=self._job.time_limit
            )
        try:
            yield child
        except BaseException:
            child.close()
            raise
        with self._lock:
            keep = not self._closed
            if keep:
                self._free.append(child)
        if not keep:
            child.close()

    def close(self) -> None:
        """End the free children now, and each lent one when it is returned."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for child in free:
            child.close()


class WorkerJobs:
    """The jobs that this Dask worker has children for, the latest used last.

    Use :func:`worker_jobs`, which returns the one instance of a process. Dask calls functions,
    one for each item, in any thread of the worker. The children outlive the call, so that they
    belong to the process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Children] = OrderedDict()

    def children_of(self, job: Job) -> Children:
        """Return the children of a job; end those of jobs that were not used for long.

        Raises:
            OtherVersionError: This worker differs from the coordinator.
        """
        with self._lock:
            if job.token not in self._jobs:
                # Dask marks its workers as daemons, and multiprocessing refuses children of a
                # daemon because they would outlive it. Ours end with their parent.
                multiprocessing.current_process().daemon = False
                self._jobs[job.token] = Children(job)
            self._jobs.move_to_end(job.token)
            surplus = [self._jobs.popitem(last=False)[1] for _ in range(len(self._jobs) - MAX_JOBS)]
            children = self._jobs[job.token]
        for other in surplus:
            other.close()
        return children

    def end(self, token: str) -> None:
        """End the children of a job, if it has any; a child at work ends after its item."""
        with self._lock:
            children = self._jobs.pop(token, None)
        if children is not None:
            children.close()


@cache
def worker_jobs() -> WorkerJobs:
    """Return the jobs of this process; :class:`WorkerJobs` says why there is one."""
    return WorkerJobs()
