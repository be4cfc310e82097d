"""Designs that are robots from elsewhere: their exported scripts simulate what a score does."""

from __future__ import annotations

import runpy

import numpy as np
import pytest

from codesign.exporting import Design, DesignRollout, export_designs
from hyperdistill_core.controller import Controller
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from morph_ops.io import mjcf
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
    distance, seconds = runpy.run_path(str(folder / "run_standalone.py"))["simulate"](
        folder / f"{name}.xml"
    )
    task = get_task("flat")
    policy = Controller.load(tiny_controller).for_body(graph, task.model(graph))
    expected = rollout(graph, policy, task=task, episodes=3)
    np.testing.assert_allclose(distance, expected.distance, rtol=0, atol=1e-6)
    np.testing.assert_allclose(seconds, expected.lengths * task.control_dt, rtol=0, atol=1e-9)
