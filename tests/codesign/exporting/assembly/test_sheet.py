"""The sheet has a row for each node and joint; the page shows them."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pytest

from codesign.exporting.assembly import JointLoad, assembly_sheet, motor_class, write_sheet
from codesign.exporting.assembly.drawing import drawings
from codesign.exporting.assembly.motors import MOTOR_CLASSES, NO_CLASS
from codesign.exporting.assembly.page import write_page
from morph_ops.geometry import mass
from morph_ops.graph import joints, limb, node, node_names
from morph_ops.sampling import sample_body


@pytest.fixture(scope="module")
def body():
    return sample_body(np.random.default_rng(11))


def loads_of(body):
    return {joint.name: JointLoad(160.0, 40.0, 3.0) for _, joint in joints(body)}


def test_rows_are_the_nodes_and_joints(body, tmp_path):
    sheet = assembly_sheet("it", body, scale=0.5, loads=loads_of(body))
    write_sheet(sheet, tmp_path / "it.csv")
    with (tmp_path / "it.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    nodes = [row for row in rows if row["kind"] == "node"]
    assert [row["name"] for row in nodes] == node_names(body)
    found = [(row["node"], row["name"]) for row in rows if row["kind"] == "joint"]
    assert found == [(name, joint.name) for name, joint in joints(body)]
    for row in nodes:
        assert float(row["mass_kg"]) == pytest.approx(mass(node(body, row["name"])), rel=1e-5)
        assert float(row["print_mass_kg"]) == pytest.approx(float(row["mass_kg"]) / 8, rel=1e-5)
    first = next(row for row in rows if row["name"] == "limby/1")
    joint = limb(body, "limb/1").joints[0]
    assert (float(first["low_deg"]), float(first["high_deg"])) == joint.range_deg
    assert [float(first[f"axis_{axis}"]) for axis in "xyz"] == pytest.approx(joint.axis, rel=1e-4)
    assert float(first["print_peak_torque_nm"]) == pytest.approx(10.0)
    assert first["motor_class"] == "quasi-direct-drive BLDC"


def test_a_joint_without_a_load_has_no_motor(body):
    sheet = assembly_sheet("it", body, scale=0.5, loads={})
    assert all("motor_class" not in row for row in sheet.rows)


@pytest.mark.parametrize(
    ("peak", "rms", "speed", "expected"),
    [
        (0.2, 0.05, 5.0, "micro servo"),
        (0.2, 0.08, 5.0, "standard servo"),
        (0.2, 0.05, 9.0, "micro servo"),
        (1.0, 0.1, 9.0, "large servo or small geared BLDC"),
        (29.0, 9.0, 29.0, "quasi-direct-drive BLDC"),
        (29.0, 9.0, 31.0, NO_CLASS),
        (31.0, 1.0, 1.0, NO_CLASS),
    ],
)
def test_motor_classes(peak, rms, speed, expected):
    assert motor_class(JointLoad(peak, rms, speed)) == expected


def test_classes_are_in_order():
    torques = [one.torque_nm for one in MOTOR_CLASSES]
    assert torques == sorted(torques)


class Balanced(HTMLParser):
    """Keeps track of tags that are open."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "line", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else_and_escapes_names(body, tmp_path):
    evil = nx.relabel_nodes(body, {"limb/1": "<script>alert(1)</script>&"})
    sheet = assembly_sheet("<b>", evil, scale=0.5, loads=loads_of(body), notes=("5 < 6",))
    write_page(sheet, tmp_path / "it.html")
    text = (tmp_path / "it.html").read_text("utf-8")
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    assert not [tag for tag, _ in parser.seen if tag in ("script", "img", "link", "b")]
    assert not re.search(r"https?://|url\(|@import", text)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in text
    assert "5 &lt; 6" in text
    rows = [tag for tag, _ in parser.seen if tag == "tr"]
    assert len(rows) == 3 + len(node_names(body)) + len(list(joints(body))) + len(MOTOR_CLASSES)


def test_the_picture_has_every_node_twice(body):
    root = ElementTree.fromstring(f"<div>{drawings(body)}</div>")
    names = [text.text or "" for text in root.iter("text")]
    assert sorted(names) == sorted(2 * node_names(body))
    for view in root.iter("svg"):
        width, height = map(float, view.attrib["viewBox"].split()[2:])
        for line in view.iter("line"):
            half = float(line.attrib["stroke-width"]) / 2.0
            for axis, size in (("x", width), ("y", height)):
                for end in "12":
                    assert half - 1 <= float(line.attrib[axis + end]) <= size - half + 1


def test_the_nearer_limb_covers_the_other(body):
    turned = [
        (name, replace(limb(body, name), pos=(0.0, y, 0.0), end=(0.0, 0.0, -0.3)))
        for name, y in (("limb/1", 1.0), ("limb/2", -1.0))
    ]
    from morph_ops.graph import with_nodes

    side, front = ElementTree.fromstring(f"<div>{drawings(with_nodes(body, turned))}</div>").iter(
        "svg"
    )
    names = [text.text for text in side.iter("text")]
    # The viewer is at negative y.
    assert names.index("limb/1") < names.index("limb/2")
    places = {text.text: float(text.attrib["x"]) for text in front.iter("text")}
    assert places["limb/1"] > places["limb/2"]
