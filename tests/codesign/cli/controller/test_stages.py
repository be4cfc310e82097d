"""The commands that make a controller, one after the other, at a tiny size."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from codesign.cli.main import cli
from codesign.errors import UsageError
from hyperdistill_core.controller import ControllerError
from hyperdistill_core.errors import SettingsError, TrainingError
from morph_ops.errors import BodyError, UnknownNameError
from tests.codesign.cli.controller.conftest import DATA, PPO, STUDENT, command, sets

FEW = ("--episodes", 1, "--workers", 1)


@pytest.mark.slow
def test_a_student_is_evaluated_and_distilled_again(
    student, teacher, training_set, robots, tmp_path
):
    figures = tmp_path / "figures.json"
    out = command("controller", "evaluate", student, robots, *FEW, "--blind", "--json", figures)
    assert "return" in out
    assert "blind" in out
    found = json.loads(figures.read_text())["robots"]
    assert len(found["scores"]) == 2
    assert found["blind_ratio"] == [1.0, 1.0, 1.0]  # this one has no height samples
    given = ("--training-set", training_set, "--teacher", teacher)
    data = student.parent.parent / "data"
    again = ("--data", data, "--out", tmp_path / "again", "--name", "again", "--rounds", 0)
    command("controller", "distill", *given, *again, "--init", student, *sets(STUDENT))
    info = command("controller", "info", student)
    assert "training set" in info
    assert '"robot": 2' in info


@pytest.mark.slow
def test_variants_are_evaluated_and_teach(
    controller_of_two_variants, student, teacher, training_set, robots, tmp_path
):
    assert "2 variants" in command("controller", "info", controller_of_two_variants)
    two = (*FEW, "--best-of", 2)
    out = command("controller", "evaluate", controller_of_two_variants, robots, *two)
    assert "robots" in out
    with pytest.raises(ControllerError, match=r"best_of: expected 1 \.\. 1"):
        command("controller", "evaluate", student, robots, *two)
    with pytest.raises(TrainingError, match="expected 1 for a teacher"):
        command("controller", "evaluate", teacher, robots, *two)
    teachers = ("--teacher", controller_of_two_variants, "--teacher", teacher)
    options = ("--training-set", training_set, *teachers, "--out", tmp_path / "more")
    assert "8 transitions in" in command("controller", "collect", *options, *sets(DATA))


@pytest.mark.slow
def test_a_student_learns_the_mean_of_its_teachers(
    controller_of_two_variants, student, training_set, tmp_path
):
    teachers = ("--teacher", controller_of_two_variants, "--teacher", student, "--mean")
    given = ("--training-set", training_set, *teachers)
    data = tmp_path / "data"
    command("controller", "collect", *given, "--out", data, *sets(DATA))
    made = ("--data", data, "--out", tmp_path / "mean", "--name", "mean", "--rounds", 0)
    command("controller", "distill", *given, *made, *sets(STUDENT))
    info = command("controller", "info", tmp_path / "mean" / "mean.safetensors")
    assert '"mean of the teachers": true' in info
    with pytest.raises(TrainingError, match=r"teachers: expected .* as in"):
        command("controller", "collect", *given[:-1], "--out", data, *sets(DATA))


@pytest.mark.slow
def test_a_training_with_a_duration_ends_when_it_is_over(training_set, tmp_path):
    options = ("--training-set", training_set, "--out", tmp_path, "--workers", 1)
    out = command("controller", "train-teacher", *options, *sets(PPO), "--minutes", 1e-4)
    assert out.count("steps/s") == 1


@pytest.mark.slow
def test_a_generalist_is_written_as_a_controller(student, training_set, tmp_path):
    options = ("--kind", "generalist", "--init", student, "--name", "own", "--out", tmp_path)
    given = ("--training-set", training_set, "--tensorboard", *sets(PPO))
    out = command("controller", "train-teacher", *options, *given)
    assert "own.safetensors" in out
    curves = EventAccumulator(str(tmp_path)).Reload()
    assert [point.step for point in curves.Scalars("reward")] == [48, 96]
    assert "tiny-v0.safetensors" in command("controller", "info", tmp_path / "own.safetensors")


@pytest.mark.slow
def test_splits_are_evaluated_beside_a_teacher(student, teacher, robots, tmp_path):
    figures, table = tmp_path / "figures.json", tmp_path / "table.md"
    splits = ["--split", "sampled=1", "--split", "gear=1", *FEW]
    command(
        *("controller", "evaluate", student, robots, "--teacher", teacher, *splits),
        *("--markdown", table, "--json", figures),
    )
    record = json.loads(figures.read_text())
    assert list(record) == ["robots", "sampled", "gear"]
    assert len(record["gear"]["hashes"]) == len(record["gear"]["teacher_scores"]) == 1
    assert len(table.read_text().splitlines()) == 2 + 3 * 3


@pytest.mark.slow
def test_a_training_set_has_bodies_that_evolved_under_a_controller(student, robots, tmp_path):
    changes = sets(["sampled=0", "mutants=0", "evolved=2", "min_steps=5"])
    options = ("--controller", student, *changes, "--out", tmp_path / "bodies.jsonl")
    out = command("controller", "training-set", "--robots", robots, *options)
    assert "4 bodies in" in out


def test_only_a_generalist_is_a_controller(tmp_path):
    bodies = tmp_path / "bodies.jsonl"
    few = sets(["sampled=1", "mutants=0", "stable_steps=0"])
    command("controller", "training-set", "--out", bodies, *few)
    arguments = ["controller", "train-teacher", "--training-set", str(bodies)]
    arguments += ["--out", str(tmp_path / "x")]
    with pytest.raises(UsageError, match="only a generalist is a controller, not a gnn"):
        CliRunner().invoke(cli, [*arguments, "--name", "x"], catch_exceptions=False)
    arguments += ["--kind", "generalist", "--set", "observation=privileged", "--name", "x"]
    with pytest.raises(UsageError, match="--name: expected observation=state"):
        CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("step=5", "did you mean 'steps'"),
        ("steps", "--set: expected key=value"),
        ("steps=many", "steps: expected an integer, got 'many'"),
        ("per_body_advantages=perhaps", "expected true or false, got 'perhaps'"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, change, message):
    bodies = tmp_path / "bodies.jsonl"
    bodies.write_text("")
    arguments = ["--training-set", bodies, "--out", tmp_path / "t", "--set", change]
    with pytest.raises(SettingsError, match=message):
        command("controller", "train-teacher", *arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([], UsageError, "nothing to evaluate on"),
        (["--split", "sampled"], UsageError, "expected NAME=N"),
        (["--split", "sample=3"], UnknownNameError, "did you mean 'sampled'"),
    ],
)
def test_a_wrong_split_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        command("controller", "evaluate", "flat-v0", *arguments)


def test_a_folder_without_robots_is_refused(tmp_path):
    with pytest.raises(BodyError, match="no robots"):
        command(
            "controller", "training-set", "--robots", tmp_path, "--out", tmp_path / "bodies.jsonl"
        )
