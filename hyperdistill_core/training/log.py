"""A training's log: one CSV row a report, and TensorBoard's curves where they are asked for."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

from hyperdistill_core.errors import TrainingError


def append_row(path: Path, row: Mapping[str, float]) -> None:
    """Append a row; a new file begins with the names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(row))
        if new:
            writer.writeheader()
        writer.writerow({name: f"{value:.6g}" for name, value in row.items()})


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
