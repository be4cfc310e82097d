"""Names, actuators with a memory, welds and excludes: the robot moves as in its own file."""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np
import pytest

from hyperdistill_core.tasks import get_task
from morph_ops.errors import BodyError
from morph_ops.graph import import_notes, joints, physics
from morph_ops.io import mjcf, read_body
from morph_ops.io.mjcf.foreign.scaling import rescaled
from morph_ops.physics import Scale

LEG = """<body name="{name}" pos="{x} 0 0" euler="0 {tilt} 10"><joint {joint} axis="0 1 0"
range="-60 60" damping="0.3" armature="0.02"/>
<geom type="box" size="0.03 0.02 0.1" pos="0 0 -0.1"/>
<body name="{name}_foot" pos="0 0 -0.2"><geom type="box" size="0.05 0.02 0.01"/></body></body>"""
ROBOT = """<mujoco><compiler autolimits="true"/><option timestep="0.005"/><worldbody>
<body name="trunk" pos="0 0 2"><freejoint/><geom type="box" size="0.2 0.1 0.05"/>{legs}</body>
</worldbody><actuator>{motors}</actuator>{more}</mujoco>"""
HIPS = ('name="left"', 'name="right"')
MOTORS = '<motor joint="left" ctrlrange="-1 1"/><motor joint="right" ctrlrange="-1 1"/>'


def _text(*, hips: tuple[str, str] = HIPS, motors: str = MOTORS, more: str = "") -> str:
    first = LEG.format(name="a", x=0.15, tilt=20, joint=hips[0])
    second = LEG.format(name="b", x=-0.15, tilt=-30, joint=hips[1])
    return ROBOT.format(legs=first + second, motors=motors, more=more)


def _read(folder: Path, text: str):
    """The model of a text as MuJoCo reads it, the body, and the model of the body."""
    (folder / "robot.xml").write_text(text)
    graph = read_body(folder / "robot.xml")
    return mujoco.MjModel.from_xml_string(text), graph, mjcf.to_model(graph)


@pytest.mark.parametrize(
    ("hips", "names"),
    [
        (('name="root"', 'name="left"'), ["root-2", "left"]),
        (('name="joint2"', ""), ["joint2", "joint2-2"]),
    ],
)
def test_names_of_joints_are_free(hips, names, tmp_path):
    motors = f'<motor joint={hips[0].split("=")[1]} ctrlrange="-1 1"/>'
    _, graph, _ = _read(tmp_path, _text(hips=hips, motors=motors))
    assert [joint.name for _, joint in joints(graph)] == names
    assert get_task("flat").model(graph).njnt == 3


def _angles(model, controls, *, speed=0.0):
    """Angles of the left hinge in free fall under constant controls, one for each step."""
    data = mujoco.MjData(model)
    model.opt.gravity[:] = 0.0
    model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONTACT)
    joint = model.joint("left")
    data.qvel[joint.dofadr[0]] = speed
    data.ctrl[:] = controls
    angles = []
    for _ in range(60):
        mujoco.mj_step(model, data)
        angles.append(data.qpos[joint.qposadr[0]])
    return angles


SERVOS = {
    "intvelocity": ('<intvelocity joint="left" kp="20" actrange="-0.5 0.5" ctrlrange="-3 3"/>',
                    {-1.0: -3.0, 0.5: 1.5, 1.0: 3.0}),
    "uneven intvelocity": ('<intvelocity joint="left" kp="20" actrange="-1 1" ctrlrange="-1 4"/>',
                           {-1.0: -1.0, -0.25: -1.0, 0.0: 0.0, 0.5: 2.0, 1.0: 4.0}),
    "reversed integrator": ('<general joint="left" gear="-2" dyntype="integrator" gainprm="9" '
                            'actlimited="true" actrange="-0.2 0.6" ctrlrange="-2 2"/>',
                            {-1.0: 2.0, 0.5: -1.0}),
    "filter": ('<general joint="left" dyntype="filter" dynprm="0.1" gainprm="20" biastype="affine" '
               'biasprm="0 -20 -1" ctrlrange="-0.5 0.5"/>', {-1.0: -0.5, 0.6: 0.3}),
}  # fmt: skip


@pytest.mark.parametrize("servo", SERVOS)
def test_actuators_with_a_memory_move_as_in_the_file(servo, tmp_path):
    text, controls = SERVOS[servo]
    theirs, graph, ours = _read(
        tmp_path, _text(motors=text + '<motor joint="right" ctrlrange="-1 1"/>')
    )
    for action, control in controls.items():
        expected = _angles(theirs, [control, 0.0])
        np.testing.assert_allclose(_angles(ours, [action, 0.0]), expected, atol=1e-6)
    if servo != "filter":
        assert any("rate of a control that is integrated" in note for note in import_notes(graph))


@pytest.mark.parametrize("dynamics", ["muscle", "user"])
def test_actuators_with_a_function_of_their_own_are_not_driven(dynamics, tmp_path):
    motors = f'<general name="odd" joint="left" dyntype="{dynamics}" ctrlrange="0 1"/>'
    (tmp_path / "robot.xml").write_text(
        _text(motors=motors + '<motor joint="right" ctrlrange="-1 1"/>')
    )
    graph = read_body(tmp_path / "robot.xml")
    note = "not driven, because it is a muscle or has a function of its own: odd"
    assert note in import_notes(graph)


def test_a_velocity_servo_beside_a_position_servo_damps(tmp_path):
    motors = """<velocity joint="left" kv="2" ctrlrange="-3 3"/>
    <position joint="left" kp="20" ctrlrange="-0.5 0.9"/>"""
    theirs, graph, ours = _read(tmp_path, _text(motors=motors))
    assert "the velocity servo beside a position servo is held at rest: left" in import_notes(graph)
    assert not any("several actuators" in note for note in import_notes(graph))
    # An action of 0 is the start pose, and its longer way, to 0.9, an action of 1.
    expected = _angles(theirs, [0.0, 0.45], speed=2.0)
    np.testing.assert_allclose(_angles(ours, [0.5, 0.5], speed=2.0), expected, atol=1e-6)


WELDS = {
    "relative pose": '<weld body1="a" body2="b" relpose="0.1 0.2 0.3 0.7 0.1 0 0"/>',
    "anchor": '<weld body1="a" body2="b_foot" anchor="0.1 0.2 0.3"/>',
    "connect": '<connect body1="a" body2="b" anchor="0.1 0.2 0.3"/>',
}


@pytest.mark.parametrize("weld", WELDS)
def test_what_is_welded_is_off_by_as_much_as_in_the_file(weld, tmp_path):
    text = _text(more=f"<equality>{WELDS[weld]}</equality>")
    theirs, _, ours = _read(tmp_path, text)
    errors = []
    for model in (theirs, ours):
        data = mujoco.MjData(model)
        for name, angle in (("left", 0.3), ("right", -0.2)):
            data.qpos[model.joint(name).qposadr[0]] = angle
        mujoco.mj_forward(model, data)
        rows = data.efc_type == int(mujoco.mjtConstraint.mjCNSTR_EQUALITY)
        first, second = data.efc_pos[rows][:3], data.efc_pos[rows][3:]
        errors.append((np.linalg.norm(first), np.linalg.norm(second)))
    np.testing.assert_allclose(errors[1], errors[0], atol=1e-9)
    assert errors[0][0] > 0.01


def test_a_joined_place_moves_along_when_all_nodes_grow(tmp_path):
    text = _text(more=f"<equality>{WELDS['connect']}{WELDS['relative pose']}</equality>")
    _, graph, before = _read(tmp_path, text)
    own = physics(graph)
    assert own is not None
    after = mjcf.to_model(rescaled(graph, dict.fromkeys(own.nodes, Scale(size=2.0))))
    np.testing.assert_allclose(after.eq_data[0, :6], before.eq_data[0, :6] * 2.0, atol=1e-6)
    np.testing.assert_allclose(after.eq_data[1, :6], before.eq_data[1, :6] * 2.0, atol=1e-6)
    np.testing.assert_allclose(after.eq_data[1, 6:], before.eq_data[1, 6:])


def test_an_exclude_is_between_the_bodies_that_it_names(tmp_path):
    more = '<contact><exclude body1="a" body2="b"/></contact>'
    theirs, _, ours = _read(tmp_path, _text(more=more))
    counts = []
    for model in (theirs, ours):
        data = mujoco.MjData(model)
        for name, angle in (("left", 0.55), ("right", -0.5)):
            data.qpos[model.joint(name).qposadr[0]] = angle
        mujoco.mj_forward(model, data)
        counts.append(data.ncon)
    assert counts[0] == counts[1] > 0


def test_a_length_that_no_robot_has_is_refused_by_its_name(tmp_path):
    text = _text().replace('name="a" pos="0.15 0 0"', 'name="a" pos="0 0 1e308"')
    (tmp_path / "robot.xml").write_text(text)
    with pytest.raises(BodyError, match=r"<body name='a'>: expected lengths of at most 1e\+06 m"):
        read_body(tmp_path / "robot.xml")
