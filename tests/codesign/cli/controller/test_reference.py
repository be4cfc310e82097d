"""``codesign controller add-reference``."""

from __future__ import annotations

import pytest

from hyperdistill_core.controller import Controller
from hyperdistill_core.controller.reference_scores import ReferenceScores
from tests.codesign.cli.controller.conftest import command


@pytest.fixture
def asked(monkeypatch):
    """What the command asks for in place of scores that take long."""
    found = {}

    def known(controller, **options):
        found.update(options)
        return ReferenceScores.over({1: [1.0, 2.0]}, task="csr", bodies="2 bodies")

    monkeypatch.setattr("codesign.scoring.reference.reference_scores", known)
    return found


@pytest.mark.parametrize("half", [False, True])
def test_the_hash_stays_in_both_precisions(asked, variant_controller, tmp_path, half):
    file = tmp_path / "before.safetensors"
    Controller.load(variant_controller).save(file, half=half)
    options = ["--name", "after", "--out", tmp_path, "--task", "csr"]
    out = command("controller", "add-reference", file, *options)
    after = Controller.load(tmp_path / "after.safetensors")
    assert after.hash == Controller.load(file).hash
    assert after.reference_scores
    assert after.reference_scores.task == "csr"
    assert f"controller {after.hash} in " in out
    assert "task csr: 2 bodies" in out
    assert asked["task"] == "csr"
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("before", "after")]
    assert abs(sizes[1] - sizes[0]) < 200


def test_the_default_task_is_that_of_the_controller(asked, variant_controller, tmp_path):
    command("controller", "add-reference", variant_controller, "--name", "a", "--out", tmp_path)
    assert asked["task"] is None
