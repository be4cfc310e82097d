"""The example that trains on a GPU for a few minutes, on the CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hyperdistill_core.controller import Controller
from hyperdistill_core.training.teacher_file import load_teacher
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.sampling import sample_body

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "examples"))
import gpu_training  # noqa: E402  a script beside the packages

TINY = ["n_active=2", "n_envs=1", "horizon=8", "width=8", "layers=1", "replaced_per_update=0"]
TINY += ["epochs=1", "minibatches=1"]


def example(*options: object) -> None:
    command = [sys.executable, str(ROOT / "examples" / "gpu_training.py"), *map(str, options)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr


def test_parts_are_joined_and_damage_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_training, "PART_BYTES", 10)
    checkpoint, parts = tmp_path / "checkpoint", tmp_path / "parts"
    checkpoint.write_bytes(bytes(range(35)))
    gpu_training.copy_in_parts(checkpoint, parts)
    assert max(part.stat().st_size for part in parts.glob("part-*")) == 10
    gpu_training.join(parts, tmp_path / "new" / "joined")
    assert (tmp_path / "new" / "joined").read_bytes() == checkpoint.read_bytes()
    (parts / "part-002").write_bytes(b"other")
    with pytest.raises(SystemExit, match="part-002: damaged"):
        gpu_training.join(parts, tmp_path / "joined")
    (parts / gpu_training.SUMS).unlink()
    with pytest.raises(SystemExit, match="the copy was not finished"):
        gpu_training.join(parts, tmp_path / "joined")


def test_copies_of_earlier_trainings_remain(tmp_path):
    assert gpu_training.next_copy(tmp_path / "new").name == "checkpoint-000"
    for name in ("checkpoint-000", "checkpoint-004", "checkpoints"):
        (tmp_path / name).mkdir()
    assert gpu_training.next_copy(tmp_path).name == "checkpoint-005"


@pytest.mark.parametrize("learns", [False, True])
def test_a_copy_that_has_had_its_minutes_is_a_warning(tmp_path, monkeypatch, capsys, learns):
    """A training that is over ends well, and leaves its checkpoint as it is."""
    checkpoint, copy = tmp_path / "work" / "teacher.safetensors", tmp_path / "copy"
    (tmp_path / "checkpoint").write_bytes(b"weights")
    gpu_training.copy_in_parts(tmp_path / "checkpoint", copy)

    class Training:
        returncode = 0

        def __init__(self, command):
            self.command = command

        def __enter__(self):
            if learns:
                checkpoint.write_bytes(b"new")
                os.utime(checkpoint, ns=(1, 1))
            return self

        def __exit__(self, *_):
            return None

        def poll(self):
            return 0

    monkeypatch.setattr(gpu_training.subprocess, "Popen", Training)
    options = ["train", "bodies", "--work", str(tmp_path / "work"), "--out", str(tmp_path / "out")]
    parsed = gpu_training._parser().parse_args([*options, "--from", str(copy), "--minutes", "3"])
    assert gpu_training.train(parsed, []) == 0
    error = capsys.readouterr().err
    assert ("nothing was learned" in error) is not learns
    assert learns or f"{copy} has had its 3 minutes already" in error


@pytest.mark.slow
def test_a_training_is_copied_and_continued(tmp_path):
    rng = np.random.default_rng(0)
    bodies = tmp_path / "bodies.jsonl"
    TrainingSet(tuple(sample_body(rng) for _ in range(2)), ("sampled",) * 2).write(bodies)
    changes = [part for setting in TINY for part in ("--set", setting)]
    options = ("--device", "cpu", "--workers", 1, "--every", 0.01)
    first, second = tmp_path / "first", tmp_path / "second"
    given = ("train", bodies, "--work", tmp_path / "one", "--out", first, *options)
    example(*given, "--minutes", 0.03, "--", *changes)
    copies = sorted(first.iterdir())
    assert len(copies) > 1
    given = ("train", bodies, "--work", tmp_path / "two", "--out", second, *options)
    example(*given, "--minutes", 0.06, "--from", copies[0], "--", *changes)
    steps: list[int] = []
    for copy in (copies[0], copies[-1], max(second.iterdir())):
        example("join", copy, "--out", tmp_path / "joined.safetensors")
        steps.append(load_teacher(tmp_path / "joined.safetensors")[2]["steps"])
    assert steps[0] < steps[1]
    assert steps[0] < steps[2]
    assert Controller.load(tmp_path / "two" / "gpu.safetensors").name == "gpu"
