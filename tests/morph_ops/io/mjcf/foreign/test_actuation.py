"""Largest torques of driven joints, and what an action means in the import report."""

from __future__ import annotations

import mujoco
import pytest

from morph_ops.graph import import_notes, joints
from morph_ops.io import mjcf, read_body

ROBOT = """<mujoco><compiler angle="radian"/><default><default class="servo">
<position kp="50"/></default></default><worldbody><body name="trunk" pos="0 0 1"><freejoint/>
<geom type="box" size="0.2 0.1 0.05"/><body name="leg"><joint name="hip" axis="0 1 0"
range="-1 1" {hip}/><geom type="box" size="0.03 0.02 0.2" pos="0 0 -0.2"/>
<body name="slider" pos="0 0 -0.4"><joint name="foot" type="slide" axis="0 0 1" range="-0.1 0.1"/>
<geom size="0.03"/></body></body></body></worldbody>
{tendon}<actuator>{motors}</actuator></mujoco>"""
LIMIT = 'actuatorfrcrange="-5 3"'
TENDON = """<tendon><fixed name="cable" actuatorfrcrange="-4 4"><joint joint="hip" coef="0.5"/>
</fixed></tendon>"""


def _read(folder, motors, *, hip="", tendon=""):
    (folder / "robot.xml").write_text(ROBOT.format(hip=hip, motors=motors, tendon=tendon))
    return read_body(folder / "robot.xml")


def _gear(graph, name="hip"):
    return next(joint.gear for _, joint in joints(graph) if joint.name == name)


@pytest.mark.parametrize(
    ("motors", "hip", "tendon", "torque"),
    [
        ('<position joint="hip" kp="100" inheritrange="1"/>', LIMIT, "", 5.0),
        ('<motor joint="hip" gear="9" ctrlrange="-1 1"/>', LIMIT, "", 5.0),
        ('<motor joint="hip" gear="2" ctrlrange="-1 1"/>', LIMIT, "", 2.0),
        ('<motor joint="hip" gear="9" ctrlrange="-1 1"/>', f'{LIMIT} actuatorfrclimited="false"',
         "", 9.0),
        ('<motor joint="hip" gear="4" ctrlrange="-1 1"/>' * 2, LIMIT, "", 5.0),
        ('<motor tendon="cable" gear="20" ctrlrange="-1 1"/>', "", TENDON, 2.0),
        # Without a control range, an action spans what the joint takes.
        ('<motor joint="hip" gear="2"/>', LIMIT, "", 5.0),
    ],
)  # fmt: skip
def test_no_torque_is_above_what_the_joint_takes(motors, hip, tendon, torque, tmp_path):
    graph = _read(tmp_path, motors, hip=hip, tendon=tendon)
    assert _gear(graph) == pytest.approx(torque)


@pytest.mark.parametrize(
    ("motors", "note"),
    [
        ('<motor joint="hip" class="servo" ctrlrange="-1 1"/>', "a torque: hip"),
        ('<motor joint="foot" ctrlrange="-1 1"/>', "a force: foot"),
        ('<position joint="hip" class="servo" ctrlrange="-1 1"/>', "a position: hip"),
        ('<velocity joint="hip" kv="5" ctrlrange="-10 10"/>', "a speed: hip"),
        ('<velocity joint="hip" kv="5"/>', "a speed of -1..1, as it has no control range: hip"),
        ('<velocity joint="hip" kv="5" forcerange="-9 9"/>',
         "a speed that spans the whole range of forces, as it has no control range: hip"),
        ('<damper joint="hip" kv="5" ctrlrange="0 1"/>', "a control that changes the gain: hip"),
        ('<general joint="hip" biastype="affine" biasprm="0 0 -3" ctrlrange="-1 1"/>',
         "a torque: hip"),
    ],
)  # fmt: skip
def test_the_report_says_what_an_action_is(motors, note, tmp_path):
    assert f"an action of -1..1 is {note}" in import_notes(_read(tmp_path, motors))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("angle", [0.0, 0.4, 0.9])
def test_a_servo_without_action_holds_the_start_pose(angle, sign, tmp_path):
    motors = f'<position joint="hip" kp="50" gear="{sign}" ctrlrange="-0.5 0.8"/>'
    pose = f'<keyframe><key name="home" qpos="0 0 1 1 0 0 0 {angle} 0"/></keyframe>'
    graph = _read(tmp_path, motors, tendon=pose)
    model = mjcf.to_model(graph)
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    hip = model.joint("hip")
    assert data.qpos[hip.qposadr[0]] == pytest.approx(angle)
    forces = []
    for action in (-1.0, 0.0, 1.0):
        data.ctrl[0] = action
        mujoco.mj_forward(model, data)
        forces.append(data.qfrc_actuator[hip.dofadr[0]] / 50.0 + angle)
    low, high = sorted((-0.5 * sign, 0.8 * sign))
    inside = low <= angle <= high
    assert forces == pytest.approx([low, angle if inside else (low + high) / 2, high])
    words = "with the start pose at 0" if inside else "is a position: hip"
    assert any(words in note for note in import_notes(graph))


def test_a_motor_beside_a_servo_of_another_class_has_the_torque_of_its_gear(tmp_path):
    # The numbers of <position> in <default> mean nothing to a motor, which has no bias.
    graph = _read(tmp_path, '<motor joint="hip" gear="7" class="servo" ctrlrange="-1 1"/>')
    assert _gear(graph) == pytest.approx(7.0)
