"""What of a robot touches the ground of a task: what touched the ground of its file."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from hyperdistill_core.tasks import get_task
from morph_ops.errors import MjcfError
from morph_ops.graph import physics
from morph_ops.io import mjcf
from tests.morph_ops.io.mjcf.foreign.robots import CORNERS, quadruped

FEET = [f"foot_{name}" for name in CORNERS]


def _robot(*, contact: str, bits: str = "", world: str = "") -> str:
    """The quadruped with names of its feet, contact bits of all geoms, and a contact section."""
    text = quadruped(more=f"<contact>{contact}</contact>")
    text = text.replace("<worldbody>", f"<default><geom {bits}/></default><worldbody>{world}")
    text = text.replace('<geom type="plane"', '<geom name="ground" type="plane"')
    for name in CORNERS:
        foot = f'<body name="foot_{name}" pos="0 0 -0.2"><geom'
        text = text.replace(foot, f'{foot} name="foot_{name}"')
    return text


def _read(folder, text):
    (folder / "robot.xml").write_text(text)
    graph = mjcf.read(folder / "robot.xml")
    own = physics(graph)
    assert own is not None
    return graph, "\n".join(own.notes)


def _touching(graph):
    """Names of the bodies that touch the floor where a robot fell for a while, and its model."""
    model = get_task("flat").model(graph)
    model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_ACTUATION)
    data, floor = mujoco.MjData(model), model.geom("floor").id
    found: set[str] = set()
    for _ in range(300):
        mujoco.mj_step(model, data)
        for contact in data.contact:
            ends = {int(contact.geom1), int(contact.geom2)}
            assert floor in ends or all(model.geom_contype[list(ends)])
            for geom in ends - {floor}:
                found.add(model.body(model.geom_bodyid[geom]).name)
    return found, model, data


PAIRS = "".join(
    f'<pair geom1="ground" geom2="{foot}" condim="6" friction="0.4 0.4 0.02 0.003 0.003"/>'
    for foot in FEET
)


@pytest.mark.parametrize("converted", [False, True])
def test_pairs_with_the_ground_hold_on_any_ground(tmp_path, converted):
    graph, notes = _read(tmp_path, _robot(contact=PAIRS, bits='contype="0" conaffinity="0"'))
    if converted:
        mjcf.write(graph, tmp_path / "robot.xml", scene=True)
        graph = mjcf.read(tmp_path / "robot.xml")
    else:
        assert "touches any ground with the settings of its contact pair" in notes
        assert ": foot_fl, foot_fr, foot_bl, foot_br" in notes
        assert "second axis" not in notes
    found, model, data = _touching(graph)
    assert found == {f"shin_{name}" for name in CORNERS}
    assert min(data.body(name).xpos[2] for name in found) > 0.0
    feet = np.flatnonzero(model.geom_contype[1:]) + 1
    assert len(feet) == 4
    np.testing.assert_array_equal(model.geom_friction[feet], np.tile([0.4, 0.02, 0.003], (4, 1)))
    assert {contact.dim for contact in data.contact} == {6}


def test_a_pair_with_two_frictions_is_noted(tmp_path):
    pairs = PAIRS.replace("0.4 0.4", "0.4 0.9")
    _, notes = _read(tmp_path, _robot(contact=pairs, bits='contype="0" conaffinity="0"'))
    assert "along its second axis, which is left out: foot_fl, foot_fr" in notes


def test_pairs_with_the_ground_leave_contacts_of_the_robot_alone(tmp_path):
    text = _robot(contact=PAIRS, bits='contype="6" conaffinity="0"')
    graph, _ = _read(tmp_path, text)
    model = get_task("flat").model(graph)
    assert set(model.geom_contype[1:].tolist()) == {6}
    assert not model.geom_conaffinity[1:].any()


def test_a_pair_with_something_else_that_moves_is_left_out(tmp_path):
    box = '<body name="box" pos="3 0 1"><freejoint/><geom name="crate" size="0.1"/></body>'
    pair = '<pair geom1="crate" geom2="foot_fl"/>'
    _, notes = _read(tmp_path, _robot(contact=pair, world=box))
    assert "left out, because it reaches beyond the robot: contact pair crate and foot_fl" in notes
    none = _robot(contact=pair, world=box, bits='contype="0" conaffinity="0"')
    with pytest.raises(MjcfError, match="none of the robot's geoms collides with the ground"):
        _read(tmp_path, none)


@pytest.mark.parametrize("converted", [False, True])
def test_excludes_with_the_ground_hold_on_any_ground(tmp_path, converted):
    bodies = [f"{part}_{name}" for part in ("shin", "foot") for name in CORNERS]
    excludes = "".join(f'<exclude body1="world" body2="{name}"/>' for name in bodies)
    graph, notes = _read(tmp_path, _robot(contact=excludes))
    if converted:
        mjcf.write(graph, tmp_path / "robot.xml")
        graph, notes = _read(tmp_path, (tmp_path / "robot.xml").read_text())
    assert "does not touch the ground, as its file says: shin_fl" in notes
    found, _, data = _touching(graph)
    assert found
    assert not any(name.startswith("shin") for name in found)
    assert min(data.body(f"shin_{name}").xpos[2] for name in CORNERS) < 0.0


def test_an_exclude_of_a_part_of_a_node_is_left_out(tmp_path):
    graph, notes = _read(tmp_path, _robot(contact='<exclude body1="world" body2="foot_fl"/>'))
    assert "beyond the robot: exclude of foot_fl and the ground" in notes
    assert "shin_fl" in _touching(graph)[0]


def test_a_robot_that_nothing_of_touches_the_ground_is_refused(tmp_path):
    text = _robot(contact='<exclude body1="world" body2="trunk"/>')
    legs = text[text.index('\n<body name="thigh_fl"') : text.index("</body>\n</worldbody>")]
    bare = text.replace(legs, legs.replace("<geom ", '<geom contype="0" conaffinity="0" '))
    with pytest.raises(MjcfError, match="none of the robot's geoms collides with the ground"):
        _read(tmp_path, bare)
