"""Events, membership and provenance of a run."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from importlib.metadata import version

import pytest

from codesign.config import Settings
from codesign.store.folder import DATABASE
from codesign.store.provenance import provenance
from tests.helpers.commands import call


def test_events_come_back_and_alarms_happen_once_a_generation(small_run, tmp_path):
    with small_run.database(read_only=True) as database:
        events = database.events()
        assert [e.kind for e in events] == ["started"] + ["generation", "alarm"] * 3
        assert database.events("alarm") == [e for e in events if e.kind == "alarm"]
        assert events[2].details == {"numbers": [2]}
        assert events[0].time.endswith("+00:00")
        assert [database.membership(n) for n in range(3)] == [
            {"population": [0, 1]},
            {"population": [0, 2]},
            {"population": [2, 5]},
        ]
        assert database.membership(3) == {}
        assert database.kept_until() == {0: 2, 1: 1, 2: None, 5: None}
    with closing(sqlite3.connect(small_run.path / DATABASE)) as plain:
        again = "INSERT INTO events SELECT NULL, time, kind, name, generation, number, '', '' "
        with pytest.raises(sqlite3.IntegrityError, match="events_once"):
            plain.execute(again + "FROM events WHERE kind = 'alarm'")


def test_status_shows_the_latest_of_each_alarm(small_run, capsys):
    code, out, _ = call(capsys, "status", small_run.path)
    assert code == 0
    assert out.splitlines()[-1] == (
        "alarm in 3 generations, the last one: generation 2, speed: too fast"
    )


def test_provenance_names_versions_controller_and_settings():
    known = provenance(Settings(population=3))
    assert known["networkx"] == version("networkx")
    assert len(known["controller_sha256"]) == 64
    assert json.loads(known["settings"])["population"] == 3
