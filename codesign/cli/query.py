"""``codesign query``: SQL on a run's database."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from codesign.store.query import QueryResult

#: Rows that people are shown.
SHOWN = 100


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("sql")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help=f"Most rows; by default {SHOWN} in a table, and all with --json and --csv.",
)
@click.option(
    "--seconds",
    default=60.0,
    show_default=True,
    type=click.FloatRange(min=0.0, min_open=True),
    help="Most time.",
)
@click.option("--json", "json_to", metavar="FILE|-", help="Write the rows as JSON; - is stdout.")
@click.option("--csv", "csv_to", metavar="FILE|-", help="Write the rows as CSV; - is stdout.")
def query(
    run: Path,
    sql: str,
    limit: int | None,
    seconds: float,
    json_to: str | None,
    csv_to: str | None,
) -> None:
    """Ask a run's database; also while it runs. SQL can only read.

    \b
    codesign query RUN "SELECT number, score FROM candidates ORDER BY score DESC LIMIT 5"

    docs/runs.md describes tables and columns.
    """
    from codesign.errors import UsageError
    from codesign.store import RunFolder
    from codesign.store.folder import DATABASE
    from codesign.store.query import run_query
    from morph_ops._text_file import require_writable, write_text

    targets = {to: text for to, text in ((json_to, _as_json), (csv_to, _as_csv)) if to is not None}
    if json_to is not None and json_to == csv_to:
        raise UsageError(f"--json and --csv both write to {json_to}: choose one")
    folder = RunFolder(run).path
    for target in targets:
        if target != "-":
            require_writable(target)
            if Path(target).resolve().parent == folder.resolve() and Path(target).exists():
                raise UsageError(f"{target} belongs to the run: choose another file")
    if limit is None and not targets:
        limit = SHOWN
    answer = run_query(folder / DATABASE, sql, limit=limit, seconds=seconds)
    texts = {target: write(answer) for target, write in targets.items()}
    for target, text in texts.items():
        if target == "-":
            click.echo(text, nl=False)
        else:
            write_text(target, text)
    if not texts:
        _show(answer)
    if answer.more:
        click.echo(f"only the first {limit} rows: --limit shows more", err=True)


def _show(answer: QueryResult) -> None:
    from rich.console import Console

    from codesign.cli.tables import rows_table

    Console(highlight=False).print(rows_table(answer.columns, answer.rows))


def _as_json(answer: QueryResult) -> str:
    """A list of objects; bytes are hexadecimal."""
    from codesign.errors import UsageError

    if len(set(answer.columns)) < len(answer.columns):
        raise UsageError("SQL: two columns have the same name: give each its own with AS")
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    try:
        return json.dumps(rows, indent=2, allow_nan=False, default=bytes.hex) + "\n"
    except ValueError:
        raise UsageError("SQL: JSON has no infinite numbers: use --csv") from None


def _as_csv(answer: QueryResult) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(answer.rows)
    return text.getvalue()
