"""What an algorithm with several criteria kept: its Pareto front, or its archive as a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from codesign.report.charts import Figure, scatter_chart
from codesign.report.pictures import Pictures
from codesign.store import FRONT

if TYPE_CHECKING:
    from codesign.config import Settings
    from codesign.store import Candidate, Database

#: Units of criteria.
UNITS = {"speed": "m/s", "mass": "kg", "height": "m", "size": "m"}
#: Role of the bodies of an archive.
ARCHIVE = "archive"
#: Cells of a map along each axis, points of a chart, and bodies of a row.
MOST_CELLS, MOST_POINTS, MOST_BODIES = 10, 1500, 24
#: Lightness of the color of the worst and of the best cell.
FAINT, STRONG = 0.08, 0.62


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of the map.

    Attributes:
        number: The best candidate in it.
        score: Its score.
        strength: Where the score lies between the worst and the best one of the map, as opacity.
        picture: The body.
    """

    number: int
    score: float
    strength: float
    picture: str


@dataclass(frozen=True, kw_only=True)
class Map:
    """The bodies of an archive by two descriptors.

    Attributes:
        x: Name of the descriptor along the rows.
        y: Name of the descriptor along the columns.
        columns: Labels of the columns.
        rows: Label and cells of each row, the highest first; None where no body is.
        kept: Number of bodies in the archive.
    """

    x: str
    y: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell | None]]]
    kept: int


@dataclass(frozen=True, kw_only=True)
class Front:
    """A Pareto front.

    Attributes:
        chart: Candidates by the first two objectives.
        bodies: Number, picture and values of bodies along the front.
        kept: Number of bodies on the front.
    """

    chart: Figure
    bodies: Sequence[tuple[int, str, str]]
    kept: int


def front_of(database: Database, settings: Settings, pictures: Pictures) -> Front | None:
    """The Pareto front of a run; None if its algorithm has none.

    Args:
        database: Database of the run.
        settings: Settings of the run.
        pictures: What draws the pictures of the page.
    """
    kept = _kept(database, FRONT)
    if not kept:
        return None
    x, y = settings.objectives[:2]
    kept.sort(key=lambda one: one.result.metrics.get(x, 0.0))
    points = [
        (number, values[0], values[1], score)
        for number, score, values in database.metrics([x, y], most=MOST_POINTS)
        if values[0] is not None and values[1] is not None
    ]
    own = [
        (one.number, metrics.get(x, 0.0), metrics.get(y, 0.0), one.score)
        for one in kept
        for metrics in (one.result.metrics,)
    ]
    chart = scatter_chart(points, own, x=_axis(x), y=_axis(y), about="Pareto front")
    step = max(1, -(-len(kept) // MOST_BODIES))
    bodies = [
        (
            one.number,
            pictures.thumbnail(one.graph),
            ", ".join(
                f"{_label(n)} {v:.3g} {UNITS.get(n, '')}".strip()
                for n, v in one.result.criteria_values.items()
            ),
        )
        for one in kept[::step]
    ]
    return Front(chart=chart, bodies=bodies, kept=len(kept))


def map_of(database: Database, settings: Settings, pictures: Pictures) -> Map | None:
    """The archive of a run as a map by its first two descriptors; None if there is none.

    The cells divide the values that the archive has; they are those of the page, at most ten
    along each axis, and may hold several of the archive's own.

    Args:
        database: Database of the run.
        settings: Settings of the run.
        pictures: What draws the pictures of the page.
    """
    kept = _kept(database, ARCHIVE)
    if not kept:
        return None
    names = settings.descriptors[:2]
    values = np.array([[one.result.metrics.get(n, 0.0) for n in names] for one in kept])
    if len(names) < 2:
        values = np.column_stack([values, np.zeros(len(kept))])
    places, labels = zip(*(_binned(values[:, axis]) for axis in range(2)), strict=True)
    best: dict[tuple[int, int], Candidate] = {}
    for one, column, row in zip(kept, *places, strict=True):
        found = best.get((column, row))
        if found is None or one.score > found.score:
            best[column, row] = one
    scores = [one.score for one in best.values()]
    low, span = min(scores), max(max(scores) - min(scores), 1e-9)

    def cell(column: int, row: int) -> Cell | None:
        one = best.get((column, row))
        if one is None:
            return None
        strength = FAINT + (STRONG - FAINT) * (one.score - low) / span
        return Cell(
            number=one.number,
            score=one.score,
            strength=round(strength, 3),
            picture=pictures.thumbnail(one.graph),
        )

    columns, rows = labels
    return Map(
        x=_axis(names[0]),
        y=_axis(names[1]) if len(names) > 1 else "",
        columns=columns,
        rows=[
            (rows[row], [cell(column, row) for column in range(len(columns))])
            for row in reversed(range(len(rows)))
        ],
        kept=len(kept),
    )


def _kept(database: Database, role: str) -> list[Candidate]:
    """The candidates that have a role now."""
    ends = [event.generation or 0 for event in database.events("generation")]
    members: Mapping[str, Sequence[int]] = database.membership(max(ends)) if ends else {}
    found = [database.candidate(number) for number in members.get(role, ())]
    return [one for one in found if one.result.status == "ok"]


def _binned(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[list[int], list[str]]:
    """The cell of each value along an axis, and the labels of the cells."""
    low, high = float(values.min()), float(values.max())
    whole = bool((values == values.round()).all())
    if whole and high - low < MOST_CELLS:
        count = round(high - low) + 1
        return (values - low).round().astype(int).tolist(), [f"{low + n:g}" for n in range(count)]
    width = max(high - low, 1e-9) / MOST_CELLS
    cells = np.minimum(((values - low) / width).astype(int), MOST_CELLS - 1)
    labels = [f"{low + n * width:.3g} to {low + (n + 1) * width:.3g}" for n in range(MOST_CELLS)]
    return cells.tolist(), labels


def _axis(name: str) -> str:
    """The name of a criterion with its unit."""
    return f"{_label(name)} ({UNITS[name]})" if name in UNITS else _label(name)


def _label(name: str) -> str:
    """The name of a criterion for people; a plugin's without its module."""
    return name.rpartition(":")[2].replace("_", " ")
