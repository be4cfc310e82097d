import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from codesign.cluster import ClusterSettings, start_backend
from codesign.errors import UsageError
from hyperdistill_core.parallel import SerialBackend, WorkerDiedError, WorkerPool


def doubler(offset: int = 0):
    return partial(double, offset)


def double(offset: int, item: int) -> int:
    if item == -1:
        raise ValueError("no negative\nitems")
    if item == -2:
        os.kill(os.getpid(), signal.SIGKILL)
    if item == -3:
        os.kill(os.getpid(), signal.SIGSEGV)
    if item == -4:
        time.sleep(3600)
    return 2 * item + offset


def report_threads():
    return lambda item: os.environ["OMP_NUM_THREADS"]


def broken_setup():
    raise ValueError("no such thing")


def dead_setup():
    os._exit(3)


def drain(pool):
    outcomes = []
    while pool.busy:
        outcomes += pool.collect()
    return {outcome.key: outcome for outcome in outcomes}


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
    assert os.environ.get("OMP_NUM_THREADS") == before


def die_once(marker):
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return "done"
    os.kill(os.getpid(), signal.SIGKILL)


def die_once_setup():
    return die_once


def test_a_worker_killed_for_another_reason_costs_nothing(tmp_path):
    with WorkerPool(die_once_setup, workers=1) as pool:
        for key in ("first", "second"):
            pool.submit(key, tmp_path / key)
            assert drain(pool)[key].result == "done"


def run_program(program: str, **options) -> tuple[int, str, str]:
    """Exit code, output and errors in a process of its own, which has started no worker yet."""
    here = f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", here + program],
        capture_output=True, text=True, timeout=120, check=False, **options,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


ONE_ITEM = """
from test_pool import WorkerPool, drain, report_threads
with WorkerPool(report_threads, workers=1) as pool:
    pool.submit(0, None)
    print(drain(pool)[0].result)
"""


def test_workers_have_one_thread():
    without = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    assert run_program(ONE_ITEM, env=without) == (0, "1\n", "")


def test_files_of_the_user_are_no_packages(tmp_path):
    for name in ("networkx", "statistics"):
        (tmp_path / f"{name}.py").write_text("raise AttributeError('not this one')")
    program = f"import networkx, os, statistics\nos.chdir({str(tmp_path)!r})" + ONE_ITEM
    assert run_program(program) == (0, "1\n", "")


def test_workers_start_where_none_can_be_forked(tmp_path):
    long = tmp_path / ("long" * 25)
    long.mkdir()
    assert run_program(ONE_ITEM, env=os.environ | {"TMPDIR": str(long)}) == (0, "1\n", "")


def test_workers_start_after_the_process_that_they_are_forked_from_is_gone():
    begin = "import os, signal\nfrom multiprocessing import forkserver"
    kill = "os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)"
    assert run_program(begin + ONE_ITEM + kill + ONE_ITEM) == (0, "1\n1\n", "")


def test_what_others_fork_workers_from_is_not_used():
    begin = "from multiprocessing import forkserver\nforkserver.ensure_running()"
    assert run_program(begin + ONE_ITEM) == (0, "1\n", "")


def test_workers_do_not_hear_ctrl_c():
    with WorkerPool(doubler, workers=1) as pool:
        [worker] = pool._workers
        os.kill(worker.process.pid, signal.SIGINT)
        time.sleep(0.1)
        pool.submit(0, 3)
        assert drain(pool)[0].result == 6


def test_even_the_first_worker_starts_with_ctrl_c_blocked():
    program = """
import signal
from functools import partial
from hyperdistill_core.parallel import WorkerPool
with WorkerPool(partial(partial, signal.pthread_sigmask, signal.SIG_BLOCK), workers=1) as pool:
    pool.submit(0, ())
    [outcome] = pool.collect()
print(signal.SIGINT in outcome.result)
"""
    assert run_program(program) == (0, "True\n", "")


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


def hang_once(marker):
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return "done"
    time.sleep(3600)


def hang_once_setup():
    return hang_once


def test_a_worker_that_hung_for_another_reason_costs_nothing(tmp_path):
    # Each item starts with a new time, also the second on a worker.
    with WorkerPool(hang_once_setup, workers=1, time_limit=3.0) as pool:
        for key in ("first", "second"):
            pool.submit(key, tmp_path / key)
            assert drain(pool)[key].result == "done"


def sleeper():
    return time.sleep


def test_a_worker_that_hangs_ends_with_its_parent():
    program = f"""
import os, sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
from test_pool import WorkerPool, sleeper
pool = WorkerPool(sleeper, workers=1)
pool.submit(0, 3600)
os._exit(0)
"""
    # The worker has our end of the pipe as well: it closes when both are gone.
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")


def test_serial_work_is_done_here():
    pool = SerialBackend(partial(doubler, 1))
    assert (pool.idle, pool.busy, pool.collect()) == (1, False, [])
    pool.submit("good", 4)
    with pytest.raises(RuntimeError, match="this process is busy"):
        pool.submit("late", 0)
    assert (pool.idle, pool.busy) == (0, True)
    assert drain(pool)["good"].result == 9
    pool.submit("raises", -1)
    assert drain(pool)["raises"].error == "ValueError: no negative items"
    pool.submit("dropped", 1)
    pool.close()
    assert not pool.busy


def test_a_cluster_without_dask_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "codesign.cluster.dask_pool", raising=False)
    with pytest.raises(UsageError, match=r"needs Dask .*: pip install 'codesign\[cluster\]'"):
        start_backend(
            doubler,
            workers=1,
            time_limit=None,
            cluster=ClusterSettings(kind="local"),
            fingerprint=dict,
        )
