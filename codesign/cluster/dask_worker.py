"""What a Dask worker does: it hands items to child processes of its own.

A body that crashes or hangs costs a child, never the Dask worker, and the children are those
of :class:`~hyperdistill_core.parallel.WorkerPool`, with its time limit. There are as many at work as the
Dask worker has threads, and each sets itself up once.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hyperdistill_core.parallel.backend import Outcome
from hyperdistill_core.parallel.worker_pool import WorkerPool

#: A Dask worker keeps the children of so many jobs; those of a coordinator that was killed
#: would else stay for ever.
MOST_JOBS = 2


class OtherVersionError(RuntimeError):
    """A Dask worker has other software or files than the coordinator. One line for people."""


@dataclass(frozen=True)
class Job:
    """What Dask workers have to know, once for all items.

    Attributes:
        token: of this job alone.
        setup: as of :class:`~hyperdistill_core.parallel.WorkerPool`.
        time_limit: as of :class:`~hyperdistill_core.parallel.WorkerPool`.
        fingerprint: what must be the same everywhere, by name; called on the worker.
        expected: what it returned to the coordinator.
    """

    token: str
    setup: Callable[[], Callable[[Any], Any]]
    time_limit: float | None
    fingerprint: Callable[[], Mapping[str, str]]
    expected: Mapping[str, str]

    def check(self) -> None:
        """Compare this worker with the coordinator.

        Raises:
            OtherVersionError: they differ.
        """
        found = self.fingerprint()
        differing = [
            f"{name}: expected {value}, got {found.get(name, 'nothing')}"
            for name, value in self.expected.items()
            if found.get(name) != value
        ]
        if differing:
            raise OtherVersionError("; ".join(differing))


def prepare(job: Job) -> None:
    """Start a child before there is an item, to know that it can be set up.

    Raises:
        OtherVersionError: this worker is another than the coordinator.
        Exception: what ``setup`` raised.
    """
    with _children_of(job).one():
        pass


def work(job: Job, key: Hashable, item: object) -> Outcome:
    """What becomes of an item; raises what :func:`prepare` raises."""
    with _children_of(job).one() as child:
        child.submit(key, item)
        [outcome] = child.collect()
    return outcome


def end(token: str) -> None:
    """End the children of a job; one that is at work ends after its item."""
    with _LOCK:
        children = _JOBS.pop(token, None)
    if children is not None:
        children.close()


class _Children:
    def __init__(self, job: Job) -> None:
        job.check()
        self._job = job
        self._lock = threading.Lock()
        self._free: list[WorkerPool] = []
        self._closed = False

    @contextmanager
    def one(self) -> Iterator[WorkerPool]:
        """A child for one item."""
        with self._lock:
            child = self._free.pop() if self._free else None
        if child is None:
            child = WorkerPool(self._job.setup, workers=1, time_limit=self._job.time_limit)
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
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for child in free:
            child.close()


# Dask gives a task no other place for what outlives it. Jobs by token, the latest used last.
_JOBS: OrderedDict[str, _Children] = OrderedDict()
_LOCK = threading.Lock()


def _children_of(job: Job) -> _Children:
    with _LOCK:
        if job.token not in _JOBS:
            # Dask marks its workers as daemons, which may have no children. Ours need no
            # such care: they end with their parent.
            multiprocessing.current_process().daemon = False
            _JOBS[job.token] = _Children(job)
        _JOBS.move_to_end(job.token)
        surplus = [_JOBS.popitem(last=False)[1] for _ in range(len(_JOBS) - MOST_JOBS)]
        children = _JOBS[job.token]
    for other in surplus:
        other.close()
    return children
