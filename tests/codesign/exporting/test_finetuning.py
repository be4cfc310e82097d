"""Fine-tuning of designs before they are written."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from codesign.config import Settings
from codesign.errors import UsageError
from codesign.exporting import (
    Design,
    DesignRollout,
    FineTuning,
    export_designs,
    finetune,
    run_standalone,
)
from codesign.scoring import score
from codesign.store import RunFolder
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.tasks import get_task
from morph_ops import graph as body_graph
from morph_ops import write_body
from morph_ops.sampling import sample_body

SEED = 5


@pytest.mark.slow
def test_interrupted_fine_tuning_continues(tiny_controller, tmp_path):
    bodies = [sample_body(np.random.default_rng(seed)) for seed in (1, 2)]
    robots = [Design(name=f"body-{index}", graph=body) for index, body in enumerate(bodies)]
    rollout = DesignRollout(controller=tiny_controller, seed=SEED, episodes=2)
    out, training = tmp_path / "designs", tmp_path / "designs.finetuning"

    def interrupt(done, total, speed):
        assert (done, total) == (96 * 64, 12_000)
        raise KeyboardInterrupt

    cut = FineTuning(steps=6000, on_steps=interrupt)
    with pytest.raises(KeyboardInterrupt):
        export_designs(robots, out, rollout=rollout, finetuning=cut)
    assert training.is_dir()
    assert not out.exists()
    with pytest.raises(UsageError, match=r"designs\.finetuning is not the fine-tuning of these"):
        export_designs(robots, out, rollout=rollout, finetuning=FineTuning(steps=7000))
    seen = []
    finetuning = FineTuning(steps=6000, on_steps=lambda *row: seen.append(row[0]))
    designs = export_designs(robots, out, rollout=rollout, finetuning=finetuning)
    assert seen == [2 * 96 * 64], "it continues after the first update"
    assert not training.exists()
    generated = score([r.graph for r in robots], controller=tiny_controller, episodes=2, seed=SEED)
    loaded = Controller.load(tiny_controller)
    changed = []
    for design, before in zip(designs, generated, strict=True):
        assert design.scores is not None
        assert design.scores[0] == before.score
        distance, *_ = run_standalone.simulate(out / design.name / f"{design.name}.xml")
        assert distance.mean() / 0.02 == pytest.approx(design.scores[1], rel=1e-6)
        model = get_task("flat").model(design.graph)
        weights = loaded.for_body(design.graph, model).arrays()["weight_0"]
        file = out / design.name / f"{design.name}.npz"
        changed.append(not np.array_equal(np.load(file)["weight_0"], weights))
    assert any(changed), "the test needs a network that training improves: choose another seed"
    with (out / "designs.csv").open() as file:
        rows = list(csv.DictReader(file))
    scores = [(float(row["zero_shot_score"]), float(row["finetuned_score"])) for row in rows]
    assert [row["design"] for row in rows] == ["body-0", "body-1"]
    assert scores == [design.scores for design in designs]


@pytest.fixture
def robots(tmp_path):
    files = [tmp_path / "robots" / f"{name}.json" for name in ("one", "two")]
    files[0].parent.mkdir()
    for seed, file in enumerate(files, start=1):
        write_body(sample_body(np.random.default_rng(seed)), file)
    return files


@pytest.mark.slow
def test_robots_become_designs_with_both_scores_on_a_task(robots, seeing_controller, tmp_path):
    out, tuning = tmp_path / "out", FineTuning(steps=3072, task="incline")
    designs = finetune(robots, out, tuning, controller=seeing_controller, episodes=2, seed=SEED)
    assert [design.name for design in designs] == ["one", "two"]
    assert {path.name for path in out.iterdir()} == {"one", "two", "designs.csv"}
    record = json.loads((out / "two" / "two.record.json").read_text())
    assert [record["zero_shot_score"], record["finetuned_score"]] == list(designs[1].scores or [])
    assert (record["task"], record["finetune_task"]) == ("incline", "incline")
    assert (record["finetune_steps"], record["height_samples"]) == (3072, 195)
    readme = (out / "two" / "README.md").read_text("utf-8")
    assert "on the task incline in 3,072 control steps" in readme
    with (out / "designs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["finetune_task"] for row in rows] == ["incline", "incline"]
    distance, *_ = run_standalone.simulate(out / "two" / "two.world.xml")
    returns = distance / 0.02 / np.cos(np.radians(10))
    assert returns.mean() == pytest.approx(record["finetuned_score"], rel=1e-6)
    zero_shot = score(
        [design.graph for design in designs],
        controller=seeing_controller,
        task="incline",
        episodes=2,
        seed=SEED,
    )
    scores = [design.scores for design in designs if design.scores]
    assert [before for before, _ in scores] == [record.score for record in zero_shot]


def torso(path):
    record = body_graph.Torso(pos=(0.0, 0.0, 0.5), radius=0.1, density=900.0)
    write_body(body_graph.new_body(record), path)
    return path


def test_sources_that_cannot_be_finetuned_are_one_line(robots, tmp_path):
    """All of them are refused before anything is trained."""
    run, several, custom = (
        RunFolder.create(tmp_path / name, settings).path
        for name, settings in (
            ("run", Settings(task="csr")),
            ("several", Settings(tasks=["flat", "csr"], racing=None)),
            ("custom", Settings(task="some.module:task")),
        )
    )
    copy = tmp_path / "one.json"
    copy.write_bytes(robots[0].read_bytes())
    cases = [
        ([tmp_path / "none.json"], {}, "no such run or robot"),
        ([run, robots[0]], {}, "expected one run, or robots"),
        ([run], {"best_of": 2}, "are for robots"),
        ([run], {}, "expected at least one design that a controller moves, got none"),
        ([several], {}, "the run has the tasks flat, csr: name the one to train on"),
        ([custom], {}, "the run has the task some.module:task, which is code: name it to say"),
        (robots, {"top": 2}, "top is for a run"),
        ([robots[0], copy], {}, "another robot has the name one"),
        ([torso(tmp_path / "torso.json")], {}, "got a torso alone"),
    ]
    for sources, options, message in cases:
        with pytest.raises(UsageError, match=message):
            finetune(sources, tmp_path / "out", FineTuning(steps=1), **options)
    assert not (tmp_path / "out").exists()
