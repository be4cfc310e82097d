"""SQL queries of users on a run's database: they can read, and nothing else."""

from __future__ import annotations

import itertools
import sqlite3
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codesign.errors import UsageError
from codesign.store import schema
from morph_ops._messages import one_line

_READ_ACTIONS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
#: Pragmas that describe the schema.
_SCHEMA_PRAGMAS = {"table_info", "table_xinfo", "table_list", "index_list", "index_info"}
#: Number of SQLite's instructions between two checks of the time limit.
_CHECK_INTERVAL = 10_000
#: Longest text or blob that a query may make, and most memory of its result (bytes).
_LONGEST_VALUE = 20_000_000
_LARGEST_RESULT = 100_000_000
#: Most rows of a result.
_MOST_ROWS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class QueryResult:
    """The result of a query.

    Attributes:
        columns: Names of the columns.
        rows: Values of each row: int, float, str, bytes or None.
        more: Whether there are more rows than the limit.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    more: bool


def run_query(
    path: Path, sql: str, *, limit: int | None = None, seconds: float = 60.0
) -> QueryResult:
    """Run one SQL statement that reads. A process that works on the run is not disturbed.

    Args:
        path: The database.
        sql: The statement.
        limit: Maximum number of rows; None for all.
        seconds: Time limit (s).

    Raises:
        UsageError: The statement is wrong, writes, opens another file, or takes too long.
        UsageError: The result is larger than 100 MB, or has more than a million rows.
        UsageError: The file is not the database of a run.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "run.sqlite"
        ...     schema.create(path)
        ...     print(run_query(path, "SELECT count(*) AS candidates FROM candidates"))
        QueryResult(columns=('candidates',), rows=[(0,)], more=False)
    """
    connection = schema.connect(path, read_only=True)
    end = time.monotonic() + seconds
    # SQLite has neither one message nor one error code for all refusals.
    refused: list[int] = []

    def authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        if _only_reads(action, first, second):
            return sqlite3.SQLITE_OK
        refused.append(action)
        return sqlite3.SQLITE_DENY

    try:
        connection.execute("PRAGMA query_only = ON")
        # The first use of json_each writes a virtual table into the connection's own schema.
        connection.execute("SELECT value FROM json_each('[]')").fetchall()
        connection.set_authorizer(authorize)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        connection.set_progress_handler(lambda: time.monotonic() > end, _CHECK_INTERVAL)
        cursor = connection.execute(sql)
        rows = _fetch(cursor, None if limit is None else limit + 1)
    except (sqlite3.Error, sqlite3.Warning, ValueError, MemoryError) as error:
        if isinstance(error, UsageError):
            raise
        if refused:
            message = "SQL: a query can only read a run: expected a SELECT statement"
        else:
            message = _explained(error, seconds)
        raise UsageError(message) from None
    finally:
        connection.close()
    if cursor.description is None:
        raise UsageError("SQL: expected one statement that reads, such as SELECT, got none")
    columns = tuple(column[0] for column in cursor.description)
    kept = rows if limit is None else rows[:limit]
    return QueryResult(columns=columns, rows=kept, more=len(kept) < len(rows))


def _fetch(cursor: sqlite3.Cursor, most: int | None) -> list[tuple[Any, ...]]:
    """The rows of a query one by one, as long as they fit into memory."""
    rows: list[tuple[Any, ...]] = []
    size = 0
    for row in itertools.islice(cursor, most):
        if len(rows) == _MOST_ROWS:
            raise UsageError(f"SQL: the result has more than {_MOST_ROWS} rows; add a LIMIT")
        size += sys.getsizeof(row) + sum(map(sys.getsizeof, row))
        if size > _LARGEST_RESULT:
            raise UsageError(
                f"SQL: the result is larger than {_LARGEST_RESULT // 1_000_000} MB: got "
                f"{len(rows)} rows so far; ask for less with LIMIT, or for fewer columns"
            )
        rows.append(row)
    return rows


def _only_reads(action: int, first: str | None, second: str | None) -> bool:
    """Whether a step of a statement changes nothing."""
    if action == sqlite3.SQLITE_PRAGMA:
        return first in _SCHEMA_PRAGMAS
    return action in _READ_ACTIONS and second != "load_extension"


def _explained(error: Exception, seconds: float) -> str:
    message = one_line(error)
    if message == "interrupted":
        return (
            f"SQL: the query took longer than {seconds:g} s: ask for less, or allow more time with "
            "--seconds"
        )
    return f'SQL: {message.rstrip(".")}; the guide "Runs" describes the tables and columns'
