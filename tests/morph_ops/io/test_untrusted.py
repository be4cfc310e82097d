"""Robots of strangers: nothing crashes MuJoCo, takes its memory, or reaches other files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from morph_ops.errors import BodyError
from morph_ops.graph import Torso, new_body
from morph_ops.io import from_json, mjcf, read_body, robot_files, to_json, write_body
from tests.helpers.hangs import no_hang

TORSO = '<body name="torso"><freejoint/>{}<geom type="sphere" size=".1"/></body>'
BALL = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0))
WORLD = f"<mujoco>{{}}<worldbody>{{}}{TORSO}</worldbody></mujoco>"

#: What is refused: head of the file, content of the world, content of the torso, message.
REFUSED = {
    "format in a class": ("", "", '<geom class="%s%n" size="1"/>', "no percent sign in class"),
    "format in a child class": ("", '<body childclass="%n"/>', "", "no percent sign in childclass"),
    "format in a name": ("", "", '<geom name="%s" size="1"/>', "no percent sign in name"),
    "format in a number": ("", "", '<geom size="%n"/>', "no percent sign in size"),
    "unknown class": ("", "", '<geom class="a" size="1"/>', "'a' is declared by no <default"),
    "unknown child class": ("", '<frame childclass="b"/>', "", "'b' is declared by no <default"),
    "replicate": (
        "",
        '<replicate count="1000000"><geom size="1"/></replicate>',
        "",
        "at most 20000 elements in total",
    ),
    "nested replicate": (
        "",
        '<replicate count="100"><replicate count="100"><body/></replicate></replicate>',
        "",
        "at most 1000 bodies in total",
    ),
    "huge count": ("", f'<replicate count="{"9" * 5000}"><body/></replicate>', "", "finite"),
    "composite": ("", '<composite type="cable" count="1000000 1 1"/>', "", "<composite> is not"),
    "flexcomp": ("", '<flexcomp name="f" type="grid" count="999 999 999"/>', "", "<flexcomp> is"),
    "numeric": ('<custom><numeric name="a" size="2000000000"/></custom>', "", "", "at most 10000"),
    "built-in mesh": (
        '<asset><mesh name="m" builtin="supersphere" params="99999 1 1"/></asset>',
        "",
        '<geom type="mesh" mesh="m"/>',
        "expected params of at most 100",
    ),
    "solver": ('<option iterations="2000000000"/>', "", "", "iterations of at most 1000"),
    "physics step": ('<option timestep="1e-12"/>', "", "", "timestep of at least 0.0001 s"),
    "many bodies": ("", '<body><geom size="1"/></body>' * 1001, "", "at most 1000 bodies"),
    "many elements": ("", "", '<geom size="1"/>' * 100_000, "at most 20000 elements"),
    "deep": ("", "<body>" * 100_000, "", "lies in more than 400 elements"),
    "many keyframes": (
        "<keyframe>" + "<key/>" * 201 + "</keyframe>",
        "",
        "",
        "at most 200 keyframes",
    ),
    "many attributes": (
        "",
        "",
        "<geom " + " ".join(f"a{n}='1'" for n in range(40_000)) + "/>",
        "<geom>: expected at most 100 attributes, got 40000",
    ),
    "long namespace": (
        "<size xmlns:x='" + "u" * 1_000_000 + "'/>",
        "",
        "".join(f"<x:a{n}/>" for n in range(9000)),
        "<size>: expected a namespace of at most 200 characters, got 1000000",
    ),
    "long namespace of attributes": (
        "<size xmlns:x='"
        + "u" * 1_000_000
        + "' "
        + " ".join(f"x:a{n}=''" for n in range(9000))
        + "/>",
        "",
        "",
        "<size>: expected at most 100 attributes",
    ),
    "long name of a file": ("", "<include file='" + "x" * 5000 + "'/>", "", "no such file"),
    "long name of a mesh": (
        "<asset><mesh name='m' file='" + "x" * 5000 + "'/></asset>",
        "",
        '<geom type="mesh" mesh="m"/>',
        "no such file",
    ),
    "entities": ('<!DOCTYPE a [<!ENTITY a "aaaa">]>', "", "", "broken XML"),
}
#: What only asks for memory, and is left out.
DROPPED = {
    "keyframes": '<size nkey="2000000000"/>',
    "user data": '<size nuser_body="100000000" nuserdata="2000000000"/>',
    "arena": '<size memory="900G"/>',
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_mujoco_does_not_survive_is_refused_before_it(case: str, tmp_path: Path) -> None:
    head, world, torso, message = REFUSED[case]
    file = tmp_path / "robot.xml"
    file.write_text(WORLD.format(head, world, torso))
    with no_hang(), pytest.raises(BodyError, match=message) as caught:
        read_body(file)
    assert len(str(caught.value)) < 400 + len(str(file))


def test_included_files_are_few_and_shallow_together(tmp_path: Path) -> None:
    for number in range(15):
        twice = f'<include file="{number + 1}.xml"/>' * 2
        (tmp_path / f"{number}.xml").write_text(f"<mujocoinclude>{twice}</mujocoinclude>")
    (tmp_path / "15.xml").write_text("<mujocoinclude/>")
    file = tmp_path / "robot.xml"
    file.write_text(WORLD.format("", '<include file="0.xml"/>', ""))
    with no_hang(), pytest.raises(BodyError, match="expected at most 200 included files"):
        read_body(file)
    for number in range(3):
        deep = "<frame>" * 390 + f'<include file="deep{number + 1}.xml"/>' + "</frame>" * 390
        text = f"<mujocoinclude>{deep}</mujocoinclude>"
        (tmp_path / f"deep{number}.xml").write_text(text)
    (tmp_path / "deep3.xml").write_text("<mujocoinclude/>")
    file.write_text(WORLD.format("", '<include file="deep0.xml"/>', ""))
    with pytest.raises(BodyError, match="<frame> lies in more than 400 elements"):
        read_body(file)


def test_a_folder_with_many_unfinished_includes_is_read_in_time(tmp_path: Path) -> None:
    (tmp_path / "robot.xml").write_text("<mujoco>" + "<include " * 500_000)
    with no_hang():
        assert robot_files(tmp_path) == [tmp_path / "robot.xml"]


def test_a_urdf_with_many_loose_links_is_refused_in_time(tmp_path: Path) -> None:
    file = tmp_path / "robot.urdf"
    links = "".join(f"<link name='{n}'/>" for n in range(9_900))
    file.write_text(f"<robot name='r'>{links}{'<joint/>' * 9_900}</robot>")
    with no_hang(), pytest.raises(BodyError):
        read_body(file)


GRAPH = "<graphml>{}<graph edgedefault='directed'>{}</graph></graphml>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!DOCTYPE a [<!ENTITY a 'aaaa'>]>" + GRAPH, "declaration is not allowed"),
        ("<graphml xmlns='" + "u" * 1_000_000 + "'/>", "namespace of at most 200 characters"),
        (GRAPH.format("", "<node id='a'/>" * 100_000), "at most 20000 elements"),
        (GRAPH.format("", "<graph>" * 100_000), "lies in more than 400 elements"),
        (
            GRAPH.format("", "".join(f"<node id='{n}'/>" for n in range(9000))),
            r"has 9000: 0, 1, 2, 3 and 8996 more$",
        ),
    ],
    ids=["entities", "namespace", "elements", "depth", "roots"],
)
def test_graphml_is_bounded_before_networkx(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "robot.graphml"
    file.write_text(text)
    with no_hang(), pytest.raises(BodyError, match=message) as caught:
        read_body(file)
    assert len(str(caught.value)) < 400 + len(str(file))


def test_links_in_a_circle_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "part.xml").symlink_to("part.xml")
    file = tmp_path / "robot.xml"
    file.write_text(WORLD.format("", "", '<include file="part.xml"/>'))
    with pytest.raises(BodyError, match="no such file in the robot's folder"):
        read_body(file)
    with pytest.raises(BodyError, match="Too many levels of symbolic links"):
        read_body(tmp_path / "part.xml")
    with pytest.raises(BodyError, match="File name too long"):
        read_body(tmp_path / f"{'x' * 5000}.xml")


def test_a_folder_with_a_very_long_name_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / ("x" * 252)).mkdir()
    write_body(BALL, tmp_path / "ball.json")
    assert [file.name for file in robot_files(tmp_path)] == ["ball.json"]


@pytest.mark.parametrize("case", DROPPED)
def test_sizes_and_user_data_are_left_out(case: str) -> None:
    plain = mjcf.from_xml(WORLD.format("", "", ""))
    assert list(mjcf.from_xml(WORLD.format(DROPPED[case], "", ""))) == list(plain)


def test_a_height_field_is_never_allocated(tmp_path: Path) -> None:
    field = '<asset><hfield name="h" nrow="100000" ncol="100000" size="1 1 1 1"/></asset>'
    with pytest.raises(BodyError, match="at most 20000000 cells"):
        mjcf.from_xml(WORLD.format(field, "", ""))
    (tmp_path / "robot.xml").write_text(WORLD.format(field, "", ""))
    with pytest.raises(BodyError, match="at least one actuator"):  # the field is only looks
        read_body(tmp_path / "robot.xml")


def test_a_format_in_an_included_file_is_refused(tmp_path: Path) -> None:
    part = '<mujocoinclude><geom class="%n" size=".1"/></mujocoinclude>'
    (tmp_path / "part.xml").write_text(part)
    (tmp_path / "robot.xml").write_text(WORLD.format("", "", '<include file="part.xml"/>'))
    with pytest.raises(BodyError, match="no percent sign in class"):
        read_body(tmp_path / "robot.xml")


def test_a_format_in_a_urdf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "robot.urdf").write_text('<robot name="a"><link name="%s%n"/></robot>')
    with pytest.raises(BodyError, match="no percent sign in name"):
        read_body(tmp_path / "robot.urdf")


@pytest.mark.parametrize(
    ("physics", "message"),
    [
        ('<mujoco><include file="/etc/passwd"/></mujoco>', "<include> is not allowed"),
        ('<mujoco><asset><mesh file="/etc/a.stl"/></asset></mujoco>', "no other file is read"),
        ('<mujoco><worldbody><geom class="%n"/></worldbody></mujoco>', "no percent sign in class"),
        ('<mujoco><size nkey="2000000000"/></mujoco>', "sizes and user data are not allowed"),
        ("<robot/>", "whose first element is <mujoco>"),
    ],
)
def test_physics_in_a_json_body_reach_no_other_file(physics: str, message: str) -> None:
    data = json.loads(to_json(BALL))
    own = {"mjcf": physics, "nodes": ["torso/0"], "drives": [], "height": 0.3, "falls": True}
    with pytest.raises(BodyError, match=f"physics.mjcf: .*{message}"):
        from_json(json.dumps({**data, "physics": own}))


def test_a_json_body_of_very_many_nodes_is_refused_at_once() -> None:
    data = json.loads(to_json(BALL))
    data["bodies"] *= 100_000
    with pytest.raises(BodyError, match="at most 1000 nodes, got 100000"):
        from_json(json.dumps(data))


@pytest.mark.parametrize("extension", [".xml", ".urdf", ".json", ".graphml"])
def test_a_pipe_or_a_device_is_refused_at_once(extension: str, tmp_path: Path) -> None:
    file, link = tmp_path / f"pipe{extension}", tmp_path / f"zero{extension}"
    os.mkfifo(file)
    link.symlink_to("/dev/zero")
    for path in (file, link):
        with pytest.raises(BodyError, match="it is a pipe or a device"):
            read_body(path)


def test_a_very_large_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "robot.xml"
    with file.open("wb") as opened:
        opened.truncate(50_000_000_000)
    with pytest.raises(BodyError, match="expected at most 10 MB, got a larger file"):
        read_body(file)


@pytest.mark.parametrize("case", ["format-string", "mjcf-expansion"])
def test_the_files_that_broke_end_in_a_body_or_one_line(case: str, reference: Path) -> None:
    files = sorted((reference / "cases" / "attack" / case).glob("*.xml"))
    if not files:
        pytest.skip(f"no cases in {reference}: set CODESIGN_REFERENCE to its folder")
    for file in files:
        message = ""
        try:
            with no_hang():
                read_body(file)
        except BodyError as error:
            message = str(error)
        assert "\n" not in message
