"""``codesign query``: SQL on a run's database."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesign.cli.options import PATH, FloatRange, IntRange
from codesign.cli.text import echo, echo_data

if TYPE_CHECKING:
    from codesign.store.query import QueryResult

#: Number of rows that a table shows by default.
SHOWN = 100


@click.command()
@click.argument("run", type=PATH, metavar="RUN")
@click.argument("sql", metavar="SQL")
@click.option(
    "--limit",
    type=IntRange(min=1),
    help=f"Maximum number of rows.  [default: {SHOWN} in a table; all with --json or --csv]",
)
@click.option(
    "--seconds",
    default=60.0,
    show_default=True,
    type=FloatRange(min=0.0, min_open=True),
    help="Maximum time of the query (s).",
)
@click.option(
    "--json",
    "json_to",
    metavar="FILE|-",
    help="Write the rows as JSON, and replace FILE if it exists; - is stdout.",
)
@click.option(
    "--csv",
    "csv_to",
    metavar="FILE|-",
    help="Write the rows as CSV, and replace FILE if it exists; - is stdout.",
)
def query(
    run: Path,
    sql: str,
    limit: int | None,
    seconds: float,
    json_to: str | None,
    csv_to: str | None,
) -> None:
    """Query a run's database with SQL, also while the run goes on. SQL can only read.

    \b
    codesign query runs/NAME "SELECT number, score FROM candidates ORDER BY score DESC LIMIT 5"

    The guide "Runs" of the documentation describes tables and columns.
    """
    from codesign.api import load_run
    from codesign.errors import UsageError
    from morph_ops._text_file import require_writable, write_text

    targets = {to: text for to, text in ((json_to, _as_json), (csv_to, _as_csv)) if to is not None}
    if json_to is not None and json_to == csv_to:
        raise UsageError(f"--json and --csv both write to {json_to}: choose one")
    opened = load_run(run)
    for target in targets:
        if target != "-":
            require_writable(target)
            inside = Path(target).resolve().parent == opened.path.resolve()
            if inside and Path(target).exists():
                raise UsageError(f"{target} belongs to the run: choose another file")
    if limit is None and not targets:
        limit = SHOWN
    result = opened.query(sql, limit=limit, seconds=seconds)
    texts = {target: write(result) for target, write in targets.items()}
    for target, text in texts.items():
        if target == "-":
            echo_data(text)
        else:
            write_text(target, text)
    if not texts:
        _show(result)
    if result.more:
        echo(f"only the first {limit} rows: --limit shows more", err=True)


def _show(result: QueryResult) -> None:
    from codesign.cli.console import new_console, print_table
    from codesign.cli.tables import rows_table

    print_table(new_console(highlight=False), rows_table(result.columns, result.rows))


def _as_json(result: QueryResult) -> str:
    """A list of objects; bytes are hexadecimal."""
    from codesign.errors import UsageError

    if len(set(result.columns)) < len(result.columns):
        raise UsageError("SQL: two columns have the same name: give each its own with AS")
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    try:
        return json.dumps(rows, indent=2, allow_nan=False, default=bytes.hex) + "\n"
    except ValueError:
        raise UsageError("SQL: JSON has no infinite numbers: use --csv") from None


def _as_csv(result: QueryResult) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(result.columns)
    writer.writerows(result.rows)
    return text.getvalue()
