"""Links of a URDF that only carry joints: the joints in a row of the link below."""

from __future__ import annotations

import mujoco
import networkx as nx
import numpy as np
import pytest

from morph_ops.graph import joints, physics
from morph_ops.io import mjcf, read_body, write_body
from morph_ops.io.mjcf.foreign.carriers import fold_carriers

CARRIER = """<link name="hub">{inertial}</link><joint name="yaw" type="continuous">
<parent link="trunk"/><child link="hub"/><origin xyz="0.1 0 0" rpy="0.3 0 0"/><axis xyz="0 0 1"/>
<limit effort="5" velocity="1"/></joint>"""
ROBOT = """<robot name="r"><mujoco><compiler fusestatic="false"/></mujoco><link name="trunk">
<inertial><mass value="3"/><inertia ixx="0.1" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/>
</inertial></link>{carrier}<link name="leg"><inertial><origin xyz="0 0.1 -0.2" rpy="0 0.4 0"/>
<mass value="1"/><inertia ixx="0.02" iyy="0.03" izz="0.04" ixy="0" ixz="0" iyz="0"/></inertial>
<collision><geometry><box size="0.1 0.2 0.3"/></geometry></collision></link>
<joint name="pitch" type="revolute"><parent link="hub"/><child link="leg"/>
<origin xyz="0 0.2 0" rpy="0 0.5 0.1"/><axis xyz="0 1 0"/>
<limit lower="-1" upper="0.5" effort="7" velocity="1"/><dynamics damping="0.3" friction="0.2"/>
{mimic}</joint></robot>"""
LIGHT = """<inertial><origin xyz="0 0 0.1"/><mass value="1e-7"/>
<inertia ixx="1e-10" iyy="1e-10" izz="1e-10" ixy="0" ixz="0" iyz="0"/></inertial>"""
HEAVY = LIGHT.replace("1e-10", "1e-4")
PLANAR = """<mujoco><worldbody><body name="trunk" pos="0 0 0.4"><joint name="x" type="slide"
axis="1 0 0"/><joint name="z" type="slide" axis="0 0 1"/><joint name="y" axis="0 1 0"/>
<geom type="box" size="0.2 0.1 0.05"/><body name="leg" pos="0 0 -0.05">{hinges}
<geom type="capsule" fromto="0 0 0 0 0 -0.3" size="0.04"/></body></body></worldbody>
<actuator><motor joint="h0"/><motor joint="h1"/><motor joint="h2"/></actuator></mujoco>"""


def _spec(inertial: str, *, mimic: str = "") -> mujoco.MjSpec:
    text = ROBOT.format(carrier=CARRIER.format(inertial=inertial), mimic=mimic)
    spec = mujoco.MjSpec.from_string(text)
    spec.worldbody.first_body().add_freejoint()
    return spec


def test_a_robot_moves_as_with_its_carrier():
    plain, folded = _spec(LIGHT), _spec(LIGHT)
    assert fold_carriers(folded) == ["hub"]
    models = plain.compile(), folded.compile()
    first, second = (mujoco.MjData(model) for model in models)
    first.qpos[:] = second.qpos[:] = [0.1, 0.2, 0.3, 0.5, 0.5, -0.5, 0.5, 0.7, -0.4]
    first.qvel[:] = second.qvel[:] = np.linspace(-1.0, 1.0, 8)
    for model, data in zip(models, (first, second), strict=True):
        mujoco.mj_forward(model, data)
    np.testing.assert_allclose(first.geom_xpos, second.geom_xpos, atol=1e-12)
    np.testing.assert_allclose(first.qfrc_bias, second.qfrc_bias, atol=1e-6)
    masses = [np.zeros((8, 8)), np.zeros((8, 8))]
    for mass, model, data in zip(masses, models, (first, second), strict=True):
        mujoco.mj_fullM(model, data, mass)
    np.testing.assert_allclose(masses[0], masses[1], atol=1e-6)
    pitch = models[1].joint("pitch")
    assert pitch.range == pytest.approx((-1.0, 0.5))
    assert models[1].jnt_actfrcrange[pitch.id] == pytest.approx((-7.0, 7.0))
    assert models[1].body_mass.sum() == pytest.approx(4.0 + 1e-7, abs=1e-12)
    assert models[1].body("leg").jntnum == 2


def test_a_carrier_may_have_no_inertial_and_a_mimic():
    spec = _spec("", mimic='<mimic joint="yaw"/>')
    assert fold_carriers(spec) == ["hub"]
    model = spec.compile()
    assert (model.body("leg").jntnum, model.neq) == (2, 1)


def test_a_link_with_an_inertia_of_its_own_is_no_carrier():
    assert fold_carriers(_spec(HEAVY)) == []


def test_our_own_urdf_has_the_joints_and_nodes_of_the_robot(tmp_path):
    hinges = "".join(
        f'<joint name="h{n}" axis="{axis}" range="-40 30" damping="{n}"/>'
        for n, axis in enumerate(("1 0 0", "0 1 0", "0.6 0 0.8"))
    )
    (tmp_path / "robot.xml").write_text(PLANAR.format(hinges=hinges))
    robot = read_body(tmp_path / "robot.xml")
    write_body(robot, tmp_path / "robot.urdf")
    again = read_body(tmp_path / "robot.urdf")
    assert list(again) == list(robot) == ["trunk", "leg/1", "leg"]
    for (_, one), (_, other) in zip(joints(robot), joints(again), strict=True):
        assert one.axis == pytest.approx(other.axis)
        assert one.range_deg == pytest.approx(other.range_deg)
        assert (one.gear, one.damping) == pytest.approx((other.gear, other.damping))
    _require_same_torso(robot, again)


def _require_same_torso(robot: nx.DiGraph[str], again: nx.DiGraph[str]) -> None:
    old, new = physics(robot), physics(again)
    assert old is not None
    assert new is not None
    assert (old.falls, new.falls) == (True, True)
    assert any("moves on slide, slide, hinge joints" in note for note in new.notes)
    assert any("read as joints of those below: trunk:x, trunk:z" in note for note in new.notes)
    models = mjcf.to_model(robot), mjcf.to_model(again)
    np.testing.assert_allclose(models[0].body_mass, models[1].body_mass, rtol=1e-6)
    moments = [np.sort(model.body_inertia, axis=1) for model in models]
    np.testing.assert_allclose(moments[0], moments[1], rtol=1e-5)
    np.testing.assert_array_equal(models[0].jnt_type, models[1].jnt_type)
