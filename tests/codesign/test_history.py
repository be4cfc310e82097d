"""A run's history: asked by SQL, exported as tables and as a family tree."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version

import networkx as nx
import numpy as np
import pytest
from formula_pool import BLANK

from codesign.cli import main
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.exporting import history as history_module
from codesign.exporting import phylogeny
from codesign.store import Candidate, Event, RunFolder
from codesign.store.folder import DATABASE
from codesign.store.provenance import provenance
from codesign.store.query import run_query
from codesign.store.schema import TABLES
from morph_ops.io import json_file as jsonio
from morph_ops.sampling import sample_body

BODY = sample_body(np.random.default_rng(0))
PARENTS = [(), (), (0,), (2, 1), (3, 0), (3, 3)]


def fill(folder):
    with folder.database() as database:
        database.add_event(Event(kind="started", message="at work"), provenance={"python": "3"})
        for number, parents in enumerate(PARENTS):
            unscored = Candidate.unscored(
                BODY, number=number, generation=number // 2, operator="sample", parents=parents
            )
            terms, metrics = {"forward": number + 0.1}, {"work": 2.0} if number else {}
            record = replace(BLANK, score=number + 0.1, terms=terms, metrics=metrics, status="ok")
            database.add(unscored.scored(record))
        database.add_reevaluation(5, replace(BLANK, score=7.0))
        for generation, kept in enumerate([(0, 1), (0, 2), (2, 5)]):
            alarm = Event(
                kind="alarm", name="speed", generation=generation, number=2,
                message=f"generation {generation}, speed: too fast", details={"numbers": [2]},
            )  # fmt: skip
            state = Event(kind="generation", generation=generation, message="so far")
            database.add_generation(generation, membership={"population": kept}, events=[state, alarm])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = RunFolder.create(tmp_path_factory.mktemp("runs") / "run", Settings(population=2))
    fill(made)
    return made


def call(capsys, *arguments):
    with pytest.raises(SystemExit, match=r"\d|None") as ended:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


BEST = "SELECT number, score, parents FROM candidates ORDER BY score DESC"


def test_a_query_is_a_table_for_people(folder, capsys):
    code, out, err = call(capsys, "query", folder.path, BEST, "--limit", 2)
    assert (code, err) == (0, "only the first 2 rows: --limit shows more\n")
    lines = [line.split() for line in out.splitlines() if line.strip()]
    assert lines[0] == ["number", "score", "parents"]
    assert lines[-2:] == [["5", "5.1", "[3,", "3]"], ["4", "4.1", "[3,", "0]"]]


def test_a_query_is_json_and_csv_for_programs(folder, capsys, tmp_path):
    file = tmp_path / "rows.csv"
    code, out, err = call(capsys, "query", folder.path, BEST, "--json", "-", "--csv", file)
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
        ("INSERT INTO finals VALUES (1, 1.0, '{}')", "a query can only read"),
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
def test_wrong_sql_and_writes_are_told_in_one_line(
    folder, capsys, tmp_path, monkeypatch, sql, complaint
):
    monkeypatch.chdir(tmp_path)
    before = (folder.path / DATABASE).read_bytes()
    code, out, err = call(capsys, "query", folder.path, sql, "--json", "-")
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1
    assert (folder.path / DATABASE).read_bytes() == before
    assert list(tmp_path.iterdir()) == []


def test_a_query_takes_json_apart(folder):
    sql = "SELECT p.value FROM candidates, json_each(parents) AS p WHERE number = 5"
    assert run_query(folder.path / DATABASE, sql).rows == [(3,), (3,)]


def test_a_query_does_not_write_over_the_run(folder, capsys):
    before = (folder.path / DATABASE).read_bytes()
    code, _, err = call(capsys, "query", folder.path, BEST, "--csv", folder.path / DATABASE)
    assert code == 2
    assert "belongs to the run" in err
    assert (folder.path / DATABASE).read_bytes() == before


def test_a_query_that_never_ends_is_stopped(folder):
    endless = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    )
    with pytest.raises(UsageError, match=r"stopped after 0\.05 s"):
        run_query(folder.path / DATABASE, endless, seconds=0.05)


def test_a_query_reads_what_a_writer_has_just_written(tmp_path):
    folder = RunFolder.create(tmp_path / "run", Settings())
    count = "SELECT count(*) FROM events"
    with folder, folder.database() as database:
        for number in range(3):
            assert run_query(folder.path / DATABASE, count).rows == [(number,)]
            database.add_event(Event(kind="started", message="at work"))


def test_events_come_back_and_alarms_come_once(folder, tmp_path):
    with folder.database(read_only=True) as database:
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
    with closing(sqlite3.connect(folder.path / DATABASE)) as plain:
        again = "INSERT INTO events SELECT NULL, time, kind, name, generation, number, '', '' "
        with pytest.raises(sqlite3.IntegrityError, match="events_once"):
            plain.execute(again + "FROM events WHERE kind = 'alarm'")


def test_status_shows_the_latest_of_each_alarm(folder, capsys):
    code, out, _ = call(capsys, "status", folder.path)
    assert code == 0
    assert out.splitlines()[-1] == "alarm (3 generations): generation 2, speed: too fast"


def test_the_family_tree_has_an_edge_from_each_parent(folder):
    tree = phylogeny(folder.path)
    assert sorted(tree.edges) == [(0, 2), (0, 4), (1, 3), (2, 3), (3, 4), (3, 5)]
    assert list(tree.predecessors(3)) == [2, 1]
    assert tree.nodes[3]["score"] == 3.1
    assert tree.nodes[3]["taxon_label"] == "candidate-00003"
    # 0 and 1 are kept at first, 3 and 4 never, 2 and 5 to the last.
    ends = {number: known["destruction_time"] for number, known in tree.nodes.items()}
    assert ends == {0: 2, 1: 1, 2: None, 3: 1, 4: 2, 5: None}
    assert [known["origin_time"] for _, known in tree.nodes.items()] == [0, 0, 1, 1, 2, 2]


def test_without_membership_no_end_is_known(tmp_path):
    folder = RunFolder.create(tmp_path / "run", Settings())
    fill(folder)
    with closing(sqlite3.connect(folder.path / DATABASE)) as plain, plain:
        plain.execute("DELETE FROM membership")
    ends = nx.get_node_attributes(phylogeny(folder.path), "destruction_time")
    assert set(ends.values()) == {None}


def test_the_phylogeny_file_is_the_family_tree(folder, capsys, tmp_path):
    out = tmp_path / "out"
    assert call(capsys, "export", folder.path, "--format", "phylogeny", "--out", out)[0] == 0
    tree = nx.DiGraph()
    numbers = {"origin_time", "destruction_time", "generation", "duplicate_of", "variant"}
    with (out / "phylogeny.csv").open() as file:
        for row in csv.DictReader(file):
            number, ancestors = int(row.pop("id")), row.pop("ancestor_list")
            known = {
                name: (int(text) if name in numbers else text) if text else None
                for name, text in row.items()
            }
            known["score"] = float(known["score"])
            tree.add_node(number, number=number, **known)
            parents = [] if ancestors == "[none]" else json.loads(ancestors)
            tree.add_edges_from((parent, number) for parent in parents)
    expected = phylogeny(folder.path)
    assert dict(tree.nodes) == dict(expected.nodes)
    assert list(tree.edges) == list(expected.edges)


def test_csv_holds_every_table(folder, capsys, tmp_path):
    out = tmp_path / "out"
    assert call(capsys, "export", folder.path, "--format", "csv", "--out", out)[0] == 0
    assert sorted(path.stem for path in out.iterdir()) == sorted(TABLES)
    with (out / "candidates.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["score"]) for row in rows] == [n + 0.1 for n in range(len(PARENTS))]
    assert [row["term_forward"] for row in rows] == [row["score"] for row in rows]
    assert [row["measure_work"] for row in rows] == ["", *["2.0"] * 5]
    assert jsonio.from_json(rows[3]["graph"]).edges == BODY.edges
    assert json.loads(rows[3]["parents"]) == [2, 1]
    with (out / "membership.csv").open() as file:
        assert file.read().splitlines()[:2] == ["role,number,since,until", "population,0,0,2"]


def test_parquet_holds_the_same(folder, capsys, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    out = tmp_path / "out"
    assert call(capsys, "export", folder.path, "--format", "parquet", "--out", out)[0] == 0
    with folder.database(read_only=True) as database:
        for name in TABLES:
            expected = {
                k: values for k, (_, values) in history_module.table(database, name).items()
            }
            assert parquet.read_table(out / f"{name}.parquet").to_pydict() == expected


def test_parquet_says_what_to_install(folder, capsys, tmp_path, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(history_module, "import_module", missing)
    arguments = ("export", folder.path, "--format", "parquet", "--out", tmp_path / "out")
    code, _, err = call(capsys, *arguments)
    assert code == 2
    assert "pip install 'codesign[tables]'" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", history_module.HISTORY_FORMATS)
def test_a_robot_has_no_history(capsys, tmp_path, name):
    robot = tmp_path / "robot.json"
    jsonio.write_json(BODY, robot)
    code, _, err = call(capsys, "export", robot, "--format", name, "--out", tmp_path / "out")
    assert code == 2
    assert err == (
        f"error: --format {name} is for a run, and {robot} is no folder: "
        "choose from mjcf, json, npz\n"
    )


def test_provenance_names_versions_controller_and_settings():
    known = provenance(Settings(population=3))
    assert known["networkx"] == version("networkx")
    assert len(known["controller_sha256"]) == 64
    assert json.loads(known["settings"])["population"] == 3
