"""``codesign score``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from codesign.api import task_names
from codesign.scoring import ScoringPool
from codesign.scoring.perturbations import PERTURBATIONS


def test_json_is_all_that_stdout_has(run, bodies, tiny_controller, tmp_path):
    files = [bodies / "body-0002.json", bodies / "body-0000.json"]
    options = ["--controller", tiny_controller, "--episodes", 2, "--seed", 9, "--workers", 1]
    records = json.loads(run("score", *files, *options, "--json", "-"))
    assert [record["robot"] for record in records] == [str(file) for file in files]
    for record in records:
        assert (record["episodes"], record["seed"], record["status"]) == (2, 9, "ok")
        assert len(record["returns"]) == 2
    assert "body-0002" in run("score", *files, *options, "--json", tmp_path / "scores.json")
    again = json.loads((tmp_path / "scores.json").read_text())
    assert [r["returns"] for r in again] == [r["returns"] for r in records]


def test_top_shows_the_best_robots_of_a_folder(run, bodies, tiny_controller):
    files = sorted(bodies.iterdir())
    options = ["--controller", tiny_controller, "--episodes", 2, "--workers", 1, "--top", 1]
    records = json.loads(run("score", *files, *options, "--json", "-"))
    assert [record["robot"] for record in records] == [str(file) for file in files]
    table = run("score", bodies, *options)
    pruned = sum(record["status"] == "pruned" for record in records)
    assert f"{pruned} of {len(files)} robots were pruned early" in table
    best = max((r for r in records if r["status"] == "ok"), key=lambda record: record["score"])
    shown = [file.name for file in files if file.name in table]
    assert shown == [Path(best["robot"]).name]


def test_several_tasks_give_a_column_each(run, bodies, tiny_controller):
    files = sorted(bodies.iterdir())[:2]
    options = ["--controller", tiny_controller, "--episodes", 1, "--workers", 0]
    text = run("score", *files, *options, "--task", "flat,incline")
    for part in ("flat", "incline", "mean", "worst", *(file.name for file in files)):
        assert part in text
    records = json.loads(run("score", *files, *options, "--task", "flat,incline", "--json", "-"))
    tasks = [(record["robot"], record["task"]) for record in records]
    assert tasks == [(str(file), task) for task in ("flat", "incline") for file in files]
    alone = json.loads(run("score", files[0], *options, "--task", "incline", "--json", "-"))
    assert alone[0]["returns"] == records[2]["returns"]
    assert "normalized_score" not in records[0]["metrics"]


def test_scores_of_other_units_are_normalized(run, bodies, tiny_controller):
    file = sorted(bodies.iterdir())[0]
    options = ["--controller", tiny_controller, "--episodes", 1, "--workers", 0]
    records = json.loads(run("score", file, *options, "--task", "flat,patrol", "--json", "-"))
    with ScoringPool(workers=0, controller=tiny_controller, tasks=("flat", "patrol")) as pool:
        scales = pool.measure_scales()
    for record in records:
        expected = scales[record["task"]].normalized(record["score"])
        assert record["metrics"]["normalized_score"] == pytest.approx(expected)


def test_all_tasks_are_those_that_bodies_are_scored_on():
    names = task_names("all")
    assert names[0] == "flat"
    assert len(names) == 14
    assert not {"rough", "goals", "csr-reference"} & set(names)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "flat,csr", "--compare"], "--compare: expected one task, got flat, csr"),
        (["--task", "flat,flat"], "task: expected each task once, got flat twice"),
        (["--task", "flat,"], "task: expected names with commas between them"),
        (["--task", "flat,csrr"], "did you mean 'csr'"),
    ],
)
def test_wrong_lists_of_tasks_are_refused(refused, bodies, options, message):
    assert message in refused("score", bodies, *options)


def test_a_file_name_is_not_read_as_markup(run, bodies, tiny_controller, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    robot = Path("[b]ünï.json")
    robot.write_text((bodies / "body-0000.json").read_text())
    options = ["--controller", tiny_controller, "--episodes", 1, "--workers", 1]
    assert "[b]ünï.json" in run("score", robot, *options)


def test_variant_scores_that_variant(run, bodies, variant_controller):
    robot = bodies / "body-0000.json"
    options = ["--controller", variant_controller, "--episodes", 2, "--workers", 0, "--json", "-"]
    plain, *others = (
        json.loads(run("score", robot, *options, *more))[0]
        for more in (["--best-of", 1], ["--variant", 3], ["--variant", 0])
    )
    assert [record["variant"] for record in (plain, *others)] == [0, 3, 0]
    assert others[0]["returns"] != plain["returns"]
    assert others[1]["returns"] == plain["returns"]


def test_all_variants_are_tried_by_default_but_one_with_top(
    run, bodies, variant_controller, tmp_path
):
    robot, controller = bodies / "body-0002.json", ["--controller", variant_controller]
    options = [robot, *controller, "--episodes", 2, "--workers", 0, "--json", "-"]
    usual, all_four, alone, raced = (
        json.loads(run("score", *options, *more))[0]
        for more in ([], ["--best-of", 4], ["--best-of", 1], ["--top", 1])
    )
    assert usual["returns"] == all_four["returns"]
    assert usual["variant"] == all_four["variant"] > 0
    assert (raced["returns"], raced["variant"]) == (alone["returns"], 0)
    run("export", robot, *controller, "--out", tmp_path / "out")
    with np.load(tmp_path / "out" / "body-0002" / "body-0002.npz") as net:
        assert net["variant"] == usual["variant"]


def test_perturb_adds_robustness(run, bodies, tiny_controller):
    options = ["--controller", tiny_controller, "--episodes", 1, "--workers", 0, "--perturb"]
    robot = bodies / "body-0001.json"
    [record] = json.loads(run("score", robot, *options, "--json", "-"))
    assert record["metrics"]["robustness"] != record["score"]
    shown = run("score", robot, *options)
    assert "Scores under perturbations" in shown
    for name in ("robustness", *(f"score_when_{name}" for name in PERTURBATIONS)):
        assert f" {record['metrics'][name]:.0f} " in shown


@pytest.mark.slow
@pytest.mark.parametrize("task", ["flat", "csr"])
def test_finetune_gives_the_scores_before_and_after(run, bodies, tiny_controller, task):
    robot = bodies / "body-0000.json"
    options = [robot, "--controller", tiny_controller, "--episodes", 2, "--task", task]
    options += ["--json", "-"]
    [before] = json.loads(run("score", *options, "--workers", 0))
    [after] = json.loads(run("score", *options, "--finetune", 2000, "--workers", 1))
    assert after["metrics"]["zero_shot_score"] == before["score"]
    assert after["metrics"]["finetune_steps"] == 2000
    assert after["seed"] != before["seed"]
    assert len(after["returns"]) == 2
    assert after["task"] == task
    table = run("score", *options[:-2], "--finetune", 2000, "--workers", 1)
    assert f"{before['score']:.1f}" in table
    assert f"{after['score']:.1f}" in table


def test_robots_are_compared_with_the_best(run, refused, bodies, tiny_controller):
    files = [bodies / f"body-000{number}.json" for number in range(3)]
    options = ["--controller", tiny_controller, "--episodes", 2, "--workers", 0, "--compare"]
    shown = run("score", *files, *options)
    assert "Compared with" in shown
    assert "episodes to tell" in shown
    assert "--compare: expected at least 2 robots, got 1" in refused("score", files[0], *options)
    one = ["score", *files, "--episodes", 1, "--compare"]
    assert "--compare: expected at least 2 episodes, got 1" in refused(*one)


def score_in_a_process(*arguments, **variables):
    command = [sys.executable, "-m", "codesign", "score", *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.run(
        command, capture_output=True, check=False, env={**environment, **variables}
    )


def test_a_terminal_of_ascii_gets_question_marks(bodies, tiny_controller):
    options = [bodies / "body-0000.json", "--controller", tiny_controller, "--episodes", 2]
    done = score_in_a_process(*options, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert b"score ? 95%" in done.stdout


def test_nothing_folds_in_a_pipe(bodies, tiny_controller, tmp_path):
    folder = tmp_path / ("long-" * 20) / ("name-" * 20)
    folder.mkdir(parents=True)
    robot = folder / "robot.json"
    robot.write_bytes((bodies / "body-0000.json").read_bytes())
    done = score_in_a_process(robot, "--controller", tiny_controller, "--episodes", 2)
    assert done.returncode == 0, done.stderr
    assert str(robot) in done.stdout.decode()
    assert max(map(len, done.stdout.decode().splitlines())) < len(str(robot)) + 100
