"""What the database of a run says: everything that reads it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from codesign.config import Settings
from codesign.errors import UsageError
from codesign.scoring import ScoreRecord
from codesign.store import ranking, rows, schema
from codesign.store.candidate import AdaptationResult, Candidate, Summary
from codesign.store.event import Event
from morph_ops._messages import one_line


class DatabaseReader:
    """The part of :class:`~codesign.store.Database` that reads.

    Args:
        path: The file.
        read_only: Whether to open it for reading alone, beside a process that writes.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path, self._read_only = path, read_only
        self._connection = schema.connect(path, read_only=read_only)
        self._connection.row_factory = sqlite3.Row

    # Candidates

    def __len__(self) -> int:
        """The number of candidates."""
        return self._rows("SELECT COUNT(*) FROM candidates")[0][0]

    def numbers(self) -> set[int]:
        """The numbers of all candidates."""
        return {row[0] for row in self._rows("SELECT number FROM candidates")}

    def candidate(self, number: int) -> Candidate:
        """One candidate.

        Raises:
            UsageError: There is no candidate with this number.
        """
        for candidate in self._select("WHERE c.number = ?", number):
            return candidate
        raise UsageError(f"no candidate {number} in {self._path}")

    def candidates(self) -> list[Candidate]:
        """All candidates, by number."""
        return list(self._select("ORDER BY c.number"))

    def equal_bodies(self, candidate: Candidate, *, adaptation: int) -> list[Candidate]:
        """The candidates with the body and variant of another one that count like it.

        Args:
            candidate: The scored candidate; it is among them.
            adaptation: Number of the adaptation that the controller of their scores came from.
        """
        return list(
            self._select(
                "WHERE c.hash = ? AND c.variant = ? AND max(c.adaptation, "
                "ifnull(rescores.adaptation, 0)) = ? AND ifnull(json_extract(rescores.record, "
                "'$.status'), c.status) = 'ok' ORDER BY c.number",
                candidate.hash,
                candidate.result.variant,
                adaptation,
            )
        )

    def summaries(self) -> list[Summary]:
        """All candidates by number, without bodies and records: fast for long runs.

        Scores are those under the controller that they were first scored under.
        """
        found = self._rows(
            "SELECT c.number, c.generation, c.operator, c.parents, c.status, "
            f"{ranking.UNDER_FIRST}, c.duplicate_of, json_extract(c.record, '$.steps'), "
            f"c.adaptation FROM candidates AS c {ranking.JOIN_FIRST} ORDER BY c.number"
        )
        return [
            Summary(number, generation, operator, tuple(json.loads(parents)), *rest)
            for number, generation, operator, parents, *rest in map(tuple, found)
        ]

    def metrics(
        self, names: Sequence[str], *, most: int
    ) -> list[tuple[int, float, tuple[float | None, ...]]]:
        """Number, score and metrics of candidates with status "ok", evenly spread over the run.

        Args:
            names: Names of metrics of the score records; None stands where a record lacks one.
            most: Maximum number of candidates.
        """
        columns = "".join(", json_extract(record, ?)" for _ in names)
        found = self._rows(
            f"SELECT number, score{columns} FROM candidates WHERE status = 'ok' AND number % max("
            "1, ((SELECT count(*) FROM candidates) + ? - 1) / ?) = 0 ORDER BY number",
            *(f'$.metrics."{name}"' for name in names),
            most,
            most,
        )
        return [(row[0], row[1], tuple(row)[2:]) for row in found]

    def adaptations(self) -> list[AdaptationResult]:
        """The adaptations so far, in order."""
        found = self._rows("SELECT * FROM adaptations ORDER BY number")
        return [AdaptationResult(*tuple(row)) for row in found]

    def rescores(self, candidates: int) -> dict[int, ScoreRecord]:
        """The score records of bodies that got another score, by number of the candidate.

        Args:
            candidates: Number of candidates that were scored before.

        Raises:
            UsageError: A record is damaged.
        """
        query = "SELECT number, record FROM rescores WHERE candidates = ? ORDER BY number"
        found = self._rows(query, candidates)
        try:
            return {number: ScoreRecord.from_dict(json.loads(text)) for number, text in found}
        except rows.DAMAGES as error:
            raise UsageError(
                f"new scores after {candidates} candidates in {self._path} are damaged: "
                f"{one_line(error)}"
            ) from None

    def best_rescores(self) -> dict[int, float]:
        """The best score of the bodies that were scored anew, by number of the adaptation."""
        found = self._rows(
            "SELECT a.number AS adaptation, MAX(score) FROM rescores AS r JOIN adaptations AS a "
            "ON r.candidates = a.candidates WHERE json_extract(record, '$.status') = 'ok' "
            "AND a.kept GROUP BY a.number"
        )
        return {row["adaptation"]: row[1] for row in found}

    def best(self, count: int, *, of_front: bool = True) -> list[Candidate]:
        """The best candidates, best first: distinct bodies with status "ok".

        Candidates that were fine-tuned come first, by their score after it, then those that were
        re-evaluated, by that score; ties go to the older. Where the controller was adapted, bodies
        count that were scored under the last one.

        Args:
            count: Maximum number of candidates.
            of_front: Whether a run with a Pareto front gives candidates spread along it, and no
                others.
        """
        if of_front and (front := self._front()):
            again = {c: c.final for c in front if c.finetuned or c.reevaluation}
            again = {c: record for c, record in again.items() if record.status == "ok"}
            others = {c: c.result for c in front if c not in again}
            best = ranking.spread(again, count)
            return [*best, *ranking.spread(others, count - len(best))]
        return self._distinct(ranking.FINAL_FIRST, count)

    def best_in_search(self, count: int, *, of_front: bool = True) -> list[Candidate]:
        """The best candidates by their scores in the search, as :meth:`best` otherwise.

        Args:
            count: Maximum number of candidates.
            of_front: As in :meth:`best`.
        """
        if of_front and (front := self._front()):
            return ranking.spread({candidate: candidate.result for candidate in front}, count)
        return self._distinct(ranking.BY_SEARCH, count)

    def distinct(self) -> list[Candidate]:
        """All distinct bodies with status "ok" that were scored under the last controller.

        The best ones in the search come first.
        """
        return self._distinct(ranking.BY_SEARCH, -1)

    def _distinct(self, order: str, count: int) -> list[Candidate]:
        return list(self._select(f"{ranking.DISTINCT} ORDER BY {order} LIMIT ?", count))

    def _front(self) -> list[Candidate]:
        """The distinct bodies on the Pareto front; empty for a run with one objective."""
        on_front = self._select(ranking.ON_FRONT)
        return list({candidate.hash: candidate for candidate in on_front}.values())

    def reevaluated(self) -> list[tuple[int, float]]:
        """Number and score of the re-evaluated candidates that simulated, by number."""
        found = self._rows(
            "SELECT number, score FROM reevaluations "
            "WHERE json_extract(record, '$.status') = 'ok' ORDER BY number"
        )
        return [(number, score) for number, score in found]

    def counts(self) -> dict[str, int]:
        """The number of candidates of each status, and of ``"duplicate"`` among them."""
        by_status = self._rows("SELECT status, COUNT(*) FROM candidates GROUP BY status")
        [copied] = self._rows("SELECT COUNT(*) FROM candidates WHERE duplicate_of IS NOT NULL")
        return {**{row[0]: row[1] for row in by_status}, "duplicate": copied[0]}

    def depths(self) -> dict[int, int]:
        """The length of the longest line of ancestors of every candidate, by number."""
        depth: dict[int, int] = {}
        for number, parents in self._rows("SELECT number, parents FROM candidates ORDER BY number"):
            # Parents have smaller numbers, and are scored before their children exist.
            depth[number] = max((depth[parent] + 1 for parent in json.loads(parents)), default=0)
        return depth

    def origins(self) -> list[tuple[int, int]]:
        """Number and generation of every candidate, by number."""
        found = self._rows("SELECT number, generation FROM candidates ORDER BY number")
        return [(number, generation) for number, generation in found]

    # Generations, events and the end

    def generations(self) -> list[tuple[int, int, float, float, int]]:
        """Generation, number of candidates, best and mean score of those with status "ok".

        The last value is the number of the adaptation that their controller came from.
        """
        found = self._rows(
            f"SELECT c.generation, COUNT(*), MAX({ranking.UNDER_FIRST}), "
            f"AVG({ranking.UNDER_FIRST}), MAX(c.adaptation) FROM candidates AS c "
            f"{ranking.JOIN_FIRST} WHERE c.status = 'ok' GROUP BY c.generation "
            "ORDER BY c.generation"
        )
        return [(row[0], row[1], row[2], row[3], row[4]) for row in found]

    def membership(self, generation: int) -> dict[str, list[int]]:
        """Numbers of the candidates kept at the end of a generation, by role.

        Args:
            generation: Number of the generation. One that has not ended has no members.
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
        """First generation at whose end a candidate was no longer kept, by number.

        None for a candidate that is still kept; one that was never kept is missing.
        """
        found = self._rows(
            "SELECT number, max(until), count(*) > count(until) FROM membership GROUP BY number"
        )
        return {number: None if still else until for number, until, still in found}

    def events(self, *kinds: str) -> list[Event]:
        """Events, in order.

        Args:
            kinds: The kinds of events; none for all.
        """
        found = self._rows("SELECT * FROM events ORDER BY id")
        return [rows.event_from_row(row) for row in found if not kinds or row["kind"] in kinds]

    def initial_provenance(self) -> dict[str, str]:
        """The provenance of the process that started the run; empty if none did yet."""
        # The first start comes last, so that its values win.
        found = self._rows("SELECT key, value FROM provenance ORDER BY event DESC")
        return {row["key"]: row["value"] for row in found}

    def require_tasks(self, tasks: Sequence[str]) -> None:
        """Refuse score records of other tasks, whose names could stand for code.

        Args:
            tasks: Names of the tasks of the run.

        Raises:
            UsageError: A record has another task.
        """
        # The record of a single task is its only part.
        parts = "json_each(ifnull(json_extract(record, '$.by_task'), json_array(json(record))))"
        known = ", ".join("?" for _ in tasks)
        for table in ("candidates", "rescores", "reevaluations", "finetunings"):
            for row in self._rows(
                f"SELECT number FROM {table}, {parts} AS part WHERE "
                f"ifnull(json_extract(part.value, '$.task'), '') NOT IN ({known}) UNION "
                f"SELECT number FROM {table} WHERE json_extract(record, '$.task') IS NOT ? LIMIT 1",
                *tasks,
                ",".join(tasks),
            ):
                raise UsageError(
                    f"{self._path}: expected records of the task {', '.join(tasks)}, got another "
                    f"one in the row of candidate {row['number']} of {table}"
                )

    def early_stop(self) -> tuple[int, str] | None:
        """Number of candidates and reason of a run that ends early; None for any other."""
        for total, reason in self._rows("SELECT total, reason FROM early_stop"):
            return total, reason
        return None

    def total(self, settings: Settings) -> int:
        """The number of candidates of the whole run, as far as is known.

        Args:
            settings: The settings of the run.
        """
        early_stop = self.early_stop()
        return settings.total if early_stop is None else early_stop[0]

    def table(self, name: str) -> tuple[dict[str, str], list[tuple[Any, ...]]]:
        """A whole table: the SQLite type of each column, and the rows.

        Args:
            name: Name of the table, one of :data:`~codesign.store.schema.TABLES`.
        """
        columns = {row["name"]: row["type"] for row in self._rows(f"PRAGMA table_info({name})")}
        return columns, [tuple(row) for row in self._rows(f"SELECT * FROM {name}")]

    # The connection

    def close(self) -> None:
        """Close the file. The writer leaves a single file, without a log beside it."""
        if not self._read_only:
            # A reader that has the file open prevents this; the log then stays, and no data is
            # lost.
            with suppress(sqlite3.DatabaseError):
                self._connection.execute("PRAGMA journal_mode = DELETE")
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _select(self, clauses: str, *values: object) -> Generator[Candidate]:
        for row in self._rows(f"{rows.SELECT_CANDIDATES} {clauses}", *values):
            try:
                candidate = rows.candidate_from_row(row)
            except rows.DAMAGES as error:
                raise UsageError(
                    f"candidate {row['number']} in {self._path} is damaged: {one_line(error)}"
                ) from None
            yield candidate

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with schema.readable(self._path):
            return self._connection.execute(query, values).fetchall()
