"""A campaign whose workers are jobs of SLURM; skipped where there is no SLURM."""

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

# To import it would change how this process reacts to Ctrl-C.
if find_spec("dask_jobqueue") is None:
    pytest.skip("pip install 'codesign[cluster]'", allow_module_level=True)


def slurm_is_up() -> bool:
    """Whether a partition accepts jobs."""
    if not shutil.which("sinfo"):
        return False
    command = ["sinfo", "--noheader", "--format=%a"]
    return (
        "up" in subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    )


if not slurm_is_up():
    pytest.skip("no SLURM with a partition that is up", allow_module_level=True)

TOTAL = 60
NAME = f"codesign-test-{uuid.uuid4().hex}"  # unique: other users may have jobs
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
    """Numbers of this test's jobs."""
    command = [
        "squeue",
        "--me",
        "--noheader",
        f"--name={NAME}",
        f"--states={states}",
        "--format=%i",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.fixture(autouse=True)
def no_job_left() -> Iterator[None]:
    yield
    while STARTED:
        STARTED.pop().kill()
    for job in jobs():
        subprocess.run(["scancel", job], check=False)


def campaign(folder: Path, controller: Path) -> Path:
    settings = {"population": 10, "generations": 5, "episodes": 1, "in_flight": 5, "top": 1}
    settings |= {"reevaluation_episodes": 1, "finalists": 1}
    lines = [f"{name} = {value}" for name, value in settings.items()]
    file = folder / "campaign.toml"
    file.write_text("\n".join([*lines, f'controller = "{controller}"', CLUSTER]))
    return file


def test_a_cancelled_job_costs_nothing_and_none_is_left(tiny_controller, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # jobs write their logs there
    file = campaign(tmp_path, tiny_controller)
    whole, out = tmp_path / "whole", tmp_path / "run"
    finish(start(str(file), "--cluster", "none", "--workers", "1", "--out", str(whole)))
    process = start(str(file), "--allow-custom", "--out", str(out))
    wait_for(out, 5, process)
    victim = jobs(states="RUNNING")[0]  # there is one: bodies were scored
    subprocess.run(["scancel", victim], check=True)
    finish(process)
    assert len(rows(out)) == TOTAL
    assert rows(out) == rows(whole)
    deadline = time.monotonic() + 60
    while jobs():
        assert time.monotonic() < deadline
        time.sleep(0.5)
