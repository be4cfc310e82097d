"""Parts that gravity compensation holds up otherwise than what they are welded to."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.rollout import ENGINES, rollout
from hyperdistill_core.tasks import get_task
from morph_ops.graph import import_notes, joints, limb, parent
from morph_ops.identity import is_same
from morph_ops.io import from_json, mjcf, read_body, to_json

ROBOT = """<mujoco><compiler angle="radian"/><option timestep="0.005"/><worldbody>
<body name="trunk" pos="0 0 0.9"><freejoint/><geom type="box" size="0.2 0.1 0.05"/>{trunk}
<body name="leg" pos="0.1 0 0"><joint name="hip" axis="0 1 0" range="-1 1" damping="0.1"/>
<geom type="box" size="0.03 0.02 0.2" pos="0 0 -0.2"/>
<body name="pack" pos="0.1 0 -0.2" euler="0.1 0.2 0.3" gravcomp="{share}">
<geom type="box" size="0.06 0.05 0.04" mass="0.8"/></body>
<body name="shin" pos="0 0 -0.4"><joint name="knee" axis="0 1 0" range="-2 2" damping="0.1"/>
{more}<geom type="box" size="0.02 0.02 0.15" pos="0 0 -0.15"/></body></body>
<body name="tail" pos="-0.1 0 0"><joint name="tail" axis="0 1 0" range="-1 1" damping="0.1"/>
<geom type="box" size="0.03 0.02 0.2" pos="0 0 -0.2"/></body></body></worldbody>{end}
<actuator><motor joint="hip" gear="5"/><motor joint="knee" gear="3"/>
<motor joint="tail" gear="5"/></actuator></mujoco>"""
NODES = ["trunk", "leg", "pack", "shin", "tail"]


def _read(folder, *, share="1", trunk="", more="", end=""):
    """The model of a text as MuJoCo reads it, and the body."""
    text = ROBOT.format(share=share, trunk=trunk, more=more, end=end)
    (folder / "robot.xml").write_text(text)
    return mujoco.MjModel.from_xml_string(text), read_body(folder / "robot.xml")


class Waves:
    """Controls that depend on time alone, and the states that the policy saw."""

    def __init__(self, n_controls: int) -> None:
        self._n_controls = n_controls
        self.states: list[np.ndarray] = []

    def act(self, state):
        self.states.append(np.array(state))
        controls = np.sin(0.3 * len(self.states) + np.arange(self._n_controls))
        return np.tile(controls, (len(state), 1))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_robot_is_rolled_out_with_nodes_after_such_a_part(engine, tmp_path):
    _, graph = _read(tmp_path)
    task, policy = get_task("flat"), Waves(3)
    result = rollout(graph, policy, task=task, episodes=2, engine=engine)
    assert not result.unstable
    model = task.model(graph)
    assert BodyLayout.from_graph(graph, model).body_ids.tolist() == [1, 2, 3, 4, 5]
    assert policy.states[0].reshape(2, -1).shape == (2, 17 * len(NODES))


def test_such_a_part_is_a_node_of_its_own(tmp_path):
    _, graph = _read(tmp_path)
    assert list(graph) == NODES
    assert [parent(graph, name) for name in NODES[1:]] == ["trunk", "leg", "leg", "trunk"]
    assert limb(graph, "pack").joints == ()
    assert limb(graph, "pack").mass == pytest.approx(0.8)
    note = "nodes of their own, as gravity compensation holds up another share of them than of "
    assert f"{note}what they are welded to: pack" in import_notes(graph)
    assert is_same(from_json(to_json(graph)), graph)
    mjcf.write(graph, tmp_path / "again.xml")
    assert list(read_body(tmp_path / "again.xml")) == NODES


def test_parts_held_up_alike_are_one_node(tmp_path):
    _, graph = _read(tmp_path, share="0")
    assert list(graph) == ["trunk", "leg", "shin", "tail"]
    assert not any("gravity compensation" in note for note in import_notes(graph))


def _motion(model):
    """Angles of all hinges, and the height of the torso, of a robot that falls and kicks."""
    data = mujoco.MjData(model)
    model.geom_contype[:] = model.geom_conaffinity[:] = 0
    names, found = ("hip", "knee", "tail"), []
    addresses = [model.joint(name).qposadr[0] for name in names]
    start = model.body("trunk").pos[2]
    for step in range(80):
        data.ctrl[:] = np.sin(0.2 * step + np.arange(3))
        mujoco.mj_step(model, data)
        found.append([*data.qpos[addresses], data.body("trunk").xpos[2] - start])
    return np.array(found)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"share": "1.5"},
        {"trunk": '<body pos="0.1 0 0.1" gravcomp="0.7"><geom size="0.05"/></body>'},
        {"more": '<body gravcomp="2"><geom size="0.03" mass="0.2"/></body>'},
    ],
)
def test_it_moves_as_in_its_file(changes, tmp_path):
    theirs, graph = _read(tmp_path, **changes)
    ours = mjcf.to_model(graph)
    assert ours.ngravcomp == theirs.ngravcomp > 0
    expected = _motion(theirs)
    assert np.ptp(expected, axis=0).min() > 0.05
    np.testing.assert_allclose(_motion(ours), expected, atol=1e-6)


HINGES = '<joint name="yaw" axis="0 0 1"/><joint name="roll" axis="1 0 0"/>'
EXCLUDE = '<contact><exclude body1="{}" body2="tail"/></contact>'
CONTACTS = {
    "as they are": {},
    "a shin of several nodes": {"more": HINGES},
    "the leg excluded": {"end": EXCLUDE.format("leg")},
    "the pack excluded": {"end": EXCLUDE.format("pack")},
}


@pytest.mark.parametrize("case", CONTACTS)
def test_it_touches_itself_as_in_its_file(case, tmp_path):
    theirs, graph = _read(tmp_path, **CONTACTS[case])
    ours, counts = mjcf.to_model(graph), []
    for model in (theirs, ours):
        data = mujoco.MjData(model)
        # The shin runs through the pack, and the tail through both and the leg.
        for name, angle in (("hip", 0.5), ("knee", -2.8), ("tail", -0.5)):
            data.qpos[model.joint(name).qposadr[0]] = angle
        mujoco.mj_forward(model, data)
        counts.append(data.ncon)
    assert counts[0] == counts[1] > 0
    if "shin" in case:
        assert [joint.name for _, joint in joints(graph)][1:4] == ["knee", "yaw", "roll"]
