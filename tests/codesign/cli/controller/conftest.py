"""The stages of a controller at a tiny size, each made once."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from codesign.cli.main import cli

PPO = ["steps=96", "n_active=3", "n_envs=2", "horizon=8", "epochs=1", "n_workers=1"]
PPO += ["width=8", "layers=1"]
DATA = ["n_active=3", "n_envs=1", "horizon=8", "n_workers=1"]
STUDENT = ["updates=5", "n_bodies=2", "n_states=4", "hidden=8", "embed=8"]


def command(*arguments: object) -> str:
    """Run a command that must end well; the result is what it prints."""
    result = CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def sets(assignments: list[str]) -> list[str]:
    """Assignments as options."""
    return [word for assignment in assignments for word in ("--set", assignment)]


@pytest.fixture(scope="session")
def robots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of two robots."""
    folder = tmp_path_factory.mktemp("stages") / "robots"
    command("sample", "-n", 2, "--out", folder)
    return folder


@pytest.fixture(scope="session")
def training_set(robots: Path) -> Path:
    """Training set of two robots, a sampled body and a mutant."""
    file = robots.parent / "bodies.jsonl"
    options = sets(["sampled=1", "mutants=1", "stable_steps=0"])
    out = command("controller", "training-set", "--robots", robots, "--out", file, *options)
    assert "4 bodies in" in out
    return file


@pytest.fixture(scope="session")
def teacher(training_set: Path) -> Path:
    """Checkpoint of a teacher."""
    folder = training_set.parent / "teacher"
    options = ("--training-set", training_set, "--out", folder)
    out = command("controller", "train-teacher", *options, *sets(PPO))
    assert out.count("steps/s") == 2
    return folder / "teacher.safetensors"


@pytest.fixture(scope="session")
def student(training_set: Path, teacher: Path) -> Path:
    """Controller that was distilled from the teacher."""
    given = ("--training-set", training_set, "--teacher", teacher)
    data, folder = teacher.parent.parent / "data", teacher.parent.parent / "student"
    out = command("controller", "collect", *given, "--out", data, *sets(DATA))
    assert "8 transitions in" in out
    options = ("--data", data, "--out", folder, "--name", "tiny-v0", "--rounds", 0)
    out = command("controller", "distill", *given, *options, *sets(STUDENT))
    assert "tiny-v0.safetensors" in out
    return folder / "tiny-v0.safetensors"


@pytest.fixture(scope="session")
def controller_of_two_variants(student: Path, training_set: Path) -> Path:
    """The student with a second variant."""
    few = sets(["variants=2", "drawn=3", "bodies=2", "episodes=1", "n_workers=1"])
    folder = student.parent.parent / "variants"
    options = ("--training-set", training_set, "--name", "two", "--out", folder, *few)
    out = command("controller", "add-variants", student, *options)
    assert "mean return of the best" in out
    return folder / "two.safetensors"
