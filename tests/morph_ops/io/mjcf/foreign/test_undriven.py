"""Actuators that follow no action: what the report says of them, and the refusals."""

from __future__ import annotations

import pytest

from morph_ops.graph import import_notes
from morph_ops.io import mjcf, read_body

ROBOT = """<mujoco><compiler angle="radian"/>{more}<worldbody><body name="trunk" pos="0 0 1">
<joint name="x" type="slide" axis="1 0 0"/><joint name="z" type="slide" axis="0 0 1"/>
<geom type="box" size="0.2 0.1 0.05"/><body name="leg"><joint name="hip" axis="0 1 0"
range="-1 1"/><geom type="box" size="0.03 0.02 0.2" pos="0 0 -0.2"/><site name="end"/>
<body name="arm" pos="0 0 -0.4"><joint name="ball" type="ball"/><geom size="0.03"/>
</body></body></body><body name="other" pos="2 0 1"><freejoint/><geom size="0.1"/><body name="fin">
<joint name="fin"/><geom size="0.1"/><site name="far"/></body></body></worldbody>
<tendon><spatial name="cable"><site site="end"/><site site="far"/></spatial></tendon>
<actuator>{motors}</actuator></mujoco>"""
HIP = '<motor name="hip" joint="hip" ctrlrange="-1 1" group="0"/>'
#: Actuators that no action drives, and why.
UNDRIVEN = {
    '<muscle name="odd" joint="hip" lengthrange="-1 1"/>': "is a muscle or has a function of its",
    '<pid name="odd" joint="hip" kp="3" input="pos vel"/>': "is a muscle or has a function of its",
    '<general name="odd" site="end" gear="0 0 1 0 0 0"/>': "pushes at a site",
    '<general name="odd" site="far" gear="0 0 1 0 0 0"/>': "is no part of this robot",
    '<adhesion name="odd" body="arm" ctrlrange="0 1"/>': "acts on the contacts of a body",
    '<motor name="odd" tendon="cable"/>': "pulls at a tendon that runs along sites",
    '<motor name="odd" joint="ball" gear="0 1 0"/>': "turns a ball joint",
    '<motor name="odd" joint="x"/>': "moves the torso itself",
    '<motor name="odd" joint="fin"/>': "is no part of this robot",
    '<motor name="odd" joint="hip" group="2"/>': "is switched off by <option actuatorgroupdisable>",
}
OPTION = '<option actuatorgroupdisable="2"/>'


def _read(folder, motors, more=OPTION):
    (folder / "robot.xml").write_text(ROBOT.format(motors=motors, more=more))
    return read_body(folder / "robot.xml", root="trunk")


@pytest.mark.parametrize("odd", UNDRIVEN)
def test_the_reason_is_true_in_the_report_and_in_the_refusal(odd, tmp_path):
    # An actuator of several controls before the others shifts their numbers.
    graph = _read(tmp_path, odd + HIP)
    notes = [note for note in import_notes(graph) if note.startswith("not driven")]
    assert len(notes) == 1
    assert notes[0].startswith(f"not driven, because it {UNDRIVEN[odd]}")
    assert notes[0].endswith(": odd")
    assert mjcf.to_model(graph).nu == 1
    with pytest.raises(mjcf.MjcfError, match=r"got none \(not driven, because it ") as caught:
        _read(tmp_path, odd)
    assert UNDRIVEN[odd] in str(caught.value)


def test_without_an_actuator_the_refusal_says_so(tmp_path):
    with pytest.raises(mjcf.MjcfError, match="a limb, got none; add motors of its hinges under"):
        _read(tmp_path, "")


def test_actuators_that_a_flag_switches_off_do_not_run(tmp_path):
    flag = '<option><flag actuation="disable"/></option>'
    with pytest.raises(mjcf.MjcfError, match=r"by <flag actuation>: hip\); switch the actuators"):
        _read(tmp_path, HIP, flag)


def test_a_robot_without_limbs_is_told_to_get_one(tmp_path):
    (tmp_path / "robot.xml").write_text(
        '<mujoco><worldbody><body><joint name="x" type="slide" axis="1 0 0"/><geom size="0.1"/>'
        '</body></worldbody><actuator><motor joint="x"/></actuator></mujoco>'
    )
    with pytest.raises(mjcf.MjcfError, match=r"moves the torso itself: .* the robot has no limb"):
        read_body(tmp_path / "robot.xml")
