"""``designs.csv``: where exported designs come from, and what they score."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from codesign.errors import UsageError
from codesign.exporting.design import Design, DesignRollout
from codesign.exporting.design_record import finetuning_values
from codesign.scoring import load_controller
from codesign.store import Candidate
from morph_ops._messages import one_line

DESIGN_TABLE = "designs.csv"

#: The values of one design by column.
Row: TypeAlias = dict[str, Any]


def candidate_row(design: Design, candidate: Candidate) -> Row:
    """The row of a design of a run.

    Args:
        design: The design.
        candidate: The candidate that it was. The row has the score that designs are ranked by:
            that after fine-tuning, of the re-evaluation, or of the search, the first that is there.
    """
    record = candidate.final
    return {
        "design": design.name,
        "candidate": candidate.number,
        "score": record.score,
        "ci_low": record.ci95[0],
        "ci_high": record.ci95[1],
        "episodes": record.episodes,
        "fell": sum(record.fell),
        "speed": record.speed,
        "distance": record.distance,
        "variant": design.variant,
        "task": record.task,
        "controller": record.controller,
        "controller_hash": record.controller_hash,
        **{f"metric_{name}": value for name, value in record.metrics.items()},
        **finetuning_values(design),
    }


def finetuned_row(design: Design, rollout: DesignRollout) -> Row:
    """The row of a fine-tuned design that is no candidate of a run.

    Args:
        design: The design.
        rollout: The controller, and the episodes of the fine-tuned score.
    """
    return {
        "design": design.name,
        "episodes": rollout.episodes,
        "variant": design.variant,
        "controller": Path(rollout.controller).stem,
        **finetuning_values(design),
    }


def write_design_table(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows as CSV; a value that a row lacks stays empty.

    Args:
        rows: The rows. Columns come in the order of their first appearance.
        path: The file.
    """
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def variants_of(folder: Path, controller: str) -> dict[str, int]:
    """The variants that the designs in a folder were scored with.

    Args:
        folder: The folder of the designs.
        controller: Name or file of the controller.

    Returns:
        The variants by design; empty for another controller, whose variants are others.

    Raises:
        UsageError: The table of the designs is damaged.

    Examples:
        >>> import tempfile
        >>> row = {"design": "walker", "controller": "flat-v2", "variant": 3}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_design_table([row], Path(folder) / DESIGN_TABLE)
        ...     variants_of(Path(folder), "flat-v2"), variants_of(Path(folder), "flat-v0")
        ({'walker': 3}, {})
    """
    if not (folder / DESIGN_TABLE).is_file():
        return {}
    stem = Path(controller).stem
    table = folder / DESIGN_TABLE
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["controller"] == stem]
        variants = {row["design"]: int(row["variant"]) for row in rows}
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise UsageError(
            f"{table}: expected a comma-separated table with the columns design, controller and "
            f"variant (a whole number), got another one ({one_line(error)}); write it anew with "
            "codesign export, or rename it"
        ) from None
    of_controller = {row["design"]: row.get("controller_hash") for row in rows}
    if any(of_controller.values()):  # adapted controllers share their names
        with suppress(UsageError):  # (who scores by a controller that is missing says so)
            known = (None, "", load_controller(controller).hash)
            return {name: each for name, each in variants.items() if of_controller[name] in known}
    return variants
