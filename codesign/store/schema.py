"""The schema of a run's database, and how its file is opened; docs/runs.md describes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codesign.errors import UsageError
from morph_ops._messages import one_line

SCHEMA_VERSION = 4
TABLES = ("candidates", "finals", "membership", "events", "provenance", "ending")

_SCHEMA = """
CREATE TABLE candidates (
    number INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    operator TEXT NOT NULL,
    parents TEXT NOT NULL,          -- JSON list of candidate numbers
    moves TEXT,                     -- what changed in the first parent, JSON
    hash TEXT NOT NULL,
    duplicate_of INTEGER,           -- number of the candidate whose score was copied
    status TEXT NOT NULL,           -- ok, unstable, failed or stopped
    score REAL NOT NULL,
    ci_low REAL NOT NULL,
    ci_high REAL NOT NULL,
    speed REAL NOT NULL,            -- m/s
    distance REAL NOT NULL,         -- m
    seconds REAL NOT NULL,          -- wall time of the scoring
    graph TEXT NOT NULL,            -- the body, JSON
    record TEXT NOT NULL            -- the whole score record, JSON
) STRICT;
CREATE TABLE finals (               -- the best of the search over fresh episodes
    number INTEGER PRIMARY KEY REFERENCES candidates (number),
    score REAL NOT NULL,
    record TEXT NOT NULL            -- the whole score record, JSON
) STRICT;
CREATE TABLE membership (           -- who was kept, from when to when
    role TEXT NOT NULL,             -- population, archive, "island 0", ...
    number INTEGER NOT NULL REFERENCES candidates (number),
    since INTEGER NOT NULL,         -- the first generation at whose end it was kept
    until INTEGER CHECK (until > since),  -- the first end at which it was not; NULL: still kept
    PRIMARY KEY (role, number, since)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (               -- what happened, and when
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,             -- UTC, ISO 8601
    kind TEXT NOT NULL,             -- started, generation, alarm, ...
    name TEXT,                      -- of an alarm
    generation INTEGER,
    number INTEGER,                 -- of the candidate that it is about
    message TEXT NOT NULL,
    details TEXT NOT NULL           -- JSON
) STRICT;
CREATE TABLE provenance (           -- what the run was made with, at every start
    event INTEGER NOT NULL REFERENCES events (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (event, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE ending (               -- one row once a run is known to end early
    id INTEGER PRIMARY KEY CHECK (id = 1),
    total INTEGER NOT NULL,         -- candidates of the whole run
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX candidates_by_score ON candidates (score);
CREATE INDEX candidates_by_hash ON candidates (hash);
CREATE UNIQUE INDEX kept_now ON membership (role, number) WHERE until IS NULL;
CREATE UNIQUE INDEX events_once ON events (generation, kind, ifnull(name, ''))
    WHERE generation IS NOT NULL;
"""


def create(path: Path) -> None:
    """Make an empty database."""
    connection = sqlite3.connect(path)
    try:
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.commit()
    finally:
        connection.close()


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open a database.

    Raises:
        UsageError: the file is no database of a run, or one of another version.
    """
    mode = "ro" if read_only else "rw"
    with readable(path):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error:
            connection.close()
            raise
    if version != SCHEMA_VERSION:
        connection.close()
        raise UsageError(
            f"{path} has schema version {version}, expected {SCHEMA_VERSION}: "
            "use the version of codesign that made it"
        )
    return connection


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Tell of a database that cannot be read.

    Raises:
        UsageError: SQLite raised an error inside.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise UsageError(f"cannot read the database {path}: {one_line(error)}") from None
