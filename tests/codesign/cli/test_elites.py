"""``codesign elites``: what it prints and writes, and what it refuses."""

from __future__ import annotations

import csv
import json

import pytest

from codesign.campaign import Elites
from codesign.scoring.record import ScoreRecord
from morph_ops.io import read_body


@pytest.fixture(scope="module")
def written(small_run, tmp_path_factory):
    """The folder of the elites of a run, and what the command printed."""
    from click.testing import CliRunner

    from codesign.cli.elites import elites

    out = tmp_path_factory.mktemp("elites") / "kinds"
    options = ["--out", str(out), "--bins", "4", "--format", "json,mjcf", "--workers", "0"]
    done = CliRunner().invoke(elites, [str(small_run), *options], catch_exceptions=False)
    assert done.exit_code == 0
    return out, done.output


def test_there_is_a_design_for_every_cell(written):
    out, printed = written
    rows = list(csv.DictReader((out / "elites.csv").open()))
    folders = sorted(path.name for path in out.iterdir() if path.is_dir())
    assert [row["design"] for row in rows] == folders
    assert f"{len(rows)} of 16 cells filled" in printed
    for row in rows:
        record = json.loads((out / row["design"] / f"{row['design']}.record.json").read_text())
        assert record["candidate"]["number"] == int(row["candidate"])
        body = read_body(out / row["design"] / f"{row['design']}.json")
        assert len(body) - 1 == float(row["limbs_value"])
        assert float(row["limbs_from"]) <= len(body) - 1 <= float(row["limbs_to"])
    designs = {row["design"]: row for row in csv.DictReader((out / "designs.csv").open())}
    for row in rows:
        assert float(designs[row["design"]]["score"]) == float(row["score"])
    total = sum(max(0.0, float(row["score"])) for row in rows)
    assert f"QD score {total:,.0f} over fresh episodes" in printed


def test_the_map_shows_every_score(written):
    out, printed = written
    assert "limbs across" in printed
    for row in csv.DictReader((out / "elites.csv").open()):
        assert f"{float(row['score']):.0f}" in printed


def test_one_descriptor_has_no_map(run, small_run, tmp_path):
    options = ("--descriptors", "mass", "--format", "json", "--workers", "0")
    printed = run("elites", small_run, *options, "--out", tmp_path / "kinds")
    assert "across" not in printed
    assert "of 10 cells filled" in printed


def test_bodies_of_earlier_controllers_have_a_line(run, monkeypatch, tmp_path):
    found = Elites(("limbs",), ((1.0, 11.0),), 10, (), (), left_out=42)
    monkeypatch.setattr("codesign.api.export_elites", lambda *_, **options: found)
    printed = run("elites", tmp_path, "--out", tmp_path / "kinds")
    assert ("left out: 42 bodies that have scores of earlier controllers only\n") in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--descriptors", "limb"), "did you mean 'limbs'"),
        (("--descriptors", "limbs,limbs"), "different"),
        (("--format", "csv"), "formats: expected formats of designs, got csv"),
        (("--format", "step"), "format"),
        (("--bins", "1"), "2<=x<=1000"),
    ],
)
def test_wrong_options_are_one_line(refused, small_run, tmp_path, options, message):
    error = refused("elites", small_run, *options, "--out", tmp_path / "kinds")
    assert message in error
    assert not (tmp_path / "kinds").exists()


def test_a_folder_that_is_taken_is_refused_before_any_rollout(
    refused, small_run, tmp_path, monkeypatch
):
    monkeypatch.setattr(ScoreRecord, "failed", None)
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds" / "mine").write_text("")
    error = refused("elites", small_run, "--out", tmp_path / "kinds")
    assert "is not empty" in error


def test_a_folder_that_is_no_run_is_refused(refused, tmp_path):
    assert "run" in refused("elites", tmp_path, "--out", tmp_path / "kinds")
