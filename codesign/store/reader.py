"""What the database of a run says: everything that reads it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from codesign.config import Settings
from codesign.errors import UsageError
from codesign.scoring import ScoreRecord
from codesign.store import ranking, rows, schema
from codesign.store.candidate import AdaptationResult, Candidate, Summary
from codesign.store.event import Event
from codesign.store.typed import typed, typed_fields
from morph_ops._messages import cut, one_line, shown

_Value = TypeVar("_Value")
_Values = TypeVar("_Values", bound=tuple[Any, ...])


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
        found = self._values("candidates", "SELECT number FROM candidates", tuple[int])
        return {number for (number,) in found}

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
        known: set[int] = set()

        def convert(row: sqlite3.Row) -> Summary:
            number, generation, operator, _, *rest = row
            parents = rows.parents_from_json(row["parents"], known=known)
            known.add(number)
            return typed_fields(Summary(number, generation, operator, parents, *rest))

        return self._converted(
            "candidates",
            "SELECT c.number, c.generation, c.operator, c.parents, c.status, "
            f"{ranking.UNDER_FIRST}, c.duplicate_of, json_extract(c.record, '$.steps'), "
            f"c.adaptation FROM candidates AS c {ranking.JOIN_FIRST} ORDER BY c.number",
            convert,
        )

    def metrics(
        self, names: Sequence[str], *, most: int
    ) -> list[tuple[int, float, tuple[float | None, ...]]]:
        """Number, score and metrics of candidates with status "ok", evenly spread over the run.

        Args:
            names: Names of metrics of the score records; None stands where a record lacks one.
            most: Maximum number of candidates.
        """
        columns = "".join(", json_extract(record, ?)" for _ in names)
        found = self._values(
            "candidates",
            f"SELECT number, score{columns} FROM candidates WHERE status = 'ok' AND number % max("
            "1, ((SELECT count(*) FROM candidates) + ? - 1) / ?) = 0 ORDER BY number",
            tuple[(int, float, *[float | None] * len(names))],
            *(f'$.metrics."{name}"' for name in names),
            most,
            most,
        )
        return [(number, score, tuple(values)) for number, score, *values in found]

    def adaptations(self) -> list[AdaptationResult]:
        """The adaptations so far, in order."""
        query = "SELECT * FROM adaptations ORDER BY number"
        return self._converted("adaptations", query, rows.adaptation_from_row)

    def rescores(self, candidates: int) -> dict[int, ScoreRecord]:
        """The score records of bodies that got another score, by number of the candidate.

        Args:
            candidates: Number of candidates that were scored before.

        Raises:
            UsageError: A record is damaged.
        """
        query = "SELECT number, record FROM rescores WHERE candidates = ? ORDER BY number"

        def convert(row: sqlite3.Row) -> tuple[int, ScoreRecord | None]:
            return row["number"], rows.record_from_json(row["record"])

        found = self._converted("rescores", query, convert, candidates)
        return {number: record for number, record in found if record is not None}

    def best_rescores(self) -> dict[int, float]:
        """The best score of the bodies that were scored anew, by number of the adaptation."""
        found = self._values(
            "rescores",
            "SELECT a.number, MAX(score) FROM rescores AS r JOIN adaptations AS a "
            "ON r.candidates = a.candidates WHERE json_extract(record, '$.status') = 'ok' "
            "AND a.kept GROUP BY a.number",
            tuple[int, float],
        )
        return dict(found)

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
        return self._values(
            "reevaluations",
            "SELECT number, score FROM reevaluations "
            "WHERE json_extract(record, '$.status') = 'ok' ORDER BY number",
            tuple[int, float],
        )

    def counts(self) -> dict[str, int]:
        """The number of candidates of each status, and of ``"duplicate"`` among them."""
        query = "SELECT status, COUNT(*) FROM candidates GROUP BY status"
        by_status = self._values("candidates", query, tuple[str, int])
        [copied] = self._rows("SELECT COUNT(*) FROM candidates WHERE duplicate_of IS NOT NULL")
        return {**dict(by_status), "duplicate": copied[0]}

    def depths(self) -> dict[int, int]:
        """The length of the longest line of ancestors of every candidate, by number."""
        depth: dict[int, int] = {}

        def add(row: sqlite3.Row) -> None:
            parents = rows.parents_from_json(row["parents"], known=depth)
            depth[row["number"]] = max((depth[parent] + 1 for parent in parents), default=0)

        self._converted("candidates", "SELECT number, parents FROM candidates ORDER BY number", add)
        return depth

    def origins(self) -> list[tuple[int, int]]:
        """Number and generation of every candidate, by number."""
        query = "SELECT number, generation FROM candidates ORDER BY number"
        return self._values("candidates", query, tuple[int, int])

    # Generations, events and the end

    def generations(self) -> list[tuple[int, int, float, float, int]]:
        """Generation, number of candidates, best and mean score of those with status "ok".

        The last value is the number of the adaptation that their controller came from.
        """
        return self._values(
            "candidates",
            f"SELECT c.generation, COUNT(*), MAX({ranking.UNDER_FIRST}), "
            f"AVG({ranking.UNDER_FIRST}), MAX(c.adaptation) FROM candidates AS c "
            f"{ranking.JOIN_FIRST} WHERE c.status = 'ok' GROUP BY c.generation "
            "ORDER BY c.generation",
            tuple[int, int, float, float, int],
        )

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
        for role, number in self._values("membership", query, tuple[str, int], *[generation] * 3):
            found.setdefault(role, []).append(number)
        return found

    def kept_until(self) -> dict[int, int | None]:
        """First generation at whose end a candidate was no longer kept, by number.

        None for a candidate that is still kept; one that was never kept is missing.
        """
        found = self._values(
            "membership",
            "SELECT number, max(until), count(*) > count(until) FROM membership GROUP BY number",
            tuple[int, int | None, int],
        )
        return {number: None if still else until for number, until, still in found}

    def events(self, *kinds: str) -> list[Event]:
        """Events, in order.

        Args:
            kinds: The kinds of events; none for all.
        """
        query = "SELECT * FROM events ORDER BY id"
        found = self._converted("events", query, rows.event_from_row)
        return [event for event in found if not kinds or event.kind in kinds]

    def initial_provenance(self) -> dict[str, str]:
        """The provenance of the process that started the run; empty if none did yet."""
        # The first start comes last, so that its values win.
        query = "SELECT key, value FROM provenance ORDER BY event DESC"
        return dict(self._values("provenance", query, tuple[str, str]))

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
        query = "SELECT total, reason FROM early_stop"
        return next(iter(self._values("early_stop", query, tuple[int, str])), None)

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
        known: set[int] = set()

        def convert(row: sqlite3.Row) -> tuple[Any, ...]:
            rows.require_documents(row, known=known)
            return tuple(row)

        return columns, self._converted(name, f"SELECT * FROM {name}", convert)

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
                what = f"candidate {shown(row['number'])}"
                raise self._damaged(what, error) from None
            yield candidate

    def _values(
        self, table: str, query: str, hint: type[_Values], *values: object
    ) -> list[_Values]:
        """The rows of a query as tuples of a type."""
        return self._converted(
            table, query, lambda row: typed(tuple(row), hint, what="a row"), *values
        )

    def _converted(
        self, table: str, query: str, convert: Callable[[sqlite3.Row], _Value], *values: object
    ) -> list[_Value]:
        """What the rows of a query stand for.

        Raises:
            UsageError: The table is damaged.
        """
        found = self._rows(query, *values)
        try:
            return [convert(row) for row in found]
        except rows.DAMAGES as error:
            raise self._damaged(f"the table {table}", error) from None

    def _damaged(self, what: str, error: Exception) -> UsageError:
        return UsageError(f"{what} in {self._path} is damaged: {cut(one_line(error), most=200)}")

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with schema.readable(self._path):
            return self._connection.execute(query, values).fetchall()
