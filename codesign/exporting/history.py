"""A run's database as tables for other programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from codesign.errors import UsageError
from codesign.exporting.lineage import phylogeny, to_csv
from codesign.store import Database
from codesign.store.schema import TABLES

HISTORY_FORMATS = ("csv", "parquet", "phylogeny")
"""Formats of a run's history."""
_PARQUET_TYPES = {"INTEGER": "int64", "REAL": "float64", "TEXT": "string"}

Columns = dict[str, tuple[str, list[Any]]]
"""SQLite's type and the values of each column, by its name."""


def write_history(database: Database, folder: Path, *, formats: Sequence[str]) -> None:
    """Write a run's history into a folder.

    Args:
        database: of the run.
        folder: where.
        formats: those of :data:`HISTORY_FORMATS` count; "csv" and "parquet" make a file of each table,
            "phylogeny" the file phylogeny.csv.

    Raises:
        UsageError: "parquet" without pyarrow.
    """
    if "phylogeny" in formats:
        (folder / "phylogeny.csv").write_text(to_csv(phylogeny(database)), "utf-8")
    writers = {"csv": _write_csv, "parquet": _write_parquet}
    for format_, write in writers.items():
        if format_ in formats:
            for name in TABLES:
                write(table(database, name), folder / f"{name}.{format_}")


def table(database: Database, name: str) -> Columns:
    """A table of a run's database; JSON stays text.

    Beside the columns of ``candidates`` and ``finals`` stand the terms and metrics of
    their score records, as ``term_`` and ``metric_`` with their names; a record that
    lacks one has None there. ``variant`` is the controller's variant of the body.

    Args:
        database: of the run.
        name: of :data:`~codesign.store.schema.TABLES`.
    """
    types, rows = database.table(name)
    columns = {
        column: (type_, [row[index] for row in rows])
        for index, (column, type_) in enumerate(types.items())
    }
    if "record" in columns:
        records = [json.loads(text) for text in columns["record"][1]]
        columns["variant"] = ("INTEGER", [record["variant"] for record in records])
        for prefix, group in (("term", "terms"), ("metric", "metrics")):
            groups = [record[group] for record in records]
            for key in sorted({key for values in groups for key in values}):
                values = [values.get(key) for values in groups]
                columns[f"{prefix}_{key}"] = ("REAL", values)
    return columns


def _write_csv(columns: Columns, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(values for _, values in columns.values()), strict=True))


def _write_parquet(columns: Columns, path: Path) -> None:
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise UsageError(
            "the format parquet needs pyarrow: pip install 'codesign[tables]'; csv needs nothing"
        ) from None
    arrays = {
        name: arrow.array(values, type=_PARQUET_TYPES[type_])
        for name, (type_, values) in columns.items()
    }
    parquet.write_table(arrow.table(arrays), path)
