"""Torques of joints are those that MuJoCo applies."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from codesign.exporting import Design, DesignRollout
from codesign.exporting.assembly.loads import joint_loads, replayed
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from morph_ops.graph import joints
from morph_ops.sampling import sample_body

PENDULUM = """
<mujoco><option timestep="0.005" gravity="0 0 0"/><worldbody><body>
  <joint name="j" type="hinge" axis="0 1 0"/><geom size="0.1" pos="0 0 -1" mass="2"/>
</body></worldbody>
<actuator><motor joint="j" gear="3" ctrllimited="true" ctrlrange="-1 1"/></actuator></mujoco>
"""


def test_a_pendulum_gives_its_gear_times_its_control():
    model = mujoco.MjModel.from_xml_string(PENDULUM)
    controls = np.array([[0.5], [5.0], [-1.0]])
    torque, speed = replayed(model, model.qpos0, np.zeros(1), controls, 4, np.array([0]))
    np.testing.assert_allclose(torque[:, 0], np.repeat([1.5, 3.0, -3.0], 4))
    inertia = 2.0 + 2.0 / 5.0 * 2.0 * 0.1**2
    assert speed[3, 0] == pytest.approx(4 * 0.005 * 1.5 / inertia, rel=1e-6)


def test_loads_are_those_of_the_motors(tiny_controller):
    body = sample_body(np.random.default_rng(1))
    controller, task = Controller.load(tiny_controller), get_task("flat")
    loads = joint_loads(
        Design(name="it", graph=body), controller, DesignRollout(controller="-", seed=3), episodes=2
    )
    model = task.model(body)
    result = rollout(
        body, controller.for_body(body, model), task=task, episodes=2, seed=3,
        record_trajectory=True,
    )  # fmt: skip
    assert result.ctrl is not None
    used = np.concatenate([result.ctrl[:length, e] for e, length in enumerate(result.lengths)])
    for number, (_, joint) in enumerate(joints(body)):
        torque = joint.gear * np.clip(used[:, number], *joint.ctrl_range)
        assert loads[joint.name].peak_nm == pytest.approx(np.abs(torque).max())
        assert loads[joint.name].rms_nm == pytest.approx(np.sqrt((torque**2).mean()))
        assert loads[joint.name].speed_rad_s > 0.0
