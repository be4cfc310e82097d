"""A Dask scheduler and workers of this checkout, as processes on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from codesign.cluster import ClusterSettings

ROOT = Path(__file__).parents[2]
#: Workers import this checkout, and its tests for the functions that they define.
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
}


@dataclass
class RunningCluster:
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]
    address: str

    @property
    def cluster(self) -> ClusterSettings:
        return ClusterSettings(scheduler=self.address, wait=120.0)


def launch(folder: Path, name: str, *arguments: str) -> subprocess.Popen[bytes]:
    with open(folder / f"{name}.log", "w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            cwd=folder, env=ENVIRONMENT, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started_cluster(
    folder: Path, workers: tuple[str, ...] = ("first", "second")
) -> Generator[RunningCluster]:
    """A scheduler with workers of one thread each; all end with the generator."""
    address = f"tcp://127.0.0.1:{free_port()}"
    here = ("--host", "127.0.0.1", "--no-dashboard")
    port = address.rpartition(":")[2]
    scheduler = launch(folder, "scheduler", "scheduler", *here, "--port", port)
    started = RunningCluster(scheduler, [], address)
    try:
        # A busy machine may take long to import Dask.
        _await_line(folder / "scheduler.log", "Scheduler at:")
        for name in workers:
            options = ("--nthreads", "1", "--no-nanny", "--name", name)
            started.workers.append(launch(folder, name, "worker", address, *here, *options))
        for name in workers:
            _await_line(folder / f"{name}.log", "Registered to:")
        yield started
    finally:
        for process in (*started.workers, started.scheduler):
            process.kill()
            process.wait()


def _await_line(log: Path, words: str) -> None:
    deadline = time.monotonic() + 120
    while words not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
