"""Files of designs: every format holds the body, and nothing is left of a failure."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from codesign.errors import UsageError
from codesign.exporting import Design, DesignRollout, export_designs
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.tasks import get_task
from morph_ops.errors import BodyError
from morph_ops.identity import body_hash, is_same
from morph_ops.io import files
from tests.codesign.exporting.conftest import SEED


def test_files_hold_the_body(exported, body):
    assert sorted(path.name for path in exported.iterdir()) == [
        "README.md", "it.bare.xml", "it.json", "it.npz", "it.record.json", "it.svg", "it.xml",
        "run_standalone.py",
    ]  # fmt: skip
    assert is_same(files.read_body(exported / "it.json"), body)
    for name in ("it.xml", "it.bare.xml"):
        read = files.read_body(exported / name)
        assert body_hash(read) == body_hash(body)
        assert not any("/" in node for node in read)
    scene = mujoco.MjModel.from_xml_path(str(exported / "it.xml"))
    assert scene.nlight >= 1
    assert mujoco.mjtGeom.mjGEOM_PLANE in scene.geom_type


def test_a_design_has_the_network_of_its_variant(body, tiny_controller, tmp_path):
    factors = 1.0 + 0.5 * np.random.default_rng(0).normal(size=(2, 25)).astype(np.float32)
    factors[0] = 1.0
    replace(Controller.load(tiny_controller), variants=factors).save(tmp_path / "c.safetensors")
    rollout = DesignRollout(controller=tmp_path / "c.safetensors", seed=SEED)
    designs = [Design(name=f"by-{n}", graph=body, variant=n) for n in range(2)]
    out = tmp_path / "designs"
    export_designs(designs, out, rollout=rollout)
    controller, model = Controller.load(rollout.controller), get_task("flat").model(body)
    written = [np.load(out / f"by-{number}" / f"by-{number}.npz") for number in range(2)]
    for number, arrays in enumerate(written):
        control = controller.for_body(body, model, variant=number)
        for name, expected in control.arrays().items():
            np.testing.assert_array_equal(arrays[name], expected)
    assert not np.array_equal(*(arrays["weight_0"] for arrays in written))


def test_a_taken_folder_is_left_alone(body, tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(UsageError, match="exists and is not empty"):
        export_designs([Design(name="it", graph=body)], tmp_path, formats=["json"])
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_nothing_is_left_where_it_fails(body, tmp_path):
    with pytest.raises(UsageError, match="none-v9"):
        export_designs(
            [Design(name="it", graph=body)],
            tmp_path / "new",
            rollout=DesignRollout(controller="none-v9"),
        )
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_an_empty_folder_is_filled(body, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    export_designs([Design(name="it", graph=body)], tmp_path / "link", formats=["json"])
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["it"]


def test_a_robot_in_two_formats_is_one(exported):
    for folder in (exported, exported.parent):
        assert [path.name for path in files.robot_files(folder)] == ["it.json"]


def test_a_design_without_a_urdf_says_why(body, tmp_path, monkeypatch):
    def refuse(graph, path):
        raise BodyError("URDF has no ball joints")

    monkeypatch.setattr("codesign.exporting.design_files.urdf.write", refuse)
    designs = [Design(name="it", graph=body)]
    [written] = export_designs(designs, tmp_path / "both", formats=["json", "urdf"])
    assert written.left_out == {"urdf": "URDF has no ball joints"}
    with pytest.raises(BodyError, match="it: URDF has no ball joints"):
        export_designs(designs, tmp_path / "none", formats=["urdf"])
    assert not (tmp_path / "none").exists()
