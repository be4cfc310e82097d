"""Bodies in JSON and GraphML whose own physics is not that of their nodes are refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from morph_ops.errors import BodyError
from morph_ops.graph import Joint, Limb, add_limb, with_excludes
from morph_ops.io.files import read_body
from morph_ops.io.graphml_file import from_graphml, to_graphml
from morph_ops.io.json_file import from_json, to_json
from morph_ops.io.mjcf import to_model, to_xml

ROBOT = """<mujoco><option timestep="0.002"/><worldbody><body name="trunk" pos="0 0 0.5">
<freejoint/><geom type="box" size="0.2 0.1 0.05"/><body name="leg"><joint name="hip" axis="0 1 0"
range="-30 30"/><joint name="knee" axis="1 0 0" range="-30 30"/><geom type="cylinder"
size="0.03 0.1"/></body></body></worldbody><actuator><motor name="m" joint="hip"
ctrlrange="-1 1" ctrllimited="true"/></actuator><keyframe><key name="home"
qpos="0 0 0.5 1 0 0 0 0 0"/></keyframe></mujoco>"""
GROWN = Limb(
    pos=(0.0, 0.0, -0.1),
    end=(0.0, 0.0, -0.2),
    radius=0.05,
    density=900.0,
    joints=(
        Joint(
            name="ankle",
            slot="x",
            pos=(0.0, 0.0, 0.0),
            axis=(1.0, 0.0, 0.0),
            range_deg=(-30.0, 30.0),
            gear=5.0,
        ),
    ),
)


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory):
    """A robot from elsewhere with a grown foot, and a contact exclude."""
    file = tmp_path_factory.mktemp("robots") / "robot.xml"
    file.write_text(ROBOT)
    graph = add_limb(read_body(file), "leg", "foot", GROWN)
    return with_excludes(graph, [("trunk", "foot")])


def test_what_this_project_writes_is_read(robot) -> None:
    for again in (from_json(to_json(robot)), from_graphml(to_graphml(robot))):
        assert to_model(again).nu == 2
        assert to_xml(again, scene=True) == to_xml(robot, scene=True)


#: Changes of a field, or of the text: what is replaced by what.
CHANGES: dict[str, tuple[dict[str, Any], tuple[str, str], str]] = {
    "unknown drive": ({"drives": ["x"]}, ("", ""), r"drives: .*hinges of own nodes, got 'x'"),
    "grown drive": ({"drives": ["ankle"]}, ("", ""), r"drives: .*of own nodes, got 'ankle'"),
    "no drive": ({"drives": []}, ("", ""), "hinge for each of the 1 actuators .* got 0 names"),
    "two drives": ({"drives": ["hip", "hip"]}, ("", ""), "each of the 1 actuators .* got 2 names"),
    "unknown node": ({"nodes": ["trunk", "leg", "x"]}, ("", ""), r"nodes: .*each once, got 'x'"),
    "a node twice": ({"nodes": ["trunk", "leg", "leg"]}, ("", ""), "each once, got 'leg'"),
    "a grown node": ({"nodes": ["trunk", "leg", "foot"]}, ("", ""), "the bodies trunk, leg, foot"),
    "a missing node": ({"nodes": ["trunk"]}, ("", ""), "a body for each .* got one named 'leg'"),
    "no node": ({"nodes": []}, ("", ""), "a body for each .* got one named 'trunk'"),
    "another body": ({}, ('<body name="leg"', '<body name="arm"'), "got one named 'arm'"),
    "two worlds": ({}, ("<worldbody>", "<worldbody /><worldbody>"), "one <worldbody> .* got 2"),
    "a prefix": ({}, ("<mujoco ", '<mujoco a:b="1" '), "names without a namespace, got 'a:b'"),
    "a namespace": ({}, ("<mujoco ", '<mujoco xmlns="u" '), "without a namespace, got 'xmlns'"),
    "no actuators": ({}, ("actuator>", "sensor>"), "one <actuator> in <mujoco>, got 0"),
    "a body in a body": (
        {},
        ('<body name="leg"', '<body name=""><body name="leg"'),
        "got one named ''",
    ),
    "a body in a frame": (
        {},
        ('<body name="leg"', '<frame><body name="leg"'),
        "the body 'leg' in the body 'trunk', got it elsewhere",
    ),
    "no hinge": ({}, ('name="hip" type', 'name="hop" type'), "hinge 'hip' in the body 'leg', got"),
    "a ball": ({}, ('"knee" type="hinge"', '"knee" type="ball"'), "'knee' .* got the type 'ball'"),
    "a fixed torso": ({}, ('<joint name="root"', '<site name="root"'), "a joint in the torso's"),
    "place": ({}, ('pos="0.0 0.0 0.5"', 'pos="0 0 up"'), "3 numbers as pos .* got '0 0 up'"),
    "half a place": ({}, ('pos="0.0 0.0 0.5"', 'pos="0 0"'), "3 numbers as pos .* got '0 0'"),
    "pose": ({}, ('qpos="0.0 ', 'qpos="a '), "numbers as qpos of a <key>, got 'a "),
    "bits": ({}, ('contype="1"', 'contype="1.5"'), "integer as contype of a geom, got '1.5'"),
    "a weld to nothing": (
        {},
        ("<equality />", '<equality><weld body1="leg" body2="x"/></equality>'),
        "an own node as body2 of <weld>, got 'x'",
    ),
    "name of a geom": ({}, ('name="geom/1"', 'name="foot"'), "no geom with a name .* got 'foot'"),
    "name of a motor": ({}, ('name="m"', 'name="ankle"'), "no actuator with a name .* got 'ankle'"),
    "name of an exclude": (
        {},
        ("<contact />", '<contact><exclude name="foot:trunk"/></contact>'),
        "no exclude with a name .* got 'foot:trunk'",
    ),
    "name of a joint": (
        {},
        ('<inertial pos="0.0 0.0 0.0"', '<joint name="ankle" /><inertial pos="0.0 0.0 0.0"'),
        "no joint with a name .* got 'ankle'",
    ),
}


def _closed(text: str, tag: str) -> str:
    """A text in which an element that was opened before the leg ends behind it."""
    left = len(re.findall(f"<{tag}[ >]", text)) - text.count(f"</{tag}>")
    return text.replace("</body></body></world", f"</body>{f'</{tag}>' * left}</body></world")


@pytest.mark.parametrize("case", CHANGES)
def test_physics_of_other_nodes_is_refused_when_it_is_read(case: str, robot) -> None:
    fields, (old, new), message = CHANGES[case]
    data = json.loads(to_json(robot))
    text = data["physics"]["mjcf"]
    assert old in text
    text = text.replace(old, new, 2 if new == "sensor>" else 1) if old else text
    text = _closed(text, "frame" if "<frame>" in text else "body")
    data["physics"] |= {"mjcf": text, **fields}
    with pytest.raises(BodyError, match=rf"^physics\..*{message}.*; read the robot's own file"):
        from_json(json.dumps(data))


def test_it_is_one_line_of_the_file(robot, tmp_path: Path) -> None:
    data = json.loads(to_json(robot))
    data["physics"]["drives"] = ["\n" * 500]
    (tmp_path / "robot.json").write_text(json.dumps(data))
    with pytest.raises(BodyError, match=r"robot\.json: physics\.drives: expected") as caught:
        read_body(tmp_path / "robot.json")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300 + len(str(tmp_path))
