"""Runs side by side: curves of groups of seeds, best designs, and settings that differ."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.report.charts import Figure, comparison_chart, mean_interval
from codesign.report.content import flat
from codesign.report.designs import Card, cards
from codesign.report.episodes import designs_everywhere, recordings_of
from codesign.report.history import fitness
from codesign.report.pictures import Pictures
from codesign.store import RunFolder

if TYPE_CHECKING:
    from codesign.config import Settings
    from codesign.scoring import ScoreRecord
    from codesign.store import Database, Summary

#: Settings, and tables of settings, that do not make two runs different searches.
NO_DIFFERENCE = frozenset({"seed", "workers", "cluster", "time_limit", "top", "alarms"})
#: What settings say in place of a table, and what the page says of it.
MISSING, OFF, ON = "null", "off", "on"
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
        rescores: Best score of the bodies that were scored anew, by number of the adaptation.
        card: Its best design; None where no body simulates.
        zero_shot: Best score record without fine-tuning, on fresh episodes where there are any;
            None where no body simulates.
    """

    name: str
    anchor: str
    settings: Mapping[str, str]
    summaries: Sequence[Summary]
    rescores: Mapping[int, float]
    card: Card | None
    zero_shot: ScoreRecord | None

    @property
    def finetuned(self) -> ScoreRecord | None:
        """Score record of the best design after the fine-tuning of the run; None without."""
        return self.card.record if self.card and self.card.learned else None


class Mean(NamedTuple):
    """Mean over the runs of a group.

    Attributes:
        value: The mean.
        half: Half of its 95% interval; 0 for fewer than three runs.
    """

    value: float
    half: float


@dataclass(frozen=True, kw_only=True)
class Group:
    """Runs of the same settings but for the seed.

    Attributes:
        name: What sets it apart: the settings that differ, or the name of its run.
        scored_on: What its scores are about, from :func:`scored_on`; others do not compare.
        runs: Its runs.
        zero_shot: Best zero-shot scores of its runs; None where a run has none.
        finetuned: Best scores after fine-tuning; None where a run has none.
    """

    name: str
    scored_on: str
    runs: Sequence[RunPart]
    zero_shot: Mean | None
    finetuned: Mean | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What a page about several runs says.

    Attributes:
        groups: The runs by settings: those whose scores compare stand together, the best group
            first.
        figures: Their curves, a figure for all groups whose scores compare.
        differing: Settings that differ: name, and value in each group.
        by_finetuned: Whether the groups are ranked by scores after fine-tuning: all runs have
            them. Zero-shot scores do not compare with those.
    """

    groups: Sequence[Group]
    figures: Mapping[str, Figure]
    differing: Sequence[tuple[str, Sequence[str]]]
    by_finetuned: bool

    def groups_on(self, scored_on: str) -> list[Group]:
        """The groups whose scores compare, the best one first.

        Args:
            scored_on: What their scores are about, a key of ``figures``.
        """
        return [group for group in self.groups if group.scored_on == scored_on]

    def ranked_by(self, group: Group) -> Mean | None:
        """The mean that a group is ranked by; None where a run of it has no such score."""
        return group.finetuned if self.by_finetuned else group.zero_shot

    def best_of(self, group: Group) -> tuple[str, ScoreRecord] | None:
        """Name and score record of the best run of a group; None where no body simulates."""
        known = [
            (run.name, run.finetuned if self.by_finetuned else run.zero_shot) for run in group.runs
        ]
        found = [(name, record) for name, record in known if record is not None]
        return max(found, key=lambda one: one[1].score, default=None)


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
    everywhere = int(place <= designs_everywhere(len(settings.task_names)))
    recordings, _ = recordings_of(best, RunFolder(run), everywhere=everywhere)
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
        rescores=database.best_rescores(),
        card=made[0] if made else None,
        zero_shot=_zero_shot(database),
    )


def _zero_shot(database: Database) -> ScoreRecord | None:
    """The best score record of a run without fine-tuning; None where no body simulates."""
    again = database.reevaluated()
    if again:
        number, _ = max(again, key=lambda one: one[1])
        return database.candidate(number).reevaluation
    best = database.best_in_search(1)
    return best[0].result if best else None


def compare(parts: Sequence[RunPart]) -> Comparison:
    """Compare runs.

    Args:
        parts: The runs.
    """
    parts = [
        replace(part, settings=settings)
        for part, settings in zip(parts, _marked([part.settings for part in parts]), strict=True)
    ]
    differing = _differing([part.settings for part in parts])
    by_settings: dict[tuple[str, ...], list[RunPart]] = {}
    for part in parts:
        key = tuple(part.settings.get(name, "") for name in differing)
        by_settings.setdefault(key, []).append(part)
    simulated = [part for part in parts if part.card]
    by_finetuned = bool(simulated) and all(part.finetuned for part in simulated)

    scales = list(dict.fromkeys(scored_on(part.settings) for part in parts))

    def place(group: Group) -> tuple[int, float]:
        ranked = group.finetuned if by_finetuned else group.zero_shot
        return scales.index(group.scored_on), math.inf if ranked is None else -ranked.value

    groups = sorted((_group(runs, differing) for runs in by_settings.values()), key=place)
    figures = {
        scale: comparison_chart(_curves([group for group in groups if group.scored_on == scale]))
        for scale in scales
    }
    return Comparison(
        groups=groups,
        figures=figures,
        differing=[
            (name, [group.runs[0].settings.get(name, "") for group in groups]) for name in differing
        ],
        by_finetuned=by_finetuned,
    )


def scored_on(settings: Mapping[str, str]) -> str:
    """What the scores of a run are about; only runs with the same answer compare by them.

    Args:
        settings: Flat settings of the run.

    Examples:
        >>> known = {"task": "flat", "aggregate": "min", "controller": "flat-v3"}
        >>> scored_on({**known, "tasks": "[]"})
        'flat'
        >>> scored_on({**known, "tasks": '["flat", "csr"]'})
        'flat, csr (least of the scores, normalized under flat-v3)'
    """
    tasks: list[str] = json.loads(settings["tasks"])
    if not tasks:
        return settings["task"]
    how = "least" if settings["aggregate"] == "min" else "mean"
    controller = settings["controller"]
    return f"{', '.join(tasks)} ({how} of the scores, normalized under {controller})"


def _marked(settings: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Flat settings that say "on" or "off" of each table that some of the runs lack."""
    tables = {name.partition(".")[0] for each in settings for name in each if "." in name}
    lacked = {table for table in tables if any(each.get(table) == MISSING for each in settings)}
    return [
        {**each, **{table: OFF if each.get(table) == MISSING else ON for table in lacked}}
        for each in settings
    ]


def _differing(settings: Sequence[Mapping[str, str]]) -> list[str]:
    """Names of the settings that make runs different searches.

    The entries of a table count among the runs alone that have it.

    Args:
        settings: Flat settings of each run, from :func:`_marked`.
    """
    found: list[str] = []
    for name in dict.fromkeys(name for each in settings for name in each):
        table, _, entry = name.partition(".")
        having = [each for each in settings if not entry or each.get(table) != OFF]
        if table not in NO_DIFFERENCE and len({each.get(name, "") for each in having}) > 1:
            found.append(name)
    return found


def _group(runs: Sequence[RunPart], differing: Sequence[str]) -> Group:
    settings = runs[0].settings
    name = ", ".join(f"{key} {settings[key]}" for key in differing if key in settings)
    if len(runs) == 1 or not differing:
        name = ", ".join(run.name for run in runs) if len(runs) < 4 else f"{len(runs)} runs"
    return Group(
        name=name,
        scored_on=scored_on(settings),
        runs=runs,
        zero_shot=_mean([run.zero_shot for run in runs]),
        finetuned=_mean([run.finetuned for run in runs]),
    )


def _mean(records: Sequence[ScoreRecord | None]) -> Mean | None:
    known = [record.score for record in records if record is not None]
    if len(known) < len(records):
        return None
    mean, half = mean_interval(np.array(known)[:, None])
    return Mean(float(mean[0]), float(half[0]))


def _curves(
    groups: Sequence[Group],
) -> dict[str, tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Numbers of candidates, and the best scores of the runs of each group until then."""
    most = max((len(run.summaries) for group in groups for run in group.runs), default=0)
    grid = np.unique(np.linspace(1, max(most, 1), POINTS).round().astype(np.intp))
    return {
        group.name: (grid, np.stack([_best_so_far(run, grid) for run in group.runs]))
        for group in groups
    }


def _best_so_far(run: RunPart, grid: NDArray[np.intp]) -> NDArray[np.float64]:
    """Best score after the numbers of candidates of a grid; NaN after the end of the run."""
    if not run.summaries:
        return np.full(len(grid), np.nan)
    curve = fitness(run.summaries, run.rescores)
    places = np.searchsorted(curve.candidates, grid, side="right") - 1
    best = np.where(places >= 0, curve.best[np.maximum(places, 0)], np.nan)
    return np.where(grid <= len(run.summaries), best, np.nan)
