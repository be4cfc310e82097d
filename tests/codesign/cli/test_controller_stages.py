"""The commands that make a controller, one after the other, at a tiny size."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from codesign.cli.main import cli
from codesign.errors import UsageError
from hyperdistill_core.controller.checkpoints import ControllerError
from hyperdistill_core.errors import TrainingError
from morph_ops.errors import BodyError, UnknownNameError

TINY_PPO = ["steps=96", "n_active=3", "n_envs=2", "horizon=8", "epochs=1", "n_workers=1"]
TINY_PPO += ["width=8", "layers=1"]
TINY_DATA = ["n_active=3", "n_envs=1", "horizon=8", "n_workers=1"]
TINY_STUDENT = ["updates=5", "n_bodies=2", "n_states=4", "hidden=8", "embed=8"]


def run(*arguments: object) -> str:
    result = CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def sets(changes: list[str]) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


@pytest.mark.slow
def test_from_a_pool_to_an_evaluated_controller(tmp_path):
    robots, pool = tmp_path / "robots", tmp_path / "pool.jsonl"
    run("sample", "-n", 2, "--out", robots)
    changes = sets(["sampled=1", "mutants=1", "stable_steps=0"])
    assert "4 bodies in" in run("controller", "pool", "--robots", robots, "--out", pool, *changes)
    teacher = tmp_path / "teacher"
    out = run("controller", "train-teacher", "--pool", pool, "--out", teacher, *sets(TINY_PPO))
    assert out.count("steps/s") == 2
    checkpoint, data = teacher / "teacher.safetensors", tmp_path / "data"
    given = ("--pool", pool, "--teacher", checkpoint)
    out = run("controller", "collect", *given, "--out", data, *sets(TINY_DATA))
    assert "8 transitions in" in out
    student = tmp_path / "student"
    more = ("--data", data, "--out", student, "--name", "tiny-v0", "--rounds", 0)
    out = run("controller", "distill", *given, *more, *sets(TINY_STUDENT))
    assert "tiny-v0.safetensors" in out
    made, figures = student / "tiny-v0.safetensors", tmp_path / "figures.json"
    out = run(
        "controller", "evaluate", made, robots, "--episodes", 1, "--workers", 1, "--json", figures
    )
    assert "return" in out
    assert len(json.loads(figures.read_text())["robots"]["scores"]) == 2
    again = ("--data", data, "--out", tmp_path / "again", "--name", "again", "--rounds", 0)
    run("controller", "distill", *given, *again, "--init", made, *sets(TINY_STUDENT))
    few = sets(["variants=2", "drawn=3", "bodies=2", "episodes=1", "n_workers=1"])
    read = ("--pool", pool, "--name", "read", "--out", tmp_path / "read", *few)
    assert "mean return of the best" in run("controller", "variants", made, *read)
    tried = tmp_path / "read" / "read.safetensors"
    assert "2 variants of a body" in run("controller", "info", tried)
    one = ("--episodes", 1, "--workers", 1, "--best-of", 2)
    assert "robots" in run("controller", "evaluate", tried, robots, *one)
    with pytest.raises(ControllerError, match=r"best_of: expected 1 \.\. 1"):
        run("controller", "evaluate", made, robots, *one)
    with pytest.raises(TrainingError, match="expected 1 for a teacher"):
        run("controller", "evaluate", checkpoint, robots, *one)
    taught = ("--pool", pool, "--teacher", tried, "--teacher", checkpoint)
    out = run("controller", "collect", *taught, "--out", tmp_path / "more", *sets(TINY_DATA))
    assert "8 transitions in" in out
    own = ("--kind", "generalist", "--init", made, "--name", "own", "--out", tmp_path / "own")
    out = run("controller", "train-teacher", "--pool", pool, *own, "--tensorboard", *sets(TINY_PPO))
    assert "own.safetensors" in out
    curves = EventAccumulator(str(tmp_path / "own")).Reload()
    assert [point.step for point in curves.Scalars("speed")] == [48, 96]
    info = run("controller", "info", tmp_path / "own" / "own.safetensors")
    assert "tiny-v0.safetensors" in info
    splits = ["--split", "sampled=1", "--split", "gear=1", "--workers", 1, "--episodes", 1]
    table = tmp_path / "table.md"
    run(
        *("controller", "evaluate", made, robots, "--teacher", checkpoint, *splits),
        *("--markdown", table, "--json", figures),
    )
    kept = json.loads(figures.read_text())
    assert list(kept) == ["robots", "sampled", "gear"]
    assert len(kept["gear"]["hashes"]) == len(kept["gear"]["teacher_scores"]) == 1
    assert len(table.read_text().splitlines()) == 2 + 3 * 3
    tried = (*sets(["sampled=0", "mutants=0", "evolved=2", "min_steps=5"]), "--out", pool)
    out = run("controller", "pool", "--robots", robots, "--controller", made, *tried)
    assert "4 bodies in" in out
    info = run("controller", "info", made)
    assert "pool" in info
    assert '"robot": 2' in info


def test_only_a_generalist_is_a_controller(tmp_path):
    pool = tmp_path / "pool.jsonl"
    run("controller", "pool", "--out", pool, *sets(["sampled=1", "mutants=0", "stable_steps=0"]))
    arguments = ["controller", "train-teacher", "--pool", str(pool), "--out", str(tmp_path / "x")]
    with pytest.raises(UsageError, match="only a generalist is a controller, not a gnn"):
        CliRunner().invoke(cli, [*arguments, "--name", "x"], catch_exceptions=False)
    arguments += ["--kind", "generalist", "--set", "observation=privileged", "--name", "x"]
    with pytest.raises(UsageError, match="--name: expected observation=state"):
        CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ("step=5", UnknownNameError, "steps"),
        ("steps", UsageError, "expected KEY=VALUE"),
        ("steps=many", UsageError, "expected int, got 'many'"),
        ("per_body_advantages=perhaps", UsageError, "expected bool, got 'perhaps'"),
    ],
)
def test_wrong_settings_say_what_is_wrong(tmp_path, change, error, message):
    pool = tmp_path / "pool.jsonl"
    pool.write_text("")
    arguments = ["--pool", pool, "--out", tmp_path / "t", "--set", change]
    with pytest.raises(error, match=message):
        run("controller", "train-teacher", *arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([], UsageError, "nothing to evaluate on"),
        (["--split", "sampled"], UsageError, "expected NAME=N"),
        (["--split", "sample=3"], UnknownNameError, "did you mean 'sampled'"),
    ],
)
def test_wrong_splits_say_what_is_wrong(arguments, error, message):
    with pytest.raises(error, match=message):
        run("controller", "evaluate", "flat-v0", *arguments)


def test_a_folder_without_robots_is_refused(tmp_path):
    with pytest.raises(BodyError, match="no robots"):
        run("controller", "pool", "--robots", tmp_path, "--out", tmp_path / "pool.jsonl")
