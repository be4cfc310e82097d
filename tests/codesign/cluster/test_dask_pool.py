"""Work on a Dask cluster: a real scheduler and real worker processes on this machine."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from codesign.cluster import ClusterSettings, dask_worker
from codesign.errors import RunError, UsageError
from codesign.scoring.fingerprint import fingerprint
from tests.helpers.dask_cluster import ENVIRONMENT, RunningCluster, free_port, started_cluster
from tests.helpers.pool_work import drain

psutil = pytest.importorskip("psutil", reason="comes with Dask")
distributed = pytest.importorskip("distributed", reason="pip install 'codesign[cluster]'")
dask_pool = importlib.import_module("codesign.cluster.dask_pool")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def started(tmp_path_factory) -> Iterator[RunningCluster]:
    yield from started_cluster(tmp_path_factory.mktemp("dask"))


@pytest.fixture
def running(started) -> RunningCluster:
    """A cluster with two workers; a test may kill them."""
    started.replace_dead_workers()
    return started


def same() -> dict[str, str]:
    return {"version": "1"}


def doubler():
    return double


def double(item: int | Path | str) -> int | str | None:
    """Twice a number; paths and texts do other things."""
    if item == "raises":
        raise ValueError("no such\nitem")
    if item == "sleeps":
        time.sleep(3600)
    if item == "crashes":
        os.kill(os.getpid(), signal.SIGSEGV)
    if isinstance(item, Path):  # a file for notes: who works, slowly enough to be killed
        dask_process = multiprocessing.parent_process()
        assert dask_process is not None
        with open(item, "a") as file:
            file.write(f"{dask_process.pid}\n")
        time.sleep(0.5)
        return None
    if item == "pid":
        return os.getpid()
    return 2 * item


def broken():
    raise ValueError("no such thing")


def pool_on(cluster: ClusterSettings, setup=doubler, *, time_limit=60.0, fingerprint=same) -> Any:
    return dask_pool.DaskPool(
        setup, cluster=cluster, time_limit=time_limit, fingerprint=fingerprint
    )


def test_errors_hangs_and_crashes_cost_only_their_items(running):
    items = {"good": 4, "raises": "raises", "hangs": "sleeps", "crashes": "crashes", "after": 5}
    with closing(pool_on(running.cluster, time_limit=3.0)) as pool:
        assert pool.idle == dask_pool.ITEMS_PER_THREAD * 2
        assert not pool.busy
        assert pool.collect() == []
        waiting = list(items.items())
        found = {}
        while waiting or pool.busy:
            while waiting and pool.idle:
                pool.submit(*waiting.pop(0))
            found |= {outcome.key: outcome for outcome in pool.collect()}
        assert pool.location == f"2 threads of {running.address}"
    assert (found["good"].result, found["after"].result) == (8, 10)
    assert found["raises"].error == "ValueError: no such item"
    assert found["hangs"].error == "no answer within 3 s"
    assert found["crashes"].error == "the worker process died (killed by SIGSEGV)"
    # The Dask workers themselves still run.
    assert [worker.poll() for worker in running.workers] == [None, None]


def test_items_beyond_the_room_are_refused(running):
    with closing(pool_on(running.cluster)) as pool:
        for number in range(dask_pool.ITEMS_PER_THREAD * 2):
            pool.submit(number, number)
        with pytest.raises(RuntimeError, match="every worker is busy"):
            pool.submit("late", 0)
        assert {key: o.result for key, o in drain(pool).items()} == {0: 0, 1: 2, 2: 4, 3: 6}


def test_a_setup_that_fails_is_raised_here(running):
    with pytest.raises(ValueError, match="no such thing"):
        pool_on(running.cluster, broken)


def other_software(ours: int) -> dict[str, str]:
    """Another version in this process than in any other."""
    return {"mujoco": "3.14.0", "codesign": "1.0" if os.getpid() == ours else "0.9"}


def test_workers_with_other_software_are_refused(running):
    message = (
        "differs from this process: codesign: expected 1.0, got 0.9: install the same versions"
    )
    with pytest.raises(UsageError, match=message):
        pool_on(running.cluster, fingerprint=partial(other_software, os.getpid()))


def test_a_worker_with_other_software_that_comes_later_is_refused(running):
    with closing(pool_on(running.cluster)) as pool:
        pool.job = replace(pool.job, token="later", expected={"version": "2"})
        pool.submit("item", 1)
        with pytest.raises(UsageError, match="version: expected 2, got 1"):
            pool.collect()


def test_a_controller_that_workers_do_not_have_is_refused(tiny_controller, tmp_path):
    file = tmp_path / "controller.safetensors"
    file.write_bytes(tiny_controller.read_bytes())
    of_file = partial(fingerprint, file)
    job = dask_worker.Job("token", doubler, None, of_file, of_file())
    job.check()
    file.write_bytes(b"another")
    with pytest.raises(
        dask_worker.OtherVersionError, match=rf"^controller {file}: expected \w+, got"
    ):
        job.check()
    file.unlink()
    with pytest.raises(dask_worker.OtherVersionError, match="got no such file"):
        job.check()


def test_no_scheduler_is_one_line(monkeypatch):
    monkeypatch.setattr(dask_pool, "CONNECT_S", 0.5)
    with pytest.raises(UsageError, match="no Dask scheduler answers at tcp:"):
        pool_on(ClusterSettings(scheduler=f"tcp://127.0.0.1:{free_port()}"))


def test_a_scheduler_without_workers_is_one_line(tmp_path):
    with closing(started_cluster(tmp_path, workers=0)) as cluster:
        impatient = next(cluster).cluster.model_copy(update={"wait": 0.5})
        with pytest.raises(RunError, match=r"expected 1 or more workers at .* got 0: start some"):
            pool_on(impatient)


def test_a_scheduler_that_dies_is_one_line(tmp_path):
    with closing(started_cluster(tmp_path, workers=1)) as cluster:
        running = next(cluster)
        with closing(pool_on(running.cluster)) as pool:
            pool.submit("item", "sleeps")
            running.scheduler.kill()
            with pytest.raises(RunError, match="is gone"):
                pool.collect()


def sent_future(pool) -> Any:
    """The future of the only item that was sent."""
    (key,) = [key for key in pool.client.futures if "codesign" in str(key)]
    return distributed.Future(key, client=pool.client)


def test_an_item_that_the_scheduler_drops_is_sent_again(running):
    with closing(pool_on(running.cluster)) as pool:
        pool.submit("item", 2)
        sent_future(pool).cancel()
        assert drain(pool)["item"].result == 4


CTRL_C = """
import shutil, signal
from codesign.cluster import ClusterSettings
from codesign.cluster.start_cluster import start_cluster
from codesign.errors import UsageError
shutil.which = lambda command: None
before = signal.getsignal(signal.SIGINT)
try:
    start_cluster(ClusterSettings(kind="slurm", jobs=1))
except UsageError as error:
    print("sbatch" in str(error), signal.getsignal(signal.SIGINT) is before)
"""


def test_a_queueing_system_leaves_ctrl_c_alone():
    done = subprocess.run(
        [sys.executable, "-c", CTRL_C], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True True\n"


def test_children_end_with_their_job(running):
    with closing(pool_on(running.cluster)) as pool:
        pool.submit("item", "pid")
        child = psutil.Process(drain(pool)["item"].result)
    _, left = psutil.wait_procs([child], timeout=60)
    assert not left


def version_in(path: Path) -> dict[str, str]:
    return {"version": path.read_text()}


@pytest.mark.parametrize("changed", [False, True])
def test_a_result_that_is_lost_with_its_worker_is_computed_again(running, tmp_path, changed):
    version = tmp_path / "version"
    version.write_text("1")
    with closing(pool_on(running.cluster, fingerprint=partial(version_in, version))) as pool:
        pool.submit("item", 2)
        future = sent_future(pool)
        assert future.exception() is None  # waits
        ((holder, *_),) = pool.client.who_has([future]).values()
        if changed:
            version.write_text("2")
            pool.client.run(
                dask_worker.end, pool.job.token
            )  # the next setup checks the version again
        pid = pool.client.run(os.getpid, workers=[holder])[holder]
        os.kill(pid, signal.SIGKILL)
        running.workers[[w.pid for w in running.workers].index(pid)].wait()
        if changed:
            with pytest.raises(UsageError, match="differs from this process: version: expected 1"):
                drain(pool)
        else:
            assert drain(pool)["item"].result == 4


def worker_at_work(notes: Path) -> int:
    """Process id of the Dask worker whose child wrote a note first."""
    deadline = time.monotonic() + 120
    while not notes.exists() or not notes.read_text().endswith("\n"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return int(notes.read_text().split()[0])


def test_a_dask_worker_that_dies_costs_nothing(running, tmp_path):
    notes = tmp_path / "notes"
    with closing(pool_on(running.cluster)) as pool:
        for number in range(dask_pool.ITEMS_PER_THREAD * 2):
            pool.submit(number, notes)
        victim = worker_at_work(notes)
        os.kill(victim, signal.SIGKILL)
        found = drain(pool)
        assert sorted(found) == [0, 1, 2, 3]
        assert {outcome.error for outcome in found.values()} == {None}
        pool.submit("after", 2)
        assert drain(pool)["after"].result == 4
    assert victim in {worker.pid for worker in running.workers}


def test_an_item_fails_after_too_many_dead_workers(tmp_path, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    notes = tmp_path / "notes"
    with closing(started_cluster(tmp_path, workers=1)) as cluster:
        running = next(cluster)
        with closing(pool_on(running.cluster)) as pool:
            pool.submit("item", notes)
            os.kill(worker_at_work(notes), signal.SIGKILL)
            assert drain(pool)["item"].error == "Dask workers that died with it: 1"
