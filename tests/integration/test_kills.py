"""Runs that are killed again and again, and runs that cannot write: nothing is lost.

CODESIGN_KILLS says how many kills there are in all; ``make soak`` asks for 50.
"""

from __future__ import annotations

import ctypes
import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.helpers.made_once import made_once
from tests.helpers.run_processes import (
    STARTED,
    evolve_here,
    finish,
    history,
    kill_soon,
    learned,
    rows,
    start,
    wait_for,
    wait_until,
)

pytestmark = pytest.mark.slow

ALGORITHMS = {
    "aging": {"variants": "4", "task": "csr", "brood": "2"},
    "mu_plus_lambda": {"rates.adaptive": "true", "tasks": "['flat', 'incline']"},
    "map_elites": {"descriptors": "['limbs', 'mass']", "bins": "4", "reevaluate_every": "2"},
    "islands": {"islands": "['aging', 'mu_plus_lambda']", "population": "8", "migrate_every": "4"}
    | {"best_of": "2"},
    "nsga2": {"adaptation": "{every=2, steps=3000, bodies=4, simulations=2, threads=1}"}
    | {"finetune_steps": "800"},
}
KILLS = int(os.environ.get("CODESIGN_KILLS", "8"))
TOTAL = 40
Uninterrupted: TypeAlias = Callable[[str], Path]


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
        "reevaluation_episodes": "2",
        "finalists": "3",
        "in_flight": "3",
        "top": "1",
        "seed": "4",
        "algorithm": algorithm,
        "controller": str(controller),
        "screened": "0",
        "brood": "1",
        "finetune_steps": "0",
        **ALGORITHMS[algorithm],
    }
    return [f"--set={key}={value}" for key, value in settings.items()]


@pytest.fixture(scope="module")
def uninterrupted(
    variant_controller: Path, tmp_path_factory: pytest.TempPathFactory
) -> Uninterrupted:
    """The run of an algorithm as it is when nothing happens."""

    def run(algorithm: str) -> Path:
        given = options(algorithm, variant_controller)

        def make(folder: Path) -> None:
            evolve_here(*given, "--out", str(folder / "whole"), "--workers", "1")

        return made_once(tmp_path_factory, f"uninterrupted-{algorithm}", make) / "whole"

    return run


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_killed_at_random_moments(algorithm, uninterrupted, variant_controller, tmp_path):
    given = options(algorithm, variant_controller)
    whole, out = uninterrupted(algorithm), tmp_path / "killed"
    rng = random.Random(algorithm)
    process = start(*given, "--out", str(out), "--workers", "2")
    kills = max(1, KILLS // len(ALGORITHMS))
    for kill in range(kills):
        # A few candidates more each time, so that every kill finds work going on.
        wait_for(out, kill * (TOTAL - 8) // kills, process)
        kill_soon(process, rng)
        workers = str(rng.choice((1, 2, 3)))
        if not out.exists():  # killed before there was a run
            process = start(*given, "--out", str(out), "--workers", workers)
        else:
            process = start("--resume", str(out), "--workers", workers)
    finish(process)
    assert len(rows(out)) == TOTAL
    assert rows(out) == rows(whole)
    assert history(out) == history(whole)
    assert learned(out) == learned(whole)


@pytest.mark.parametrize("workers", ["3"])
def test_killed_inside_an_adaptation(workers, uninterrupted, variant_controller, tmp_path):
    given, whole = options("nsga2", variant_controller), uninterrupted("nsga2")
    out = tmp_path / "killed"
    process = start(*given, "--out", str(out), "--workers", "2")
    wait_until((out / "learning" / "001" / "teacher.safetensors").exists, process)
    process.kill()
    process.communicate()
    assert not learned(out), "it was killed too late"
    evolve_here("--resume", str(out), "--workers", workers)
    assert rows(out) == rows(whole)
    assert history(out) == history(whole)
    assert learned(out) == learned(whole)


def test_a_full_disk_is_one_line_and_the_run_continues_later(
    uninterrupted, variant_controller, tmp_path
):
    given = options("aging", variant_controller)
    whole, out = uninterrupted("aging"), tmp_path / "full"

    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    process = start(*given, "--out", str(out), "--workers", "1", preexec_fn=no_large_files)
    _, complaint = process.communicate(timeout=300)
    assert process.returncode == 1
    assert complaint.count("\n") == 1
    assert complaint.startswith(f"error: cannot write to {out / 'run.sqlite'}: ")
    assert 0 < len(rows(out)) < TOTAL
    evolve_here("--resume", str(out), "--workers", "2")
    assert rows(out) == rows(whole)
    assert history(out) == history(whole)


def bound_by_permissions() -> None:
    """Make the next program heed permissions, which root may otherwise pass over."""
    if os.geteuid() == 0:
        drop_from_bounding_set, dac_override = 24, 1  # linux/prctl.h, linux/capability.h
        ctypes.CDLL(None).prctl(drop_from_bounding_set, dac_override, 0, 0, 0)


def permit(run: Path, *, folder: int, file: int) -> None:
    for path in [run, *run.rglob("*")]:
        path.chmod(folder if path.is_dir() else file)


@pytest.mark.skipif(sys.platform != "linux", reason="root must heed permissions: Linux alone")
def test_a_read_only_folder_is_one_line_and_the_run_continues_later(
    uninterrupted, variant_controller, tmp_path
):
    given = options("aging", variant_controller)
    whole, out = uninterrupted("aging"), tmp_path / "half"
    process = start(*given, "--out", str(out), "--workers", "1")
    wait_for(out, 10, process)
    kill_soon(process, random.Random(0))
    before = rows(out)
    permit(out, folder=0o555, file=0o444)
    command = [sys.executable, "-m", "codesign"]
    bound = {"capture_output": True, "text": True, "preexec_fn": bound_by_permissions}
    stopped = subprocess.run([*command, "evolve", "--resume", str(out)], check=False, **bound)
    assert stopped.returncode == 1
    assert stopped.stderr.count("\n") == 1, stopped.stderr
    assert stopped.stderr.startswith("error: cannot write to ")
    refused = subprocess.run([*command, "evolve", "--out", str(out / "new")], check=False, **bound)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1, refused.stderr
    assert not refused.stdout, "it began to work"
    status = subprocess.run([*command, "status", str(out)], check=False, **bound)
    assert f"{len(before)} of {TOTAL} candidates" in status.stdout, status.stderr
    permit(out, folder=0o755, file=0o644)
    assert rows(out) == before
    evolve_here("--resume", str(out), "--workers", "2")
    assert rows(out) == rows(whole)
    assert history(out) == history(whole)
