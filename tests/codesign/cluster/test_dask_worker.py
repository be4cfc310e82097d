"""What a Dask worker does with jobs and their child processes; Dask itself is not needed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import pytest

from codesign.cluster import dask_worker
from codesign.cluster.dask_worker import Job, OtherVersionError, WorkerJobs
from tests.helpers.pool_work import broken_setup, pid_reporter


@pytest.fixture
def tokens() -> Iterator[list[str]]:
    used = ["first", "second", "third"]
    yield used
    for token in used:
        dask_worker.end(token)


def new_job(token: str, **changes) -> Job:
    version = {"version": "1"}
    return Job(**{
        "token": token,
        "setup": pid_reporter,
        "time_limit": None,
        "fingerprint": version.copy,
        "expected": version,
        **changes,
    })  # fmt: skip


def running() -> set[int | None]:
    return {process.pid for process in multiprocessing.active_children()}


def test_a_child_works_on_one_item_after_the_other(tokens):
    job = new_job(tokens[0])
    dask_worker.prepare(job)
    pids = {dask_worker.work(job, number, None).result for number in range(3)}
    assert len(pids) == 1
    assert pids <= running()
    dask_worker.end(job.token)
    assert not pids & running()


def test_only_the_latest_jobs_keep_their_children(tokens):
    jobs = [new_job(token) for token in tokens]
    first, second = (dask_worker.work(job, 0, None).result for job in jobs[:2])
    assert dask_worker.work(jobs[0], 1, None).result == first
    third = dask_worker.work(jobs[2], 0, None).result
    assert dask_worker.MAX_JOBS == 2
    assert {first, third} <= running()
    assert second not in running(), "it was used least recently"


def test_a_child_that_is_lent_ends_when_it_is_returned(tokens):
    jobs = WorkerJobs()
    with jobs.children_of(new_job(tokens[0])).lend() as child:
        jobs.end(tokens[0])
        child.submit(0, None)
        [outcome] = child.collect()
        assert outcome.result in running()
    assert outcome.result not in running()


def test_other_software_and_broken_setups_are_refused(tokens):
    other = new_job(tokens[0], expected={"version": "2", "mujoco": "3"})
    with pytest.raises(OtherVersionError, match=r"version: expected 2, got 1; mujoco: .* got not"):
        dask_worker.prepare(other)
    with pytest.raises(ValueError, match="no such thing"):
        dask_worker.prepare(new_job(tokens[1], setup=broken_setup))
