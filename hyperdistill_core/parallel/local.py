"""The two local backends by number of workers, and a map over one of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, cast

from hyperdistill_core.parallel.backend import Backend, Item, Result, WorkerDiedError
from hyperdistill_core.parallel.serial import SerialBackend
from hyperdistill_core.parallel.worker_pool import WorkerPool


def start_local_backend(
    setup: Callable[[], Callable[[Item], Result]],
    *,
    workers: int,
    time_limit: float | None = None,
) -> Backend[Item, Result]:
    """Start a backend on this machine.

    Args:
        setup: Picklable function that every worker calls once. It returns the function that
            makes a result of an item. Items and results must be picklable.
        workers: Number of worker processes; 0 to work in this process.
        time_limit: Longest time that an item may take in a worker process (s); None for no
            limit.

    Raises:
        Exception: The error that ``setup`` raised.
        WorkerDiedError: A worker died during its setup.

    Examples:
        >>> start_local_backend(lambda: abs, workers=0).location
        'this process'
    """
    if workers == 0:
        return SerialBackend(setup)
    return WorkerPool(setup, workers=workers, time_limit=time_limit)


def map_in_workers(
    setup: Callable[[], Callable[[Item], Result]],
    items: Sequence[Item],
    *,
    workers: int | None = None,
) -> Generator[Result]:
    """Yield the results of items, in their order, as worker processes complete them.

    If the caller stops early, the workers end at once.

    Args:
        setup: As of :func:`start_local_backend`.
        items: Picklable arguments of the function that ``setup`` returns.
        workers: Number of worker processes; None for one for each core. There are never more
            than items.

    Raises:
        Exception: The error that ``setup`` or an item raised in a worker.
        WorkerDiedError: A worker died during its setup, or an item cost two workers.
        WorkerError: An item raised an error that cannot be passed between processes.

    Examples:
        >>> from functools import partial
        >>> from operator import methodcaller
        >>> list(map_in_workers(partial(methodcaller, "upper"), ["abc", "de"], workers=1))
        ['ABC', 'DE']
    """
    waiting = iter(enumerate(items))
    results: dict[int, Any] = {}
    with WorkerPool(setup, workers=min(workers or os.cpu_count() or 1, len(items))) as pool:
        _submit(pool, waiting)
        for number in range(len(items)):
            while number not in results:
                for outcome in pool.collect():
                    if outcome.error is not None:
                        raise outcome.exception or WorkerDiedError(outcome.error)
                    results[cast("int", outcome.key)] = outcome.result
                _submit(pool, waiting)
            yield results.pop(number)


def _submit(pool: WorkerPool[Item, Any], waiting: Iterator[tuple[int, Item]]) -> None:
    """Submit items until no worker is idle, or no item is left."""
    for _, (number, item) in zip(range(pool.idle), waiting, strict=False):
        pool.submit(number, item)
