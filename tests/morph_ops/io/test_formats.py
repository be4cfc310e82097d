"""JSON, GraphML, and the choice of a format by the file's extension."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from morph_ops import BodyError, read_body, write_body
from morph_ops.graph import new_body, node, torso, with_nodes
from morph_ops.identity import body_hash, is_same
from morph_ops.io import mjcf
from morph_ops.io.files import robot_files
from morph_ops.io.graphml_file import from_graphml, to_graphml
from morph_ops.io.json_file import from_json, to_json
from morph_ops.validity.wellformed import DEEPEST


def test_published_robots_survive(reference: Path) -> None:
    for path in sorted((reference / "unimal100").glob("*/*.xml"))[::4]:
        graph = mjcf.read(path)
        assert is_same(from_json(to_json(graph)), graph)
        assert is_same(from_graphml(to_graphml(graph)), graph)


@pytest.mark.parametrize("extension", ["xml", "mjcf", "json", "graphml", "JSON"])
def test_extension_chooses_the_format(biped: nx.DiGraph, tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"biped.{extension}"
    write_body(biped, path)
    assert is_same(read_body(path), biped)
    assert path.read_text().startswith("{" if extension.lower() == "json" else "<")


def test_child_order_is_kept(biped: nx.DiGraph) -> None:
    swapped = nx.DiGraph(excludes=biped.graph["excludes"])
    swapped.add_nodes_from(biped.nodes(data=True))
    swapped.add_edges_from(reversed(list(biped.edges)))
    assert not is_same(swapped, biped)
    assert is_same(from_json(to_json(swapped)), swapped)
    assert is_same(from_graphml(to_graphml(swapped)), swapped)


def test_other_extensions_and_missing_files(biped: nx.DiGraph, tmp_path: Path) -> None:
    with pytest.raises(BodyError, match=r"has the extension '\.stl'; extensions: \.xml, \.mjcf"):
        write_body(biped, tmp_path / "biped.stl")
    with pytest.raises(BodyError, match=r"expected a robot file \(\.xml, .*\), got a folder"):
        read_body(tmp_path)
    for name in ("a.json", "a.graphml", "a.xml", "a", "a.v2"):
        with pytest.raises(BodyError, match=rf"{name}: no such file"):
            read_body(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def _set(*path: Any) -> Callable[[dict[str, Any]], None]:
    *steps, key, value = path

    def change(data: dict[str, Any]) -> None:
        target: Any = data
        for step in steps:
            target = target[step]
        target[key] = value

    return change


def _drop(*path: Any) -> Callable[[dict[str, Any]], None]:
    *steps, key = path

    def change(data: dict[str, Any]) -> None:
        target: Any = data
        for step in steps:
            target = target[step]
        del target[key]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("format", "urdf"), "expected a body with format 'codesign-body', got 'urdf'"),
        (_drop("format"), "expected a body with format 'codesign-body', got None"),
        (_set("version", 2), "expected version 1 of format 'codesign-body', got 2; read it with"),
        (_set("version", True), "expected version 1 .* got True"),
        (_set("author", "me"), "the document: unknown field 'author'; fields: format, version"),
        (_drop("excludes"), "the document: field 'excludes' is missing"),
        (_set("bodies", {}), "bodies: expected a list of objects, got {}"),
        (_set("bodies", []), "a body has one root, this graph has 0"),
        (_set("bodies", 1, "color", "red"), r"bodies\[1\] \('limb/0'\): unknown field 'color'"),
        (_drop("bodies", 1, "end"), r"bodies\[1\] \('limb/0'\): field 'end' is missing"),
        (_drop("bodies", 1, "parent"), r"bodies\[1\]: parent is missing"),
        (_set("bodies", 1, "name", "torso/0"), "an earlier node has the name 'torso/0' already"),
        (_set("bodies", 1, "parent", "limb/3"), "expected its parent 'limb/3' before it"),
        (_set("bodies", 1, "radius", "thin"), "radius: expected a?.*finite number, got 'thin'"),
        (_set("bodies", 1, "radius", -1.0), "node 'limb/0': radius must be positive, got -1.0"),
        (_set("bodies", 1, "radius", 1e200), r"radius must be finite and at most 1e\+10"),
        (_set("bodies", 1, "radius", 10**400), "radius: expected finite number, got 1000"),
        (_set("bodies", 1, "condim", 3.0), "condim: expected integer, got 3.0"),
        (
            _set("bodies", 1, "pos", [0, 1]),
            r"pos: expected a list of 3 finite numbers, got \[0, 1\]",
        ),
        (_set("bodies", 1, "mass", 1.0), "node 'limb/0': expected either a density or a mass"),
        (_set("bodies", 1, "joints", "none"), "joints: expected a list of objects, got 'none'"),
        (_set("bodies", 1, "joints", []), "expected hinges of slots x, y or x then y, got none"),
        (_set("bodies", 1, "joints", 0, "slot", "z"), "slot: expected 'x' or 'y', got 'z'"),
        (_set("bodies", 1, "joints", 0, "gear", None), r"joints\[0\].gear: expected finite number"),
        (_set("bodies", 1, "joints", 0, "name", "root"), "joint 'root': the name is"),
        (
            _set("bodies", 1, "joints", 0, "range_deg", [9, -9]),
            "the range must grow, got 9.0 to -9",
        ),
        (_set("bodies", 1, "joints", 0, "axis", [0, 0, 0]), "the axis is zero"),
        (_set("excludes", [["limb/0", "limb/9"]]), "exclude 'limb/0', 'limb/9': no such node"),
    ],
)
def test_json_that_is_no_body_is_refused(
    biped: nx.DiGraph, tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    data = json.loads(to_json(biped))
    change(data)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(data))
    with pytest.raises(BodyError, match=message) as caught:
        read_body(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "broken JSON: Expecting property name"),
        ("[1]", r"expected a body with format 'codesign-body', got \[1\]"),
        ('{"a": NaN}', "expected finite numbers, got NaN"),
        ('{"a": 1, "a": 2}', "field 'a' occurs twice in one object"),
        (f'{{"{"a" * 3000}": 1, "{"a" * 3000}": 2}}', "^field 'a{78}… occurs twice in one object$"),
        ("[" * 100_000, "broken JSON: nested too deeply"),
    ],
)
def test_broken_json_is_refused(text: str, message: str) -> None:
    with pytest.raises(BodyError, match=message):
        from_json(text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("</graphml>", "", "broken GraphML: no element found"),
        ('edgedefault="directed"', 'edgedefault="undirected"', "expected a directed graph"),
        ('<edge source="torso/0" target="limb/3" />', "", "a body has one root, .* has 2"),
        ('source="torso/0" target="limb/3"', 'source="limb/3" target="limb/3"', "is none"),
        (">1</data>", ">7</data>", "expected version 1 of format 'codesign-body', got 7"),
        ('attr.name="condim"', 'attr.name="size"', "unknown field 'size'"),
        ("[0.0, 0.1, 0.0]", "[0.0, 0.1", r"pos: expected JSON \(broken JSON: Expecting"),
    ],
)
def test_graphml_that_is_no_body_is_refused(
    biped: nx.DiGraph, tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = to_graphml(biped)
    assert old in text
    path = tmp_path / "a.graphml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(BodyError, match=message) as caught:
        read_body(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_graphs_that_are_no_body_are_not_written(biped: nx.DiGraph, tmp_path: Path) -> None:
    looped = biped.copy()
    looped.add_edge("limb/3", "limb/0")
    with pytest.raises(BodyError, match="a body is a tree: 4 nodes need 3 edges"):
        write_body(looped, tmp_path / "a.json")
    swapped = with_nodes(biped, [("limb/3", node(biped, "torso/0"))])
    with pytest.raises(BodyError, match="node 'limb/3': expected a Torso at the root"):
        write_body(swapped, tmp_path / "a.xml")
    with pytest.raises(BodyError, match="node 'a\\\\n': no usable name"):
        write_body(new_body(torso(biped), name="a\n"), tmp_path / "a.graphml")
    assert list(tmp_path.iterdir()) == []


def test_chains_too_long_to_nest_are_refused(biped: nx.DiGraph, tmp_path: Path) -> None:
    data = json.loads(to_json(biped))
    foot, data["excludes"] = data["bodies"].pop(2), []
    for link in range(DEEPEST):
        hinge = {**foot["joints"][0], "name": f"hinge/{link}"}
        above = f"link/{link - 1}" if link else "limb/0"
        data["bodies"].append({**foot, "name": f"link/{link}", "parent": above, "joints": [hinge]})
    with pytest.raises(
        BodyError, match=f"'link/{DEEPEST - 1}': more than {DEEPEST} limbs in a row"
    ):
        from_json(json.dumps(data))
    del data["bodies"][-1]
    longest = from_json(json.dumps(data))
    write_body(longest, tmp_path / "long.xml")
    assert is_same(read_body(tmp_path / "long.xml"), longest)
    assert body_hash(longest) != body_hash(biped)


def test_extensions_may_be_in_capitals(tmp_path: Path, biped: nx.DiGraph) -> None:
    write_body(biped, tmp_path / "Robot.JSON")
    write_body(biped, tmp_path / "other.GraphML")
    assert [file.name for file in robot_files(tmp_path)] == ["Robot.JSON", "other.GraphML"]


def test_parts_that_others_include_are_no_robots(tmp_path: Path, biped: nx.DiGraph) -> None:
    write_body(biped, tmp_path / "legs.xml")
    for name, text in {
        "arms.xml": "<mujocoinclude><body/></mujocoinclude>",
        "look.xml": "<mujoco><asset/></mujoco>",
        "alone.xml": "<mujocoinclude><body/></mujocoinclude>",
        "robot.xml": "<mujoco><include file='./arms.xml'/><include file=\"look.xml\"/></mujoco>",
        "scene.xml": "<mujoco><include file='legs.xml'/></mujoco>",
    }.items():
        (tmp_path / name).write_text(text)
    names = [file.name for file in robot_files(tmp_path)]
    assert names == ["alone.xml", "legs.xml", "robot.xml", "scene.xml"]


def test_of_files_with_one_stem_only_equal_bodies_are_one_robot(
    tmp_path: Path, biped: nx.DiGraph
) -> None:
    wide = with_nodes(biped, [("torso/0", replace(torso(biped), radius=0.2))])
    for name, graph in {
        "ant.json": biped,
        "ant.xml": biped,
        "bee.json": biped,
        "bee.xml": wide,
    }.items():
        write_body(graph, tmp_path / name)
    (tmp_path / "ant.urdf").write_text("<robot")
    names = [file.name for file in robot_files(tmp_path)]
    assert names == ["ant.json", "ant.urdf", "bee.json", "bee.xml"]
