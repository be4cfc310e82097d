"""What MuJoCo knows beside shapes and masses is in the text of a robot, too."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from morph_ops.graph import import_notes, joints, physics
from morph_ops.io import mjcf, read_body
from morph_ops.io.mjcf.foreign.scaling import rescaled
from morph_ops.physics import Scale

ROBOT = """<mujoco><compiler angle="radian"/><option timestep="{step}"/><asset><mesh name="wedge"
vertex="0 0 0  .2 0 0  0 .1 0  0 0 .05  .2 .1 .05"/></asset><worldbody>
<geom name="ground" type="plane" size="5 5 1"/><body name="trunk" pos="0 0 1" euler="0.1 0.2 0.3">
<freejoint/><geom type="box" size="0.2 0.1 0.05"/><site name="top" pos="0 0 0.1"/>{trunk}
<body name="leg"><joint name="hip" axis="0 1 0" range="-1 1" damping="0.1"/>
<geom type="box" size="0.03 0.02 0.2" pos="0 0 -0.2"/><site name="low" pos="0.1 0 -0.3"/>{leg}
</body>
</body></worldbody>{more}<actuator>{motors}</actuator></mujoco>"""
MOTOR = '<motor joint="hip" gear="5" ctrlrange="-1 1" {}/>'
TENDON = """<tendon><fixed name="cable" damping="0.2"><joint joint="hip" coef="0.5"/></fixed>
</tendon>"""
WRAPPED = """<tendon><spatial name="rope" range="0 0.3" limited="true"><site site="top"/>
<geom geom="pulley"/><site site="low"/></spatial></tendon>"""
PULLEY = """<geom name="pulley" type="cylinder" size="0.02 0.02" pos="0.05 0 -0.08" euler="1.57 0 0"
contype="0" conaffinity="0" mass="{}"/>"""
FOOT = """<body name="foot" pos="0.1 0 -0.4" gravcomp="{}"><geom size="0.04" mass="0.5"/></body>"""


def _text(*, trunk="", leg="", more="", motors=None, step=0.005):
    motors = MOTOR.format("") if motors is None else motors
    return ROBOT.format(trunk=trunk, leg=leg, more=more, motors=motors, step=step)


def _read(folder, text):
    """The model of a text as MuJoCo reads it, the body, and the model of the body."""
    (folder / "robot.xml").write_text(text)
    graph = read_body(folder / "robot.xml")
    return mujoco.MjModel.from_xml_string(text), graph, mjcf.to_model(graph)


def _angles(model, n_steps=60):
    """Angle of the hip of a falling robot after each step."""
    data, joint = mujoco.MjData(model), model.joint("hip")
    model.geom_contype[:] = model.geom_conaffinity[:] = 0
    angles = []
    for step in range(n_steps):
        data.ctrl[:] = 1.0 if step < n_steps // 2 else -0.5
        mujoco.mj_step(model, data)
        angles.append(data.qpos[joint.qposadr[0]])
    return np.array(angles)


KEPT = {
    "armature and damping of a motor": _text(
        motors=MOTOR.format('armature="0.01" damping="0.03 0.02 0.01"')
    ),
    "armature and damping of a motor of a tendon": _text(
        more=TENDON,
        motors='<motor tendon="cable" gear="9" ctrlrange="-1 1" armature="0.02" damping="0.1"/>',
    ),
    "damping of a motor that is switched off": _text(
        more='<option actuatorgroupdisable="1"/>',
        motors=MOTOR.format('group="2"') + '<motor joint="hip" group="1" damping="0.5"/>',
    ),
    "a delay": _text(motors=MOTOR.format('delay="0.1" nsample="60"')),
    "a delay with a line between samples": _text(
        motors=MOTOR.format('delay="0.052" nsample="12" interp="linear"')
    ),
    "a foot that weighs nothing": _text(leg=FOOT.format(1)),
    "a leg that weighs less": _text(leg=FOOT.format(0.5).replace("<geom", '<geom name="sole"')),
    "a pulley without mass": _text(trunk=PULLEY.format(0), more=WRAPPED),
    "a pulley with a mass": _text(trunk=PULLEY.format(0.1), more=WRAPPED),
}


@pytest.mark.parametrize("case", KEPT)
def test_a_robot_moves_as_in_its_file(case, tmp_path):
    theirs, graph, ours = _read(tmp_path, KEPT[case])
    moved = _angles(theirs)
    assert np.ptp(moved) > 0.01
    np.testing.assert_allclose(_angles(ours), moved, atol=1e-6)
    assert not any("reaches beyond" in note for note in import_notes(graph))


def test_the_controller_sees_what_a_motor_adds_to_its_hinge(tmp_path):
    motors = MOTOR.format('armature="0.01" damping="0.03"')
    _, graph, _ = _read(tmp_path, _text(motors=motors))
    [hip] = [joint for _, joint in joints(graph)]
    assert hip.armature == pytest.approx(25.0 * 0.01)
    assert hip.damping == pytest.approx(0.1 + 25.0 * 0.03)


def test_a_history_is_as_long_at_another_step(tmp_path):
    motors = MOTOR.format('delay="0.1" nsample="25"')
    _, _, ours = _read(tmp_path, _text(motors=motors, step=0.006))
    assert ours.opt.timestep == pytest.approx(0.02 / 3)
    assert ours.actuator_history[0, 0] == 23  # 0.15 s
    assert ours.actuator_delay[0] == 0.1


def test_surfaces_that_move_and_stick_are_kept(tmp_path):
    moving = 'surfacevel="1 2 3 4 5 6" adhesion="7"'
    pair = '<contact><pair name="p" geom1="a" geom2="b" adhesion="3"/></contact>'
    trunk = (
        f'<geom name="a" type="capsule" size="0.02" fromto="0 0 0 0.1 0.2 0" {moving}/>'
        f'<geom name="b" type="mesh" mesh="wedge" pos="0.1 0.2 0.3" euler="1 0 0" {moving}/>'
    )
    theirs, _, ours = _read(tmp_path, _text(trunk=trunk, more=pair))
    velocities = []
    for model in (theirs, ours):
        data = mujoco.MjData(model)
        mujoco.mj_kinematics(model, data)
        geoms = np.flatnonzero(model.geom_adhesion)
        assert model.geom_adhesion[geoms].tolist() == [7.0, 7.0]
        assert model.pair_adhesion.tolist() == [3.0]
        for geom in geoms:
            turn = data.geom_xmat[geom].reshape(3, 3)
            slip, spin = model.geom_surfacevel[geom].reshape(2, 3) @ turn.T
            # At one place of the world, whatever the origin of the geom.
            point = data.geom_xpos[geoms[0]] - data.geom_xpos[geom]
            velocities.append([*(slip + np.cross(spin, point)), *spin])
    np.testing.assert_allclose(velocities[2:], velocities[:2], atol=1e-5)


def test_what_holds_a_foot_up_grows_with_it(tmp_path):
    _, graph, before = _read(tmp_path, _text(leg=FOOT.format(1)))
    own = physics(graph)
    assert own is not None
    after = mjcf.to_model(rescaled(graph, dict.fromkeys(own.nodes, Scale(size=2.0))))
    forces = [float((model.body_mass * model.body_gravcomp).sum()) for model in (before, after)]
    assert forces == pytest.approx([0.5, 4.0])
    # The mass of the robot is that of its nodes.
    nodes = [before.body(name).id for name in own.nodes]
    assert before.body_mass[nodes].sum() == pytest.approx(before.body_mass.sum(), rel=1e-8)
