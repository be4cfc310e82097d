"""URDF files: robots that stand free, with motors of the efforts of their joints."""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np
import pytest

from hyperdistill_core.features import context_features
from hyperdistill_core.tasks import get_task
from morph_ops.errors import BodyError
from morph_ops.graph import joints, limb, physics
from morph_ops.io import mjcf, read_body

LINK = """<link name="{name}"><inertial><origin xyz="0 0 -0.1"/><mass value="{mass}"/>
<inertia ixx="0.01" iyy="0.01" izz="0.002" ixy="0" ixz="0" iyz="0"/></inertial>
<visual><geometry><mesh filename="package://walker/meshes/gone.dae"/></geometry></visual>
<collision><origin xyz="0 0 -0.1"/><geometry>{shape}</geometry></collision></link>"""
JOINT = """<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>
<origin xyz="{xyz}"/><axis xyz="0 1 0"/><limit lower="-0.8" upper="0.6" effort="{effort}"
velocity="10"/><dynamics damping="0.3"/></joint>"""
CYLINDER = '<cylinder radius="0.03" length="0.2"/>'


def _urdf(*, trunk: str = '<box size="0.4 0.2 0.1"/>', first: str = "", more: str = "") -> str:
    parts = [LINK.format(name="trunk", mass=5, shape=trunk)]
    for side, y in (("left", 0.1), ("right", -0.1)):
        parts += [
            LINK.format(name=f"{side}_thigh", mass=1, shape=CYLINDER),
            LINK.format(name=f"{side}_foot", mass=0.2, shape='<sphere radius="0.03"/>'),
            JOINT.format(name=f"{side}_hip", kind="revolute", parent="trunk",
                         child=f"{side}_thigh", xyz=f"0 {y} 0", effort=25),
            JOINT.format(name=f"{side}_ankle", kind="fixed", parent=f"{side}_thigh",
                         child=f"{side}_foot", xyz="0 0 -0.2", effort=0),
        ]  # fmt: skip
    return f'<robot name="walker">{first}{"".join(parts)}{more}</robot>'


def _write(folder: Path, text: str) -> Path:
    file = folder / "walker" / "urdf" / "walker.urdf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def _notes(graph) -> str:
    own = physics(graph)
    assert own is not None
    return "\n".join(own.notes)


def test_a_urdf_stands_free_and_has_motors_of_its_efforts(tmp_path):
    graph = read_body(_write(tmp_path, _urdf()))
    assert list(graph) == ["trunk", "left_thigh", "right_thigh"]
    assert [joint.name for _, joint in joints(graph)] == ["left_hip", "right_hip"]
    hip = limb(graph, "left_thigh").joints[0]
    assert hip.gear == pytest.approx(25.0)
    assert hip.range_deg == pytest.approx(np.rad2deg((-0.8, 0.6)))
    assert (hip.damping, hip.armature) == pytest.approx((0.3, 0.01))
    model = get_task("flat").model(graph)
    assert model.jnt_type[0] == int(mujoco.mjtJoint.mjJNT_FREE)
    assert model.body_mass.sum() == pytest.approx(5.0 + 2 * 1.2)
    assert "URDF knows no rotor inertia" in _notes(graph)
    assert "the file has no actuators" in _notes(graph)


def test_meshes_come_from_the_folder_of_the_package(tmp_path):
    mesh = '<mesh filename="package://walker/meshes/box.obj" scale="2 1 1"/>'
    file = _write(tmp_path, _urdf(trunk=mesh))
    (tmp_path / "walker" / "meshes").mkdir()
    (tmp_path / "walker" / "package.xml").write_text("<package/>")
    corners = [(x, y, z) for x in (-0.1, 0.1) for y in (-0.1, 0.1) for z in (-0.05, 0.05)]
    faces = "124 143 578 586 156 162 348 387 137 175 268 284"
    lines = [f"v {x} {y} {z}" for x, y, z in corners]
    lines += [f"f {' '.join(face)}" for face in faces.split()]
    (tmp_path / "walker" / "meshes" / "box.obj").write_text("\n".join(lines))
    model = mjcf.to_model(read_body(file))
    sides = np.sort(np.ptp(model.mesh_vert, axis=0))
    np.testing.assert_allclose(sides, [0.1, 0.2, 0.4], atol=1e-6)
    file.write_text(_urdf(trunk='<mesh filename="/etc/box.obj"/>'))
    with pytest.raises(BodyError, match=r"<mesh file='/etc/box.obj'>: the file lies outside"):
        read_body(file)
    file.write_text(_urdf(trunk='<mesh filename="box.dae"/>'))
    with pytest.raises(BodyError, match=r"expected a mesh of .stl, .obj, .msh to collide"):
        read_body(file)


def test_a_package_is_a_near_folder_above_that_says_so(tmp_path):
    """The name of any folder above would let a file choose what it reads of this machine."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "x.obj").write_text("v 0 0 0")
    mesh = f'<mesh filename="package://{tmp_path.name}/secret/x.obj"/>'
    file = _write(tmp_path, _urdf(trunk=mesh))
    with pytest.raises(BodyError, match=r"no such file in the robot's folder; a package is a"):
        read_body(file)
    (tmp_path / "package.xml").write_text("<package/>")
    with pytest.raises(BodyError, match=r"a mesh|vertices|faces"):  # it is read, and no mesh
        read_body(file)
    deep = tmp_path / "a" / "b" / "c" / "d" / "e"
    deep.mkdir(parents=True)
    (deep / "walker.urdf").write_text(_urdf(trunk=mesh))
    with pytest.raises(BodyError, match="no such file in the robot's folder"):
        read_body(deep / "walker.urdf")


def test_a_world_above_the_first_link_and_settings_of_simulators_are_dropped(tmp_path):
    world = '<link name="world"/>'
    fixed = JOINT.format(name="base", kind="fixed", parent="world", child="trunk", xyz="0 0 1",
                         effort=0)  # fmt: skip
    more = f'{fixed}<gazebo><plugin name="p" filename="p.so"/></gazebo><transmission name="t"/>'
    graph = read_body(_write(tmp_path, _urdf(first=world, more=more)))
    assert list(graph) == ["trunk", "left_thigh", "right_thigh"]


def test_products_of_inertia_that_no_body_has_are_dropped_with_a_note(tmp_path):
    bad = _urdf().replace('ixy="0" ixz="0" iyz="0"', 'ixy="0.02" ixz="0" iyz="0"', 1)
    graph = read_body(_write(tmp_path, bad))
    assert "products of inertia dropped where no body has such: trunk" in _notes(graph)


def test_parts_on_passive_joints_have_a_context(tmp_path):
    slide = JOINT.format(name="spring", kind="prismatic", parent="trunk", child="tail", xyz="0 0 0",
                         effort=0)  # fmt: skip
    tail = LINK.format(name="tail", mass=0.5, shape=CYLINDER)
    graph = read_body(_write(tmp_path, _urdf(more=tail + slide)))
    assert limb(graph, "tail").joints == ()
    model = get_task("flat").model(graph)
    assert np.isfinite(context_features(graph, model)).all()


def test_refusals_of_a_urdf_name_what_a_urdf_has(tmp_path):
    with pytest.raises(BodyError, match=r'got none; give joints a <limit effort="..."/> above 0'):
        read_body(_write(tmp_path, _urdf().replace('effort="25"', 'effort="0"')))
    ghost = _urdf().replace("<collision>", "<visual>").replace("</collision>", "</visual>")
    with pytest.raises(BodyError, match="give its feet a <collision>"):
        read_body(_write(tmp_path, ghost))
    weightless = _urdf().replace('<mass value="1"/>', '<mass value="0"/>')
    for axis, value in (("xx", 0.01), ("yy", 0.01), ("zz", 0.002)):
        weightless = weightless.replace(f'i{axis}="{value}"', f'i{axis}="0"')
    with pytest.raises(BodyError, match=r"must be larger .*; give the link an <inertial> with"):
        read_body(_write(tmp_path, weightless))
