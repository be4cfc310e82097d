"""Files without a supported body are refused with one helpful line."""

from __future__ import annotations

from pathlib import Path

import pytest

from morph_ops import BodyError
from morph_ops.graph import joints
from morph_ops.identity import is_same
from morph_ops.io import mjcf

LEG = """
<body name="leg" pos="0 0 -0.1">
  <joint name="hip" axis="1 0 0"/>
  <joint name="knee" axis="0 1 0"/>
  <geom name="leg" type="capsule" fromto="0 0 0 0 0 -0.2" size="0.05"/>
</body>
"""
ROBOT = f"""
<mujoco>
  <default>
    <geom friction="0.7 0.1 0.1"/>
    <default class="a"><joint range="-30 30"/></default>
    <motor ctrlrange="-1 1"/>
  </default>
  <worldbody>
    <body name="trunk" pos="0 0 0.5" childclass="a">
      <freejoint/>
      <geom type="sphere" size="0.1"/>{LEG}</body>
  </worldbody>
  <actuator><motor name="hip" joint="hip"/><motor name="knee" joint="knee"/></actuator>
</mujoco>
"""
HIP = '<joint name="hip" axis="1 0 0"/>'
GEOM = '<geom name="leg" type="capsule" fromto="0 0 0 0 0 -0.2" size="0.05"/>'
KNEE_MOTOR = '<motor name="knee" joint="knee"/>'
END = "</mujoco>"

CASES = {
    "broken XML": (END, "", "broken XML: no element found"),
    "no MJCF": ("<mujoco>", "<mujoco/><robot>", "broken XML: junk after document element"),
    "unknown tag": (END, f"<wheel/>{END}", "Schema violation: unrecognized element"),
    "document type": ("<mujoco>", "<!DOCTYPE a><mujoco>", "remove <!DOCTYPE"),
    "include": (END, f'<include file="a.xml"/>{END}', "<include> is not allowed: other files"),
    "mesh file": (
        END,
        f'<asset><mesh name="m" file="/etc/passwd"/></asset>{END}',
        "<mesh file='/etc/passwd'> is not allowed",
    ),
    "plugin": (
        END,
        f'<extension><plugin plugin="a"/></extension>{END}',
        "<extension> is not allowed: plugins",
    ),
    "infinite": ('size="0.1"', 'size="inf"', "expected finite numbers in size, got 'inf'"),
    "no free root": ("<freejoint/>", "", "torso 'trunk': expected one free joint, got no joint"),
    "hinged root": (
        "<freejoint/>",
        '<joint name="a"/>',
        r"torso 'trunk': expected one free joint, got 1 joints \(hinge\)",
    ),
    "reserved name": ("trunk", "world", "repeated name 'world'"),
    "two bodies": (
        "</worldbody>",
        '<body name="b"><geom size="1"/></body></worldbody>',
        "got 2: 'trunk', 'b'",
    ),
    "two roots": (
        "</worldbody>",
        '<body name="b"><freejoint/><geom size="1"/></body></worldbody>',
        "expected one body below <worldbody>, the torso; got 2: 'trunk', 'b'",
    ),
    "box torso": (
        '<geom type="sphere" size="0.1"/>',
        '<geom type="box" size="1 1 1"/>',
        "body 'trunk': expected one geom, a sphere; got box",
    ),
    "torso off center": (
        '<geom type="sphere" size="0.1"/>',
        '<geom type="sphere" size="0.1" pos="0 0 0.01"/>',
        r"not supported yet: body 'trunk': ipos 0 0 0.01 \(0 0 0 expected\)",
    ),
    "limb without geom": (GEOM, "", "body 'leg': expected one geom, a capsule; got none"),
    "two geoms": (GEOM, GEOM + '<geom size="1"/>', "a capsule; got capsule, sphere"),
    "no hinge": (
        LEG,
        f'<body name="leg">{GEOM}</body>',
        "limb 'leg': expected 1 or 2 hinges, got no joint",
    ),
    "three hinges": (HIP, HIP + '<joint name="c"/>', r"got 3 joints \(hinge, hinge, hinge\)"),
    "slide": (HIP, HIP.replace("/>", ' type="slide"/>'), r"got 2 joints \(slide, hinge\)"),
    "no motor": (KNEE_MOTOR, "", "joint 'knee' of limb 'leg': expected a motor that drives it"),
    "servo": (
        KNEE_MOTOR,
        '<position name="servo" joint="knee"/>',
        "actuator 'servo': expected a <motor> on a joint",
    ),
    "two motors": (KNEE_MOTOR, KNEE_MOTOR + '<motor joint="knee"/>', "expected one motor, got two"),
    "stray motor": (
        KNEE_MOTOR,
        KNEE_MOTOR + '<motor name="x" joint="gone"/>',
        "motor 'x': expected a limb's hinge to drive, got 'gone'",
    ),
    "free motor": ('<motor ctrlrange="-1 1"/>', "", "motor 'hip' .* give it a ctrlrange"),
    "no limits": ('<joint range="-30 30"/>', "", "joint 'hip': expected limits, got none"),
    "unnamed limb": ('<body name="leg"', "<body", "a body below 'trunk' .* has no name"),
    "friction loss": (
        HIP,
        HIP.replace("/>", ' frictionloss="0.5"/>'),
        r"not supported yet: joint 'hip': frictionloss 0.5 \(0 expected\); remove it",
    ),
    "reference angle": (
        HIP,
        HIP.replace("/>", ' ref="10"/>'),
        r"joint angles \(ref\) 0.174532925 0 in the rest pose",
    ),
    "torque limit": (
        KNEE_MOTOR,
        '<motor name="knee" joint="knee" forcerange="-2 2"/>',
        r"motor 'knee': forcelimited 1 \(0 expected\)",
    ),
    "inertial": (
        GEOM,
        GEOM + '<inertial pos="0 0 0" mass="3" diaginertia="1 1 1"/>',
        "not supported yet: body 'leg': ipos",
    ),
    "ghost": (GEOM, GEOM.replace("/>", ' contype="0"/>'), r"contype 0 \(1 expected\)"),
    "gravity": ('<body name="leg"', '<body name="leg" gravcomp="1"', "'leg': gravcomp 1"),
    "tendon": (
        END,
        f'<tendon><fixed><joint joint="hip" coef="1"/></fixed></tendon>{END}',
        "not supported yet: tendons",
    ),
    "equality": (
        END,
        f'<equality><joint joint1="hip"/></equality>{END}',
        "not supported yet: equality constraints",
    ),
    "integrator": (
        END,
        f'<option integrator="RK4"/>{END}',
        "<option integrator>: expected 0, got 1",
    ),
    "cone": (END, f'<option cone="elliptic"/>{END}', "<option cone>: expected 0, got 1"),
    "timestep": (
        END,
        f'<option timestep="0.01"/>{END}',
        r"<option timestep>: expected 0.005 or 0.002 s, got 0.01",
    ),
    "flag": (END, f'<option><flag contact="disable"/></option>{END}', "no flags but filterparent"),
    "key": (
        END,
        f'<keyframe><key name="home" qpos="0 0 0.5 1 0 0 0 0.2 0"/></keyframe>{END}',
        "<key name='home'>: expected hinges at zero",
    ),
    "upside-down range": (
        "-30 30",
        "30 -30",
        "joint 'hip': expected limits, got none; give it a growing range",
    ),
}


def test_the_robot_itself_is_read() -> None:
    assert list(mjcf.from_xml(ROBOT)) == ["trunk", "leg"]


@pytest.mark.parametrize("case", CASES)
def test_text_that_is_no_sphere_with_capsules_is_refused_in_one_line(case: str) -> None:
    old, new, message = CASES[case]
    assert old in ROBOT
    with pytest.raises(mjcf.MjcfError, match=message) as caught:
        mjcf.from_xml(ROBOT.replace(old, new, 1))
    assert "\n" not in str(caught.value)


def test_a_file_without_any_body() -> None:
    with pytest.raises(mjcf.MjcfError, match=r"expected one body below <worldbody>.* got 0: none"):
        mjcf.from_xml("<mujoco/>")


def test_missing_file_folder_and_binary(tmp_path: Path) -> None:
    with pytest.raises(mjcf.MjcfError, match=r"gone\.xml: no such file"):
        mjcf.read(tmp_path / "gone.xml")
    with pytest.raises(mjcf.MjcfError, match=r"cannot be read \(Is a directory\)"):
        mjcf.read(tmp_path)
    (tmp_path / "a.xml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BodyError, match="no UTF-8 text"):
        mjcf.read(tmp_path / "a.xml")


def test_the_order_of_motors_and_the_names_of_hinges_do_not_matter() -> None:
    body = mjcf.from_xml(ROBOT)
    motors = '<motor name="hip" joint="hip"/><motor name="knee" joint="knee"/>'
    swapped = '<motor name="knee" joint="knee"/><motor name="hip" joint="hip"/>'
    assert motors in ROBOT
    assert is_same(mjcf.from_xml(ROBOT.replace(motors, swapped)), body)
    misnamed = ROBOT.replace('"hip"', '"limby/0"').replace('"knee"', '"limbz/0"')
    slots = [joint.slot for _, joint in joints(mjcf.from_xml(misnamed))]
    assert slots == ["x", "y"]
