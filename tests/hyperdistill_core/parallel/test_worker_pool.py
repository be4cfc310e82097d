"""Items on worker processes: results, errors, deaths, time limits."""

from __future__ import annotations

import os
import signal
import time
from functools import partial

import pytest

from hyperdistill_core.parallel import WorkerDiedError, WorkerError, WorkerPool
from tests.helpers.pool_work import (
    broken_setup,
    dead_setup,
    die_once_setup,
    doubler,
    drain,
    hang_once_setup,
)


def test_errors_and_items_that_kill_cost_only_themselves():
    before = os.environ.get("OMP_NUM_THREADS")
    with WorkerPool(partial(doubler, 1), workers=2) as pool:
        pool.submit("good", 4)
        pool.submit("raises", -1)
        with pytest.raises(RuntimeError, match="every worker is busy"):
            pool.submit("late", 0)
        found = drain(pool)
        pool.submit("dies", -2)
        found |= drain(pool)
        pool.submit("after", 5)
        found |= drain(pool)
    assert (found["good"].result, found["after"].result) == (9, 11)
    assert found["raises"].error == "ValueError: no negative items"
    assert found["dies"].error == "the worker process died (killed by SIGKILL)"
    assert found["dies"].exception is None
    assert os.environ.get("OMP_NUM_THREADS") == before


def test_exceptions_come_with_the_workers_traceback():
    with WorkerPool(doubler, workers=1) as pool:
        pool.submit("raises", -1)
        raised = drain(pool)["raises"].exception
        pool.submit("other", -5)
        other = drain(pool)["other"]
    assert isinstance(raised, ValueError)
    assert str(raised) == "no negative\nitems"
    assert "in a worker process:\nTraceback" in raised.__notes__[0]
    assert "pool_work.py" in raised.__notes__[0]
    assert isinstance(other.exception, WorkerError)
    assert other.error.startswith("UnpicklableError: <function")


def test_a_worker_killed_for_another_reason_costs_nothing(tmp_path):
    with WorkerPool(die_once_setup, workers=1) as pool:
        for key in ("first", "second"):
            pool.submit(key, tmp_path / key)
            assert drain(pool)[key].result == "done"


def test_workers_ignore_ctrl_c():
    with WorkerPool(doubler, workers=1) as pool:
        os.kill(pool.pids[0], signal.SIGINT)
        time.sleep(0.1)
        pool.submit(0, 3)
        assert drain(pool)[0].result == 6


def test_a_setup_that_fails_is_raised_here():
    with pytest.raises(ValueError, match="no such thing"):
        WorkerPool(broken_setup, workers=1)


def test_a_setup_that_dies():
    with pytest.raises(WorkerDiedError, match="exit code 3"):
        WorkerPool(dead_setup, workers=1)


def test_items_that_hang_or_crash_cost_only_themselves():
    with WorkerPool(doubler, workers=2, time_limit=3.0) as pool:
        pool.submit("hangs", -4)
        pool.submit("crashes", -3)
        found = drain(pool)
        pool.submit("after", 5)
        found |= drain(pool)
    assert found["hangs"].error == "no answer within 3 s"
    assert found["crashes"].error == "the worker process died (killed by SIGSEGV)"
    assert found["after"].result == 10


def test_a_worker_that_hung_for_another_reason_costs_nothing(tmp_path):
    # Each item starts with a new time limit, also the second one on a worker.
    with WorkerPool(hang_once_setup, workers=1, time_limit=3.0) as pool:
        for key in ("first", "second"):
            pool.submit(key, tmp_path / key)
            assert drain(pool)[key].result == "done"


def test_the_pool_describes_itself():
    with WorkerPool(doubler, workers=2) as pool:
        assert (pool.parallelism, pool.location, pool.idle) == (2, "2 worker processes", 2)
        assert len(set(pool.pids)) == 2
        assert not pool.busy
        assert pool.collect() == []
