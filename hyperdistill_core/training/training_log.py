"""A training's log: one CSV row a report, and TensorBoard's curves where they are asked for."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path

from hyperdistill_core.errors import TrainingError


def append_row(path: Path, row: Mapping[str, float]) -> None:
    """Append a row, whole numbers with all their digits; a new file begins with the names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(row))
        if new:
            writer.writeheader()
        writer.writerow({n: v if isinstance(v, int) else f"{v:.6g}" for n, v in row.items()})


def drop_rows(path: Path, *, beyond: float) -> None:
    """Drop rows of more "steps", of a training that was cut off before its checkpoint."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        names, rows = list(reader.fieldnames or ()), list(reader)
    # A row that was cut off in the middle has no steps.
    kept = [row for row in rows if float(row["steps"] or math.inf) <= beyond]
    if len(kept) == len(rows):
        return
    text = StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=names)
    writer.writeheader()
    writer.writerows(kept)
    path.write_bytes(text.getvalue().encode())


def tensorboard_log(folder: Path) -> Callable[[Mapping[str, float]], None]:
    """What writes rows that have "steps" as curves into a folder.

    Raises:
        TrainingError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise TrainingError(
            "TensorBoard is not installed: pip install 'codesign[tensorboard]'"
        ) from None
    writer = SummaryWriter(str(folder))

    def write(row: Mapping[str, float]) -> None:
        for name, value in row.items():
            if name != "steps":
                writer.add_scalar(name, value, int(row["steps"]))
        writer.flush()

    return write
