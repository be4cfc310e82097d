"""The database of a run: SQLite, one writer, any number of readers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from codesign.config import Settings
from codesign.errors import RunError, UsageError, one_line
from codesign.scoring import ScoreRecord
from codesign.store.candidate import Candidate
from morph_ops import jsonio

SCHEMA_VERSION = 3

_SCHEMA = """
CREATE TABLE candidates (
    number INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    operator TEXT NOT NULL,
    parents TEXT NOT NULL,          -- JSON list of candidate numbers
    hash TEXT NOT NULL,
    duplicate_of INTEGER,           -- number of the candidate whose score was copied
    status TEXT NOT NULL,           -- ok, unstable or failed
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
CREATE TABLE ending (               -- one row once a run is known to end early
    id INTEGER PRIMARY KEY CHECK (id = 1),
    total INTEGER NOT NULL,         -- candidates of the whole run
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX candidates_by_score ON candidates (score);
CREATE INDEX candidates_by_hash ON candidates (hash);
"""

_INSERT = """
INSERT INTO candidates VALUES (
    :number, :generation, :operator, :parents, :hash, :duplicate_of, :status, :score,
    :ci_low, :ci_high, :speed, :distance, :seconds, :graph, :record
)
"""

_SELECT = """
SELECT c.*, finals.record AS final FROM candidates AS c LEFT JOIN finals ON finals.number = c.number
"""
_DISTINCT = "WHERE c.status = 'ok' AND c.duplicate_of IS NULL"
_FINALISTS_FIRST = "finals.score IS NULL, finals.score DESC, c.score DESC, c.number"


class Database:
    """Candidates of a run on disk; a context manager.

    Every added candidate is on disk when :meth:`add` returns, also if the process is
    killed right after.

    Args:
        path: of the file.
        read_only: for a reader beside the writer.

    Raises:
        UsageError: the file is no database of a run, one of another version, or damaged;
            every method that reads may find that out.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path, self._read_only = path, read_only
        mode = "ro" if read_only else "rw"
        with self._readable():
            self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)
            self._connection.row_factory = sqlite3.Row
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA_VERSION:
            self._connection.close()
            raise UsageError(
                f"{path} has schema version {version}, expected {SCHEMA_VERSION}: "
                "use the version of codesign that made it"
            )
        if not read_only:
            with self._readable():
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")

    @staticmethod
    def create(path: Path) -> None:
        """Make an empty database."""
        connection = sqlite3.connect(path)
        try:
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.commit()
        finally:
            connection.close()

    def add(self, candidate: Candidate) -> None:
        """Write a scored candidate.

        Raises:
            RunError: it cannot be written; a full disk, say.
        """
        self._write(_INSERT, _to_row(candidate))

    def add_final(self, number: int, record: ScoreRecord) -> None:
        """Write the record of a finalist.

        Raises:
            RunError: it cannot be written.
        """
        values = {"number": number, "score": record.score, "record": _to_json(record)}
        self._write("INSERT INTO finals VALUES (:number, :score, :record)", values)

    def set_ending(self, total: int, reason: str) -> None:
        """Note that the run ends early, or note it again.

        Args:
            total: candidates of the whole run.
            reason: why it ends.

        Raises:
            RunError: it cannot be written.
        """
        values = {"total": total, "reason": reason}
        self._write("INSERT OR REPLACE INTO ending VALUES (1, :total, :reason)", values)

    def ending(self) -> tuple[int, str] | None:
        """Candidates of a run that ends early, and why; None while it goes on."""
        rows = self._rows("SELECT total, reason FROM ending")
        return tuple(rows[0]) if rows else None

    def total(self, settings: Settings) -> int:
        """Candidates of the whole run, as far as is known."""
        ending = self.ending()
        return settings.total if ending is None else ending[0]

    def _write(self, statement: str, values: dict[str, Any]) -> None:
        try:
            with self._connection:
                self._connection.execute(statement, values)
        except sqlite3.Error as error:
            raise RunError(f"cannot write to {self._path}: {one_line(error)}") from None

    def numbers(self) -> set[int]:
        """Numbers of all candidates."""
        return {row[0] for row in self._rows("SELECT number FROM candidates")}

    def candidate(self, number: int) -> Candidate:
        """One candidate.

        Raises:
            UsageError: it is not there.
        """
        for candidate in self._select("WHERE c.number = ?", number):
            return candidate
        raise UsageError(f"no candidate {number} in {self._path}")

    def candidates(self) -> list[Candidate]:
        """All candidates, by number."""
        return list(self._select("ORDER BY c.number"))

    def best(self, count: int) -> list[Candidate]:
        """The best distinct bodies that simulate, best first; ties go to the older.

        Finalists come first, by their final scores.
        """
        return list(self._select(f"{_DISTINCT} ORDER BY {_FINALISTS_FIRST} LIMIT ?", count))

    def best_in_search(self, count: int) -> list[Candidate]:
        """The same by the scores of the search alone."""
        return list(self._select(f"{_DISTINCT} ORDER BY c.score DESC, c.number LIMIT ?", count))

    def ancestry(self) -> dict[int, int]:
        """Generations of ancestors of every candidate, by number; 0 for starting bodies."""
        depth: dict[int, int] = {}
        for number, parents in self._rows("SELECT number, parents FROM candidates ORDER BY number"):
            # Parents have smaller numbers, and are scored before a child is bred.
            depth[number] = max((depth[parent] + 1 for parent in json.loads(parents)), default=0)
        return depth

    def __len__(self) -> int:
        """Number of candidates."""
        return self._rows("SELECT COUNT(*) FROM candidates")[0][0]

    def counts(self) -> dict[str, int]:
        """Number of candidates of each status, and of ``"duplicate"`` among them."""
        by_status = self._rows("SELECT status, COUNT(*) FROM candidates GROUP BY status")
        [copied] = self._rows("SELECT COUNT(*) FROM candidates WHERE duplicate_of IS NOT NULL")
        return {**{row[0]: row[1] for row in by_status}, "duplicate": copied[0]}

    def generations(self) -> list[tuple[int, int, float, float]]:
        """Generation, candidates, best and mean score of those that simulate."""
        return [
            tuple(row)
            for row in self._rows(
                "SELECT generation, COUNT(*), MAX(score), AVG(score) FROM candidates "
                "WHERE status = 'ok' GROUP BY generation ORDER BY generation"
            )
        ]

    def close(self) -> None:
        """Close the file; the writer leaves it as one file that needs no others beside it."""
        if not self._read_only:
            # A reader that looks at it right now keeps it from changing: no harm done.
            with suppress(sqlite3.DatabaseError):
                self._connection.execute("PRAGMA journal_mode = DELETE")
        self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _select(self, clauses: str, *values: object) -> Iterator[Candidate]:
        for row in self._rows(f"{_SELECT} {clauses}", *values):
            try:
                candidate = _from_row(row)
            except (KeyError, TypeError, ValueError) as error:
                raise UsageError(
                    f"candidate {row['number']} in {self._path} is damaged: {one_line(error)}"
                ) from None
            yield candidate

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._readable():
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UsageError(f"cannot read the database {self._path}: {one_line(error)}") from None


def _to_row(candidate: Candidate) -> dict[str, Any]:
    record = candidate.result
    return {
        "number": candidate.number,
        "generation": candidate.generation,
        "operator": candidate.operator,
        "parents": json.dumps(candidate.parents),
        "hash": candidate.hash,
        "duplicate_of": candidate.duplicate_of,
        "status": record.status,
        "score": record.score,
        "ci_low": record.ci95[0],
        "ci_high": record.ci95[1],
        "speed": record.speed,
        "distance": record.distance,
        "seconds": record.seconds,
        "graph": jsonio.to_json(candidate.graph),
        "record": _to_json(record),
    }


def _to_json(record: ScoreRecord) -> str:
    return json.dumps(record.to_dict(), allow_nan=False)


def _from_row(row: sqlite3.Row) -> Candidate:
    return Candidate(
        number=row["number"],
        generation=row["generation"],
        operator=row["operator"],
        parents=tuple(json.loads(row["parents"])),
        graph=jsonio.from_json(row["graph"]),
        hash=row["hash"],
        duplicate_of=row["duplicate_of"],
        record=ScoreRecord.from_dict(json.loads(row["record"])),
        final=ScoreRecord.from_dict(json.loads(row["final"])) if row["final"] else None,
    )
