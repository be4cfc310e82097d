"""Runs as processes, and the parts of their databases that must be equal."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from codesign.cli import main

#: Columns of candidates but for times, also those of each task in campaigns on flat and incline.
COMPARED = (
    "number, generation, operator, parents, diff, hash, variant, adaptation, duplicate_of, status, "
    "score, ci_low, ci_high, speed, distance, graph, json_remove(record, '$.seconds', "
    "'$.by_task.flat.seconds', '$.by_task.incline.seconds')"
)
STARTED: list[subprocess.Popen] = []


def start(*arguments: str, **options: Any) -> subprocess.Popen:
    command = [sys.executable, "-m", "codesign", "evolve", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, **pipes, start_new_session=True, **options)
    STARTED.append(process)
    return process


def evolve_here(*arguments: str) -> None:
    """Run, or resume, in this process: a process of its own is for what is to be interrupted."""
    with pytest.raises(SystemExit, match="0"):
        main(["evolve", *arguments])


def finish(process: subprocess.Popen) -> None:
    _, complaints = process.communicate(timeout=300)
    assert process.returncode == 0, complaints


def select(out: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(f"{(out / 'run.sqlite').as_uri()}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def rows(out: Path, what: str = COMPARED) -> list[tuple]:
    return select(out, f"SELECT {what} FROM candidates ORDER BY number")


def history(out: Path) -> list[tuple]:
    events = "SELECT kind, name, generation, number, message, details FROM events "
    stored = select(out, f"{events} WHERE generation IS NOT NULL ORDER BY id")
    return [*select(out, "SELECT * FROM membership"), *stored]


def learned(out: Path) -> list[tuple]:
    """Adaptations, and scores that come from them or from fine-tuning, without times."""
    record = "json_remove(record, '$.seconds')"
    return [
        *select(out, "SELECT * FROM adaptations"),
        *select(out, f"SELECT number, adaptation, score, {record} FROM rescores"),
        *select(out, f"SELECT number, score, {record} FROM finetunings"),
    ]


def wait_for(out: Path, count: int, process: subprocess.Popen) -> None:
    """Wait until a run has as many candidates."""
    exists = (out / "run.sqlite").exists
    wait_until(lambda: exists() and len(rows(out, "number")) >= count, process)


def wait_until(happened: Callable[[], bool], process: subprocess.Popen) -> None:
    """Wait for what a running process does."""
    deadline = time.monotonic() + 300
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def kill_soon(process: subprocess.Popen, rng: random.Random) -> None:
    """Kill a run some time after now, without warning."""
    time.sleep(rng.uniform(0.0, 0.1))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
