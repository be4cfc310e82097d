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
    _with_box(tmp_path / "walker")
    (tmp_path / "walker" / "package.xml").write_text("<package/>")
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


def _world(kind: str, *, name: str = "world") -> str:
    """A first link without content, and the joint below it."""
    joint = JOINT.format(name="base", kind=kind, parent=name, child="trunk", xyz="0 0 1", effort=0)
    return f'<link name="{name}"/>{joint}'


@pytest.mark.parametrize("first", [_world("floating"), _world("fixed", name="base_link")])
def test_an_empty_first_link_and_settings_of_simulators_are_dropped(first, tmp_path):
    more = '<gazebo><plugin name="p" filename="p.so"/></gazebo><transmission name="t"/>'
    graph = read_body(_write(tmp_path, _urdf(first=first, more=more)))
    assert list(graph) == ["trunk", "left_thigh", "right_thigh"]
    assert "its first link moves freely, as no joint holds it to a link 'world'" in _notes(graph)


def test_a_robot_that_its_file_fixes_to_the_world_is_refused(tmp_path):
    with pytest.raises(BodyError, match=r"joint 'base' fixes the robot to the world.*; remove"):
        read_body(_write(tmp_path, _urdf(first=_world("fixed"))))
    with pytest.raises(BodyError, match=r"fixed to the world.*; remove the link 'world'"):
        read_body(_write(tmp_path, _urdf(first=_world("revolute"))))
    planar = read_body(_write(tmp_path, _urdf(first=_world("planar"))))
    assert "the torso moves on slide, slide, hinge joints" in _notes(planar)
    assert "its first link moves freely" not in _notes(planar)


def test_moments_of_inertia_that_mujoco_changes_are_in_the_notes(tmp_path):
    bad = _urdf().replace('izz="0.002"', 'izz="0.5"', 1)
    notes = _notes(read_body(_write(tmp_path, bad)))
    assert "made equal: trunk from (0.01, 0.01, 0.5) to (0.1733, 0.1733, 0.1733) kg m^2" in notes
    assert "URDF names no integrator: implicitfast" in notes
    assert "made equal" not in _notes(read_body(_write(tmp_path, _urdf())))


def test_links_that_weigh_what_their_shapes_do_are_in_the_notes(tmp_path):
    start, end = _urdf().split("<inertial>", 1)
    graph = read_body(_write(tmp_path, start + end.split("</inertial>", 1)[1]))
    assert "weigh what their shapes do at 1000 kg/m^3: trunk (8 kg)" in _notes(graph)


def test_sliding_joints_with_an_effort_have_motors(tmp_path):
    slides = _urdf().replace('type="revolute"', 'type="prismatic"')
    graph = read_body(_write(tmp_path, slides))
    assert [joint.gear for _, joint in joints(graph)] == pytest.approx([25.0, 25.0])
    assert "sliding joints, shown as hinges: left_hip, right_hip" in _notes(graph)
    assert "each sliding joint with a motor one of 0.1 kg" in _notes(graph)
    assert [joint.armature for _, joint in joints(graph)] == pytest.approx([0.1, 0.1])
    assert "sliding joint with" not in _notes(read_body(_write(tmp_path, _urdf())))


@pytest.mark.parametrize("kind", ["revolute", "prismatic"])
def test_a_joint_that_mimics_another_has_no_motor(kind, tmp_path):
    start, end = _urdf().replace('type="revolute"', f'type="{kind}"').rsplit("<axis", 2)[0::2]
    middle = _urdf().replace('type="revolute"', f'type="{kind}"')[len(start) : -len(end)]
    mimic = '<mimic joint="left_hip" multiplier="-1"/>'
    graph = read_body(_write(tmp_path, start + mimic + middle + end))
    own = physics(graph)
    assert own is not None
    assert own.drives == ("left_hip",)
    assert "joints that follow others got no motor: right_hip" in own.notes
    assert mjcf.to_model(graph).neq == 1


def _with_box(folder: Path, *, meshes: str = "meshes") -> None:
    corners = [(x, y, z) for x in (-0.1, 0.1) for y in (-0.1, 0.1) for z in (-0.05, 0.05)]
    faces = "124 143 578 586 156 162 348 387 137 175 268 284"
    lines = [f"v {x} {y} {z}" for x, y, z in corners]
    lines += [f"f {' '.join(face)}" for face in faces.split()]
    (folder / meshes).mkdir(parents=True, exist_ok=True)
    (folder / meshes / "box.obj").write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("../meshes/box.obj", ""),
        ("package://other/meshes/box.obj", ""),
        ("box.obj", '<mujoco><compiler meshdir="../meshes"/></mujoco>'),
        ("package://gone/box.obj", '<mujoco><compiler meshdir="../meshes/"/></mujoco>'),
        ("meshes/box.obj", '<mujoco><compiler meshdir=".." strippath="false"/></mujoco>'),
    ],
)
def test_meshes_come_from_the_nearest_package(name, extension, tmp_path):
    file = _write(tmp_path, _urdf(trunk=f'<mesh filename="{name}"/>', first=extension))
    _with_box(tmp_path / "walker")
    with pytest.raises(BodyError, match="robot's folder"):
        read_body(file)
    (tmp_path / "walker" / "package.xml").write_text("<package/>")
    assert mjcf.to_model(read_body(file)).nmesh == 1


def test_meshes_come_from_the_folder_that_the_file_names_for_mujoco(tmp_path):
    extension = '<mujoco><compiler meshdir="parts" angle="degree"/><option/></mujoco>'
    file = _write(tmp_path, _urdf(trunk='<mesh filename="a/box.obj"/>', first=extension))
    _with_box(file.parent, meshes="parts")
    graph = read_body(file)
    assert mjcf.to_model(graph).nmesh == 1
    assert "not read of the element <mujoco>: compiler angle, option" in _notes(graph)


@pytest.mark.parametrize("folder", ["../../secret", "{tmp}/secret", "parts"])
def test_no_folder_of_meshes_leads_out_of_the_package(folder, tmp_path):
    _with_box(tmp_path, meshes="secret")
    extension = f'<mujoco><compiler meshdir="{folder.format(tmp=tmp_path)}"/></mujoco>'
    file = _write(tmp_path, _urdf(trunk='<mesh filename="box.obj"/>', first=extension))
    (tmp_path / "walker" / "package.xml").write_text("<package/>")
    (file.parent / "parts").symlink_to(tmp_path / "secret")
    with pytest.raises(BodyError, match="the file lies outside the robot's folder"):
        read_body(file)


def test_a_mesh_beside_the_folder_of_a_urdf_says_what_makes_a_package(tmp_path):
    file = _write(tmp_path, _urdf(trunk='<mesh filename="../meshes/box.obj"/>'))
    _with_box(tmp_path / "walker")
    with pytest.raises(BodyError, match=r"into one folder, or a package.xml into a folder above"):
        read_body(file)


def test_products_of_inertia_that_no_body_has_are_dropped_with_a_note(tmp_path):
    bad = _urdf().replace('ixy="0" ixz="0" iyz="0"', 'ixy="0.02" ixz="0" iyz="0"', 1)
    graph = read_body(_write(tmp_path, bad))
    assert "products of inertia dropped where no body has such: trunk" in _notes(graph)


@pytest.mark.parametrize(("mass", "said"), [(0.3, True), (0, False)])
def test_moments_of_inertia_of_0_have_no_products_to_drop(mass, said, tmp_path):
    camera = LINK.format(name="camera", mass=mass, shape='<box size="0.01 0.01 0.01"/>')
    for moment in ("0.01", "0.002"):
        camera = camera.replace(f'="{moment}"', '="0"')
    mount = JOINT.format(name="mount", kind="fixed", parent="trunk", child="camera", xyz="0 0 0",
                         effort=0)  # fmt: skip
    graph = read_body(_write(tmp_path, _urdf(more=camera + mount)))
    assert "products of inertia" not in _notes(graph)
    kept = "links with a mass and moments of inertia of 0, kept so: camera"
    assert (kept in _notes(graph)) == said


def test_what_is_left_out_of_a_urdf_is_in_the_notes(tmp_path):
    more = '<gazebo reference="trunk"/><gazebo/><transmission name="t"/><material name="red"/>'
    text = _urdf(more=more).replace("</joint>", '<safety_controller k_velocity="1"/></joint>', 1)
    notes = _notes(read_body(_write(tmp_path, text)))
    left = "2 <gazebo>, 1 <transmission>, 1 <safety_controller>"
    assert f"left out, because it is not supported: {left}" in notes
    # Fixed joints have no velocity.
    assert "limits of the velocity of joints have no effect: left_hip, right_hip" in notes
    plain = _urdf().replace('velocity="10"', "")
    notes = _notes(read_body(_write(tmp_path, plain)))
    assert "left out, because" not in notes
    assert "velocity" not in notes


def test_sliding_joints_without_a_motor_get_no_armature(tmp_path):
    planar = read_body(_write(tmp_path, _urdf(first=_world("planar"))))
    model = mjcf.to_model(planar)
    slides = model.jnt_type == int(mujoco.mjtJoint.mjJNT_SLIDE)
    assert not model.dof_armature[model.jnt_dofadr[slides]].any()


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
