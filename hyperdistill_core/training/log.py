"""A training's log: one CSV row a report."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path


def append_row(path: Path, row: Mapping[str, float]) -> None:
    """Append a row; a new file begins with the names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(row))
        if new:
            writer.writeheader()
        writer.writerow({name: f"{value:.6g}" for name, value in row.items()})
