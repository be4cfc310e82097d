"""The database of a run as tables for other programs."""

from __future__ import annotations

import csv
import json

import pytest

from codesign.exporting import extras
from codesign.exporting import history as history_module
from codesign.store.schema import TABLES
from morph_ops.io import json_file
from tests.helpers.commands import call
from tests.helpers.small_run import BODY, PARENTS


def test_csv_holds_every_table(small_run, capsys, tmp_path):
    out = tmp_path / "out"
    assert call(capsys, "export", small_run.path, "--format", "csv", "--out", out)[0] == 0
    assert sorted(path.stem for path in out.iterdir()) == sorted(TABLES)
    with (out / "candidates.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["score"]) for row in rows] == [n + 0.1 for n in range(len(PARENTS))]
    assert [row["term_forward"] for row in rows] == [row["score"] for row in rows]
    assert [row["metric_work"] for row in rows] == ["", *["2.0"] * 5]
    assert json_file.from_json(rows[3]["graph"]).edges == BODY.edges
    assert json.loads(rows[3]["parents"]) == [2, 1]
    with (out / "membership.csv").open() as file:
        assert file.read().splitlines()[:2] == ["role,number,since,until", "population,0,0,2"]


def test_parquet_holds_the_same(small_run, capsys, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    out = tmp_path / "out"
    assert call(capsys, "export", small_run.path, "--format", "parquet", "--out", out)[0] == 0
    with small_run.database(read_only=True) as database:
        for name in TABLES:
            expected = {
                k: values for k, (_, values) in history_module.table(database, name).items()
            }
            assert parquet.read_table(out / f"{name}.parquet").to_pydict() == expected


def test_parquet_says_what_to_install(small_run, capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(extras.NEEDS, "parquet", extras.Extra("no_such_package", "tables"))
    arguments = ("export", small_run.path, "--format", "parquet", "--out", tmp_path / "out")
    code, _, err = call(capsys, *arguments)
    assert code == 2
    assert "pip install 'codesign[tables]'" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", history_module.HISTORY_FORMATS)
def test_a_robot_has_no_history(capsys, tmp_path, name):
    robot = tmp_path / "robot.json"
    json_file.write_json(BODY, robot)
    code, _, err = call(capsys, "export", robot, "--format", name, "--out", tmp_path / "out")
    assert code == 2
    assert f"{name} applies to a run" in err
    assert err.count("\n") == 1
