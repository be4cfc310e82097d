"""The log of a training: a CSV file with one row for each report, and curves for TensorBoard."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path

from hyperdistill_core.errors import TrainingError


def append_row(path: Path, row: Mapping[str, float]) -> None:
    """Append a row to a CSV file; a new file begins with a row of the names.

    Args:
        path: The file.
        row: Values by name, the same names in every row. Integers are written with all digits,
            other numbers with six.

    Examples:
        >>> import tempfile
        >>> log = Path(tempfile.mkdtemp()) / "log.csv"
        >>> append_row(log, {"steps": 64, "return": 12.5})
        >>> log.read_text().splitlines()
        ['steps,return', '64,12.5']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(row))
        if new:
            writer.writeheader()
        writer.writerow({n: v if isinstance(v, int) else f"{v:.6g}" for n, v in row.items()})


def drop_rows(path: Path, *, beyond: float) -> None:
    """Drop the rows of updates whose checkpoint was not written.

    Args:
        path: The file; nothing happens if it does not exist.
        beyond: Largest value of "steps" that is kept.

    Examples:
        >>> import tempfile
        >>> log = Path(tempfile.mkdtemp()) / "log.csv"
        >>> for steps in (64, 128):
        ...     append_row(log, {"steps": steps})
        >>> drop_rows(log, beyond=64)
        >>> log.read_text().splitlines()
        ['steps', '64']
    """
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        names, rows = list(reader.fieldnames or ()), list(reader)
    # An incomplete row has no steps.
    kept = [row for row in rows if float(row["steps"] or math.inf) <= beyond]
    if len(kept) == len(rows):
        return
    text = StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=names)
    writer.writeheader()
    writer.writerows(kept)
    path.write_bytes(text.getvalue().encode())


def tensorboard_log(folder: Path) -> Callable[[Mapping[str, float]], None]:
    """A function that writes rows with "steps" as curves for TensorBoard.

    Args:
        folder: Folder of the curves.

    Raises:
        TrainingError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise TrainingError(
            "TensorBoard is not installed: run pip install 'codesign[tensorboard]'"
        ) from None
    writer = SummaryWriter(str(folder))

    def write(row: Mapping[str, float]) -> None:
        for name, value in row.items():
            if name != "steps":
                writer.add_scalar(name, value, int(row["steps"]))  # pyright: ignore[reportUnknownMemberType]  untyped
        writer.flush()

    return write
