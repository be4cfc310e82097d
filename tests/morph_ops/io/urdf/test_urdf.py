"""URDF files that MuJoCo and yourdfpy read as the robot that was written."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import mujoco
import networkx as nx
import numpy as np
import pytest

from morph_ops.errors import BodyError
from morph_ops.graph import Torso, joints, limb, new_body, with_nodes
from morph_ops.io import mjcf, read_body, urdf, write_body
from morph_ops.sampling import sample_body

ANT = """<mujoco><worldbody><body name="trunk" pos="0 0 0.4"><freejoint/>
<geom type="ellipsoid" size="0.2 0.1 0.05" mass="3"/>{legs}</body></worldbody>{more}
<actuator>{motors}</actuator></mujoco>"""
LEG = """<body name="leg{n}" pos="{x} 0 0" euler="0 20 {n}">{joint}
<geom type="{kind}" size="0.03 0.1 0.02" pos="0 0 -0.1" mass="0.5"/></body>"""


def _foreign(folder: Path, *, joint: str, more: str = "", kind: str = "box") -> nx.DiGraph:
    legs = "".join(
        LEG.format(n=n, x=x, joint=joint.format(n=n), kind=kind) for n, x in ((1, 0.2), (2, -0.2))
    )
    motors = "".join(f'<motor joint="a{n}" gear="7" ctrlrange="-2 2"/>' for n in (1, 2))
    file = folder / "ant.xml"
    file.write_text(ANT.format(legs=legs, more=more, motors=motors))
    return read_body(file)


def _loaded(graph: nx.DiGraph, folder: Path) -> tuple[mujoco.MjModel, Path]:
    file = folder / "robot.urdf"
    write_body(graph, file)
    return mujoco.MjModel.from_xml_path(str(file)), file


def _state(model: mujoco.MjModel) -> mujoco.MjData:
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    return data


def _tensor(model: mujoco.MjModel, data: mujoco.MjData, body: int) -> np.ndarray:
    turn = data.ximat[body].reshape(3, 3)
    return turn @ np.diag(model.body_inertia[body]) @ turn.T


def _require_same(mine: mujoco.MjModel, theirs: mujoco.MjModel) -> None:
    """Masses, inertias, axes, ranges, damping and rest pose are equal to 1e-6."""
    own, read = _state(mine), _state(theirs)
    shift = own.xipos[1] - read.xipos[theirs.body(mine.body(1).name).id]
    for body in range(1, mine.nbody):
        name = mine.body(body).name
        other = theirs.body(name).id
        chain = [
            each for each in range(1, theirs.nbody)
            if theirs.body(each).name.split(":")[0] == name
        ]  # fmt: skip
        assert theirs.body_mass[other] == pytest.approx(mine.body_mass[body], abs=1e-6)
        assert theirs.body_mass[chain].sum() == pytest.approx(mine.body_mass[body], abs=1e-12)
        expected = _tensor(mine, own, body)
        np.testing.assert_allclose(_tensor(theirs, read, other), expected, atol=1e-6)
        together = sum(_tensor(theirs, read, each) for each in chain)
        np.testing.assert_allclose(together, expected, atol=1e-12)
        np.testing.assert_allclose(read.xipos[other] + shift, own.xipos[body], atol=1e-6)
    for joint in range(mine.njnt):
        if mine.jnt_type[joint] == int(mujoco.mjtJoint.mjJNT_FREE):
            continue
        other = theirs.joint(mine.joint(joint).name).id
        rest = mine.qpos0[mine.jnt_qposadr[joint]]
        np.testing.assert_allclose(read.xaxis[other], own.xaxis[joint], atol=1e-6)
        np.testing.assert_allclose(read.xanchor[other] + shift, own.xanchor[joint], atol=1e-6)
        assert theirs.jnt_limited[other] == mine.jnt_limited[joint]
        expected = (mine.jnt_range[joint] - rest) * mine.jnt_limited[joint]
        np.testing.assert_allclose(theirs.jnt_range[other], expected, atol=1e-6)
        damping = mine.dof_damping[mine.jnt_dofadr[joint]]
        assert theirs.dof_damping[theirs.jnt_dofadr[other]] == pytest.approx(damping)


@pytest.mark.parametrize("seed", range(5))
def test_mujoco_reads_a_sampled_body_as_it_is(seed, tmp_path):
    graph = sample_body(np.random.default_rng(seed))
    theirs, _ = _loaded(graph, tmp_path)
    _require_same(mjcf.to_model(graph), theirs)


def test_mujoco_reads_turned_frames_and_capsules_from_tip_to_base(biped, in_other_frames, tmp_path):
    graph = in_other_frames(biped)
    theirs, _ = _loaded(graph, tmp_path)
    _require_same(mjcf.to_model(graph), theirs)


def test_two_hinges_with_anchors_of_their_own(biped, tmp_path):
    leg = limb(biped, "limb/0")
    moved = (leg.joints[0], replace(leg.joints[1], pos=(0.03, -0.01, 0.02)))
    graph = with_nodes(biped, [("limb/0", replace(leg, joints=moved))])
    theirs, _ = _loaded(graph, tmp_path)
    _require_same(mjcf.to_model(graph), theirs)


def test_the_effort_is_the_torque_at_full_control(biped, tmp_path):
    theirs, file = _loaded(biped, tmp_path)
    foot = next(joint for _, joint in joints(biped) if joint.name == "ankle")
    expected = foot.gear * max(map(abs, foot.ctrl_range))
    np.testing.assert_allclose(
        theirs.jnt_actfrcrange[theirs.joint("ankle").id], (-expected, expected)
    )
    limit = _element(file, "ankle").find("limit")
    assert limit is not None
    assert float(limit.get("velocity", "")) == pytest.approx(expected / foot.damping)


def test_the_file_says_what_urdf_cannot_carry(biped, tmp_path):
    text = urdf.to_urdf(biped).text
    assert "URDF cannot carry these: armature" in text
    assert "armature 0.02, stiffness 0.1" in text
    assert "the first node is at 0.0 0.0 0.30000000000000004 m" in text


@pytest.mark.parametrize("kind", ["UNIMAL", "box", "cylinder"])
def test_yourdfpy_reads_the_same_robot(kind, biped, tmp_path):
    yourdfpy = pytest.importorskip("yourdfpy", reason="yourdfpy is not installed")
    hinge = '<joint name="a{n}" range="-10 50" axis="1 1 0"/>'
    graph = biped if kind == "UNIMAL" else _foreign(tmp_path, joint=hinge, kind=kind)
    _, file = _loaded(graph, tmp_path)
    robot, model = yourdfpy.URDF.load(str(file)), mjcf.to_model(graph)
    assert robot.validate()
    data, root = _state(model), robot.base_link
    assert root == model.body(1).name
    origin, turn = data.xpos[1], data.xmat[1].reshape(3, 3)
    for body in range(1, model.nbody):
        inertial = robot.link_map[model.body(body).name].inertial
        assert inertial.mass == pytest.approx(model.body_mass[body], abs=1e-6)
        placed = robot.get_transform(model.body(body).name, root) @ inertial.origin
        center, rotation = origin + turn @ placed[:3, 3], turn @ placed[:3, :3]
        np.testing.assert_allclose(center, data.xipos[body], atol=1e-6)
        tensor = rotation @ inertial.inertia @ rotation.T
        np.testing.assert_allclose(tensor, _tensor(model, data, body), atol=1e-6)
    for _, joint in joints(graph):
        read = robot.joint_map[joint.name]
        limits = (read.limit.lower, read.limit.upper)
        np.testing.assert_allclose(limits, np.deg2rad(joint.range_deg), atol=1e-6)
        axis = turn @ robot.get_transform(read.child, root)[:3, :3] @ read.axis
        np.testing.assert_allclose(axis, data.xaxis[model.joint(joint.name).id], atol=1e-6)


def test_a_capsule_is_a_cylinder_and_two_spheres(biped):
    robot = ElementTree.fromstring(urdf.to_urdf(biped).text)
    [leg] = [link for link in robot.iter("link") if link.get("name") == "limb/3"]
    shapes = [geometry[0].tag for collision in leg.iter("collision") for geometry in
              collision.iter("geometry")]  # fmt: skip
    assert shapes == ["cylinder", "sphere", "sphere"]


@pytest.mark.parametrize("kind", ["box", "cylinder", "ellipsoid", "capsule"])
def test_a_robot_from_elsewhere_keeps_its_inertials(kind, tmp_path):
    hinges = '<joint name="a{n}" ref="20" range="-10 50" axis="1 0 0"/><joint name="b{n}"/>'
    graph = _foreign(tmp_path, joint=hinges, kind=kind)
    theirs, file = _loaded(graph, tmp_path)
    _require_same(mjcf.to_model(graph), theirs)
    assert theirs.nmesh == {"ellipsoid": 3}.get(kind, 1)
    np.testing.assert_allclose(theirs.jnt_actfrcrange[theirs.joint("a1").id], (-14.0, 14.0))
    assert _element(file, "b1").get("type") == "continuous"


def test_what_urdf_has_no_word_for_is_refused(tmp_path):
    balls = '<joint name="a{n}" range="-10 50"/><joint name="s{n}" type="ball"/>'
    with pytest.raises(BodyError, match="joint 's1': URDF has no ball joints"):
        urdf.to_urdf(_foreign(tmp_path, joint=balls))
    hinge = '<joint name="a{n}" range="-10 50"/>'
    coupled = '<equality><joint joint1="a1" joint2="a2"/></equality>'
    with pytest.raises(BodyError, match="1 equality constraints, and URDF has no closed chains"):
        urdf.to_urdf(_foreign(tmp_path, joint=hinge, more=coupled))


def test_our_own_reader_takes_the_file(biped, tmp_path):
    _, file = _loaded(biped, tmp_path)
    again = read_body(file)
    assert [joint.name for _, joint in joints(again)] == [joint.name for _, joint in joints(biped)]


def test_a_folder_that_is_missing_is_named(tmp_path):
    ball = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0))
    with pytest.raises(BodyError, match="cannot be written"):
        write_body(ball, tmp_path / "gone" / "ball.urdf")


def _element(file: Path, joint: str) -> ElementTree.Element:
    robot = ElementTree.parse(file).getroot()
    return next(each for each in robot.iter("joint") if each.get("name") == joint)
