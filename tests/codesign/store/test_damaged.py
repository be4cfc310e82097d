"""Damaged databases end in one line for a run, and do not hide the other runs."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from codesign import api
from codesign.errors import UsageError
from codesign.store import schema
from codesign.store.query import run_query
from tests.helpers.commands import call


def _without_strict(path: Path, *changes: str) -> None:
    """Change the database of a run, with tables that take values of any type."""
    with closing(sqlite3.connect(path / "run.sqlite")) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_master SET sql = replace(sql, ') STRICT', ')')")
        database.commit()
    _changed(path, *changes)


def _changed(path: Path, *changes: str) -> None:
    with closing(sqlite3.connect(path / "run.sqlite")) as database:
        database.execute("PRAGMA writable_schema = ON")
        for change in changes:
            database.execute(change)
        database.commit()


def _hidden(path: Path, *changes: str) -> None:
    """Give columns values of other types; the tables look as they were made."""
    _without_strict(path, *changes)
    with closing(sqlite3.connect(path / "run.sqlite")) as database:
        tables = [(sql, name) for name, sql in schema._expected_objects()]
        database.execute("PRAGMA writable_schema = ON")
        database.executemany("UPDATE sqlite_master SET sql = ? WHERE name = ?", tables)
        database.commit()


DAMAGES = {
    "text for a number": lambda path: _without_strict(path, "UPDATE candidates SET score = 'a'"),
    "another table": lambda path: _changed(path, "CREATE TABLE more (x)"),
    "a trigger": lambda path: _changed(
        path, "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM candidates; END"
    ),
    "a record that is none": lambda path: _changed(path, "UPDATE candidates SET record = '[1]'"),
    "a record of a number": lambda path: _changed(path, "UPDATE candidates SET record = '1e999'"),
    "a deep record": lambda path: _changed(
        path, f"UPDATE candidates SET record = '{'[' * 100_000}'"
    ),
    "a body of a stranger": lambda path: _changed(path, "UPDATE candidates SET graph = '{}'"),
    "no UTF-8": lambda path: _changed(
        path, "UPDATE candidates SET record = CAST(x'ff22ff' AS TEXT)"
    ),
    "no UTF-8 in the schema": lambda path: _changed(
        path, "UPDATE sqlite_master SET sql = CAST(x'ff22ff' AS TEXT) WHERE name = 'events'"
    ),
    "events that are no JSON": lambda path: _changed(path, "UPDATE events SET details = 'x'"),
    "events that are no object": lambda path: _changed(path, "UPDATE events SET details = '[1]'"),
    "a distance of text": lambda path: _changed(
        path, """UPDATE events SET details = '{"diversity": "a"}'"""
    ),
    "a re-evaluation without numbers": lambda path: _changed(
        path, "UPDATE events SET kind = 'reevaluation' WHERE kind = 'alarm'"
    ),
    "a score of text": lambda path: _changed(
        path, "UPDATE candidates SET record = json_set(record, '$.score', 'a')"
    ),
    "a metric of text": lambda path: _changed(
        path, "UPDATE candidates SET record = json_set(record, '$.metrics.work', 'a')"
    ),
    "an unknown criterion": lambda path: _changed(
        path, "UPDATE candidates SET record = json_set(record, '$.criteria', json('[\"a\"]'))"
    ),
    "a hidden type": lambda path: _hidden(path, "UPDATE candidates SET generation = 'a'"),
    "a hidden type of events": lambda path: _hidden(path, "UPDATE events SET message = x'ff'"),
    "a re-evaluation that is none": lambda path: _changed(
        path, "UPDATE reevaluations SET record = '{}'"
    ),
    "no database": lambda path: (path / "run.sqlite").write_bytes(b"\xff" * 5000),
    "half a database": lambda path: (path / "run.sqlite").write_bytes(
        (path / "run.sqlite").read_bytes()[:6000]
    ),
}

#: Damages of what the list of runs does not show.
UNLISTED = {
    "an unknown parent": lambda path: _changed(
        path, "UPDATE candidates SET parents = '[99]' WHERE number = 3"
    ),
    "a later parent": lambda path: _changed(
        path, "UPDATE candidates SET parents = '[5]' WHERE number = 3"
    ),
    "parents that are no numbers": lambda path: _changed(
        path, "UPDATE candidates SET parents = '[[]]' WHERE number = 3"
    ),
    "parents without a list": lambda path: _changed(
        path, """UPDATE candidates SET parents = '{"a": 1}' WHERE number = 3"""
    ),
    "a lost candidate": lambda path: _changed(path, "DELETE FROM candidates WHERE number = 0"),
    "an endless score": lambda path: _changed(path, "UPDATE candidates SET score = 1e999"),
}


@pytest.mark.parametrize("damage", [*DAMAGES, *UNLISTED])
def test_a_damaged_run_is_one_line_and_the_others_are_listed(
    damage: str, small_run: api.Run, tmp_path: Path, capsys
) -> None:
    whole, damaged = tmp_path / "whole", tmp_path / "damaged"
    for path in (whole, damaged):
        shutil.copytree(small_run.path, path)
    (DAMAGES | UNLISTED)[damage](damaged)
    code, out, err = call(capsys, "status", damaged)
    assert code == 2
    assert "unexpected" not in err
    assert "still there: settings.toml" in err
    assert len(err.splitlines()) == 1
    code, out, _ = call(capsys, "runs", "--in", tmp_path)
    assert code == 0
    assert "whole" in out
    assert ("still there" in " ".join(out.split())) == (damage in DAMAGES)


@pytest.mark.parametrize("command", ["report", "export", "evolve"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("events that are no JSON", "the table events in .* is damaged: Expecting value"),
        ("an unknown parent", "parents: expected numbers of earlier candidates, got 99"),
        ("a score of text", "candidate . in .* score: expected a finite number, got 'a'"),
    ],
)
def test_other_commands_end_in_the_same_line(
    command: str, damage: str, message: str, small_run: api.Run, tmp_path: Path, capsys
) -> None:
    shutil.copytree(small_run.path, tmp_path / "run")
    (DAMAGES | UNLISTED)[damage](tmp_path / "run")
    arguments = {
        "report": ("report", tmp_path / "run", "--out", tmp_path / "report.html"),
        "export": (
            "export",
            tmp_path / "run",
            "--out",
            tmp_path / "out",
            "--format",
            "csv,phylogeny",
        ),
        "evolve": ("evolve", "--resume", tmp_path / "run", "--workers", "0"),
    }
    code, _, err = call(capsys, *arguments[command])
    assert code == 2
    assert re.search(message, err)
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("value", ["inf", "[", "1", "9" * 5000])
def test_a_damaged_provenance_is_one_line(value: str, small_run: api.Run, tmp_path: Path) -> None:
    shutil.copytree(small_run.path, tmp_path / "run")
    _changed(tmp_path / "run", f"UPDATE provenance SET value = '{value}' WHERE key = 'settings'")
    _changed(
        tmp_path / "run",
        "INSERT INTO provenance SELECT min(id), 'settings', "
        f"'{value}' FROM events WHERE NOT EXISTS (SELECT 1 FROM provenance WHERE key = 'settings')",
    )
    with pytest.raises(UsageError, match="provenance: expected the settings"):
        api.resume(tmp_path / "run")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
            "SELECT zeroblob(900000000) FROM c",
            "SQL: .*too big",
        ),
        (
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
            "SELECT zeroblob(1000000) FROM c",
            "larger than 100 MB: got 99 rows so far; ask for less",
        ),
        (
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c",
            "more than 5000 rows; add a LIMIT",
        ),
    ],
)
def test_an_endless_result_stops(
    sql: str, message: str, small_run: api.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codesign.store.query._MOST_ROWS", 5000)
    with pytest.raises(UsageError, match=message):
        run_query(small_run.path / "run.sqlite", sql)
