"""Runs side by side: curves of groups of seeds, best designs, and settings that differ."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from codesign.report.charts import Figure, comparison_chart, mean_interval
from codesign.report.content import flat
from codesign.report.designs import Card, cards, recordings_of
from codesign.report.history import fitness
from codesign.report.pictures import Pictures
from codesign.store import RunFolder

if TYPE_CHECKING:
    from codesign.config import Settings
    from codesign.store import Database, Summary

#: Settings that do not make two runs different searches.
NO_DIFFERENCE = frozenset({"seed", "workers", "cluster", "time_limit", "top"})
#: Points of the curves.
POINTS = 120


@dataclass(frozen=True, kw_only=True, eq=False)
class RunPart:
    """What a comparison needs of a run.

    Attributes:
        name: Name of the run folder.
        anchor: Name of its best design in links of the page.
        settings: Its settings, flat.
        summaries: All its candidates.
        card: Its best design; None where no body simulates.
    """

    name: str
    anchor: str
    settings: Mapping[str, str]
    summaries: Sequence[Summary]
    card: Card | None


@dataclass(frozen=True, kw_only=True)
class Group:
    """Runs of the same settings but for the seed.

    Attributes:
        name: What sets it apart: the settings that differ, or the name of its run.
        runs: Its runs.
        mean: Mean of the best scores of its runs, on fresh episodes where there are any.
        half: Half of the 95% interval of that mean; 0 for one run.
    """

    name: str
    runs: Sequence[RunPart]
    mean: float
    half: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What a page about several runs says.

    Attributes:
        groups: The runs by settings, the best group first.
        figure: Their curves.
        differing: Settings that differ: name, and value in each group.
    """

    groups: Sequence[Group]
    figure: Figure
    differing: Sequence[tuple[str, Sequence[str]]]


def part_of(
    database: Database,
    settings: Settings,
    *,
    place: int,
    run: Path,
    page: Path,
    pictures: Pictures,
) -> RunPart:
    """What a comparison needs of a run.

    Args:
        database: Database of the run, opened for reading.
        settings: Settings of the run.
        place: Place of the run among those of the page, from 1.
        run: Run folder.
        page: File of the page.
        pictures: What draws the pictures of the page.
    """
    summaries, best = database.summaries(), database.best(1)
    recordings, _ = recordings_of(best, RunFolder(run))
    made = cards(
        best,
        {one.number: one for one in summaries},
        recordings,
        pictures,
        designs=run / "designs",
        page=page,
        finetuned={},
        task=settings.task,
        most_moving=1,
    )
    return RunPart(
        name=run.resolve().name,
        anchor=f"run-{place}",
        settings=flat(json.loads(settings.model_dump_json())),
        summaries=summaries,
        card=made[0] if made else None,
    )


def compare(parts: Sequence[RunPart]) -> Comparison:
    """Compare runs.

    Args:
        parts: The runs.
    """
    names = dict.fromkeys(name for part in parts for name in part.settings)
    differing = [
        name
        for name in names
        if name not in NO_DIFFERENCE and len({part.settings.get(name) for part in parts}) > 1
    ]
    by_settings: dict[tuple[str, ...], list[RunPart]] = {}
    for part in parts:
        key = tuple(part.settings.get(name, "") for name in differing)
        by_settings.setdefault(key, []).append(part)
    groups = [_group(runs, differing) for runs in by_settings.values()]
    groups.sort(key=lambda group: -group.mean)
    most = max((len(part.summaries) for part in parts), default=0)
    grid = np.unique(np.linspace(1, max(most, 1), POINTS).round().astype(np.intp))
    curves = {
        group.name: (grid, np.stack([_best_so_far(run.summaries, grid) for run in group.runs]))
        for group in groups
    }
    return Comparison(
        groups=groups,
        figure=comparison_chart(curves),
        differing=[
            (name, [group.runs[0].settings.get(name, "") for group in groups]) for name in differing
        ],
    )


def _group(runs: Sequence[RunPart], differing: Sequence[str]) -> Group:
    best = np.array([[run.card.record.score if run.card else np.nan] for run in runs])
    mean, half = mean_interval(best)
    name = ", ".join(f"{key} {runs[0].settings.get(key, '')}" for key in differing)
    if len(runs) == 1 or not differing:
        name = ", ".join(run.name for run in runs) if len(runs) < 4 else f"{len(runs)} runs"
    return Group(
        name=name,
        runs=runs,
        mean=float(np.nan_to_num(mean[0], nan=-np.inf)),
        half=float(half[0]),
    )


def _best_so_far(
    summaries: Sequence[Summary], grid: np.ndarray[tuple[int], np.dtype[np.intp]]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Best score after the numbers of candidates of a grid; NaN after the end of the run."""
    curve = fitness(summaries)
    places = np.searchsorted(curve.candidates, grid, side="right") - 1
    best = np.where(places >= 0, curve.best[np.maximum(places, 0)], np.nan)
    return np.where(grid <= len(summaries), best, np.nan)
