"""The database of a run as tables for other programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from codesign.exporting.extras import require_packages
from codesign.exporting.lineage import phylogeny, to_csv
from codesign.store import Database
from codesign.store.schema import TABLES

#: Formats of a run's history.
HISTORY_FORMATS = ("csv", "parquet", "phylogeny")
_PARQUET_TYPES = {"INTEGER": "int64", "REAL": "float64", "TEXT": "string"}

#: The SQLite type and the values of each column, by name.
Columns: TypeAlias = dict[str, tuple[str, list[Any]]]


def write_history(database: Database, folder: Path, *, formats: Sequence[str]) -> None:
    """Write the history of a run into a folder.

    Args:
        database: The database of the run.
        folder: The folder, which must exist.
        formats: Formats. "csv" and "parquet" make one file for each table, "phylogeny" makes
            ``phylogeny.csv``; formats that are not in :data:`HISTORY_FORMATS` are ignored.

    Raises:
        UsageError: The format is "parquet" and pyarrow is not installed.
    """
    if "phylogeny" in formats:
        (folder / "phylogeny.csv").write_text(to_csv(phylogeny(database)), "utf-8")
    writers = {"csv": _write_csv, "parquet": _write_parquet}
    for format_, write in writers.items():
        if format_ in formats:
            for name in TABLES:
                write(table(database, name), folder / f"{name}.{format_}")


def table(database: Database, name: str) -> Columns:
    """A table of the database of a run; JSON stays text.

    The reward terms and the metrics of score records are columns of their own, ``term_NAME``
    and ``metric_NAME``. A record without such a number has None there.

    Args:
        database: The database of the run.
        name: Name of the table, one of :data:`~codesign.store.schema.TABLES`.
    """
    types, rows = database.table(name)
    columns = {
        column: (type_, [row[index] for row in rows])
        for index, (column, type_) in enumerate(types.items())
    }
    if "record" in columns:
        records = [json.loads(text) for text in columns["record"][1]]
        for prefix, group in (("term", "terms"), ("metric", "metrics")):
            groups = [record[group] for record in records]
            for key in sorted({key for values in groups for key in values}):
                columns[f"{prefix}_{key}"] = ("REAL", [values.get(key) for values in groups])
    return columns


def _write_csv(columns: Columns, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(values for _, values in columns.values()), strict=True))


def _write_parquet(columns: Columns, path: Path) -> None:
    require_packages(["parquet"])
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    arrays = {
        name: arrow.array(values, type=_PARQUET_TYPES[type_])
        for name, (type_, values) in columns.items()
    }
    parquet.write_table(arrow.table(arrays), path)
