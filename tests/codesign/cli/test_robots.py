"""``codesign sample``, ``inspect`` and ``convert``."""

from __future__ import annotations

import json


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
