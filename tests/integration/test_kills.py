"""Runs that are killed again and again, and runs that cannot write: nothing is lost.

CODESIGN_KILLS says how many kills there are in all; ``make soak`` asks for 50.
"""

from __future__ import annotations

import os
import random
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from run_processes import STARTED, finish, history, kill_soon, rows, start, wait_for

pytestmark = pytest.mark.slow

ALGORITHMS = {
    "aging": {},
    "mu_plus_lambda": {"rates.adaptive": "true"},
    "map_elites": {"descriptors": "['limbs', 'mass']", "bins": "4"},
    "islands": {"islands": "['aging', 'mu_plus_lambda']", "population": "8", "migrate_every": "4"},
}
KILLS = int(os.environ.get("CODESIGN_KILLS", "8"))
TOTAL = 40


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    yield
    while STARTED:
        STARTED.pop().kill()


def options(algorithm: str, controller: Path) -> list[str]:
    settings = {
        "population": "6",
        "generations": "6",
        "candidates": str(TOTAL),
        "episodes": "1",
        "final_episodes": "2",
        "finalists": "3",
        "in_flight": "3",
        "top": "1",
        "seed": "4",
        "algorithm": algorithm,
        "controller": str(controller),
        **ALGORITHMS[algorithm],
    }
    return [f"--set={key}={value}" for key, value in settings.items()]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_killed_at_random_moments(algorithm, tiny_controller, tmp_path):
    given = options(algorithm, tiny_controller)
    whole, out = tmp_path / "whole", tmp_path / "killed"
    finish(start(*given, "--out", str(whole), "--workers", "1"))
    moment = random.Random(algorithm)
    process = start(*given, "--out", str(out), "--workers", "2")
    kills = max(1, KILLS // len(ALGORITHMS))
    for kill in range(kills):
        # A few candidates more each time, so that every kill finds work going on.
        wait_for(out, kill * (TOTAL - 8) // kills, process)
        kill_soon(process, moment)
        workers = str(moment.choice((1, 2, 3)))
        if not out.exists():  # killed before there was a run
            process = start(*given, "--out", str(out), "--workers", workers)
        else:
            process = start("--resume", str(out), "--workers", workers)
    finish(process)
    assert len(rows(out)) == TOTAL
    assert rows(out) == rows(whole)
    assert history(out) == history(whole)


def test_a_full_disk_is_one_line_and_the_run_goes_on_later(tiny_controller, tmp_path):
    given = options("aging", tiny_controller)
    whole, out = tmp_path / "whole", tmp_path / "full"
    finish(start(*given, "--out", str(whole), "--workers", "1"))

    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    process = start(*given, "--out", str(out), "--workers", "1", preexec_fn=no_large_files)
    _, complaint = process.communicate(timeout=300)
    assert process.returncode == 1
    assert complaint.count("\n") == 1
    assert complaint.startswith(f"error: cannot write to {out / 'run.sqlite'}: ")
    assert 0 < len(rows(out)) < TOTAL
    finish(start("--resume", str(out), "--workers", "2"))
    assert rows(out) == rows(whole)
    assert history(out) == history(whole)
