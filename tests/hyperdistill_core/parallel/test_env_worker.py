"""What happens to the workers of a vector env when its process ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
    pytest.mark.slow,
]

SCRIPT = """
import sys
import numpy as np
from hyperdistill_core.parallel.vector_env import VectorEnv
from morph_ops.sampling import sample_body

if __name__ == "__main__":
    graph = sample_body(np.random.default_rng(0))
    print("starts", flush=True)
    with VectorEnv([graph] * 4, task="flat", n_envs=2, n_max=12, n_workers=2, seed=0) as env:
        print(*env.worker_pids, flush=True)
        for _ in range(int(sys.argv[1])):
            env.step(np.zeros((4, 2, 12, 2), np.float32))
"""


@pytest.fixture
def trainer(tmp_path):
    """Starts a process that steps a vector env; it leads a process group."""
    path = tmp_path / "trainer.py"
    path.write_text(SCRIPT)
    started = []

    def start(steps):
        process = subprocess.Popen(
            [sys.executable, str(path), str(steps)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "starts\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def is_gone(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state == "Z"


def wait_until_gone(pids):
    deadline = time.monotonic() + 30.0
    while not all(map(is_gone, pids)):
        assert time.monotonic() < deadline, "workers outlived their trainer"
        time.sleep(0.05)


def test_closing_leaves_nothing_behind(trainer):
    process = trainer(3)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert all(map(is_gone, map(int, out.split())))


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_no_worker_and_no_memory_outlives_the_trainer(trainer, name):
    process = trainer(10**9)
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert len(pids) == 2
    time.sleep(0.3)
    # Ctrl-C goes to every process of the terminal.
    if name == "SIGINT":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=60)
    wait_until_gone(pids)
    assert "leaked" not in err
    assert "Process-" not in err
    assert err.count("Traceback") == (1 if name == "SIGINT" else 0)


def test_an_interrupt_reaches_no_worker_that_still_imports(trainer):
    process = trainer(10**9)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Process-" not in err
    assert "leaked" not in err
    assert err.count("Traceback") == 1
