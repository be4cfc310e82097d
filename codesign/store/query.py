"""SQL of users on a run's database: it reads, and can do nothing else."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codesign.errors import UsageError
from codesign.store import schema
from morph_ops._messages import one_line

_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
#: Pragmas that tell of the schema.
_PRAGMAS = {"table_info", "table_xinfo", "table_list", "index_list", "index_info"}
#: SQLite looks at the clock after so many of its instructions.
_STEPS = 10_000


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a query found.

    Attributes:
        columns: names.
        rows: values: int, float, str, bytes or None.
        more: whether rows were left out.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    more: bool


def ask(path: Path, sql: str, *, limit: int | None = None, seconds: float = 60.0) -> Answer:
    """Run one statement that reads; a process that works on the run is not disturbed.

    Args:
        path: of the database.
        sql: the statement.
        limit: most rows.
        seconds: most time.

    Raises:
        UsageError: the statement is wrong, writes, opens another file, or takes too long; or
            the file is no database of a run.
    """
    connection = schema.connect(path, read_only=True)
    end = time.monotonic() + seconds
    # SQLite words a refusal in many ways, and has not one error code for all of them.
    refused: list[int] = []

    def authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        if _only_reads(action, first, second):
            return sqlite3.SQLITE_OK
        refused.append(action)
        return sqlite3.SQLITE_DENY

    try:
        connection.execute("PRAGMA query_only = ON")
        # The first use of a table of JSON's values writes it into the connection's own schema.
        connection.execute("SELECT value FROM json_each('[]')").fetchall()
        connection.set_authorizer(authorize)
        connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        cursor = connection.execute(sql)
        rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit + 1)
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        if refused:
            message = "SQL: a query can only read this run: expected a SELECT"
        else:
            message = _explained(error, seconds)
        raise UsageError(message) from None
    finally:
        connection.close()
    if cursor.description is None:
        raise UsageError("SQL: expected one statement that reads, such as SELECT, got none")
    columns = tuple(column[0] for column in cursor.description)
    kept = rows if limit is None else rows[:limit]
    return Answer(columns=columns, rows=kept, more=len(kept) < len(rows))


def _only_reads(action: int, first: str | None, second: str | None) -> bool:
    """Whether a step of a statement leaves everything as it is."""
    if action == sqlite3.SQLITE_PRAGMA:
        return first in _PRAGMAS
    return action in _READS and second != "load_extension"


def _explained(error: Exception, seconds: float) -> str:
    message = one_line(error)
    if message == "interrupted":
        return f"SQL: stopped after {seconds:g} s: ask for less, or for more time with --seconds"
    return f"SQL: {message}; docs/runs.md has the tables and columns"
