"""Work in processes of its own: messages, ends, crashes, stops."""

from __future__ import annotations

import os
import signal
import time
from queue import Queue

import pytest

from codesign.errors import UsageError
from codesign.studio.jobs import Job
from tests.helpers.browser import wait_until


def counts(channel):
    for number in range(3):
        channel.send(number)


def echoes(channel):
    while True:
        channel.send(channel.receive())


def refuses(channel):
    raise UsageError("expected a robot,\ngot none")


def breaks(channel):
    raise ZeroDivisionError("oh")


def crashes(channel):
    os.kill(os.getpid(), signal.SIGSEGV)


def waits(channel):
    channel.send(os.getpid())
    time.sleep(600.0)


@pytest.fixture
def started():
    """A function that starts a job; the queue gets its messages and ("end", error)."""

    def start(work):
        queue = Queue()
        job = Job(work, on_message=queue.put, on_end=lambda error: queue.put(("end", error)))
        jobs.append(job)
        return job, queue

    jobs = []
    yield start
    for job in jobs:
        job.stop()


def test_messages_come_in_order_and_then_the_end(started):
    _, queue = started(counts)
    assert [queue.get(timeout=60.0) for _ in range(4)] == [0, 1, 2, ("end", None)]


def test_a_job_gets_messages(started):
    job, queue = started(echoes)
    job.send("a")
    assert queue.get(timeout=60.0) == "a"


@pytest.mark.parametrize(
    ("work", "error"),
    [
        (refuses, "expected a robot, got none"),
        (breaks, "ZeroDivisionError: oh"),
        (crashes, "the process ended by SIGSEGV"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(started, work, error):
    _, queue = started(work)
    assert queue.get(timeout=60.0) == ("end", error)


def test_a_stopped_job_is_dead_and_silent(started):
    job, queue = started(waits)
    pid = queue.get(timeout=60.0)
    job.stop()
    job.stop()
    job.send("nobody")
    wait_until(lambda: not _runs(pid), seconds=20.0)
    time.sleep(0.3)
    assert queue.empty()


def _runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
