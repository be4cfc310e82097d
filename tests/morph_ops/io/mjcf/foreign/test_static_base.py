"""Robots whose torso slides on a body that is fixed to the world, which is part of the world."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from morph_ops.errors import MjcfError
from morph_ops.graph import import_notes, joints
from morph_ops.io import mjcf, read_body

SLIDES = """<joint name="rootx" type="slide" axis="1 0 0"/>
<joint name="rootz" type="slide" axis="0 0 1"/><joint name="rooty" axis="0 1 0"/>"""
TORSO = """<body name="torso" {place}>{joints}
<geom type="capsule" fromto="-0.3 0 0 0.3 0 0" size="0.05"/>
<body name="leg" pos="0.3 0 0"><joint name="hip" axis="0 1 0" range="-1 1"/>
<geom type="capsule" fromto="0 0 0 0 0 -0.4" size="0.04"/></body></body>"""
ROBOT = """<mujoco><compiler angle="radian" autolimits="true"/><option timestep="0.005"/>
<worldbody>{}</worldbody><actuator><motor name="hip" joint="hip" gear="20"/></actuator></mujoco>"""
RAIL = '<geom name="rail" type="box" size="0.1 0.1 0.1"/>'
BASE = '<body name="base" pos="0.1 0 0.3">{}</body>'


def _write(folder, world):
    (folder / "robot.xml").write_text(ROBOT.format(world))
    return folder / "robot.xml"


def _hanging(place="", slides=SLIDES):
    return TORSO.format(place=place, joints=slides)


class Still:
    """Controls of zero."""

    def act(self, state):
        return np.zeros((len(state), 1))


@pytest.mark.parametrize("geoms", ["", RAIL])
def test_it_is_the_robot_that_hangs_in_the_world(geoms, tmp_path):
    within = read_body(_write(tmp_path, BASE.format(geoms + _hanging('pos="0 0 0.3"'))))
    plain = read_body(_write(tmp_path, _hanging('pos="0.1 0 0.6"')))
    assert list(within) == list(plain) == ["torso", "leg"]
    assert [joint.name for _, joint in joints(within)] == ["hip"]
    note = "the world around it is left out: base"
    assert [each for each in import_notes(within) if each != note] == [*import_notes(plain)]
    assert note in import_notes(within)
    models = [mjcf.to_model(each) for each in (within, plain)]
    assert [model.ngeom for model in models] == [2, 2]
    for name in ("body_pos", "body_mass", "jnt_type", "jnt_axis", "geom_pos", "qpos0"):
        first, second = (getattr(model, name) for model in models)
        np.testing.assert_allclose(first, second, atol=1e-12)
    scores = [
        rollout(each, Still(), task=get_task("flat"), episodes=1).score for each in (within, plain)
    ]
    assert np.isfinite(scores).all()
    assert scores[0] == pytest.approx(scores[1])


def test_axes_of_a_turned_base_are_those_of_the_world(tmp_path):
    turned = BASE.replace("<body ", '<body euler="0 0 0.5" ').format(_hanging())
    model = mjcf.to_model(read_body(_write(tmp_path, turned)))
    assert model.joint("rootx").axis == pytest.approx((np.cos(0.5), np.sin(0.5), 0.0))
    theirs = mujoco.MjModel.from_xml_path(str(tmp_path / "robot.xml"))
    assert model.body_mass.sum() == pytest.approx(theirs.body_mass.sum())


def test_what_only_turns_on_a_base_is_fixed_to_the_world(tmp_path):
    """So is a base with fingers that slide: they have no limbs."""
    finger = '<body name="finger"><joint name="hip" type="slide" axis="1 0 0"/>{}</body>'
    hinge = '<joint name="turn" axis="0 0 1"/>'
    for on_base in (finger.format(RAIL), _hanging(slides=hinge)):
        file = _write(tmp_path, BASE.format(RAIL.replace("rail", "foot") + on_base))
        with pytest.raises(MjcfError, match=r"body 'base' is fixed to the world.*<freejoint/>"):
            read_body(file)


def test_of_several_robots_on_a_base_the_driven_one_is_read_or_the_named_one(tmp_path):
    other = _hanging()
    for name in ("torso", "leg", "rootx", "rootz", "rooty", "hip"):
        other = other.replace(f'name="{name}"', f'name="{name}2"')
    file = _write(tmp_path, BASE.format(_hanging() + other))
    assert list(read_body(file)) == ["torso", "leg"]
    file.write_text(file.read_text().replace("</actuator>", '<motor joint="hip2"/></actuator>'))
    with pytest.raises(MjcfError, match=r"expected one robot, got 2: torso, torso2; name"):
        read_body(file)
    graph = mjcf.read(file, root="torso2")
    assert list(graph) == ["torso2", "leg2"]
    assert "not driven, because it is no part of this robot: hip" in import_notes(graph)
