"""The serial backend, and a map over items."""

from __future__ import annotations

import multiprocessing
from contextlib import closing
from functools import partial

import pytest

from hyperdistill_core.parallel import (
    SerialBackend,
    WorkerDiedError,
    WorkerError,
    WorkerPool,
    map_in_workers,
    start_local_backend,
)
from tests.helpers.pool_work import broken_setup, doubler, drain


def test_serial_work_is_done_here():
    backend = SerialBackend(partial(doubler, 1))
    assert (backend.idle, backend.busy, backend.collect()) == (1, False, [])
    backend.submit("good", 4)
    with pytest.raises(RuntimeError, match="this process is busy"):
        backend.submit("late", 0)
    assert (backend.idle, backend.busy) == (0, True)
    assert drain(backend)["good"].result == 9
    backend.submit("raises", -1)
    failed = drain(backend)["raises"]
    assert failed.error == "ValueError: no negative items"
    assert isinstance(failed.exception, ValueError)
    backend.submit("dropped", 1)
    backend.close()
    assert not backend.busy
    assert (backend.parallelism, backend.location) == (1, "this process")


def test_the_number_of_workers_chooses_the_backend():
    assert isinstance(start_local_backend(doubler, workers=0), SerialBackend)
    with closing(start_local_backend(doubler, workers=1)) as pool:
        assert isinstance(pool, WorkerPool)


def test_a_map_yields_in_order():
    items = list(range(20))
    assert list(map_in_workers(doubler, items, workers=3)) == [2 * item for item in items]
    assert list(map_in_workers(doubler, [], workers=3)) == []


@pytest.mark.parametrize(
    ("item", "error", "message"),
    [
        (-1, ValueError, "no negative\nitems"),
        (-2, WorkerDiedError, "killed by SIGKILL"),
        (-5, WorkerError, "UnpicklableError: <function"),
    ],
)
def test_a_map_raises_what_an_item_raised(item, error, message):
    with pytest.raises(error, match=message):
        list(map_in_workers(doubler, [1, item, 2], workers=1))


def test_a_map_raises_what_the_setup_raised():
    with pytest.raises(ValueError, match="no such thing"):
        list(map_in_workers(broken_setup, [1], workers=1))


def test_a_map_that_stops_early_leaves_no_worker():
    before = set(multiprocessing.active_children())
    results = map_in_workers(doubler, [1, -4, -4], workers=2)
    assert next(results) == 2
    results.close()
    assert set(multiprocessing.active_children()) <= before
