"""SQL queries on a run: they read, and nothing else."""

from __future__ import annotations

import csv
import json

import pytest

from codesign.config import Settings
from codesign.errors import UsageError
from codesign.store import Event, RunFolder
from codesign.store.folder import DATABASE
from codesign.store.query import run_query
from tests.helpers.commands import call
from tests.helpers.small_run import PARENTS

BEST = "SELECT number, score, parents FROM candidates ORDER BY score DESC"


def test_a_query_is_a_table_for_people(small_run, capsys):
    code, out, err = call(capsys, "query", small_run.path, BEST, "--limit", 2)
    assert (code, err) == (0, "only the first 2 rows: --limit shows more\n")
    lines = [line.split() for line in out.splitlines() if line.strip()]
    assert lines[0] == ["number", "score", "parents"]
    assert lines[-2:] == [["5", "5.1", "[3,", "3]"], ["4", "4.1", "[3,", "0]"]]


def test_a_query_is_json_and_csv_for_programs(small_run, capsys, tmp_path):
    file = tmp_path / "rows.csv"
    code, out, err = call(capsys, "query", small_run.path, BEST, "--json", "-", "--csv", file)
    assert (code, err) == (0, "")
    rows = json.loads(out)
    assert rows[0] == {"number": 5, "score": 5.1, "parents": "[3, 3]"}
    assert len(rows) == len(PARENTS)
    with file.open() as text:
        assert [row["number"] for row in csv.DictReader(text)] == [str(r["number"]) for r in rows]


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("SELEC 1", 'SQL: near "SELEC": syntax error'),
        ("SELECT speed_kmh FROM candidates", "SQL: no such column: speed_kmh"),
        ("", "expected one statement that reads"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("DELETE FROM candidates", "a query can only read"),
        ("INSERT INTO reevaluations VALUES (1, 1.0, '{}')", "a query can only read"),
        ("CREATE TEMP TABLE mine (x)", "a query can only read"),
        ("DROP TABLE candidates", "a query can only read"),
        ("ATTACH 'other.sqlite' AS other", "a query can only read"),
        ("VACUUM INTO 'copy.sqlite'", "a query can only read"),
        ("PRAGMA query_only = OFF", "a query can only read"),
        ("PRAGMA user_version = 9", "a query can only read"),
        ("BEGIN IMMEDIATE", "a query can only read"),
        ("SELECT load_extension('x')", "a query can only read"),
        ("SELECT 1 AS a, 2 AS a", "two columns have the same name"),
        ("SELECT 1e999", "JSON has no infinite numbers"),
    ],
)
def test_wrong_sql_and_writes_are_one_line(
    small_run, capsys, tmp_path, monkeypatch, sql, complaint
):
    monkeypatch.chdir(tmp_path)
    before = (small_run.path / DATABASE).read_bytes()
    code, out, err = call(capsys, "query", small_run.path, sql, "--json", "-")
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1
    assert (small_run.path / DATABASE).read_bytes() == before
    assert list(tmp_path.iterdir()) == []


def test_a_query_reads_into_json(small_run):
    sql = "SELECT p.value FROM candidates, json_each(parents) AS p WHERE number = 5"
    assert run_query(small_run.path / DATABASE, sql).rows == [(3,), (3,)]


def test_a_query_does_not_write_over_the_run(small_run, capsys):
    before = (small_run.path / DATABASE).read_bytes()
    code, _, err = call(capsys, "query", small_run.path, BEST, "--csv", small_run.path / DATABASE)
    assert code == 2
    assert "belongs to the run" in err
    assert (small_run.path / DATABASE).read_bytes() == before


def test_an_endless_query_is_stopped(small_run):
    endless = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    )
    with pytest.raises(UsageError, match=r"longer than 0\.05 s"):
        run_query(small_run.path / DATABASE, endless, seconds=0.05)


def test_a_query_reads_what_a_writer_has_just_written(tmp_path):
    folder = RunFolder.create(tmp_path / "run", Settings())
    count = "SELECT count(*) FROM events"
    with folder, folder.database() as database:
        for number in range(3):
            assert run_query(folder.path / DATABASE, count).rows == [(number,)]
            database.add_event(Event(kind="started", message="at work"))
