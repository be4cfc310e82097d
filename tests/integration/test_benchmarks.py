"""The benchmarks run, on as little as possible; what they measure is for people to judge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.features import STATE_DIM, context_dim
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from morph_ops.io import write_body
from morph_ops.sampling import sample_body
from tests.helpers.run_processes import evolve_here
from tests.helpers.scripts import load_benchmark, run_main

ROOT = Path(__file__).parents[2]


def run(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks" / script), *options]
    # A checkout can be tested without being installed.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture
def controller(tmp_path: Path) -> Path:
    """A small controller that has learned nothing."""
    config = HypernetConfig(context_dim=context_dim("continuous"), hidden=16, embed=16)
    path = tmp_path / "small.safetensors"
    Controller(
        name="small",
        network=Hypernetwork(config).to_numpy(),
        normalization=Normalization(np.zeros(STATE_DIM), np.ones(STATE_DIM)),
        task="flat",
        context="continuous",
    ).save(path)
    return path


@pytest.mark.slow
def test_rollout_benchmark_prints_a_row_a_body_and_the_ratio(controller):
    done = run(
        "rollout.py",
        *("--controller", str(controller), "--workers", "1", "--robots", "2"),
        *("--max-steps", "5", "--repeats", "1", "--episodes", "3"),
    )
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if "sampled" in line or "all (goal" in line]
    assert len(rows) == 3
    assert "30" in rows[-1].split("│")[4], "2 bodies, 3 episodes, 5 control steps"
    assert float(rows[-1].split("│")[-2]) > 0.0


@pytest.mark.slow
def test_efficiency_benchmark_prints_teachers_students_and_ratios(controller, monkeypatch):
    main = load_benchmark("efficiency", monkeypatch).main
    done = run_main(main, "--controller", str(controller), "--repeats", "1")
    assert done.returncode == 0, done.stderr
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines()]
    rows = {row[0]: row[1:] for row in cells if len(row) == 5}
    assert rows["transformer 5x128/1024"][:2] == ["1,656,322", "19,928,064"]
    assert rows["generated MLP, 256"][:2] == ["124,440", "123,904"]
    assert rows["ratios of Xiong 2024"][:2] == ["6-14x", "67-160x"]
    assert {"message passing 3x64", "small MLP, 16"} <= set(rows)
    ratios = [row for row in cells if row[:1] == ["ratio"]]
    assert [row[2] for row in ratios] == ["160.8x", "127.7x"]
    assert all(float(cell.removesuffix("x")) > 0.0 for row in ratios for cell in row[1:])


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--nodes", "--repeats"])
def test_efficiency_benchmark_refuses_counts_below_one(option, monkeypatch):
    done = run_main(load_benchmark("efficiency", monkeypatch).main, option, "0")
    assert done.returncode == 2
    assert f"{option}: expected at least 1, got 0" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("script", [("rollout", "--workers", "1"), ("efficiency",)])
def test_a_missing_controller_is_one_line(tmp_path, script, monkeypatch):
    name, *options = script
    main = load_benchmark(name, monkeypatch).main
    done = run_main(main, *options, "--controller", str(tmp_path / "no.safetensors"))
    assert done.returncode == 2
    assert "no.safetensors" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_vector_env_benchmark_prints_a_row_a_repeat_and_the_ratio():
    done = run(
        "vector_env.py",
        *("--bodies", "3", "--envs", "2", "--workers", "2"),
        *("--steps", "60", "--action-std", "2", "--repeats", "2"),
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert "3 bodies x 2 simulations" in done.stdout
    rows = [line.split("│") for line in done.stdout.splitlines() if line.startswith("│")]
    assert [row[1].strip() for row in rows] == ["1", "2", "median (goal 0.75)"]
    assert sum(int(row[2]) for row in rows[:2]) > 0, "no body fell: resets went untried"
    assert all(float(row[-2]) > 0.0 for row in rows)


@pytest.mark.slow
def test_search_benchmark_prints_a_row_an_algorithm_and_goes_on_where_it_was(
    controller, tmp_path, monkeypatch
):
    search = load_benchmark("search", monkeypatch)
    for row in ("random", "aging, no crossover"):
        few = (*search.ROWS[row], "reevaluation_episodes=1")
        monkeypatch.setitem(search.ROWS, row, few)
    options = [
        *("--out", str(tmp_path / "runs"), "--controller", str(controller), "--seeds", "0"),
        *("--candidates", "10", "--population", "4", "--episodes", "1"),
        *("--figure", str(tmp_path / "curves.png")),
    ]
    both = ("--only", "random", "--only", "aging, no crossover")
    done = run_main(search.main, *options, *both)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "runs").iterdir() if path.is_dir()} == {
        "random-0",
        "aging-no-crossover-0",
    }
    rows = [line.split("│")[1].strip() for line in done.stdout.splitlines() if "│" in line]
    assert [row for row in rows if row] == ["random", "aging, no crossover"]
    assert (tmp_path / "curves.png").stat().st_size > 10_000
    again = run_main(search.main, *options, *both)
    assert again.stdout == done.stdout
    other = run_main(search.main, *options, *both, "--episodes", "2")
    assert other.returncode == 1
    assert "expected a run with episodes=2, got 1" in other.stderr
    (tmp_path / "runs" / "random-0" / "run.sqlite").unlink()
    broken = run_main(search.main, *options, "--only", "random")
    assert broken.returncode == 1
    assert "random-0.log" in broken.stderr


@pytest.mark.slow
def test_racing_benchmark_prints_the_cost_and_the_kept_bodies(controller):
    done = run(
        "racing.py",
        *("--controller", str(controller), "--workers", "1", "--bodies", "12", "--top", "2"),
        *("--episodes", "3", "--true-episodes", "2", "--repeats", "1"),
    )
    assert done.returncode == 0, done.stderr
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines()]
    rows = {row[1]: row[2:] for row in cells if len(row) == 6}
    assert list(rows) == ["in full", "screening", "in order", "shuffled"]
    assert rows["in full"][1] == "1.00"
    assert rows["in full"][3] == "2.0", "without racing the best are kept"
    assert rows["in order"][0] == rows["in full"][0], "the first population is not pruned"


@pytest.mark.slow
def test_a_missing_training_set_is_one_line(tmp_path, monkeypatch):
    main = load_benchmark("vector_env", monkeypatch).main
    done = run_main(main, "--training-set", str(tmp_path / "no.jsonl"), "--workers", "1")
    assert done.returncode == 2
    assert "no.jsonl" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_idle_benchmark_prints_a_row_an_algorithm(controller):
    done = run(
        "idle.py",
        *("--controller", str(controller), "--workers", "2", "--population", "4"),
        *("--generations", "1", "--in-flight", "2", "--episodes", "1", "--repeats", "1"),
    )
    assert done.returncode == 0, done.stderr
    assert "8 candidates" in " ".join(done.stdout.split())
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines()]
    figures = {row[0]: row for row in rows if len(row) == 5}
    assert set(figures) == {"aging", "mu_plus_lambda"}
    for row in figures.values():
        assert 4 <= int(row[1]) <= 8, "no two of the 4 starting bodies are equal"
        assert 0.0 <= float(row[3].removesuffix("%")) <= 100.0


@pytest.mark.slow
def test_scale_benchmark_prints_what_the_coordinator_costs():
    done = run("scale.py", "--candidates", "100")
    assert done.returncode == 0, done.stderr
    assert "last tenth over first, per candidate: " in done.stdout
    [size] = [line for line in done.stdout.splitlines() if line.startswith("database: ")]
    whole, json = (float(word.replace(",", "")) for word in size.split() if word[0].isdigit())
    assert 0 < whole - json < 2000, "more than 2 KB a candidate beside its JSON"


@pytest.mark.slow
def test_reference_bodies_are_the_best_of_the_sampled_ones(controller, monkeypatch, tmp_path):
    out = tmp_path / "bodies.json"
    main = load_benchmark("reference_bodies", monkeypatch).main
    options = ("--bodies", "2", "--sampled", "4", "--episodes", "1", "--out", str(out))
    done = run_main(main, "--controller", str(controller), *options)
    assert done.returncode == 0, done.stderr
    scores = [float(line.split()[-1]) for line in done.stdout.splitlines()]
    assert len(scores) == len(json.loads(out.read_text())) == 2
    assert scores == sorted(scores, reverse=True)


@pytest.mark.slow
def test_harder_worlds_prints_a_row_a_task_and_does_nothing_twice(tmp_path, monkeypatch):
    worlds = load_benchmark("harder_worlds", monkeypatch)
    monkeypatch.setattr(worlds, "CHECKPOINTS", 1)
    monkeypatch.setattr(worlds.subprocess, "run", partial(evolved_here, episodes=1))
    options = ["--out", str(tmp_path / "out"), "--seeds", "1", "--candidates", "3"]
    options += ["--steps", "800", "--episodes", "1", "--task", "flat", "--workers", "1"]
    done = CliRunner().invoke(worlds.main, options, catch_exceptions=False)
    assert "after 800 steps" in done.stdout
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("scores.json")}
    assert CliRunner().invoke(worlds.main, options).stdout == done.stdout
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("scores.json")}


@pytest.mark.slow
@pytest.mark.parametrize("budget", [("--minutes", "0.01"), ("--steps", "6000")])
def test_searches_that_learn_run_once(budget, tmp_path, monkeypatch):
    searches = load_benchmark("searches_that_learn", monkeypatch)
    monkeypatch.setattr(searches, "EPISODES", 2)
    monkeypatch.setattr(searches, "FINALISTS", 1)
    monkeypatch.setattr(searches.subprocess, "run", partial(evolved_here, episodes=1))
    monkeypatch.setattr(searches, "ProcessPoolExecutor", OneAfterTheOther)
    names, out = ("plain", "random"), tmp_path / "out"
    options = ["--out", str(out), *budget, "--seeds", "1"]
    options += ["--tuning", "64", "--workers", "1"]
    options += [part for name in names for part in ("--row", name)]
    out.mkdir()
    known = {"score": 1.0, "zero_shot": 0.5, "candidates": 3, "steps": 9000, "minutes": 0.01}
    (out / "random-0.json").write_text(json.dumps(known))
    done = CliRunner().invoke(searches.main, options, catch_exceptions=False)
    rows = [line for line in done.stdout.splitlines() if any(name in line for name in names)]
    assert len(rows) == 2
    assert CliRunner().invoke(searches.main, options).stdout == done.stdout


def evolved_here(command, *, episodes, **_):
    """Do in this process what a benchmark starts another one for, over few episodes."""
    assert command[1:4] == ["-m", "codesign", "evolve"]
    few = (f"episodes={episodes}", "population=3", f"reevaluation_episodes={episodes}")
    with redirect_stdout(StringIO()):
        evolve_here(*command[4:], *(f"--set={setting}" for setting in few))
    return subprocess.CompletedProcess(command, 0)


class OneAfterTheOther:
    """An executor that calls in this thread."""

    def __init__(self, jobs, *, mp_context):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    map = staticmethod(map)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["train", "tune"])
def test_bodies_that_learn_from_nothing_evolve(monkeypatch, way):
    scratch = load_benchmark("searches_from_scratch", monkeypatch)
    monkeypatch.setattr(scratch, "BATCH", 2)
    learn = partial(getattr(scratch, way), steps=300, workers=1)
    parents = learn([(sample_body(np.random.default_rng(seed)), None) for seed in (0, 1)], 5)
    assert all(np.isfinite(body.score) and body.steps >= 300 for body in parents)
    budget = scratch.Budget(steps=2 * sum(body.steps for body in parents), minutes=None)
    found = scratch.evolve(lambda born, seed: parents, seed=0, budget=budget, population=2)
    assert found == parents * 2
    [child] = learn([scratch._born(parents, np.random.default_rng(0))], 6)
    assert np.isfinite(child.score)


@pytest.mark.slow
def test_critic_screen_prints_a_row_a_screen(tmp_path, monkeypatch):
    few = ("population=4", "generations=2", "episodes=1", "reevaluation_episodes=0", "top=1")
    few += ("screened=0", "brood=1", "finetune_steps=0")
    options = [f"--set={setting}" for setting in few]
    evolve_here("--out", str(tmp_path / "run"), "--workers", "1", *options)
    screen = load_benchmark("critic_screen", monkeypatch)
    options = [str(tmp_path / "run"), "--out", str(tmp_path / "critic")]
    options += ["--bodies", "2", "--children", "4", "--steps", "1000"]
    done = CliRunner().invoke(screen.main, options, catch_exceptions=False)
    names = ("critic", "parent", "25 control steps", "100 control steps")
    assert all(any(name in line for line in done.stdout.splitlines()) for name in names)


@pytest.mark.slow
def test_learning_curves_print_a_row_a_moment_and_do_nothing_twice(tmp_path, monkeypatch):
    robots = tmp_path / "robots"
    robots.mkdir()
    write_body(sample_body(np.random.default_rng(0)), robots / "one.json")
    curves = load_benchmark("learning_curves", monkeypatch)
    options = [str(robots), "--out", str(tmp_path / "out"), "--workers", "1"]
    monkeypatch.setattr(curves, "MOMENTS", (400, 800))
    monkeypatch.setattr(curves, "ES_MOMENTS", (400,))
    monkeypatch.setattr(curves, "EPISODES", 1)
    first = CliRunner().invoke(curves.main, options, catch_exceptions=False)
    times = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    again = CliRunner().invoke(curves.main, options, catch_exceptions=False)
    ways = [line.split("│")[2].strip() for line in first.output.splitlines() if "robots │" in line]
    counts = {way: ways.count(way) for way in ways}
    assert counts == {"variants": 3, "ppo": 2, "scratch": 2, "context": 2, "output": 2}
    assert again.output == first.output
    assert times == {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}


def test_unstable_robots_are_not_counted_as_scored(monkeypatch):
    robots = load_benchmark("foreign_robots", monkeypatch)
    outcomes = [
        robots.Outcome("zoo", "ant.xml", 12.3, 0.5, 9, True, "ok", "no floor", 97.2),
        robots.Outcome("zoo", "bee.xml", -10000.0, 0.0, 7, False, "unstable", "too light"),
        robots.Outcome("zoo", "cat.xml", None, message="no motor"),
    ]
    options = robots._parser().parse_args(["zoo", "--markdown"])
    page = robots._markdown(outcomes, options)
    assert page.count("1 of 3 files are scored, 1 refused, 1 unstable.") == 2
    assert "| `ant.xml` | 9 | 12 | 50% | 97 | no floor |" in page
    assert "| `bee.xml` | 7 | unstable |  |  | too light |" in page
    assert "| `cat.xml` |  | refused |  |  | no motor |" in page
    counts = robots._counts(outcomes)
    assert [list(column.cells) for column in counts.columns][1:] == [["3"], *[["1"]] * 4]
