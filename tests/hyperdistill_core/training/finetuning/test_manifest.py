"""A folder belongs to one fine-tuning."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hyperdistill_core.errors import CheckpointError, SettingsError
from hyperdistill_core.training.finetuning import MANIFEST, FineTuneSettings, ensure_manifest
from morph_ops.sampling import sample_body

SETTINGS = FineTuneSettings(steps_per_body=1000)


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(2)]


def test_the_same_fine_tuning_is_accepted_with_other_workers_and_episodes(
    bodies, tiny_controller, tmp_path
):
    folder = tmp_path / "new"
    ensure_manifest(folder, bodies, tiny_controller, SETTINGS, variants=[0, 1])
    known = json.loads((folder / MANIFEST).read_text())
    assert known["steps_per_body"] == 1000
    assert known["variants"] == [0, 1]
    other = SETTINGS.replace(n_workers=1, episodes=9)
    ensure_manifest(folder, bodies, tiny_controller, other, variants=[0, 1])


def test_another_fine_tuning_is_refused(bodies, tiny_controller, tmp_path):
    ensure_manifest(tmp_path, bodies, tiny_controller, SETTINGS)
    for graphs, settings, more in (
        (bodies[::-1], SETTINGS, {}),
        (bodies, SETTINGS.replace(seed=1), {}),
        (bodies, SETTINGS, {"variants": [0, 0]}),
    ):
        with pytest.raises(CheckpointError, match="another budget, seed, controller or bodies"):
            ensure_manifest(tmp_path, graphs, tiny_controller, settings, **more)


def test_a_training_without_a_manifest_is_refused(bodies, tiny_controller, tmp_path):
    (tmp_path / "teacher.safetensors").write_bytes(b"of something else")
    with pytest.raises(CheckpointError, match="another budget, seed, controller or bodies"):
        ensure_manifest(tmp_path, bodies, tiny_controller, SETTINGS)


@pytest.mark.parametrize("name", ["episodes", "checkpoints", "steps_per_body", "n_workers"])
def test_settings_out_of_range_are_named(name):
    with pytest.raises(SettingsError, match=f"{name}: expected at least 1, got 0"):
        SETTINGS.replace(**{name: 0})


def test_a_damaged_manifest_is_a_clear_error(bodies, tiny_controller, tmp_path):
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(CheckpointError, match=r"manifest\.json is damaged .*: remove the folder"):
        ensure_manifest(tmp_path, bodies, tiny_controller, SETTINGS)
