"""``codesign sample``, ``inspect`` and ``convert``."""

from __future__ import annotations

import json

import pytest

from codesign.cli import main


def test_sampled_bodies_depend_on_the_seed_alone(run, bodies, tmp_path):
    run("sample", "-n", 3, "--seed", 4, "--out", tmp_path / "same")
    run("sample", "-n", 3, "--seed", 5, "--out", tmp_path / "other")
    names = sorted(path.name for path in bodies.iterdir())
    assert names == ["body-0000.json", "body-0001.json", "body-0002.json"]
    texts = [(bodies / name).read_text() for name in names]
    assert [(tmp_path / "same" / name).read_text() for name in names] == texts
    assert [(tmp_path / "other" / name).read_text() for name in names] != texts


def test_conversion_to_mjcf_and_back_changes_nothing(run, bodies, tmp_path):
    source = bodies / "body-0001.json"
    run("convert", source, tmp_path / "it.xml")
    run("convert", tmp_path / "it.xml", tmp_path / "it.json")
    assert (tmp_path / "it.json").read_text() == source.read_text()


def test_inspect_draws_every_node_and_joint(run, bodies):
    body = json.loads((bodies / "body-0001.json").read_text())
    out = run("inspect", bodies / "body-0001.json")
    for node in body["bodies"]:
        assert node["name"] in out
    assert f"{len(body['bodies'])} nodes" in out
    assert "a valid UNIMAL body" in out


BOXES = """<mujoco><worldbody><body name="trunk" pos="0 0 3"><freejoint/><geom type="box"
size="0.2 0.1 0.05"/><body name="leg"><joint name="hip" axis="0 1 0" range="-40 40"/><geom
type="capsule" fromto="0 0 0 0 0 -0.3" size="0.04"/></body></body></worldbody><actuator><position
joint="hip" kp="20" ctrlrange="-0.5 0.5"/></actuator></mujoco>"""


def test_inspect_and_convert_say_how_a_robot_was_read(run, tmp_path, capsys):
    robot = tmp_path / "boxes.xml"
    robot.write_text(BOXES)
    notes = [
        "the controller sees a capsule in place of the geoms of: trunk",
        "an action of -1..1 is a position: hip",
        "moved by -2.66 m, so that its lowest point touches the ground",
    ]
    text = run("inspect", robot)
    found = json.loads(run("inspect", robot, "--json"))
    assert all(note in text for note in notes)
    assert found["notes"] == notes
    assert found["own_physics"]
    assert (found["nodes"], found["joints"], found["controller"]) == (2, 1, "flat-v3")
    assert f"unlikeness {found['unlikeness']:.0f}: " in text
    assert all(line in text for line in found["outside"])
    with pytest.raises(SystemExit, match="0"):
        main(["convert", str(robot), str(tmp_path / "boxes.json")])
    out, err = capsys.readouterr()
    assert out.strip() == str(tmp_path / "boxes.json")
    assert all(note in err for note in notes)


def test_inspect_names_one_of_each_kind_of_violation(run, bodies, tmp_path):
    body = json.loads((bodies / "body-0001.json").read_text())
    for node in body["bodies"][1:]:
        node["radius"] = 0.031
    (tmp_path / "thin.json").write_text(json.dumps(body))
    lines = run("inspect", tmp_path / "thin.json").splitlines()
    assert len([line for line in lines if "as radius, got 0.031" in line]) == 1
    found = json.loads(run("inspect", tmp_path / "thin.json", "--json"))
    assert len([line for line in found["violations"] if "0.031" in line]) > 1
