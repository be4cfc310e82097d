"""Files of robots from elsewhere: accepted with notes, or refused with a reason and a remedy."""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np
import pytest

from morph_ops.graph import joints, limb, physics, torso
from morph_ops.identity import body_hash, is_same
from morph_ops.io import (
    from_dict,
    from_graphml,
    from_json,
    mjcf,
    read_body,
    to_dict,
    to_graphml,
    to_json,
)
from tests.morph_ops.io.mjcf.foreign.robots import BIPED, PLANAR, quadruped

STAND = '<geom type="sphere" size="0.1"/>'


def _read(folder: Path, text: str, **options):
    (folder / "robot.xml").write_text(text)
    return mjcf.read(folder / "robot.xml", **options)


def _notes(graph):
    own = physics(graph)
    assert own is not None
    return "\n".join(own.notes)


def test_nodes_stand_for_the_parts_of_a_quadruped(tmp_path):
    graph = _read(tmp_path, quadruped())
    assert list(graph) == [
        "trunk",
        *(f"{part}_{leg}" for leg in ("fl", "fr", "bl", "br") for part in ("thigh", "shin")),
    ]
    assert torso(graph).mass == pytest.approx(1000.0 * 0.5 * 0.2 * 0.1)
    volume = 4.0 / 3.0 * np.pi * torso(graph).radius ** 3
    assert volume == pytest.approx(0.5 * 0.2 * 0.1)
    shin = limb(graph, "shin_fl")
    # The foot is welded to the shin: 0.2 m of shin and 0.03 m of foot.
    assert np.linalg.norm(shin.end) + 2.0 * shin.radius == pytest.approx(0.23, abs=0.02)
    lift = limb(graph, "thigh_fl").joints[1]
    assert lift.range_deg == pytest.approx((-50.0, 60.0))
    assert lift.gear == pytest.approx(30.0)  # the servo's limit of force
    assert limb(graph, "thigh_fl").joints[0].gear == pytest.approx(40.0)  # 20 N m x 2


def test_notes_name_each_approximation_once(tmp_path):
    lines = _notes(_read(tmp_path, quadruped())).splitlines()
    assert lines[0].startswith("one node with all that is welded to it: shin_fl, shin_fr")
    assert lines[1].startswith("the controller sees a capsule in place of the geoms of: trunk")
    servos = "lift_fl, lift_fr, lift_bl, lift_br"
    assert f"an action of -1..1 is a position with the start pose at 0: {servos}" in lines
    assert len({line.split(":")[0] for line in lines}) == len(lines)


def test_three_hinges_are_two_nodes_in_a_row(tmp_path):
    graph = _read(tmp_path, BIPED)
    assert list(graph) == ["pelvis", "leg/1", "leg", "foot"]
    assert [joint.name for _, joint in joints(graph)] == ["a", "b", "c"]
    assert limb(graph, "foot").joints == ()
    notes = _notes(graph)
    assert "nodes in a row for parts with three or more hinges: leg/1" in notes
    assert "passive sliding joints, which the controller does not see: spring" in notes


def test_a_planar_robot_moves_on_its_slides(tmp_path):
    graph = _read(tmp_path, PLANAR)
    notes = _notes(graph)
    assert "the torso moves on slide, slide, hinge joints, not freely" in notes
    assert "hinges without a motor: knee" in notes
    assert "hinges without limits, shown with a range of 360 deg: knee" in notes
    own = physics(graph)
    assert own is not None
    assert own.falls
    flat = PLANAR.replace('axis="0 0 1" damping="0"', 'axis="0 1 0" damping="0"', 1)
    own = physics(_read(tmp_path, flat))
    assert own is not None
    assert not own.falls


@pytest.mark.parametrize("text", [quadruped(), BIPED, PLANAR], ids=["quadruped", "biped", "planar"])
def test_a_robot_survives_every_format_digit_for_digit(tmp_path, text):
    graph = _read(tmp_path, text)
    for again in (
        from_dict(to_dict(graph)),
        from_json(to_json(graph)),
        from_graphml(to_graphml(graph)),
    ):
        assert is_same(again, graph)
        assert physics(again) == physics(graph)
        assert body_hash(again) == body_hash(graph)
    mjcf.write(graph, tmp_path / "again.xml", scene=True)
    models = [mjcf.to_model(each) for each in (graph, mjcf.read(tmp_path / "again.xml"))]
    for name in ("body_mass", "jnt_range", "actuator_gainprm", "geom_size"):
        theirs, ours = (np.sort(getattr(model, name), axis=0) for model in models)
        np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-9)


def test_the_physics_counts_in_the_hash(tmp_path):
    graph = _read(tmp_path, quadruped())
    rough = _read(tmp_path, quadruped().replace('size="0.03"/></body>', 'size="0.031"/></body>'))
    assert body_hash(graph) != body_hash(rough)


def test_files_beside_the_robot_are_read_and_others_are_not(tmp_path):
    folder = tmp_path / "robot"
    (folder / "parts").mkdir(parents=True)
    torso_file = folder / "parts" / "torso.xml"
    torso_file.write_text(f"<mujocoinclude>{STAND}</mujocoinclude>")
    (tmp_path / "sky.xml").write_text("<mujocoinclude/>")
    text = quadruped(torso='<include file="parts/torso.xml"/>')
    graph = _read(folder, text.replace("<worldbody>", '<include file="../sky.xml"/><worldbody>'))
    assert torso(graph).radius == pytest.approx(0.1)
    assert "not read, because it lies outside the robot's folder: ../sky.xml" in _notes(graph)
    torso_file.unlink()
    with pytest.raises(mjcf.MjcfError, match=r"<include file='parts/torso.xml'>: there is no such"):
        _read(folder, text)
    mesh = '<asset><mesh name="m" file="{}"/></asset>'
    seen = quadruped(torso=STAND + '<geom type="mesh" mesh="m"/>', more=mesh.format("../m.stl"))
    with pytest.raises(mjcf.MjcfError, match=r"<mesh file='../m.stl'>: the file lies outside"):
        _read(folder, seen)
    looks = seen.replace('mesh="m"/>', 'mesh="m" mass="0" contype="0" conaffinity="0"/>', 1)
    assert torso(_read(folder, looks)).radius == pytest.approx(0.1)


def test_one_of_several_robots_is_named(tmp_path):
    other = BIPED[BIPED.index("<body") : BIPED.index("</worldbody>")]
    motors = BIPED[BIPED.index("<general") : BIPED.index("</actuator>")]
    two = quadruped().replace("</worldbody>", other + "</worldbody>")
    both = two.replace("</actuator>", motors + "</actuator>")
    with pytest.raises(mjcf.MjcfError, match=r"one robot, got 2: trunk, pelvis; name .*--root"):
        _read(tmp_path, both)
    assert next(iter(_read(tmp_path, both, root="pelvis"))) == "pelvis"
    with pytest.raises(mjcf.MjcfError, match="root: expected one of trunk, pelvis, got 'arm'"):
        _read(tmp_path, both, root="arm")
    # A ball in the world has no motor: there is one robot.
    assert next(iter(_read(tmp_path, two))) == "trunk"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<freejoint/>", "", "body 'trunk' is fixed to the world.* give the body a <freejoint/>"),
        ("<freejoint/>", '<joint axis="0 0 1"/>', "body 'trunk' is fixed to the world"),
        ("<actuator>", "<actuator/><sensor>", "expected at least one actuator that drives a joint"),
        ("</mujoco>", "", "broken XML: no element found"),
        ('gear="20"', 'gear="nan"', "expected finite numbers in gear, got 'nan'"),
        ("</mujoco>", '<extension><plugin plugin="x"/></extension></mujoco>', "plugins are not"),
        ('size="0.03 0.04 0.1"', 'size="0 0.04 0.1"', "size 0 must be positive"),
    ],
)
def test_what_cannot_walk_is_refused_in_one_line(tmp_path, old, new, message):
    text = quadruped()
    assert old in text
    changed = text.replace(old, new, 1)
    if "<sensor>" in new:
        changed = changed[: changed.index("<sensor>")] + "</mujoco>"
    with pytest.raises(mjcf.MjcfError, match=message) as caught:
        _read(tmp_path, changed)
    assert str(caught.value).startswith(f"{tmp_path / 'robot.xml'}: ")
    assert "\n" not in str(caught.value)


def test_motors_come_from_the_torques_that_joints_allow(tmp_path):
    text = quadruped().replace('axis="1 0 0"', 'axis="1 0 0" actuatorfrcrange="-9 9"')
    bare = text[: text.index("<actuator>")] + "</mujoco>"
    graph = _read(tmp_path, bare)
    own = physics(graph)
    assert own is not None
    assert own.drives == ("hip_fl", "hip_fr", "hip_bl", "hip_br")
    assert limb(graph, "thigh_fl").joints[0].gear == pytest.approx(9.0)
    assert "the file has no actuators" in own.notes[0]


def test_joints_without_names_get_motors_too(tmp_path):
    text = quadruped().replace('axis="1 0 0"', 'axis="1 0 0" actuatorfrcrange="-9 9"')
    bare = text[: text.index("<actuator>")] + "</mujoco>"
    for leg in ("fl", "br"):
        bare = bare.replace(f'name="hip_{leg}"', "")
    own = physics(_read(tmp_path, bare.replace('name="hip_bl"', 'name="joint0"')))
    assert own is not None
    assert len(set(own.drives)) == 4
    assert {"hip_fr", "joint0"} < set(own.drives)


def test_world_coordinates_of_old_files_become_local_ones(tmp_path):
    local = """<mujoco><compiler coordinate="{}"/><worldbody>
    <body name="a" pos="0 0 1"><freejoint/><geom type="sphere" size="0.1"/>
    <body name="b" pos="{}"><joint name="j" axis="0 1 0" pos="{}" range="-1 1"/>
    <geom type="box" size="0.1 0.02 0.02" pos="{}"/></body></body></worldbody>
    <actuator><motor joint="j" gear="5"/></actuator></mujoco>"""
    old = local.format("global", "0.125 0 0.875", "0.125 0 0.9375", "0.25 0 0.875")
    new = local.format("local", "0.125 0 -0.125", "0 0 0.0625", "0.125 0 0")
    new = new.replace(' coordinate="local"', "")
    assert is_same(_read(tmp_path, old), _read(tmp_path, new))


def test_meshes_become_their_hulls(tmp_path):
    wedge = (
        '<asset><mesh name="w" scale="2 1 1" vertex="-.1 -.1 -.05  .1 -.1 -.05  -.1 .1 -.05  '
        '.1 .1 -.05  0 0 .05  0 0 0"/></asset>'
    )
    graph = _read(tmp_path, quadruped(torso='<geom type="mesh" mesh="w"/>', more=wedge))
    model = mjcf.to_model(graph)
    assert model.mesh_vertnum.tolist() == [5]  # without the vertex inside


def test_options_and_the_start_pose_of_a_sphere_with_capsules_are_kept(tmp_path):
    text = """<mujoco><compiler angle="radian"/>{}<worldbody><body name="trunk" pos="0 0 0.5">
    <freejoint/><geom size="0.1"/><body name="leg"><joint name="hip" axis="0 1 0" range="-1 1"
    limited="true"/><geom type="capsule" fromto="0 0 0 0 0 -0.3" size="0.04"/></body></body>
    </worldbody><actuator><motor joint="hip" ctrllimited="true" ctrlrange="-1 1"/></actuator>
    {}</mujoco>"""
    file = tmp_path / "robot.xml"
    file.write_text(text.format("", '<keyframe><key qpos="1 2 3 1 0 0 0 0"/></keyframe>'))
    assert physics(read_body(file)) is None
    option = '<option integrator="RK4" timestep="0.01" cone="elliptic"/>'
    key = '<keyframe><key name="zeros" qpos="0 0 0 0 0 0 0 0"/>'
    key += '<key name="home" qpos="0 0 0.5 1 0 0 0 0.4"/></keyframe>'
    file.write_text(text.format(option, key))
    model = mjcf.to_model(read_body(file))
    assert model.opt.integrator == mujoco.mjtIntegrator.mjINT_RK4
    assert model.opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC
    assert model.opt.timestep == 0.01
    assert model.key_qpos[0, 7] == 0.4
