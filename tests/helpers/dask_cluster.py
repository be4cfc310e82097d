"""A Dask scheduler and workers of this checkout, as processes on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from codesign.cluster import ClusterSettings

ROOT = Path(__file__).parents[2]
#: Workers import this checkout, and its tests for the functions that they define.
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
}
#: Options of schedulers and workers.
HERE = ("--host", "127.0.0.1", "--no-dashboard")


@dataclass
class RunningCluster:
    """Processes of a cluster, and the folder of their logs."""

    folder: Path
    scheduler: subprocess.Popen[bytes]
    address: str
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    n_started: int = 0

    @property
    def cluster(self) -> ClusterSettings:
        return ClusterSettings(scheduler=self.address, wait=120.0)

    def start_workers(self, number: int) -> None:
        """Add workers of one thread each, and wait until the scheduler knows them."""
        logs: list[Path] = []
        for _ in range(number):
            name = f"worker-{self.n_started}"
            options = ("--nthreads", "1", "--no-nanny", "--name", name)
            command = ("worker", self.address, *HERE, *options)
            self.workers.append(launch(self.folder, name, *command))
            logs.append(self.folder / f"{name}.log")
            self.n_started += 1
        for log in logs:
            _await_line(log, "Registered to:")

    def replace_dead_workers(self) -> None:
        alive = [worker for worker in self.workers if worker.poll() is None]
        n_dead = len(self.workers) - len(alive)
        self.workers = alive
        self.start_workers(n_dead)


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


def started_cluster(folder: Path, *, workers: int = 2) -> Generator[RunningCluster]:
    """A scheduler with workers; all end with the generator."""
    address = f"tcp://127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    scheduler = launch(folder, "scheduler", "scheduler", *HERE, "--port", port)
    started = RunningCluster(folder, scheduler, address)
    try:
        # A busy machine may take long to import Dask.
        _await_line(folder / "scheduler.log", "Scheduler at:")
        started.start_workers(workers)
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
