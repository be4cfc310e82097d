"""``codesign controller average``."""

from __future__ import annotations

import shutil

import pytest

from codesign.cli.controller.average import _weighted
from hyperdistill_core.controller import Controller


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("flat-v3", ("flat-v3", 1.0)),
        ("a/b.safetensors=0.5", ("a/b.safetensors", 0.5)),
        ("a=b/c.safetensors", ("a=b/c.safetensors", 1.0)),
        ("a=b/c.safetensors=2", ("a=b/c.safetensors", 2.0)),
        ("c=nan", ("c=nan", 1.0)),
    ],
)
def test_a_source_may_have_a_weight(source, expected):
    assert _weighted(source) == expected


def test_a_mean_is_written(run, bodies, tiny_controller, tmp_path):
    training_set = tmp_path / "bodies.jsonl"
    run("controller", "training-set", "--out", training_set, "--set", "sampled=3", "--set",
        "mutants=0", "--set", "stable_steps=0")  # fmt: skip
    shutil.copy(tiny_controller, tmp_path / "copy.safetensors")
    shown = run(
        "controller", "average", tiny_controller, f"{tmp_path / 'copy.safetensors'}=3",
        "--training-set", training_set, "--name", "mean", "--out", tmp_path,
    )  # fmt: skip
    made = Controller.load(tmp_path / "mean.safetensors")
    assert made.hash in shown
    assert made.name == "mean"
