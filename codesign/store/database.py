"""The database of a run: SQLite, with one writer and any number of readers."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path

from codesign.errors import RunError
from codesign.scoring import ScoreRecord
from codesign.store import rows, schema
from codesign.store.candidate import AdaptationResult, Candidate
from codesign.store.event import Event
from codesign.store.reader import DatabaseReader
from morph_ops._messages import one_line


class Database(DatabaseReader):
    """The candidates, re-evaluations and events of a run on disk; a context manager.

    A candidate is on disk when :meth:`add` returns, even if the process is killed right after.

    Args:
        path: The file.
        read_only: Whether to open it for reading alone, beside a process that writes.

    Raises:
        UsageError: The file is not a database.
        UsageError: The database has another schema version.
        UsageError: The database is damaged. Every method that reads may find that out.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "run.sqlite"
        ...     Database.create(path)
        ...     with Database(path) as database:
        ...         database.add_event(Event(kind="started", message="1 worker"))
        ...         print(len(database), [event.kind for event in database.events()])
        0 ['started']
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        super().__init__(path, read_only=read_only)
        if not read_only:
            with schema.readable(path):
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")

    @staticmethod
    def create(path: Path) -> None:
        """Make an empty database.

        Args:
            path: The file to make.
        """
        schema.create(path)

    def add(self, candidate: Candidate) -> None:
        """Write a scored candidate.

        Raises:
            RunError: The file cannot be written, as on a full disk.
        """
        with self._writing():
            self._connection.execute(rows.INSERT_CANDIDATE, rows.candidate_to_row(candidate))

    def add_reevaluation(self, number: int, record: ScoreRecord) -> None:
        """Write the re-evaluation of a finalist.

        Args:
            number: Number of the candidate.
            record: The score record over fresh episodes.

        Raises:
            RunError: The file cannot be written.
        """
        with self._writing():
            self._connection.execute(
                "INSERT INTO reevaluations VALUES (?, ?, ?)",
                (number, record.score, rows.record_to_json(record)),
            )

    def add_finetunings(self, records: Mapping[int, ScoreRecord]) -> None:
        """Write the scores of finalists after their networks have learned on, all or nothing.

        Args:
            records: The score records, by number of the candidate.

        Raises:
            RunError: The file cannot be written.
        """
        with self._writing():
            self._connection.executemany(
                "INSERT INTO finetunings VALUES (?, ?, ?)",
                [(n, record.score, rows.record_to_json(record)) for n, record in records.items()],
            )

    def add_adaptation(
        self, adaptation: AdaptationResult, records: Mapping[int, ScoreRecord], event: Event
    ) -> None:
        """Write an adaptation, all of it or nothing.

        Scores of finalists from before it, in a search that its time limit had ended, go where the
        search goes on with the new controller: they would compare with no other.

        Args:
            adaptation: The adaptation.
            records: Score records under the new controller, by number of the candidate; empty
                where the search goes on with the controller that it had.
            event: The event "adaptation".

        Raises:
            RunError: The file cannot be written.
        """
        with self._writing():
            self._connection.execute(rows.INSERT_ADAPTATION, adaptation)
            if adaptation.kept:
                self._connection.execute("DELETE FROM reevaluations")
                self._connection.execute("DELETE FROM finetunings")
            self._add_rescores(adaptation.candidates, adaptation.number, records)
            self._connection.execute(rows.INSERT_EVENT, rows.event_to_row(event))

    def add_reevaluations(
        self, candidates: int, adaptation: int, records: Mapping[int, ScoreRecord], event: Event
    ) -> None:
        """Write a re-evaluation of kept bodies, all of it or nothing.

        Args:
            candidates: Number of candidates that were scored before it.
            adaptation: Number of the adaptation that the controller came from; 0 for none.
            records: Score records over all episodes so far, by number of the candidate.
            event: The event "reevaluation".

        Raises:
            RunError: The file cannot be written.
        """
        with self._writing():
            self._add_rescores(candidates, adaptation, records)
            self._connection.execute(rows.INSERT_EVENT, rows.event_to_row(event))

    def _add_rescores(
        self, candidates: int, adaptation: int, records: Mapping[int, ScoreRecord]
    ) -> None:
        self._connection.executemany(
            "INSERT INTO rescores VALUES (?, ?, ?, ?, ?)",
            [
                (number, candidates, adaptation, record.score, rows.record_to_json(record))
                for number, record in records.items()
            ],
        )

    def set_early_stop(self, total: int, reason: str) -> None:
        """Write that the run ends before its budget is spent; a second call changes nothing.

        Args:
            total: Number of candidates of the whole run.
            reason: The reason, in one line.

        Raises:
            RunError: The file cannot be written.
        """
        with self._writing():
            self._connection.execute(
                "INSERT OR REPLACE INTO early_stop VALUES (1, ?, ?)", (total, reason)
            )

    def add_event(self, event: Event, *, provenance: Mapping[str, str] | None = None) -> None:
        """Write an event.

        Args:
            event: The event.
            provenance: The provenance of the process, for the event of its start.

        Raises:
            RunError: The file cannot be written.
        """
        with self._writing():
            number = self._connection.execute(rows.INSERT_EVENT, rows.event_to_row(event)).lastrowid
            self._connection.executemany(
                "INSERT INTO provenance VALUES (?, ?, ?)",
                [(number, key, value) for key, value in (provenance or {}).items()],
            )

    def add_generation(
        self, generation: int, *, membership: Mapping[str, Iterable[int]], events: Iterable[Event]
    ) -> None:
        """Write the end of a generation, all of it or nothing.

        Args:
            generation: Number of the generation. Generations end in order, each once.
            membership: Numbers of the candidates that the algorithm keeps, by role.
            events: The event "generation", and the alarms.

        Raises:
            RunError: The file cannot be written, or the generation has ended before.
        """
        kept = {(role, number) for role, numbers in membership.items() for number in numbers}
        found = self._rows("SELECT role, number FROM membership WHERE until IS NULL")
        before = {tuple(row) for row in found}
        with self._writing():
            self._connection.executemany(
                "UPDATE membership SET until = ? WHERE role = ? AND number = ? AND until IS NULL",
                [(generation, *member) for member in before - kept],
            )
            self._connection.executemany(
                "INSERT INTO membership VALUES (?, ?, ?, NULL)",
                [(*member, generation) for member in kept - before],
            )
            self._connection.executemany(rows.INSERT_EVENT, list(map(rows.event_to_row, events)))

    @contextmanager
    def _writing(self) -> Generator[None]:
        """One transaction."""
        try:
            with self._connection:
                yield
        except sqlite3.Error as error:
            raise RunError(f"cannot write to {self._path}: {one_line(error)}") from None
