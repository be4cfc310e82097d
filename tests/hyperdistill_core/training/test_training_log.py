"""The CSV file of a training: rows are appended, and dropped with their checkpoints."""

from __future__ import annotations

import csv

from hyperdistill_core.training.training_log import append_row, drop_rows


def _rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_rows_are_appended_under_one_header(tmp_path):
    path = tmp_path / "folder" / "log.csv"
    append_row(path, {"steps": 12_345_678, "speed": 1 / 3})
    append_row(path, {"steps": 20_000_000, "speed": 2.0})
    assert _rows(path) == [
        {"steps": "12345678", "speed": "0.333333"},
        {"steps": "20000000", "speed": "2"},
    ]


def test_rows_beyond_a_checkpoint_are_dropped(tmp_path):
    path = tmp_path / "log.csv"
    for steps in (10, 20, 30):
        append_row(path, {"steps": steps, "speed": 1.0})
    with path.open("a") as file:
        file.write("\n")  # an incomplete row
    drop_rows(path, beyond=20)
    assert [row["steps"] for row in _rows(path)] == ["10", "20"]
    before = path.read_bytes()
    drop_rows(path, beyond=20)
    assert path.read_bytes() == before


def test_a_missing_log_has_no_rows_to_drop(tmp_path):
    drop_rows(tmp_path / "log.csv", beyond=0)
    assert not (tmp_path / "log.csv").exists()
