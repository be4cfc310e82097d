"""Training of students at a tiny size, with and without DAgger."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from hyperdistill_core.controller.controller import Controller, ControllerError
from hyperdistill_core.errors import CheckpointError, SettingsError, TrainingError
from hyperdistill_core.evaluation.evaluation import evaluate
from hyperdistill_core.training.distillation import (
    Distiller,
    ExpertData,
    collect,
    distill,
    student_controller,
)
from hyperdistill_core.training.distillation.distiller import control_error, large_action_weight
from tests.helpers.tiny_training import FEW, SMALL

pytestmark = pytest.mark.slow


def test_means_beyond_a_target_at_the_limit_have_no_error():
    means = torch.tensor([0.5, 1.5, 1.5, -3.0, -3.0, 1.5])
    targets = torch.tensor([0.2, 1.0, 0.9, -1.0, 1.0, -1.0])
    errors = control_error(means, targets)
    torch.testing.assert_close(errors, torch.tensor([0.3, 0.0, 0.6, 0.0, -4.0, 2.5]))


def test_targets_beyond_the_limits_weigh_less_the_further_they_are():
    weights = large_action_weight(torch.tensor([0.0, -1.0, 1.0, 2.0, -3.0]))
    torch.testing.assert_close(weights, torch.tensor([1.0, 1.0, 1.0, math.exp(-1), math.exp(-2)]))


def test_a_student_learns_with_the_published_loss(training_set, teacher, tmp_path):
    data = ExpertData(tmp_path / "data")
    collect(training_set, data, FEW, teachers=[teacher])
    rows = []
    settings = SMALL.replace(large_actions="weigh", precision="bfloat16")
    Distiller(data, settings, tmp_path / "out").train(report=rows.append)
    assert rows[-1]["loss"] < 0.5 * rows[0]["loss"]


def test_a_student_learns_the_means_of_the_teacher(training_set, teacher, tmp_path):
    data = ExpertData(tmp_path / "data")
    collect(training_set, data, FEW, teachers=[teacher])
    rows = []
    distiller = Distiller(data, SMALL, tmp_path / "out")
    distiller.train(report=rows.append)
    first = rows[0]["loss"]
    assert rows[-1]["updates"] == 300
    assert math.isfinite(rows[-1]["validation_loss"])
    assert rows[-1]["loss"] < 0.7 * first
    with pytest.raises(CheckpointError, match=r"made with another seed \(0\)"):
        Distiller(data, SMALL.replace(seed=1), tmp_path / "out")
    assert Distiller(data, SMALL.replace(updates=400), tmp_path / "out").updates_done == 300


def test_a_student_is_initialized_from_a_controller(training_set, teacher, tmp_path):
    data = ExpertData(tmp_path / "data")
    collect(training_set, data, FEW, teachers=[teacher])
    first = Distiller(data, SMALL.replace(updates=5), tmp_path / "first")
    first.train()
    controller = student_controller(first, training_set, name="first", provenance={})
    # The sizes are the controller's, whatever the settings say.
    settings = SMALL.replace(hidden=8, embed=8, dropout=0.3)
    second = Distiller(data, settings, tmp_path / "second", initialize_from=controller)
    assert second.network.config == replace(controller.network.config, dropout=0.3)
    assert second.normalization == controller.normalization
    assert second.validate() == pytest.approx(first.validate(), rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"aggregation": "median"}, "aggregation: expected .* got 'median'"),
        ({"context": "short"}, "context: expected .* got 'short'"),
        ({"held_out": 1.0}, "held_out: expected at least 0 and below 1, got 1"),
    ],
)
def test_settings_out_of_range_are_named(changes, message):
    with pytest.raises(SettingsError, match=message):
        SMALL.replace(**changes)


def test_a_distillation_needs_data(tmp_path):
    with pytest.raises(TrainingError, match="data: expected expert data, got none"):
        Distiller(ExpertData(tmp_path / "data"), SMALL, tmp_path / "out")


@pytest.mark.parametrize("changes", [{}, {"context": "reference"}, {"clock_harmonics": 2}])
def test_distillation_with_dagger_gives_a_controller(training_set, teacher, tmp_path, changes):
    settings = SMALL.replace(updates=20, **changes)
    data = ExpertData(tmp_path / "data")
    collect(training_set, data, FEW, teachers=[teacher])
    lines = []
    distiller = distill(
        training_set,
        data,
        [teacher],
        settings=settings,
        dagger=FEW,
        rounds=1,
        folder=tmp_path / "out",
        report=lines.append,
    )
    assert {segment.round for segment in data.segments} == {0, 1}
    assert any(line.startswith("round 1: 4 of 4") for line in lines)
    path = tmp_path / "x-v0.safetensors"
    made = student_controller(distiller, training_set, name="x-v0", provenance={"seed": 0})
    made.save(path, half=True)
    loaded = Controller.load(path)
    assert loaded.provenance == {"seed": 0}
    assert (loaded.context, loaded.network.config.clock_harmonics) == (
        settings.context,
        settings.clock_harmonics,
    )
    assert loaded.warnings(training_set.graphs[0]) == []
    result = evaluate(training_set.graphs[:2], path, episodes=2, n_workers=1)
    assert result.scores.shape == (2,)
    low, high = result.interval()
    assert low <= result.scores.mean() <= high
    # A finished distillation collects and learns nothing more.
    again = distill(
        training_set,
        data,
        [teacher],
        settings=settings,
        dagger=FEW,
        rounds=1,
        folder=tmp_path / "out",
    )
    assert again.updates_done == 20
    if loaded.context == "reference":
        with pytest.raises(ControllerError, match="context 'extended' or continuous, got 'ref"):
            Distiller(data, SMALL, tmp_path / "other", initialize_from=loaded)
