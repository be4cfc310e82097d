"""Nodes of robots from elsewhere are on the ground where MuJoCo has a contact."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from morph_ops.graph import joints
from morph_ops.io import mjcf
from tests.morph_ops.io.mjcf.foreign.robots import BIPED, quadruped

TASK = replace(get_task("flat"), max_steps=40)
MESH = (
    '<asset><mesh name="wedge" vertex="-.2 -.1 -.05  .2 -.1 -.05  -.2 .1 -.05  .2 .1 -.05  '
    '-.2 -.1 .05  -.2 .1 .05"/></asset>'
)
LOW = {
    # A torso that touches the ground, of each shape.
    "mesh": quadruped(torso='<geom type="mesh" mesh="wedge" pos="0 0 -0.32"/>', more=MESH),
    "box": quadruped(torso='<geom type="box" size="0.2 0.1 0.05" pos="0 0 -0.3"/>'),
    "ellipsoid": quadruped(torso='<geom type="ellipsoid" size="0.2 0.1 0.4"/>'),
    "cylinder": quadruped(torso='<geom type="cylinder" size="0.3 0.1" euler="80 0 0"/>'),
    "three hinges": BIPED,
}


class Hold:
    """Controls that stay."""

    def __init__(self, controls):
        self.controls = controls

    def act(self, state):
        return np.tile(self.controls, (len(state), 1))


def _rollout(tmp_path, text, task=TASK, lifted=0.0, **options):
    """A rollout in which the joints named "lift" have a control, and the others none."""
    (tmp_path / "robot.xml").write_text(text)
    graph = mjcf.read(tmp_path / "robot.xml")
    policy = Hold([lifted * joint.name.startswith("lift") for _, joint in joints(graph)])
    result = rollout(graph, policy, task=task, seed=1, measure_gait=True, **options)
    assert result.gait is not None
    return graph, result, result.gait


def _shares_in_contact(graph, result, task):
    """(E, n) share of the control steps in which each node has a contact with the ground."""
    model = task.model(graph)
    data, layout = mujoco.MjData(model), BodyLayout.from_graph(graph, model)
    starts = task.initial_states(model, seed=1, episodes=len(result.lengths))
    shares = np.zeros((len(result.lengths), len(graph)))
    assert result.ctrl is not None
    for episode, length in enumerate(result.lengths):
        mujoco.mj_resetData(model, data)
        data.qpos[:], data.qvel[:] = (start[episode] for start in starts)
        mujoco.mj_forward(model, data)
        for step in range(length):
            data.ctrl[:] = result.ctrl[step, episode]
            for _ in range(task.steps_of(model)):
                mujoco.mj_step(model, data)
            bodies = [model.geom_bodyid[contact.geom] for contact in data.contact[: data.ncon]]
            forces = [contact.efc_address >= 0 for contact in data.contact[: data.ncon]]
            touched = {
                int(body)
                for pair, force in zip(bodies, forces, strict=True)
                if force and 0 in pair
                for body in pair
            }
            shares[episode] += [body in touched for body in layout.body_ids.tolist()]
    return shares / result.lengths[:, None]


@pytest.mark.parametrize("margin", ["", "<geom margin='0.02' gap='0.005'/>"])
@pytest.mark.parametrize("name", LOW)
def test_nodes_on_the_ground_are_those_in_contact(name, margin, tmp_path):
    text = LOW[name].replace("<worldbody>", f"<default>{margin}</default><worldbody>")
    graph, result, gait = _rollout(tmp_path, text, episodes=2, record_trajectory=True)
    expected = _shares_in_contact(graph, result, TASK)
    np.testing.assert_allclose(gait.duty_factors, expected, atol=1e-12)
    assert expected.max() > 0.3


def test_nodes_are_on_a_slope_where_their_geoms_are(tmp_path):
    task = replace(get_task("incline"), max_steps=40)
    graph, result, gait = _rollout(
        tmp_path, quadruped(), task=task, lifted=0.2, episodes=2, record_trajectory=True
    )
    expected = _shares_in_contact(graph, result, task)
    # The lowest point of a foot lies a little beside the one that is nearest to the slope.
    assert np.abs(gait.duty_factors - expected).mean() < 0.05
    assert expected.max() > 0.3
