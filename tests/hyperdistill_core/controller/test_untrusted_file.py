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
        ({"kind": "k" * 5000}, {}, r"of kind 'controller', got 'k{78}…$"),
        ({"version": "9" * 5000}, {}, r"got version '9{78}…; other versions"),
        ({}, {"state_var": -np.ones(17)}, "variances of at least 0, got -1"),
        ({}, {"state_var": np.full(17, np.nan)}, "expected 17 finite means and variances"),
        ({}, {"state_mean": np.zeros(3)}, "expected 17 finite means and variances"),
        ({"clip": 0.0}, {}, "clip: expected a number above 0"),
        ({"clip": "a"}, {}, "clip: expected a number above 0, got 'a'"),
        ({"task": ["flat"]}, {}, "task: expected text"),
        ({"network": {"context_dim": 10**30}}, {}, "context_dim: expected at most 65536"),
        ({"network": 3}, {}, "damaged controller"),
        ({"network": {"x" * 5000: 1}}, {}, "damaged controller .{,502}$"),
        ({"context": "wide"}, {}, "context: expected one of .*continuous.*, got 'wide'"),
        ({"provenance": [1]}, {}, r"provenance: expected an object, got \[1\]"),
        ({}, {"variants": np.full((2, 25), np.inf, np.float32)}, "variants: expected finite"),
        ({}, {"variants": np.ones((2, 25), np.int32)}, "variants: .* numbers, got int32"),
        ({"training_distribution": [1]}, {}, r"training_distribution: expected an object, got"),
        ({"training_distribution": {"mass": [1, 2]}}, {}, "unknown quantity 'mass'; quantities: "),
        *(
            ({"training_distribution": {"gear": ends}}, {}, "largest value of the gear, got ")
            for ends in (10**400, [1], [2, 1], ["a", "b"], [0, 10**400], [0, None], {"a": 1})
        ),
        ({"reference_scores": {"scores": {"1": ["a"]}}}, {}, "numbers that do not fall for best-o"),
        ({"reference_scores": {"scores": {"8": [2, 1]}}}, {}, "for best-of-8, got"),
        ({"reference_scores": [1]}, {}, "damaged controller"),
    ],
)
def test_numbers_that_cannot_act(
    meta: dict, arrays: dict, message: str, tiny_controller: Path, tmp_path: Path
) -> None:
    file = _changed(tiny_controller, tmp_path / "bad.safetensors", meta, **arrays)
    with pytest.raises(ControllerError, match=message):
        Controller.load(file)


FAMILIAR = {
    "familiarity.mean": np.zeros(16, np.float32),
    "familiarity.basis": np.zeros((16, 3), np.float32),
    "familiarity.references": np.zeros((5, 3), np.float32),
    "familiarity.distances": np.zeros(101, np.float32),
}


def test_arrays_of_familiarity_that_fit_are_read(tiny_controller: Path, tmp_path: Path) -> None:
    file = _changed(tiny_controller, tmp_path / "good.safetensors", {}, **FAMILIAR)
    familiarity = Controller.load(file).familiarity
    assert familiarity is not None
    assert familiarity.percentile(np.zeros(16)) == 100.0


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("mean", np.zeros(17), r"mean: expected an array of the shape \(16,\), .* got \(17,\)"),
        ("mean", np.zeros((1, 16)), r"mean: expected an array of the shape \(16,\)"),
        ("mean", np.full(16, np.nan), "mean: expected finite numbers of at most 1e"),
        ("mean", np.full(16, 1e30), "mean: expected finite numbers of at most 1e"),
        ("mean", np.zeros(16, np.int64), "mean: expected floating-point numbers, got int64"),
        ("basis", np.zeros(16), r"basis: expected an array of the shape \(16, 16\)"),
        ("basis", np.zeros(()), r"basis: expected an array of the shape \(16,\), .* got \(\)"),
        ("basis", np.zeros((15, 3)), r"basis: expected an array of the shape \(16, 3\)"),
        ("references", np.zeros((5, 4)), r"references: expected an array of the shape \(5, 3\)"),
        ("references", np.zeros((0, 3)), r"references: .* none of 0 rows, got \(0, 3\)"),
        ("references", np.zeros(()), r"references: expected an array of the shape \(3,\)"),
        ("distances", np.zeros(100), r"distances: expected an array of the shape \(101,\)"),
        ("distances", -np.arange(101.0), "distances: expected percentiles that do not fall"),
        ("more", np.zeros(1), "arrays mean, basis, references, distances, got basis, distances"),
    ],
)
def test_arrays_of_familiarity_that_cannot_be_used(
    name: str, array: np.ndarray, message: str, tiny_controller: Path, tmp_path: Path
) -> None:
    arrays = FAMILIAR | {f"familiarity.{name}": array}
    file = _changed(tiny_controller, tmp_path / "bad.safetensors", {}, **arrays)
    with pytest.raises(ControllerError, match=f"damaged controller .familiarity.*{message}"):
        Controller.load(file)


def test_a_missing_array_of_familiarity_is_named(tiny_controller: Path, tmp_path: Path) -> None:
    arrays = {name: array for name, array in FAMILIAR.items() if "mean" not in name}
    file = _changed(tiny_controller, tmp_path / "bad.safetensors", {}, **arrays)
    with pytest.raises(ControllerError, match=r"arrays mean, basis.*got basis, distances, ref"):
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
