"""The benchmarks run, on as little as possible; what they measure is for people to judge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.features import STATE_DIM, context_dim
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.io.files import write_body
from morph_ops.sampling import sample_body

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


def two_folders(tmp_path: Path) -> tuple[list[nx.DiGraph[str]], tuple[str, ...]]:
    """Four bodies, and the options that name folders of the first three and of the last."""
    graphs = [sample_body(np.random.default_rng(n)) for n in range(4)]
    options: list[str] = []
    for folder, chosen in (("robots", graphs[:3]), ("held-out", graphs[3:])):
        (tmp_path / folder).mkdir()
        for number, graph in enumerate(chosen):
            write_body(graph, tmp_path / folder / f"{number}.xml")
        options += [f"--{folder}", str(tmp_path / folder)]
    return graphs, tuple(options)


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
def test_efficiency_benchmark_prints_teachers_students_and_ratios(controller):
    done = run("efficiency.py", "--controller", str(controller), "--repeats", "1")
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
def test_efficiency_benchmark_refuses_counts_below_one(option):
    done = run("efficiency.py", option, "0")
    assert done.returncode == 2
    assert f"{option}: expected at least 1, got 0" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("script", [("rollout.py", "--workers", "1"), ("efficiency.py",)])
def test_a_missing_controller_is_one_line(tmp_path, script):
    done = run(*script, "--controller", str(tmp_path / "no.safetensors"))
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
def test_ablations_print_a_row_a_training_and_train_none_twice(tmp_path):
    graphs, folders = two_folders(tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    TrainingSet(tuple(graphs[:3]), ("robot", "robot", "sampled")).write(out / "training-set.jsonl")
    options = [
        *folders,
        *("--out", str(out), "--minutes", "0.01", "--children", "2"),
        *("--only", "generalist-robots"),
        *("--only", "student-reference"),
    ]
    done = run("ablations.py", *options)
    assert done.returncode == 0, done.stderr
    figures = json.loads((out / "generalist-robots" / "result.json").read_text())
    assert figures["bodies"] == 2, "the robots of the training set alone"
    assert {n: s["bodies"] for n, s in figures["sets"].items()} == {
        "robots": 3,
        "held out": 1,
        "children": 2,
    }
    again = run("ablations.py", *options)
    assert again.stdout == done.stdout
    (out / "generalist-robots" / "result.json").unlink()  # as if it had been interrupted
    anew = run("ablations.py", *options)
    assert anew.returncode == 0, anew.stderr
    assert "generalist-robots" in done.stdout
    assert "student-reference" in done.stdout
    anew_figures = json.loads((out / "generalist-robots" / "result.json").read_text())
    assert anew_figures["sets"].keys() == figures["sets"].keys()


@pytest.mark.slow
def test_search_benchmark_prints_a_row_an_algorithm_and_goes_on_where_it_was(controller, tmp_path):
    options = [
        *("--out", str(tmp_path / "runs"), "--controller", str(controller), "--seeds", "0"),
        *("--candidates", "10", "--population", "4", "--episodes", "1"),
        *("--only", "random", "--only", "aging, no crossover"),
        *("--figure", str(tmp_path / "curves.png")),
    ]
    done = run("search.py", *options)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "runs").iterdir() if path.is_dir()} == {
        "random-0",
        "aging-no-crossover-0",
    }
    rows = [line.split("│")[1].strip() for line in done.stdout.splitlines() if "│" in line]
    assert [row for row in rows if row] == ["random", "aging, no crossover"]
    assert (tmp_path / "curves.png").stat().st_size > 10_000
    again = run("search.py", *options)
    assert again.stdout == done.stdout
    other = run("search.py", *options, "--episodes", "2")
    assert other.returncode == 1
    assert "expected a run with episodes=2, got 1" in other.stderr
    (tmp_path / "runs" / "random-0" / "run.sqlite").unlink()
    broken = run("search.py", *options)
    assert broken.returncode == 1
    assert "random-0.log" in broken.stderr


@pytest.mark.slow
def test_racing_benchmark_prints_the_cost_and_the_kept_bodies(controller):
    done = run(
        "racing.py",
        *("--controller", str(controller), "--workers", "1", "--bodies", "24", "--top", "2"),
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
def test_a_missing_training_set_is_one_line(tmp_path):
    done = run("vector_env.py", "--training-set", str(tmp_path / "no.jsonl"), "--workers", "1")
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
def test_training_speed_prints_a_row_a_setting():
    options = ("--bodies", "2", "--updates", "1", "--repeats", "1")
    done = run("training_speed.py", *options)
    assert done.returncode == 0, done.stderr
    rows = [line.split("│")[1:-1] for line in done.stdout.splitlines() if "threads" in line]
    assert float(rows[0][2]) > 0.0
    assert "generalist, 2 bodies" in done.stdout


@pytest.mark.slow
def test_ppo_settings_are_compared_and_no_row_is_trained_twice(tmp_path, controller):
    graphs, folders = two_folders(tmp_path)
    bodies = tmp_path / "bodies.jsonl"
    TrainingSet(tuple(graphs[:3]), ("robot",) * 3).write(bodies)
    out = ("--out", str(tmp_path / "out"), "--init", str(controller), "--minutes", "0.001")
    only = ("--only", "default", "--only", "1 epoch")
    done = run("ppo_settings.py", str(bodies), *folders, *out, *only)
    assert done.returncode == 0, done.stderr
    assert "0.001 minutes from" in done.stdout
    rows = {path.stem for path in (tmp_path / "out").glob("*.json")}
    assert rows == {"default", "1-epoch", "options"}
    assert run("ppo_settings.py", str(bodies), *folders, *out, *only).stdout == done.stdout
    other = run("ppo_settings.py", str(bodies), *folders, *out, "--minutes", "0.002")
    assert other.returncode == 1
    assert "expected --minutes 0.001, which its results were made with, got 0.002" in other.stderr


@pytest.mark.slow
def test_the_reproduction_is_a_table_of_teacher_and_students(tmp_path):
    _, folders = two_folders(tmp_path)
    tiny = ("--teacher-minutes", "0.001", "--updates", "2", "--horizon", "20", "--episodes", "1")
    options = (*folders, "--out", str(tmp_path / "out"), *tiny, "--layers", "1")
    done = run("reproduction.py", *options)
    assert done.returncode == 0, done.stderr
    cells = [[c.strip() for c in line.split("│")[1:-1]] for line in done.stdout.splitlines()]
    rows = {row[0]: row[1:] for row in cells if len(row) == 7}
    students = {"student", "robots alone", "no dropout", "one teacher a robot"}
    assert set(rows) == {"modumorph, universal", *students}
    assert rows["modumorph, universal"][1] == ""
    assert rows["student"][4] == "124,440", "parameters of the published student"
    again = run("reproduction.py", *options)
    assert again.stdout.splitlines()[-1] == done.stdout.splitlines()[-1]
