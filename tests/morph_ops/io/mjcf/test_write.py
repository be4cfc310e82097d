"""Written MJCF is exact, and other notations of the same body are read."""

from __future__ import annotations

import math
from pathlib import Path

import mujoco
import networkx as nx
import numpy as np
import pytest

from morph_ops import graph as body_graph
from morph_ops.errors import BodyError
from morph_ops.graph import with_nodes
from morph_ops.identity import body_hash, is_same
from morph_ops.io import mjcf

HAND_MADE = """
<mujoco>
  <compiler angle="{angle}"/>
  <default><joint limited="false"/><geom friction="0.7 0.1 0.1"/></default>
  <worldbody>
    <geom name="floor" type="plane" size="1 1 1"/>
    <light pos="0 0 3"/>
    <body name="trunk" pos="0 0 1">
      <freejoint/>
      <geom type="sphere" size="0.1" mass="2"/>
      <frame pos="0 0 -0.1" euler="0 0 {turn}">
        <body name="leg" euler="{turn} 0 0">
          <joint name="hip" axis="0 1 0" range="{low} {turn}" limited="true"/>
          <geom type="capsule" size="0.05 0.1" pos="0 0 -0.1"/>
        </body>
      </frame>
    </body>
  </worldbody>
  <actuator><motor joint="hip" gear="100" ctrlrange="-1 1"/></actuator>
  <contact>
    <exclude body1="world" body2="leg"/>
    <exclude body1="leg" body2="trunk"/>
  </contact>
</mujoco>
"""


def _hand_made(angle: str) -> str:
    scale = 1.0 if angle == "degree" else math.pi / 180.0
    return HAND_MADE.format(angle=angle, turn=repr(30.0 * scale), low=repr(-90.0 * scale))


def test_every_field_survives_writing_and_reading(biped: nx.DiGraph, tmp_path: Path) -> None:
    mjcf.write(biped, tmp_path / "biped.xml")
    assert is_same(mjcf.read(tmp_path / "biped.xml"), biped)
    assert [path.name for path in tmp_path.iterdir()] == ["biped.xml"]


def test_scene_is_dropped_on_reading_and_steps_in_plain_mujoco(biped: nx.DiGraph) -> None:
    text = mjcf.to_xml(biped, scene=True)
    assert is_same(mjcf.from_xml(text), biped)
    model = mujoco.MjModel.from_xml_string(text)
    assert (model.nlight, model.ncam, model.geom("floor").type[0]) == (1, 1, 0)
    data = mujoco.MjData(model)
    mujoco.mj_step(model, data, 200)
    assert data.body("torso/0").xpos[2] == pytest.approx(0.1, abs=0.25)
    assert data.ncon > 0


def test_defaults_are_written_once(biped: nx.DiGraph) -> None:
    text = mjcf.to_xml(biped)
    assert text.count("solreflimit") == 2
    assert "texture" not in text


def test_the_model_has_the_masses_of_the_body(biped: nx.DiGraph) -> None:
    model = mjcf.to_model(biped)
    assert model.body("foot <left> & co").mass[0] == pytest.approx(0.7, abs=1e-12)
    ball = 4 / 3 * math.pi * 0.1**3 * 2000 / 3
    assert model.body("torso/0").mass[0] == pytest.approx(ball, abs=1e-12)


def test_other_notations_are_resolved() -> None:
    graph = mjcf.from_xml(_hand_made("degree"))
    leg = body_graph.limb(graph, "leg")
    assert leg.joints[0].slot == "x"
    assert leg.joints[0].range_deg == (-90.0, 30.0)
    assert body_graph.torso(graph).mass == 2.0
    np.testing.assert_allclose(leg.start, (0.0, 0.0, 0.0), atol=1e-12)
    np.testing.assert_allclose(leg.end, (0.0, 0.0, -0.2), atol=1e-12)
    # euler angles turn about the moving axes: first z, of the frame, then x
    half = math.radians(15.0)
    expected = (math.cos(half) ** 2, math.cos(half) * math.sin(half))
    np.testing.assert_allclose(leg.quat[:2], expected, atol=1e-12)
    assert body_graph.excludes(graph) == (("leg", "trunk"),)


def test_radians_and_degrees_give_one_body() -> None:
    degrees, radians = (mjcf.from_xml(_hand_made(angle)) for angle in ("degree", "radian"))
    assert body_hash(degrees) == body_hash(radians)
    hip = body_graph.limb(radians, "leg").joints[0]
    assert hip.range_deg == pytest.approx((-90.0, 30.0), abs=1e-12)


def test_slots_in_names_win_over_the_order() -> None:
    text = _hand_made("degree").replace('"hip"', '"limby/7"')
    assert body_graph.limb(mjcf.from_xml(text), "leg").joints[0].slot == "y"


def test_reading_is_silent_and_leaves_no_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(mjcf.MjcfError, match="expected finite numbers in pos, got '0 0 nan'"):
        mjcf.from_xml(_hand_made("degree").replace('pos="0 0 1"', 'pos="0 0 nan"'))
    mjcf.from_xml(_hand_made("degree"))
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_writing_into_no_folder_is_one_line(biped: nx.DiGraph, tmp_path: Path) -> None:
    with pytest.raises(BodyError, match=r"biped\.xml: cannot be written \(there is no folder"):
        mjcf.write(biped, tmp_path / "missing" / "biped.xml")


def test_failed_build_names_the_body(biped: nx.DiGraph) -> None:
    torso = body_graph.torso(biped)
    broken = with_nodes(biped, [("torso/0", type(torso)(pos=torso.pos, radius=0.1))])
    with pytest.raises(BodyError, match="node 'torso/0': expected either a density or a mass"):
        mjcf.to_model(broken)
    tiny = with_nodes(biped, [("torso/0", type(torso)(pos=torso.pos, radius=1e-9, mass=1e-30))])
    with pytest.raises(BodyError, match="MuJoCo cannot compile the body: Error: mass and inertia"):
        mjcf.to_model(tiny)
