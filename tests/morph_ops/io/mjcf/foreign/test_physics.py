"""A robot from elsewhere moves as it does in the model of its own file."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from hyperdistill_core.tasks import get_task
from morph_ops.graph import physics, start_height
from morph_ops.io import mjcf
from morph_ops.io.mjcf.foreign import read_foreign
from morph_ops.io.mjcf.foreign.tree import HINGES_ONLY
from tests.morph_ops.io.mjcf.foreign.robots import BIPED, PLANAR, quadruped

COUPLED = """<tendon><fixed name="coupling"><joint joint="knee_fl" coef="1"/>
<joint joint="knee_fr" coef="-1"/></fixed></tendon>
<equality><joint joint1="hip_bl" joint2="hip_br" polycoef="0 1 0 0 0"/></equality>
<contact><exclude body1="shin_fl" body2="shin_fr"/></contact>"""
MESH = '<geom type="mesh" mesh="wedge"/>'
WEDGE = (
    '<asset><mesh name="wedge" vertex="-.2 -.1 -.05  .2 -.1 -.05  -.2 .1 -.05  .2 .1 -.05  '
    '-.2 -.1 .05  -.2 .1 .05"/></asset>'
)
ROBOTS = {
    "boxes and servos": quadruped(),
    "coupled": quadruped(more=COUPLED),
    "mesh": quadruped(torso=MESH, more=WEDGE),
    "three hinges": BIPED,
    "planar": PLANAR,
}


@pytest.fixture(params=sorted(ROBOTS))
def both(request, tmp_path):
    """The robot of a file as MuJoCo reads it, and as it is in its body."""
    (tmp_path / "robot.xml").write_text(ROBOTS[request.param])
    theirs = mujoco.MjModel.from_xml_string(ROBOTS[request.param])
    graph = mjcf.read(tmp_path / "robot.xml")
    assert physics(graph) is not None
    return graph, theirs, mjcf.to_model(graph)


def _dofs(model, name):
    joint = model.joint(name)
    return joint.qposadr[0], joint.dofadr[0]


def _hinges(theirs):
    """Names of all joints but those of the root."""
    joints = (theirs.joint(number) for number in range(theirs.njnt))
    return [joint.name for joint in joints if theirs.body_parentid[joint.bodyid[0]]]


def _pose(model, names, angles, rates):
    data = mujoco.MjData(model)
    for name, angle, rate in zip(names, angles, rates, strict=True):
        qpos, dof = _dofs(model, name)
        data.qpos[qpos], data.qvel[dof] = angle, rate
    return data


def test_masses_and_forces_of_all_hinges_are_the_same(both):
    _, theirs, ours = both
    names = _hinges(theirs)
    rng = np.random.default_rng(0)
    angles, rates = rng.uniform(-0.3, 0.3, len(names)), rng.normal(size=len(names))
    blocks = []
    for model in (theirs, ours):
        # A control of zero is not an action of zero.
        model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_ACTUATION)
        data = _pose(model, names, angles, rates)
        mujoco.mj_forward(model, data)
        mass = np.zeros((model.nv, model.nv))
        mujoco.mj_fullM(model, data, mass)
        rows = [_dofs(model, name)[1] for name in names]
        forces = (data.qfrc_bias, data.qfrc_passive, data.qfrc_constraint)
        blocks.append([mass[np.ix_(rows, rows)], *(force[rows] for force in forces)])
    scale = HINGES_ONLY[0] * 20.0
    for theirs_block, our_block in zip(*blocks, strict=True):
        np.testing.assert_allclose(our_block, theirs_block, rtol=1e-6, atol=scale)
    assert ours.body_mass.sum() == pytest.approx(theirs.body_mass[1:].sum(), abs=1e-5)


def test_geoms_stand_where_they_stood(both):
    _, theirs, ours = both
    places = []
    for model in (theirs, ours):
        data = mujoco.MjData(model)
        mujoco.mj_kinematics(model, data)
        # The planes of the world are no part of the robot; it was placed on the ground.
        solid = model.geom_type != int(mujoco.mjtGeom.mjGEOM_PLANE)
        assert solid.any()
        places.append(data.geom_xpos[solid])
    shift = places[1] - places[0]
    np.testing.assert_allclose(shift, np.tile(shift[0], (len(shift), 1)), atol=1e-6)


def _middle_and_half(model, actuator):
    """Control at an action of zero, and its change up to an action of one."""
    low, high = model.actuator_ctrlrange[actuator]
    slope = model.actuator_biasprm[actuator, 1]
    if not slope:
        return (low + high) / 2, (high - low) / 2
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    rest = -slope * data.actuator_length[actuator] / model.actuator_gainprm[actuator, 0]
    return rest, max(high - rest, rest - low)


def test_an_action_spans_the_range_of_its_actuator(both):
    graph, theirs, ours = both
    own = physics(graph)
    assert own is not None
    names = _hinges(theirs)
    rest = np.full(len(names), 0.05)
    for number in range(theirs.nu):
        low, high = theirs.actuator_ctrlrange[number]
        middle, half = _middle_and_half(theirs, number)
        joint = theirs.joint(int(theirs.actuator_trnid[number, 0])).name
        mine = own.drives.index(joint)
        for action in (-1.0, 0.0, 0.5, 1.0):
            reversed_ = theirs.actuator_gear[number, 0] < 0.0
            control = np.clip(middle + (-action if reversed_ else action) * half, low, high)
            torques = []
            for model, actuator, value in ((theirs, number, control), (ours, mine, action)):
                data = _pose(model, names, rest, rest)
                data.ctrl[actuator] = value
                mujoco.mj_forward(model, data)
                torques.append(data.qfrc_actuator[_dofs(model, joint)[1]])
            assert torques[1] == pytest.approx(torques[0], rel=1e-9, abs=1e-9)


def _height_above_floor(model, qpos):
    """Distance of a pose from the floor (m), from the contacts a millimeter further down."""
    data = mujoco.MjData(model)
    data.qpos[:] = qpos
    up = 1 if model.jnt_type[0] == int(mujoco.mjtJoint.mjJNT_SLIDE) else 2
    data.qpos[up] -= 1e-3
    mujoco.mj_forward(model, data)
    floor = model.geom("floor").id
    return 1e-3 + min(c.dist for c in data.contact if floor in (c.geom1, c.geom2))


def test_it_rests_on_the_floor_and_falls_from_there(both):
    graph, _, _ = both
    task = get_task("flat")
    model = task.model(graph)
    height = _height_above_floor(model, model.qpos0)
    assert height == pytest.approx(0.0, abs=1e-6)
    assert 0.0 < task.fall_height(graph) < model.body_pos[1, 2]


def test_a_start_pose_is_that_of_the_file_on_the_floor(tmp_path):
    angles = np.linspace(-0.2, 0.3, 12)
    pose = " ".join(map(str, [1.0, 2.0, 0.5, 0.96, 0.1, 0.2, 0.1, *angles]))
    text = quadruped(more=f'<keyframe><key name="Home" qpos="{pose}"/></keyframe>')
    (tmp_path / "robot.xml").write_text(text)
    theirs = mujoco.MjModel.from_xml_string(text)
    model = get_task("flat").model(read_foreign(tmp_path / "robot.xml"))
    places = []
    for each in (theirs, model):
        data = mujoco.MjData(each)
        data.qpos[:] = each.key_qpos[0]
        mujoco.mj_kinematics(each, data)
        feet = [
            data.geom_xpos[geom]
            for geom in range(each.ngeom)
            if each.geom_type[geom] == int(mujoco.mjtGeom.mjGEOM_SPHERE)
        ]
        places.append(np.array(feet))
    shift = places[1] - places[0]
    np.testing.assert_allclose(shift, np.tile(shift[0], (4, 1)), atol=1e-6)
    assert _height_above_floor(model, model.key_qpos[0]) == pytest.approx(0.0, abs=1e-6)


def _crouched(*, height: str = "0.05") -> str:
    """A quadruped that begins on bent legs; its keyframe has it in the ground."""
    legs = " ".join(["0.1 0.9 -1.2"] * 4)
    key = f'<keyframe><key name="home" qpos="0 0 {height} 1 0 0 0 {legs}"/></keyframe>'
    return quadruped(more=key)


def test_a_robot_falls_at_half_of_the_height_at_which_it_begins(tmp_path):
    (tmp_path / "robot.xml").write_text(_crouched())
    graph, task = read_foreign(tmp_path / "robot.xml"), get_task("flat")
    own, model = physics(graph), task.model(graph)
    assert own is not None
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    mujoco.mj_kinematics(model, data)
    begins = data.body("trunk").xpos[2]
    assert own.height == pytest.approx(begins, abs=1e-12)
    assert start_height(graph) == pytest.approx(begins, abs=1e-12)
    assert task.fall_height(graph) == pytest.approx(0.5 * begins, abs=1e-12)
    assert own.rise == pytest.approx(0.05 - 0.7, abs=1e-12)


@pytest.mark.parametrize("height", ["0.05", "2.0"])
def test_a_converted_robot_begins_and_falls_at_the_same_height(tmp_path, height):
    (tmp_path / "robot.xml").write_text(_crouched(height=height))
    graph = read_foreign(tmp_path / "robot.xml")
    mjcf.write(graph, tmp_path / "converted.xml")
    again = read_foreign(tmp_path / "converted.xml")
    before, after = physics(graph), physics(again)
    assert before is not None
    assert after is not None
    assert after.height == pytest.approx(before.height, abs=1e-9)
    assert after.rise == pytest.approx(before.rise, abs=1e-9)
    assert not [note for note in after.notes if note.startswith("moved")]
    file = mujoco.MjModel.from_xml_path(str(tmp_path / "converted.xml"))
    np.testing.assert_array_equal(file.key_qpos, mjcf.to_model(graph).key_qpos)


def test_actuators_have_the_names_of_the_file_in_its_order(tmp_path):
    text = quadruped().replace('<motor joint="hip_fl"', '<motor name="Hüfte 1" joint="hip_fl"')
    text = text.replace('<position joint="lift_fl"', '<position name="limbx/9" joint="lift_fl"')
    text = text.replace('<motor joint="hip_fr"', '<motor name="knee_bl" joint="hip_fr"')
    (tmp_path / "robot.xml").write_text(text)
    model = mjcf.to_model(read_foreign(tmp_path / "robot.xml"))
    names = [model.actuator(number).name for number in range(model.nu)]
    assert names[:5] == ["Hüfte 1", "own limbx/9", "knee_fl", "knee_bl", "lift_fr"]
    assert names[6:9] == ["hip_bl", "lift_bl", "knee_bl-2"]
    assert len(set(names)) == len(names) == 12
