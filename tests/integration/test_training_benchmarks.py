"""The benchmarks of trainings, in this process and on as little as possible."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.training import ppo
from hyperdistill_core.training.distillation import CollectSettings
from hyperdistill_core.training.ppo import PPOSettings
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.io.files import write_body
from morph_ops.sampling import sample_body
from tests.helpers.scripts import load_benchmark, run_main

pytestmark = pytest.mark.slow

#: An update of a few simulations, in place of the hundreds of a benchmark.
FEW = {"n_envs": 2, "horizon": 8}


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


def test_ablations_print_a_row_a_training_and_train_none_twice(tmp_path, monkeypatch):
    ablations = load_benchmark("ablations", monkeypatch)
    row = ablations.ROWS["generalist-robots"]
    small = replace(row, settings=row.settings.replace(**FEW, epochs=1))
    monkeypatch.setitem(ablations.ROWS, "generalist-robots", small)
    monkeypatch.setattr(ablations, "PILOT_UPDATES", 2)
    few = CollectSettings(n_envs=1, horizon=20, n_workers=1)
    monkeypatch.setattr(ablations, "CollectSettings", lambda **_: few)
    graphs, folders = two_folders(tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    TrainingSet(tuple(graphs[:3]), ("robot", "robot", "sampled")).write(out / "training-set.jsonl")
    options = [
        *folders,
        *("--out", str(out), "--minutes", "0.001", "--children", "2"),
        *("--parallel", "1"),
        *("--only", "generalist-robots"),
        *("--only", "student-reference"),
    ]
    done = run_main(ablations.main, *options)
    assert done.returncode == 0, done.stderr
    figures = json.loads((out / "generalist-robots" / "result.json").read_text())
    assert figures["bodies"] == 2, "the robots of the training set alone"
    assert {n: s["bodies"] for n, s in figures["sets"].items()} == {
        "robots": 3,
        "held out": 1,
        "children": 2,
    }
    again = run_main(ablations.main, *options)
    assert again.stdout == done.stdout
    (out / "generalist-robots" / "result.json").unlink()  # as if it had been interrupted
    anew = run_main(ablations.main, *options)
    assert anew.returncode == 0, anew.stderr
    assert "generalist-robots" in done.stdout
    assert "student-reference" in done.stdout
    anew_figures = json.loads((out / "generalist-robots" / "result.json").read_text())
    assert anew_figures["sets"].keys() == figures["sets"].keys()


def test_training_speed_prints_a_row_a_setting(monkeypatch):
    training_speed = load_benchmark("training_speed", monkeypatch)
    monkeypatch.setattr(ppo, "PPOSettings", partial(PPOSettings, **FEW, epochs=1, n_workers=1))
    options = ("--bodies", "2", "--updates", "1", "--repeats", "1")
    done = run_main(training_speed.main, *options)
    assert done.returncode == 0, done.stderr
    rows = [line.split("│")[1:-1] for line in done.stdout.splitlines() if "threads" in line]
    assert float(rows[0][2]) > 0.0
    assert "generalist, 2 bodies" in done.stdout


def test_ppo_settings_are_compared_and_no_row_is_trained_twice(
    tmp_path, tiny_controller, monkeypatch
):
    ppo_settings = load_benchmark("ppo_settings", monkeypatch)
    base = ppo_settings.BASE.replace(**FEW, n_workers=1)
    monkeypatch.setattr(ppo_settings, "BASE", base)
    graphs, folders = two_folders(tmp_path)
    bodies = tmp_path / "bodies.jsonl"
    TrainingSet(tuple(graphs[:3]), ("robot",) * 3).write(bodies)
    out = ("--out", str(tmp_path / "out"), "--init", str(tiny_controller), "--minutes", "0.001")
    only = ("--only", "default", "--only", "1 epoch")
    done = run_main(ppo_settings.main, str(bodies), *folders, *out, *only)
    assert done.returncode == 0, done.stderr
    assert "0.001 minutes from" in done.stdout
    rows = {path.stem for path in (tmp_path / "out").glob("*.json")}
    assert rows == {"default", "1-epoch", "options"}
    assert run_main(ppo_settings.main, str(bodies), *folders, *out, *only).stdout == done.stdout
    other = run_main(ppo_settings.main, str(bodies), *folders, *out, "--minutes", "0.002")
    assert other.returncode == 1
    assert "expected --minutes 0.001, which its results were made with, got 0.002" in other.stderr


def test_the_reproduction_is_a_table_of_teacher_and_students(tmp_path, monkeypatch):
    reproduction = load_benchmark("reproduction", monkeypatch)
    few = partial(PPOSettings, **FEW, epochs=1, n_workers=1)
    monkeypatch.setattr(reproduction, "PPOSettings", few)
    monkeypatch.setattr(reproduction, "DATA", reproduction.DATA.replace(n_envs=1, n_workers=1))
    monkeypatch.setattr(reproduction, "MUTANTS_PER_ROBOT", 3)
    _, folders = two_folders(tmp_path)
    tiny = ("--teacher-minutes", "0.001", "--updates", "2", "--horizon", "20", "--episodes", "1")
    options = (*folders, "--out", str(tmp_path / "out"), *tiny, "--layers", "1")
    done = run_main(reproduction.main, *options)
    assert done.returncode == 0, done.stderr
    cells = [[c.strip() for c in line.split("│")[1:-1]] for line in done.stdout.splitlines()]
    rows = {row[0]: row[1:] for row in cells if len(row) == 7}
    students = {"student", "robots alone", "no dropout", "one teacher a robot"}
    assert set(rows) == {"modumorph, universal", *students}
    assert rows["modumorph, universal"][1] == ""
    assert rows["student"][4] == "124,440", "parameters of the published student"
    again = run_main(reproduction.main, *options)
    assert again.stdout.splitlines()[-1] == done.stdout.splitlines()[-1]
    given = (*folders, "--out", str(tmp_path / "given"), *tiny, "--teacher", "flat-v3")
    taught = run_main(reproduction.main, *given, "--only", "student")
    assert taught.returncode == 0, taught.stderr
    assert "flat, 1 episodes" in taught.stdout
    teacher = Controller.load("flat-v3")
    student = Controller.load(tmp_path / "given" / "student.safetensors")
    assert student.context == teacher.context
    assert student.network.config.clock_harmonics == teacher.network.config.clock_harmonics
