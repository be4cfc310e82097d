"""The database of a run: candidates come back as they were, and damage is one line."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from codesign.errors import RunError, UsageError
from codesign.scoring import ScoreRecord
from codesign.store import AdaptationResult, Candidate, Database, Event
from codesign.store.schema import SCHEMA_VERSION
from morph_ops.identity import is_same
from morph_ops.sampling import sample_body

KNOWN: dict[str, Any] = {
    "robot": "",
    "hash": "h",
    "task": "flat",
    "controller": "c",
    "controller_hash": "x",
}


def candidate(number, *, parents=(), score=None, status: Any = "ok", seed=None):
    unscored = Candidate.unscored(
        sample_body(np.random.default_rng(number if seed is None else seed)),
        number=number,
        generation=0,
        operator="sample",
        parents=parents,
    )
    value = float(number if score is None else score)
    record = ScoreRecord(
        score=value, ci95=(value - 1, value + 1), returns=(value,), lengths=(3,), fell=(True,),
        terms={"forward": value}, speed=0.5, distance=1.5, warnings=("odd",), status=status,
            metrics={"height": 0.5}, duty_factors=(0.0, 0.25),
        steps=3, seconds=0.25, episodes=1, seed=0, **KNOWN,
    )  # fmt: skip
    return unscored.scored(record)


def test_candidates_come_back_as_they_were(database):
    written = [candidate(1, parents=(0,)), candidate(0)]
    for one in written:
        database.add(one)
    first, second = database.candidates()
    assert (first.number, second.number, len(database)) == (0, 1, 2)
    assert second.parents == (0,)
    assert second.record == written[0].record
    assert second.record.robot == "candidate-00001"
    assert is_same(second.graph, written[0].graph)


def test_columns_are_the_record(database, tmp_path):
    database.add(candidate(7))
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as plain:
        row = plain.execute(
            "SELECT score, ci_low, ci_high, speed, distance, status, seconds, operator, "
            "json_extract(record, '$.terms.forward') FROM candidates WHERE number = 7"
        ).fetchone()
    assert row == (7.0, 6.0, 8.0, 0.5, 1.5, "ok", 0.25, "sample", 7.0)


def test_best_are_distinct_and_simulate(database):
    first = candidate(0, score=5)
    database.add(first)
    database.add(candidate(1, seed=0).scored_like(first))
    database.add(candidate(2, score=9, status="unstable"))
    database.add(candidate(3, score=5))
    database.add(candidate(4, score=6))
    assert [found.number for found in database.best(10)] == [4, 0, 3]
    assert [found.number for found in database.best(1)] == [4]
    assert database.counts() == {"ok": 4, "unstable": 1, "duplicate": 1}


def test_the_best_of_a_front_spread_along_it(database):
    for number in range(9):
        body = candidate(number, score=(number - 3) ** 2, seed=number % 8)
        # More speed, more mass: none dominates another; candidate 8 duplicates the first.
        metrics = {"speed": float(number % 8), "mass": float(number % 8)}
        body = replace(body, record=body.result.with_criteria(metrics))
        database.add(body)
    database.add(candidate(9, score=99))  # not on it
    membership = {"population": range(10), "front": range(9)}
    database.add_generation(0, membership=membership, events=[])
    assert [c.number for c in database.best_in_search(20)] == [8, 7, 6, 5, 1, 4, 2, 3]
    assert {c.number for c in database.best_in_search(3)} == {8, 4, 7}
    assert [c.number for c in database.best(1)] == [8]


def test_an_unstable_reevaluation_has_no_place_on_the_front(database):
    for number in range(3):
        body = candidate(number)
        body = replace(body, record=body.result.with_criteria({"speed": float(number)}))
        database.add(body)
        worst = replace(body.result, score=-9.0, status="unstable", criteria=())
        database.add_reevaluation(number, body.result if number else worst)
    database.add(candidate(3))  # without criteria
    database.add_generation(0, membership={"front": range(4)}, events=[])
    assert [c.number for c in database.best(2)] == [2, 1]
    assert [c.number for c in database.best(3)] == [2, 1, 3]
    assert [c.number for c in database.best(2, of_front=False)] == [2, 1]


def test_later_scores_count_under_their_controller(database):
    for number, score in enumerate((5.0, 9.0, 7.0)):
        database.add(candidate(number, score=score))
    record = database.candidate(1).result
    event = Event(kind="reevaluation", generation=0, message="again")
    database.add_reevaluations(3, 0, {1: replace(record, score=6.0)}, event)
    assert [one.score for one in database.summaries()] == [5.0, 6.0, 7.0]
    assert database.generations()[0][2] == 7.0
    assert database.best_in_search(1)[0].number == 2
    adapted = AdaptationResult(1, 6, True, 1.0, 2.0, "abc", 100)
    event = Event(kind="adaptation", generation=1, message="adapted")
    database.add_adaptation(adapted, {1: replace(record, score=50.0)}, event)
    assert [one.score for one in database.summaries()] == [5.0, 6.0, 7.0], "another controller's"
    assert database.best_in_search(3)[0].score == 50.0
    assert database.best_rescores() == {1: 50.0}
    assert database.rescores(3)[1].score == 6.0


def test_the_depth_is_the_longest_line_of_ancestors(database):
    for number, parents in enumerate([(), (), (0,), (2, 1), (3, 0)]):
        database.add(candidate(number, parents=parents))
    assert database.depths() == {0: 0, 1: 0, 2: 1, 3: 2, 4: 3}


def test_a_closed_database_is_one_file(tmp_path):
    Database.create(tmp_path / "run.sqlite")
    with Database(tmp_path / "run.sqlite") as opened:
        opened.add(candidate(0))
    with Database(tmp_path / "run.sqlite", read_only=True) as opened:
        assert len(opened) == 1
        with pytest.raises(RunError, match=r"cannot write to .*readonly"):
            opened.add(candidate(1))
    assert [path.name for path in tmp_path.iterdir()] == ["run.sqlite"]


def test_other_files_are_no_database(tmp_path):
    (tmp_path / "text").write_text("no database, but long enough to look at " * 20)
    with pytest.raises(UsageError, match=r"cannot read the database .*not a database"):
        Database(tmp_path / "text")
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(UsageError, match=f"schema version 99, expected {SCHEMA_VERSION}"):
        Database(tmp_path / "other")


def test_damage_is_one_line(tmp_path):
    path = tmp_path / "run.sqlite"
    Database.create(path)
    with Database(path) as opened:
        opened.add(candidate(0))
        opened.add(candidate(1))
    with closing(sqlite3.connect(path)) as plain, plain:
        plain.execute("UPDATE candidates SET graph = '{' WHERE number = 1")
    damage = pytest.raises(UsageError, match=r"^candidate 1 in .* is damaged: broken JSON")
    with Database(path, read_only=True) as opened, damage:
        opened.candidates()
    with closing(sqlite3.connect(path)) as plain, plain:
        plain.execute("DROP TABLE candidates")
    with pytest.raises(UsageError, match="candidates is not as it was made"):
        Database(path, read_only=True)


def test_half_a_change_of_a_killed_process_is_taken_back(tmp_path):
    path = tmp_path / "run.sqlite"
    Database.create(path)
    # The process ends with pages in the file that a journal beside it takes back.
    killed = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode = DELETE")
database.execute("PRAGMA cache_size = 1")
database.execute("BEGIN")
for number in range(2000):
    database.execute(
        "INSERT INTO provenance (event, key, value) VALUES (?, 'a', ?)", [number, "text" * 100]
    )
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", killed, str(path)], check=True)
    assert path.with_name("run.sqlite-journal").exists()
    with Database(path, read_only=True) as database:
        assert database.events() == []
