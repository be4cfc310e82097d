"""A campaign whose workers are jobs of SLURM; where there is no SLURM, skipped."""

from __future__ import annotations

import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.helpers.run_processes import STARTED, finish, rows, start, wait_for

pytestmark = pytest.mark.slow

# Its import would change what Ctrl-C does in this process.
if find_spec("dask_jobqueue") is None:
    pytest.skip("pip install 'codesign[cluster]'", allow_module_level=True)


def slurm_is_up() -> bool:
    """Whether some partition takes jobs."""
    if not shutil.which("sinfo"):
        return False
    asked = ["sinfo", "--noheader", "--format=%a"]
    return "up" in subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()


if not slurm_is_up():
    pytest.skip("no SLURM with a partition that is up", allow_module_level=True)

TOTAL = 60
NAME = f"codesign-test-{uuid.uuid4().hex}"  # others may have jobs here
CLUSTER = f"""
[cluster]
kind = "slurm"
jobs = 2
wait = 240

[cluster.options]
cores = 1
memory = "2GB"
walltime = "00:10:00"
interface = "lo"
job_name = "{NAME}"
"""


def jobs(*, states: str = "PENDING,RUNNING") -> list[str]:
    """Numbers of our jobs."""
    asked = ["squeue", "--me", "--noheader", f"--name={NAME}", f"--states={states}", "--format=%i"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    yield
    while STARTED:
        STARTED.pop().kill()
    for job in jobs():
        subprocess.run(["scancel", job], check=False)


def campaign(folder: Path, controller: Path) -> Path:
    known = {"population": 10, "generations": 5, "episodes": 1, "in_flight": 5, "top": 1}
    known |= {"reevaluation_episodes": 1, "finalists": 1}
    lines = [f"{name} = {value}" for name, value in known.items()]
    file = folder / "campaign.toml"
    file.write_text("\n".join([*lines, f'controller = "{controller}"', CLUSTER]))
    return file


def test_a_cancelled_job_costs_nothing_and_none_is_left(tiny_controller, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where jobs leave their logs
    file = campaign(tmp_path, tiny_controller)
    whole, out = tmp_path / "whole", tmp_path / "run"
    finish(start(str(file), "--cluster", "none", "--workers", "1", "--out", str(whole)))
    process = start(str(file), "--out", str(out))
    wait_for(out, 5, process)
    victim = jobs(states="RUNNING")[0]  # one at least: bodies have been scored
    subprocess.run(["scancel", victim], check=True)
    finish(process)
    assert len(rows(out)) == TOTAL
    assert rows(out) == rows(whole)
    deadline = time.monotonic() + 60
    while jobs():
        assert time.monotonic() < deadline
        time.sleep(0.5)
