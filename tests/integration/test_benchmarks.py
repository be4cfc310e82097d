"""The benchmarks run, on as little as possible; what they measure is for people to judge."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hyperdistill_core.controller import Controller
from hyperdistill_core.features import STATE_DIM, context_dim
from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork
from hyperdistill_core.nets.mlp import Normalisation

ROOT = Path(__file__).parents[2]


def run(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks" / script), *options]
    # A checkout can be tested without being installed.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture
def controller(tmp_path: Path) -> Path:
    """A small controller that has learned nothing."""
    config = HypernetConfig(context_dim=context_dim("continuous"), hidden=16, embed=16)
    path = tmp_path / "small.safetensors"
    Controller(
        name="small",
        network=Hypernetwork(config),
        normalisation=Normalisation(np.zeros(STATE_DIM), np.ones(STATE_DIM)),
        task="flat",
        context="continuous",
    ).save(path)
    return path


@pytest.mark.slow
def test_rollout_benchmark_prints_a_row_a_body_and_the_ratio(controller):
    done = run(
        "rollout.py",
        *("--controller", str(controller), "--workers", "1", "--robots", "2"),
        *("--max-steps", "5", "--repeats", "1", "--episodes", "3"),
    )
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if "sampled" in line or "all (goal" in line]
    assert len(rows) == 3
    assert "30" in rows[-1].split("│")[4], "2 bodies, 3 episodes, 5 control steps"
    assert float(rows[-1].split("│")[-2]) > 0.0


@pytest.mark.slow
def test_a_missing_controller_is_one_line(tmp_path):
    done = run("rollout.py", "--controller", str(tmp_path / "no.safetensors"), "--workers", "1")
    assert done.returncode == 2
    assert "no.safetensors" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
