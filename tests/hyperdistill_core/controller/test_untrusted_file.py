"""Controllers of strangers: a header that cannot be used is one line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from hyperdistill_core.checkpoint_file import checkpoint_kind
from hyperdistill_core.controller.checkpoints import ControllerError
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import CheckpointError


@pytest.mark.parametrize(
    "header", ["[" * 100_000, '{"version": ' + "9" * 5000 + "}", "{", "\x00"], ids=range(4)
)
def test_a_header_that_is_no_json(header: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.safetensors"
    save_file({"a": np.zeros(1)}, file, metadata={"codesign": header})
    with pytest.raises(CheckpointError, match="damaged header"):
        checkpoint_kind(file)
    with pytest.raises(ControllerError, match="damaged header"):
        Controller.load(file)


def _changed(source: Path, target: Path, meta: dict, **arrays: np.ndarray) -> Path:
    from safetensors import safe_open

    with safe_open(source, framework="np") as opened:
        header = json.loads(opened.metadata()["codesign"])
    header.update(meta)
    save_file(load_file(source) | arrays, target, metadata={"codesign": json.dumps(header)})
    return target


@pytest.mark.parametrize(
    ("meta", "arrays", "message"),
    [
        ({}, {"state_var": -np.ones(17)}, "variances of at least 0, got -1"),
        ({}, {"state_var": np.full(17, np.nan)}, "expected 17 finite means and variances"),
        ({}, {"state_mean": np.zeros(3)}, "expected 17 finite means and variances"),
        ({"clip": 0.0}, {}, "clip: expected a number above 0"),
        ({"clip": "a"}, {}, "clip: expected a number above 0, got 'a'"),
        ({"task": ["flat"]}, {}, "task: expected text"),
        ({"network": {"context_dim": 10**30}}, {}, "context_dim: expected at most 65536"),
        ({"network": 3}, {}, "damaged controller"),
        ({"training_distribution": {"mass": 10**400}}, {}, "damaged controller"),
    ],
)
def test_numbers_that_cannot_act(
    meta: dict, arrays: dict, message: str, tiny_controller: Path, tmp_path: Path
) -> None:
    file = _changed(tiny_controller, tmp_path / "bad.safetensors", meta, **arrays)
    with pytest.raises(ControllerError, match=message):
        Controller.load(file)


def test_a_pipe_is_no_controller(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(ControllerError, match=r"pipe\.safetensors"):
        Controller.load(tmp_path / "pipe.safetensors")


def test_the_files_that_broke_end_in_one_line(reference: Path) -> None:
    files = sorted((reference / "cases" / "attack" / "checkpoint-header").glob("*.safetensors"))
    if not files:
        pytest.skip(f"no cases in {reference}: set CODESIGN_REFERENCE to its folder")
    for file in files:
        with pytest.raises(ControllerError, match="damaged header"):
            Controller.load(file)
