"""Designs that are robots from elsewhere: their exported scripts simulate what a score does."""

from __future__ import annotations

import json
import runpy
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from codesign import api
from codesign.cli.main import main
from codesign.exporting import (
    Design,
    DesignRollout,
    FineTuning,
    design_files,
    export_designs,
    export_robot,
)
from codesign.exporting.design_readme import design_readme
from codesign.scoring import BodyScorer
from hyperdistill_core.controller import Controller
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from morph_ops.graph import import_notes
from morph_ops.io import mjcf
from morph_ops.sampling import sample_body
from tests.morph_ops.io.mjcf.foreign.robots import PLANAR, quadruped

ROBOTS = {"quadruped": quadruped(), "planar": PLANAR}


@pytest.mark.parametrize("name", ROBOTS)
def test_the_script_of_a_design_repeats_the_rollouts(name, tmp_path, tiny_controller):
    (tmp_path / "robot.xml").write_text(ROBOTS[name])
    graph = mjcf.read(tmp_path / "robot.xml")
    folder = tmp_path / "designs" / name
    options = DesignRollout(controller=str(tiny_controller), episodes=3)
    export_designs(
        [Design(name=name, graph=graph)], folder.parent, formats=["mjcf", "npz"], rollout=options
    )
    distance, seconds, _ = runpy.run_path(str(folder / "run_standalone.py"))["simulate"](
        folder / f"{name}.xml"
    )
    task = get_task("flat")
    policy = Controller.load(tiny_controller).for_body(graph, task.model(graph))
    expected = rollout(graph, policy, task=task, episodes=3)
    np.testing.assert_allclose(distance, expected.distance, rtol=0, atol=1e-6)
    np.testing.assert_allclose(seconds, expected.lengths * task.control_dt, rtol=0, atol=1e-9)


def test_the_script_of_a_robot_simulates_the_episodes_of_its_score(tmp_path, tiny_controller):
    (tmp_path / "robot.xml").write_text(quadruped())
    out = tmp_path / "out"
    export_robot(
        tmp_path / "robot.xml", out, formats=["mjcf", "npz"], controller=tiny_controller, best_of=1
    )
    distance, *_ = runpy.run_path(str(out / "robot" / "run_standalone.py"))["simulate"](
        out / "robot" / "robot.xml"
    )
    score = json.loads((out / "robot" / "robot.record.json").read_text())["score"]
    assert len(distance) == score["episodes"] == len(score["returns"]) == 8
    np.testing.assert_allclose(np.mean(distance), score["distance"], rtol=0, atol=1e-6)


def test_a_finetuned_robot_comes_with_the_record_of_its_score(
    tmp_path, tiny_controller, monkeypatch, capsys
):
    (tmp_path / "robot.xml").write_text(quadruped())
    graph = mjcf.read(tmp_path / "robot.xml")
    rollout_of = DesignRollout(controller=tiny_controller, seed=3, episodes=2)

    @contextmanager
    def trained(designs, rollout, finetuning, *, folder):
        network = Controller.load(tiny_controller).for_body(graph, get_task("flat").model(graph))
        changes = {"network": network, "scores": (-5.0, 7.0), "tuned": ("flat", 1000)}
        yield [replace(design, **changes) for design in designs], rollout

    monkeypatch.setattr(design_files, "finetuned", trained)
    out = tmp_path / "out"
    designs = export_designs(
        [Design(name="robot", graph=graph)],
        out,
        rollout=rollout_of,
        finetuning=FineTuning(steps=1000),
    )
    expected = BodyScorer(controller=tiny_controller, episodes=2, seed=3)(graph, variant=0)
    score = json.loads((out / "robot" / "robot.record.json").read_text())["score"]
    assert score["returns"] == list(expected.returns)
    assert score["ci95"] == list(expected.ci95)
    assert (score["metrics"]["zero_shot_score"], score["metrics"]["finetune_steps"]) == (-5.0, 1000)
    imported = [warning for warning in score["warnings"] if warning.startswith("import: ")]
    assert len(imported) == len(import_notes(graph)) > 0
    readme = (out / "robot" / "README.md").read_text("utf-8")
    assert "95% interval" in readme
    assert "- import: one node with all that is welded to it" in readme
    monkeypatch.setattr(api, "finetune", lambda *_, **__: designs)
    with pytest.raises(SystemExit, match="0"):
        main(["finetune", str(tmp_path / "robot.xml"), "--out", str(out)])
    assert "robot: import: one node with all that is welded to it" in capsys.readouterr().out


def test_the_unlikeness_of_a_robot_is_in_its_readme():
    graph = sample_body(np.random.default_rng(0))
    score = BodyScorer(controller="flat-v2", episodes=1)(graph).to_dict()
    score["metrics"] = {"unlikeness": 97.4}
    record = {"design": "robot", "score": score}
    text = design_readme(record, graph, mjcf.to_model(graph), [])
    assert "| unlikeness | 97% of training bodies lie nearer to others |" in text
