"""The database of a run: SQLite, one writer, any number of readers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from codesign.config import Settings
from codesign.errors import RunError, UsageError
from codesign.scoring import ScoreRecord
from codesign.store import schema
from codesign.store.candidate import Candidate
from codesign.store.event import Event
from morph_ops._messages import one_line
from morph_ops.io import json_file as jsonio

_INSERT = """
INSERT INTO candidates VALUES (
    :number, :generation, :operator, :parents, :moves, :hash, :duplicate_of, :status,
    :score, :ci_low, :ci_high, :speed, :distance, :seconds, :graph, :record
)
"""

_INSERT_EVENT = """
INSERT INTO events (time, kind, name, generation, number, message, details)
VALUES (:time, :kind, :name, :generation, :number, :message, :details)
"""

_SELECT = """
SELECT c.*, finals.record AS final FROM candidates AS c LEFT JOIN finals ON finals.number = c.number
"""
# Of a body under several variants the best counts.
_DISTINCT = """
WHERE c.number IN (
    SELECT number FROM (
        SELECT number, ROW_NUMBER() OVER (PARTITION BY hash ORDER BY score DESC, number) AS place
        FROM candidates WHERE status = 'ok'
    ) WHERE place = 1
)
"""
#: Role of those that nobody beats in all objectives at once.
FRONT = "front"
# Of a body under several variants the best comes last.
_ON_FRONT = f"""
WHERE c.status = 'ok' AND c.number IN (
    SELECT number FROM membership WHERE role = '{FRONT}' AND until IS NULL
) ORDER BY c.score, c.number DESC
"""
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
        self._connection = schema.connect(path, read_only=read_only)
        self._connection.row_factory = sqlite3.Row
        if not read_only:
            with schema.readable(path):
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")

    @staticmethod
    def create(path: Path) -> None:
        """Make an empty database."""
        schema.create(path)

    def add(self, candidate: Candidate) -> None:
        """Write a scored candidate.

        Raises:
            RunError: it cannot be written; a full disk, say.
        """
        with self._writing():
            self._connection.execute(_INSERT, _to_row(candidate))

    def add_reevaluation(self, number: int, record: ScoreRecord) -> None:
        """Write the record of a finalist.

        Raises:
            RunError: it cannot be written.
        """
        values = {"number": number, "score": record.score, "record": _to_json(record)}
        with self._writing():
            self._connection.execute("INSERT INTO finals VALUES (:number, :score, :record)", values)

    def set_ending(self, total: int, reason: str) -> None:
        """Note that the run ends early, or note it again.

        Args:
            total: candidates of the whole run.
            reason: why it ends.

        Raises:
            RunError: it cannot be written.
        """
        with self._writing():
            self._connection.execute(
                "INSERT OR REPLACE INTO ending VALUES (1, ?, ?)", (total, reason)
            )

    def ending(self) -> tuple[int, str] | None:
        """Candidates of a run that ends early, and why; None while it goes on."""
        rows = self._rows("SELECT total, reason FROM ending")
        return tuple(rows[0]) if rows else None

    def total(self, settings: Settings) -> int:
        """Candidates of the whole run, as far as is known."""
        ending = self.ending()
        return settings.total if ending is None else ending[0]

    def add_event(self, event: Event, *, provenance: Mapping[str, str] | None = None) -> None:
        """Write down what happened.

        Args:
            event: what.
            provenance: where the event is the start of a process, what it works with.

        Raises:
            RunError: it cannot be written.
        """
        with self._writing():
            number = self._connection.execute(_INSERT_EVENT, _to_event_row(event)).lastrowid
            self._connection.executemany(
                "INSERT INTO provenance VALUES (?, ?, ?)",
                [(number, key, value) for key, value in (provenance or {}).items()],
            )

    def add_generation(
        self, generation: int, *, membership: Mapping[str, Iterable[int]], events: Iterable[Event]
    ) -> None:
        """Write down the end of a generation, the next one to end, all of it or nothing.

        Args:
            generation: which.
            membership: numbers of the candidates that were kept, by role.
            events: the event "generation", and the alarms.

        Raises:
            RunError: it cannot be written; a generation ends once.
        """
        kept = {(role, number) for role, numbers in membership.items() for number in numbers}
        rows = self._rows("SELECT role, number FROM membership WHERE until IS NULL")
        before = {tuple(row) for row in rows}
        with self._writing():
            self._connection.executemany(
                "UPDATE membership SET until = ? WHERE role = ? AND number = ? AND until IS NULL",
                [(generation, *who) for who in before - kept],
            )
            self._connection.executemany(
                "INSERT INTO membership VALUES (?, ?, ?, NULL)",
                [(*who, generation) for who in kept - before],
            )
            self._connection.executemany(_INSERT_EVENT, list(map(_to_event_row, events)))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction."""
        try:
            with self._connection:
                yield
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

    def best(self, count: int, *, of_front: bool = True) -> list[Candidate]:
        """The best distinct bodies that simulate, best first; ties go to the older.

        Finalists come first, by their final scores. A run with a front has bodies from all
        along it, and no others, unless ``of_front`` is False.
        """
        if of_front and (front := self._front()):
            finals = {c: c.reevaluation for c in front if c.reevaluation and c.reevaluation.status == "ok"}
            others = {c: c.result for c in front if c not in finals}
            best = _spread(finals, count)
            return [*best, *_spread(others, count - len(best))]
        return list(self._select(f"{_DISTINCT} ORDER BY {_FINALISTS_FIRST} LIMIT ?", count))

    def best_in_search(self, count: int) -> list[Candidate]:
        """The same by the scores of the search alone."""
        if front := self._front():
            return _spread({candidate: candidate.result for candidate in front}, count)
        return list(self._select(f"{_DISTINCT} ORDER BY c.score DESC, c.number LIMIT ?", count))

    def _front(self) -> list[Candidate]:
        """Distinct bodies that nobody beats in all objectives; empty where there is one alone."""
        return list({candidate.hash: candidate for candidate in self._select(_ON_FRONT)}.values())

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

    def events(self, *kinds: str) -> list[Event]:
        """What happened, in order.

        Args:
            kinds: those alone; by default all.
        """
        plain = [field.name for field in fields(Event) if field.name != "details"]
        return [
            Event(**{name: row[name] for name in plain}, details=json.loads(row["details"]))
            for row in self._rows("SELECT * FROM events ORDER BY id")
            if not kinds or row["kind"] in kinds
        ]

    def begun_with(self) -> dict[str, str]:
        """What the process worked with that began the run; empty where none did."""
        rows = self._rows("SELECT key, value FROM provenance ORDER BY event DESC")
        return {row["key"]: row["value"] for row in rows}

    def membership(self, generation: int) -> dict[str, list[int]]:
        """Numbers of the candidates kept at the end of a generation, by role.

        Empty for a generation that has not ended.
        """
        found: dict[str, list[int]] = {}
        query = (
            "SELECT role, number FROM membership "
            "WHERE since <= ? AND (until IS NULL OR until > ?) AND ? <= "
            "(SELECT max(generation) FROM events WHERE kind = 'generation') ORDER BY role, number"
        )
        for role, number in self._rows(query, *[generation] * 3):
            found.setdefault(role, []).append(number)
        return found

    def kept_until(self) -> dict[int, int | None]:
        """When those that were ever kept were not any more, by number; None: still kept."""
        rows = self._rows(
            "SELECT number, max(until), count(*) > count(until) FROM membership GROUP BY number"
        )
        return {number: None if still else until for number, until, still in rows}

    def origins(self) -> list[tuple[int, int]]:
        """Number and generation of all candidates, by number."""
        rows = self._rows("SELECT number, generation FROM candidates ORDER BY number")
        return [tuple(row) for row in rows]

    def table(self, name: str) -> tuple[dict[str, str], list[tuple[Any, ...]]]:
        """A whole table: SQLite's type of each column, and the rows.

        Args:
            name: of :data:`~codesign.store.schema.TABLES`.
        """
        columns = {row["name"]: row["type"] for row in self._rows(f"PRAGMA table_info({name})")}
        return columns, [tuple(row) for row in self._rows(f"SELECT * FROM {name}")]

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
        with schema.readable(self._path):
            return self._connection.execute(query, values).fetchall()


def _to_row(candidate: Candidate) -> dict[str, Any]:
    record = candidate.result
    return {
        "number": candidate.number,
        "generation": candidate.generation,
        "operator": candidate.operator,
        "parents": json.dumps(candidate.parents),
        "moves": None if candidate.diff is None else json.dumps(candidate.diff),
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


def _to_event_row(event: Event) -> dict[str, Any]:
    return {**vars(event), "details": json.dumps(event.details, allow_nan=False)}


def _to_json(record: ScoreRecord) -> str:
    return json.dumps(record.to_dict(), allow_nan=False)


def _from_row(row: sqlite3.Row) -> Candidate:
    record = ScoreRecord.from_dict(json.loads(row["record"]))
    return Candidate(
        number=row["number"],
        generation=row["generation"],
        operator=row["operator"],
        parents=tuple(json.loads(row["parents"])),
        graph=jsonio.from_json(row["graph"]),
        hash=row["hash"],
        diff=json.loads(row["moves"]) if row["moves"] else None,
        variant=record.variant,
        duplicate_of=row["duplicate_of"],
        record=record,
        reevaluation=ScoreRecord.from_dict(json.loads(row["final"])) if row["final"] else None,
    )


def _spread(records: Mapping[Candidate, ScoreRecord], count: int) -> list[Candidate]:
    """So many bodies of a front, evenly along its first objective, those that score best first.

    Args:
        records: by which to choose, of distinct bodies.
        count: how many at most; of one it is the body that scores best.
    """
    best_first = sorted(records, key=lambda c: records[c].score, reverse=True)
    if not 1 < count < len(best_first):
        return best_first[:count]
    along = sorted(best_first, key=lambda c: next(iter(records[c].criteria_values.values()), 0.0))
    step = (len(along) - 1) / (count - 1)
    picked = {along[round(place * step)] for place in range(count)}
    return [candidate for candidate in best_first if candidate in picked]
