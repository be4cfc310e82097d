"""Pictures: what is drawn, where, in which order, and how bright."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import mujoco
import numpy as np
import pytest

from codesign.drawing import (
    Camera,
    Ellipsoid,
    Polyhedron,
    Swept,
    Window,
    colors_of,
    draw,
    picture_of,
    solids_of,
)
from codesign.drawing.order import back_to_front
from codesign.drawing.shading import LIGHT, shaded
from morph_ops import graph as body_graph
from morph_ops.io.files import read_body
from morph_ops.sampling import sample_body

SVG = "{http://www.w3.org/2000/svg}"
FRONT = Camera(azimuth=-90.0, elevation=0.0)
KINDS = """
<mujoco>
  <worldbody>
    <geom type="plane" size="1 1 1"/>
    <body name="all">
      <freejoint/>
      <geom type="sphere" size="0.1"/>
      <geom type="capsule" size="0.1 0.2"/>
      <geom type="ellipsoid" size="0.1 0.2 0.3"/>
      <geom type="box" size="0.1 0.2 0.3"/>
      <geom type="cylinder" size="0.1 0.3"/>
      <geom type="sphere" size="0.1" group="3"/>
      <geom type="sphere" size="0.1" rgba="1 0 0 0"/>
    </body>
  </worldbody>
</mujoco>
"""


def ball(x: float, y: float, z: float, *, radius: float = 0.1, color: str = "#808080") -> Swept:
    return Swept(np.array([[x, y, z]] * 2), radius, color)


def box(*half: float) -> Polyhedron:
    corners = np.stack(np.meshgrid(*[(-1.0, 1.0)] * 3), axis=-1).reshape(-1, 3)
    return Polyhedron(corners * half)


@pytest.mark.parametrize(
    ("azimuth", "toward"), [(0, (1, 0, 0)), (90, (0, 1, 0)), (-90, (0, -1, 0))]
)
def test_the_camera_stands_where_it_says(azimuth, toward):
    camera = Camera(azimuth=azimuth, elevation=0.0)
    np.testing.assert_allclose(camera.toward, toward, atol=1e-12)
    np.testing.assert_allclose(camera.axes @ camera.axes.T, np.eye(3), atol=1e-12)
    assert camera.project(np.array([0.0, 0.0, 1.0]))[1] == pytest.approx(-1.0)  # up is up


def test_a_robot_that_walks_goes_to_the_right():
    assert Camera().project(np.array([1.0, 0.0, 0.0]))[0] > 0.5


def test_geoms_become_solids():
    model = mujoco.MjModel.from_xml_string(KINDS)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    solids = solids_of(model, data, colors={"all": "#123456"})
    assert [type(solid) for solid in solids] == [Swept, Swept, Ellipsoid, Polyhedron, Polyhedron]
    assert {solid.color for solid in solids} == {"#123456"}
    capsule, ellipsoid, cuboid, cylinder = solids[1:]
    np.testing.assert_allclose(np.ptp(capsule.spine, axis=0), (0, 0, 0.4))
    for solid, extent in ((ellipsoid, (0.2, 0.4, 0.6)), (cuboid, (0.2, 0.4, 0.6))):
        np.testing.assert_allclose(np.ptp(solid.outline(), axis=0), extent, rtol=0.05)
    np.testing.assert_allclose(np.ptp(cylinder.outline(), axis=0), (0.2, 0.2, 0.6), rtol=0.02)


def test_a_box_has_six_outward_faces():
    faces = list(box(1.0, 2.0, 3.0).faces())
    assert len(faces) == 6
    for corners, normal in faces:
        assert corners.shape == (4, 3)
        assert (corners @ normal > 0.0).all()
        sides = np.roll(corners, -1, axis=0) - corners
        np.testing.assert_allclose((sides * np.roll(sides, 1, axis=0)).sum(axis=1), 0.0, atol=1e-9)


def test_points_in_a_plane_are_no_solid():
    with pytest.raises(ValueError, match="expected a solid, got points in a plane"):
        Polyhedron(np.random.default_rng(0).normal(size=(8, 3)) * (1.0, 1.0, 0.0))


def test_what_is_behind_is_drawn_first():
    near, far = ball(0, -1, 0.1), ball(0, 1, 0.1)
    assert back_to_front([near, far], FRONT) == [1, 0]
    assert back_to_front([far, near], FRONT) == [0, 1]
    # A long capsule is in front of one ball and behind the other.
    long = Swept(np.array([[-2.0, -1.0, 0.0], [2.0, 1.0, 0.0]]), 0.1)
    solids = [ball(1.5, 0.0, 0.0), long, ball(-1.5, 0.0, 0.0)]
    order = back_to_front(solids, FRONT)
    assert order.index(2) < order.index(1) < order.index(0)


def test_the_light_decides_how_bright_a_surface_is():
    bright, dark = (int(shaded("#808080", normal)[1:3], 16) for normal in (LIGHT, -LIGHT))
    assert dark < 0x50
    assert bright > 0x80


def test_solids_fill_the_picture():
    text = draw([ball(0, 0, 0.1), ball(1, 0, 0.1)], camera=FRONT, size=(200, 100), floor=None)
    circles = ElementTree.fromstring(text).findall(f"{SVG}circle")
    left, right = sorted(float(circle.get("cx", 0)) for circle in circles)
    radius = float(circles[0].get("r", 0))
    assert left - radius == pytest.approx(10.0, abs=0.2)
    assert right + radius == pytest.approx(190.0, abs=0.2)
    assert {circle.get("cy") for circle in circles} == {"50.0"}


def test_a_shadow_lies_on_the_floor():
    drawn = [draw([ball(0, 0, 0.5)], floor=floor) for floor in (0.0, None)]
    assert ["fill-opacity" in text for text in drawn] == [True, False]


def test_ids_are_those_of_the_picture_alone():
    body = sample_body(np.random.default_rng(3))
    texts = [picture_of(body, prefix=prefix) for prefix in ("a", "b")]
    ids = [set(re.findall(r'id="(\w+)"', text)) for text in texts]
    assert all(ids)
    assert ids[0].isdisjoint(ids[1])
    used = [set(re.findall(r"url\(#(\w+)\)", text)) for text in texts]
    assert used == ids


def test_a_title_is_only_text():
    text = draw([ball(0, 0, 1)], title="<script>&")
    assert ElementTree.fromstring(text).findtext(f"{SVG}title") == "<script>&"


@pytest.mark.parametrize("seed", range(5))
def test_bodies_have_small_pictures_without_blanks(seed):
    body = sample_body(np.random.default_rng(seed))
    text = picture_of(body)
    root = ElementTree.fromstring(text)
    assert len(text) < 20_000
    assert "nan" not in text
    shapes = root.findall(f"{SVG}path") + root.findall(f"{SVG}circle")
    assert len(shapes) == len(body) + 1  # and the shadow


def test_limbs_that_branch_have_colors_of_their_own():
    body = sample_body(np.random.default_rng(0))
    colors = colors_of(body)
    for node in body_graph.node_names(body):
        children = body_graph.children(body, node)
        if len(children) > 1:
            assert len({colors[child] for child in children}) == len(children)
        elif children and node != body_graph.root(body):
            assert colors[children[0]] == colors[node]


def test_a_mesh_is_drawn_as_its_hull(tmp_path: Path):
    (tmp_path / "robot.xml").write_text(
        """
        <mujoco>
          <asset>
            <mesh name="wedge" vertex="0 0 0  1 0 0  0 1 0  0 0 1  1 1 0" scale="0.2 0.2 0.2"/>
          </asset>
          <worldbody>
            <body><freejoint/>
              <geom type="mesh" mesh="wedge" density="300"/>
              <body pos="0 0 -0.1"><joint name="hip" axis="0 1 0" range="-40 40"/>
                <geom type="capsule" size="0.03" fromto="0 0 0 0 0 -0.3"/></body>
            </body>
          </worldbody>
          <actuator><motor joint="hip" ctrlrange="-1 1"/></actuator>
        </mujoco>
        """
    )
    text = picture_of(read_body(tmp_path / "robot.xml"))
    assert len(ElementTree.fromstring(text).findall(f"{SVG}path")) > 3


def test_pictures_of_one_window_have_one_scale():
    window = Window(center=np.array([0.0, 0.0, 0.5]), width=2.0, lines=0.5)
    text = draw([ball(0.5, 0, 0.5)], camera=FRONT, size=(200, 100), floor=0.0, window=window)
    root = ElementTree.fromstring(text)
    [circle] = root.findall(f"{SVG}circle")
    assert [circle.get(name) for name in ("cx", "cy", "r")] == ["150.0", "50.0", "10.0"]
    lines = [path for path in root.findall(f"{SVG}path") if path.get("stroke-opacity") == "0.3"]
    assert len(lines) == 9
