"""Parts and sheets in an export."""

from __future__ import annotations

import csv

import pytest

from codesign.errors import UsageError
from codesign.exporting import Design, DesignRollout, PrintSettings, export_designs
from morph_ops.errors import BodyError
from morph_ops.graph import Torso, new_body
from morph_ops.io import mjcf
from tests.morph_ops.io.mjcf.foreign.robots import PLANAR

pytest.importorskip("manifold3d", reason="print needs codesign[print]")


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_design_gets_parts_and_a_sheet(body, tiny_controller, tmp_path):
    rollout = DesignRollout(controller=tiny_controller)
    export_designs(
        [Design(name="it", graph=body)], tmp_path / "out", formats=["print", "assembly"],
        rollout=rollout, printing=PrintSettings(scale=0.4),
    )  # fmt: skip
    names = sorted(path.name for path in (tmp_path / "out" / "it").glob("it-*"))
    assert names == ["it-assembly.csv", "it-assembly.html", "it-print"]
    table = rows(tmp_path / "out" / "it" / "it-assembly.csv")
    for row in table:
        if row["kind"] == "joint":
            assert float(row["peak_torque_nm"]) > 0.0
            assert float(row["print_peak_torque_nm"]) == pytest.approx(
                0.4**4 * float(row["peak_torque_nm"]), rel=1e-4
            )
            assert float(row["pivot_shift_mm"]) > 0.0
        else:
            for part in row["parts"].split(" + "):
                assert (tmp_path / "out" / "it" / "it-print" / part).is_file()
    page = (tmp_path / "out" / "it" / "it-assembly.html").read_text("utf-8")
    assert "8 episodes of the task flat under its network of tiny, variant 0" in page


def test_a_robot_with_shapes_of_its_own_is_at_its_own_size_in_the_sheet(tmp_path):
    (tmp_path / "robot.xml").write_text(PLANAR)
    graph = mjcf.read(tmp_path / "robot.xml")
    for name, printing in (("own", None), ("half", PrintSettings(scale=0.5))):
        export_designs(
            [Design(name=name, graph=graph)], tmp_path / f"out-{name}", formats=["assembly"],
            printing=printing,
        )  # fmt: skip
        folder = tmp_path / f"out-{name}" / name
        share = 1.0 if name == "own" else 0.5
        for row in rows(folder / f"{name}-assembly.csv"):
            if row["kind"] == "node":
                expected = 1000.0 * share * float(row["length_m"])
                assert float(row["print_length_mm"]) == pytest.approx(expected, rel=1e-3)
        page = (folder / f"{name}-assembly.html").read_text("utf-8")
        assert ("The print has 0.5 of the size" in page) == (name == "half")
    assert "The print has" not in (tmp_path / "out-own/own/own-assembly.html").read_text("utf-8")


def test_a_design_without_parts_says_why(body, tmp_path):
    designs = [Design(name="it", graph=body)]
    small = PrintSettings(scale=0.05)
    [written] = export_designs(
        designs, tmp_path / "both", formats=["print", "assembly"], printing=small
    )
    assert "does not fit" in written.left_out["print"]
    assert not (tmp_path / "both" / "it" / "it-print").exists()
    page = (tmp_path / "both" / "it" / "it-assembly.html").read_text("utf-8")
    assert "No printable parts" in page
    assert "No torques" in page
    with pytest.raises(BodyError, match=r"it: .* does not fit"):
        export_designs(designs, tmp_path / "none", formats=["print"], printing=small)
    assert not (tmp_path / "none").exists()


def test_a_torso_alone_has_one_part(tmp_path, tiny_controller):
    body = new_body(Torso(pos=(0.0, 0.0, 0.5), radius=0.1, density=800.0))
    export_designs(
        [Design(name="ball", graph=body)], tmp_path / "out", formats=["print", "assembly"],
        rollout=DesignRollout(controller=tiny_controller),
    )  # fmt: skip
    assert (tmp_path / "out" / "ball" / "ball-print" / "torso-0.stl").is_file()
    assert len(rows(tmp_path / "out" / "ball" / "ball-assembly.csv")) == 1


def test_parts_need_a_package(body, tmp_path, monkeypatch):
    monkeypatch.setattr("codesign.exporting.extras.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"print requires manifold3d: run pip install 'codesign"):
        export_designs([Design(name="it", graph=body)], tmp_path / "out", formats=["print"])
