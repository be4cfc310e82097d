"""The schema of a run's database; docs/guides/runs.md describes the tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from codesign.errors import UsageError
from morph_ops._messages import cut, one_line

SCHEMA_VERSION = 7
TABLES = (
    *("candidates", "adaptations", "rescores", "reevaluations", "finetunings", "membership"),
    *("events", "provenance", "early_stop"),
)
#: The role, in ``membership``, of the candidates on the Pareto front.
FRONT = "front"

_SCHEMA = """
CREATE TABLE candidates (           -- every scored candidate
    number INTEGER PRIMARY KEY,     -- position in the run, from 0
    generation INTEGER NOT NULL,
    operator TEXT NOT NULL,         -- the operator that made the body
    parents TEXT NOT NULL,          -- JSON list of candidate numbers
    diff TEXT,                      -- changes against the first parent, JSON
    hash TEXT NOT NULL,             -- hash of the body
    variant INTEGER NOT NULL,       -- controller variant of the score
    adaptation INTEGER NOT NULL,    -- adaptation that the controller came from; 0: as it was given
    duplicate_of INTEGER,           -- candidate whose score was copied
    status TEXT NOT NULL,           -- ok, unstable, failed or pruned
    score REAL NOT NULL,            -- mean return
    ci_low REAL NOT NULL,           -- 95% confidence interval of the score
    ci_high REAL NOT NULL,
    speed REAL NOT NULL,            -- m/s
    distance REAL NOT NULL,         -- m
    seconds REAL NOT NULL,          -- wall time of the scoring
    graph TEXT NOT NULL,            -- the body, JSON
    record TEXT NOT NULL            -- the complete score record, JSON
) STRICT;
CREATE TABLE adaptations (          -- the controller learned on
    number INTEGER PRIMARY KEY,     -- from 1
    candidates INTEGER NOT NULL,    -- candidates that were scored before
    kept INTEGER NOT NULL,          -- 1 if the search went on with the new controller, else 0
    score_before REAL NOT NULL,     -- mean score of the bodies that were scored anew
    score_after REAL NOT NULL,      -- the same under the new controller
    controller_hash TEXT NOT NULL,  -- hash of the new controller
    steps INTEGER NOT NULL          -- control steps that it took, learning and scores together
) STRICT;
CREATE TABLE rescores (             -- bodies that got another score during the search
    number INTEGER NOT NULL REFERENCES candidates (number),
    candidates INTEGER NOT NULL,    -- candidates that were scored before
    adaptation INTEGER NOT NULL,    -- adaptation that the controller came from; 0: as it was given
    score REAL NOT NULL,
    record TEXT NOT NULL,           -- the complete score record, JSON
    PRIMARY KEY (number, candidates)
) STRICT, WITHOUT ROWID;
CREATE TABLE reevaluations (        -- finalists, scored again over fresh episodes
    number INTEGER PRIMARY KEY REFERENCES candidates (number),
    score REAL NOT NULL,
    record TEXT NOT NULL            -- the complete score record, JSON
) STRICT;
CREATE TABLE finetunings (          -- finalists whose own networks learned on
    number INTEGER PRIMARY KEY REFERENCES candidates (number),
    score REAL NOT NULL,            -- after learning, over episodes that it never used
    record TEXT NOT NULL            -- the complete score record, JSON
) STRICT;
CREATE TABLE membership (           -- candidates that the algorithm kept, and how long
    role TEXT NOT NULL,             -- population, archive, front, "island 0", ...
    number INTEGER NOT NULL REFERENCES candidates (number),
    since INTEGER NOT NULL,         -- first generation at whose end it was kept
    until INTEGER CHECK (until > since),  -- first one at whose end it was not; NULL: still kept
    PRIMARY KEY (role, number, since)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (               -- starts, ends, generations and alarms
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,             -- UTC, ISO 8601
    kind TEXT NOT NULL,             -- started, generation, alarm, ...
    name TEXT,                      -- name of an alarm
    generation INTEGER,
    number INTEGER,                 -- candidate that the event is about
    message TEXT NOT NULL,
    details TEXT NOT NULL           -- JSON
) STRICT;
CREATE TABLE provenance (           -- versions, machine, controller and settings of each start
    event INTEGER NOT NULL REFERENCES events (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (event, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE early_stop (           -- one row if the run ends before its budget is spent
    id INTEGER PRIMARY KEY CHECK (id = 1),
    total INTEGER NOT NULL,         -- number of candidates of the whole run
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX candidates_by_score ON candidates (score);
CREATE INDEX candidates_by_hash ON candidates (hash);
CREATE UNIQUE INDEX kept_now ON membership (role, number) WHERE until IS NULL;
CREATE UNIQUE INDEX events_once ON events (generation, kind, ifnull(name, ''))
    WHERE generation IS NOT NULL;
"""


def create(path: Path) -> None:
    """Make an empty database.

    Args:
        path: The file to make.
    """
    connection = sqlite3.connect(path)
    try:
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.commit()
    finally:
        connection.close()


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open a database.

    A process that was killed may have left half a change, which only a connection that writes can
    take back: that happens first.

    Args:
        path: The file.
        read_only: Whether the connection can only read.

    Raises:
        UsageError: The file is not a database.
        UsageError: The database has another schema version, or other tables than it was made with.
    """
    with readable(path):
        try:
            connection, version, objects = _open(path, mode="ro" if read_only else "rw")
        except sqlite3.OperationalError as error:
            if not read_only or not error.sqlite_errorname.startswith("SQLITE_READONLY"):
                raise
            _open(path, mode="rw")[0].close()
            connection, version, objects = _open(path, mode="ro")
    if version != SCHEMA_VERSION:
        connection.close()
        raise UsageError(
            f"{path} has schema version {version}, expected {SCHEMA_VERSION}: "
            "use the version of codesign that made the run"
        )
    changed = sorted(name for name, _ in objects ^ _expected_objects())
    if changed:
        connection.close()
        raise UsageError(f"the database {path} is damaged: {cut(changed[0])} is not as it was made")
    return connection


def _open(path: Path, *, mode: str) -> tuple[sqlite3.Connection, int, set[tuple[str, str]]]:
    """A connection, the version of the schema, and the objects of the database."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        return connection, int(version), _objects(connection)
    except (sqlite3.Error, UnicodeDecodeError):
        connection.close()
        raise


def _objects(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Names and definitions of tables, indices, views and triggers, without SQLite's own."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT GLOB 'sqlite_*'")
    return {(str(name), str(sql)) for name, sql in rows}


@cache
def _expected_objects() -> set[tuple[str, str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_SCHEMA)
        return _objects(connection)


@contextmanager
def readable(path: Path) -> Generator[None]:
    """Turn the errors of SQLite inside the ``with`` block into one line.

    Args:
        path: The database.

    Raises:
        UsageError: SQLite raised an error.
    """
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        raise UsageError(f"cannot read the database {path}: {one_line(error)}") from None
