"""The stand-alone script simulates what was scored."""

from __future__ import annotations

import runpy
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from codesign.exporting import Design, DesignRollout, export_designs, run_standalone
from codesign.scoring import score
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.teachers.generalist import Generalist
from tests.codesign.exporting.conftest import EPISODES, SEED


def test_the_runner_reaches_the_score(exported, body, tiny_controller):
    # Every operation is the engines' own, so that contacts have next to no noise to blow up.
    [record] = score([body], controller=tiny_controller, episodes=EPISODES, seed=SEED)
    distance, seconds = run_standalone.simulate(exported / "it.xml")
    assert seconds == pytest.approx(np.array(record.lengths) * 0.02)
    assert distance / 0.02 == pytest.approx(record.returns, rel=1e-6)


def test_the_runner_reaches_the_score_of_a_robot_in_other_frames(
    body, in_other_frames, tiny_controller, tmp_path
):
    robot = in_other_frames(body)
    rollout = DesignRollout(controller=tiny_controller, seed=SEED, episodes=2)
    export_designs([Design(name="it", graph=robot)], tmp_path / "designs", rollout=rollout)
    [record] = score([robot], controller=tiny_controller, episodes=2, seed=SEED)
    distance, _ = run_standalone.simulate(tmp_path / "designs" / "it" / "it.xml")
    assert distance / 0.02 == pytest.approx(record.returns, rel=1e-6)


def test_the_runner_has_the_clock_phase_of_the_score(body, tiny_controller, tmp_path):
    clockless = Controller.load(tiny_controller)
    actor = Hypernetwork.from_numpy(clockless.network)
    network = Generalist.from_hypernetwork(actor, clock_harmonics=2).actor
    torch.nn.init.normal_(network.clock_head.bias, std=0.5)
    replace(clockless, network=network.to_numpy()).save(tmp_path / "c.safetensors")
    rollout = DesignRollout(controller=tmp_path / "c.safetensors", seed=SEED, episodes=2)
    export_designs([Design(name="it", graph=body)], tmp_path / "designs", rollout=rollout)
    [record] = score([body], controller=rollout.controller, episodes=2, seed=SEED)
    [without] = score([body], controller=tiny_controller, episodes=2, seed=SEED)
    assert record.returns != pytest.approx(without.returns, abs=0.1)
    distance, _ = run_standalone.simulate(tmp_path / "designs" / "it" / "it.xml")
    assert distance / 0.02 == pytest.approx(record.returns, rel=1e-6)


def test_the_runner_runs_alone(exported):
    done = subprocess.run(
        [sys.executable, "run_standalone.py", "it.xml"],
        cwd=exported, capture_output=True, text=True, check=True,
    )  # fmt: skip
    _, distance, _, seconds, _, speed, unit = done.stdout.split()
    assert unit == "m/s"
    assert float(speed) == pytest.approx(float(distance) / float(seconds), abs=0.02)


@pytest.mark.parametrize("arguments", [[], ["it.json"], ["none.xml"], ["it.xml", "more"]])
def test_the_runner_says_how_it_is_used(exported, arguments, monkeypatch, capsys):
    monkeypatch.chdir(exported)
    monkeypatch.setattr(sys, "argv", ["run_standalone.py", *arguments])
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path("run_standalone.py", run_name="__main__")
    usage = (
        "usage: python run_standalone.py DESIGN.xml, with DESIGN.npz or DESIGN.onnx beside it; "
        "DESIGN.world.xml also needs DESIGN.world.npz, DESIGN.TASK.world.xml its own\n"
    )
    assert capsys.readouterr().err == usage
