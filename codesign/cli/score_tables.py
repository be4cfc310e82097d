"""Tables of score records."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from statistics import fmean

from rich.table import Table

from codesign.cli.tables import NAMES, PLAIN, RIGHT, on_task, with_interval
from codesign.scoring import ScoreRecord
from codesign.scoring.comparison import Comparison
from codesign.scoring.perturbations import PERTURBATIONS, SCORE_WHEN
from codesign.scoring.record import IMPORT, OUT_OF_DISTRIBUTION, unlikeness_text
from codesign.scoring.several_tasks import NORMALIZED
from hyperdistill_core.tasks import get_task
from morph_ops._messages import shortened

#: Number of episodes above which a comparison names no number.
_MANY = 10_000
#: Least share of the time on the ground that a node of the gait is named for.
_ON_THE_GROUND = 0.02
#: Largest number of robots that a warning names.
_NAMED_ROBOTS = 3
#: A number in a warning, which differs from robot to robot.
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d.]*(?:e[-+]?\d+)?")
#: Length of a name above which tables show its end alone.
_LONGEST_NAME = 36
#: Reward term of tasks whose score is a sum of speeds.
_SPEED = "forward"
#: Largest number of nodes that are named.
_NAMED_NODES = 6


def scores_table(records: Sequence[ScoreRecord], *, whole_names: bool = True) -> Table:
    """Score records, in the order given.

    Args:
        records: The records.
        whole_names: Whether long names are shown whole; :func:`short_names` otherwise.
    """
    table = Table(**PLAIN)
    table.add_column("robot", **NAMES)
    table.add_column("score ± 95%", **RIGHT)
    for title in ("m/s", "m", "fell", "status"):
        table.add_column(title, **RIGHT)
    variants = any(record.variant for record in records)
    if variants:
        table.add_column("variant", **RIGHT)
    metrics = {
        "zero_shot_score": "zero-shot",
        "percentile": "percentile",
        "unlikeness": "unlikeness",
    }
    shown = [name for name in metrics if any(name in record.metrics for record in records)]
    for name in shown:
        table.add_column(metrics[name], **RIGHT)
    names = _names([record.robot for record in records], whole=whole_names)
    for record in records:
        table.add_row(
            names[record.robot],
            with_interval(record),
            *_motion(record),
            record.status,
            *([str(record.variant)] if variants else []),
            *(f"{record.metrics[n]:.1f}" if n in record.metrics else "-" for n in shown),
        )
    return table


def _motion(record: ScoreRecord) -> tuple[str, str, str]:
    """Speed, distance and falls; dashes where nothing was simulated."""
    if record.status == "failed":
        return "-", "-", "-"
    falls = f"{sum(record.fell)} of {len(record.fell)}"
    return f"{record.speed:.2f}", f"{record.distance:.1f}", falls


def tasks_table(records: Sequence[ScoreRecord], *, whole_names: bool = True) -> Table:
    """Scores of robots on several tasks: a row for each robot, a column for each task.

    Mean and worst stand beside them where all scores are sums of speeds, or on one scale: these
    are then in brackets.

    Args:
        records: The records, one of each robot for each task.
        whole_names: As for :func:`scores_table`.
    """
    table = Table(**PLAIN, title="score ± 95%", title_justify="left")
    table.add_column("robot", **NAMES)
    tasks = list(dict.fromkeys(record.task for record in records))
    for task in tasks:
        table.add_column(task, **RIGHT)
    scaled = any(NORMALIZED in record.metrics for record in records)
    summed = scaled or are_sums_of_speeds(records)
    if summed:
        table.add_column("mean", **RIGHT)
        table.add_column("worst", **RIGHT)
    if scaled:
        table.caption = (
            "in brackets, mean and worst: on the scale on which the reference bodies get 100"
        )
        table.caption_justify = "left"
    by_robot: dict[str, list[ScoreRecord]] = {}
    for record in records:
        by_robot.setdefault(record.robot, []).append(record)
    known = any("unlikeness" in record.metrics for record in records)
    if known:
        table.add_column("unlikeness", **RIGHT)
    names = _names(list(by_robot), whole=whole_names)
    for robot, own in by_robot.items():
        cell = on_task if scaled else with_interval
        cells = [cell(record) if record.status == "ok" else record.status for record in own]
        summary = _mean_and_worst(own, scaled=scaled) if summed else ()
        table.add_row(names[robot], *cells, *summary, *([_unlikeness(own)] if known else []))
    return table


def _unlikeness(records: Iterable[ScoreRecord]) -> str:
    """How unusual a robot is for the controller, which no task changes; a dash where unknown."""
    found = (record.metrics.get("unlikeness") for record in records)
    return next((f"{value:.1f}" for value in found if value is not None), "-")


def are_sums_of_speeds(records: Sequence[ScoreRecord]) -> bool:
    """Whether the scores of different tasks have the same unit, because all reward speed alone.

    Args:
        records: The records.
    """
    return all(_SPEED in record.terms for record in records if record.status == "ok")


def _mean_and_worst(own: Sequence[ScoreRecord], *, scaled: bool) -> tuple[str, str]:
    """Mean and worst of the scores of a robot over tasks; dashes where a score means nothing."""
    if any(record.status != "ok" for record in own):
        return "-", "-"
    scores = [record.metrics[NORMALIZED] if scaled else record.score for record in own]
    return f"{fmean(scores):.1f}", f"{min(scores):.1f}"


def robustness_table(records: Sequence[ScoreRecord], *, whole_names: bool = True) -> Table:
    """Scores under each perturbation, beside the score without any.

    Args:
        records: The records.
        whole_names: As for :func:`scores_table`.
    """
    table = Table(**PLAIN, title="Scores under perturbations", title_justify="left")
    table.add_column("robot", **NAMES)
    for title in ("as it is", *PERTURBATIONS, "mean"):
        table.add_column(title, **RIGHT)
    short = _names([record.robot for record in records], whole=whole_names)
    for record in records:
        names = [*(f"{SCORE_WHEN}{name}" for name in PERTURBATIONS), "robustness"]
        if "robustness" in record.metrics:
            scores = (record.score, *(record.metrics[name] for name in names))
            table.add_row(short[record.robot], *(f"{score:.0f}" for score in scores))
    return table


def comparison_table(compared: Sequence[Comparison], *, whole_names: bool = True) -> Table:
    """The best robot against the others.

    Args:
        compared: The comparisons.
        whole_names: As for :func:`scores_table`.
    """
    best = compared[0].first if compared else "none"
    table = Table(**PLAIN, title=f"Compared with {best}", title_justify="left")
    table.add_column("robot", **NAMES)
    for title in ("is lower by", "95% interval", "significant", "episodes to tell"):
        table.add_column(title, **RIGHT)
    names = _names([one.second for one in compared], whole=whole_names)
    for one in compared:
        low, high = one.ci95
        needed = one.episodes_to_tell
        table.add_row(
            names[one.second],
            f"{one.difference:.1f}",
            f"{low:.1f} .. {high:.1f}",
            "yes" if one.significant else "no",
            f"{needed:.0f}" if needed < _MANY else f"more than {_MANY}",
        )
    return table


def _names(names: Sequence[str], *, whole: bool) -> dict[str, str]:
    return {name: name for name in names} if whole else short_names(names)


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Names of robots for a table: of long paths the last parts, as many as tell them apart.

    Args:
        names: Names, most of them paths.

    Examples:
        >>> short_names(["a.xml", "/home/me/campaigns/runs/walk/designs/design-01/design-01.json"])
        {'a.xml': 'a.xml', \
'/home/me/campaigns/runs/walk/designs/design-01/design-01.json': '…/design-01/design-01.json'}
    """
    parts = {name: PurePath(name).parts for name in names}
    if all(len(name) <= _LONGEST_NAME for name in parts):
        return {name: name for name in parts}
    for depth in range(2, max(map(len, parts.values())) + 1):
        short = {
            name: name if len(all_) <= depth else str(PurePath("…", *all_[-depth:]))
            for name, all_ in parts.items()
        }
        if len(set(short.values())) == len(short):
            return short
    return {name: name for name in parts}


def warning_lines(records: Iterable[ScoreRecord]) -> list[str]:
    """Warnings of records: a line for each kind of warning, with the robots that have it.

    Where robots differ in the numbers or names of a warning, the line has what they share.

    Args:
        records: Scored robots.
    """
    found: dict[str, dict[str, list[tuple[str, str]]]] = {}
    robots: dict[str, None] = {}
    for record in records:
        robots[record.robot] = None
        for warning in record.warnings:
            kind, key, text = _kind_of(warning)
            if not kind and record.status == "failed":
                key = text  # what is wrong with a file is a fact of its own
            entry = (text, record.robot)
            found.setdefault(kind or key, {}).setdefault(key, []).append(entry)
    names = short_names(robots)
    return [_warning_line(kind, texts, names) for kind, texts in found.items()]


def _kind_of(warning: str) -> tuple[str, str, str]:
    """Kind of a warning, empty for most; what robots share in it; and its text."""
    kind, _, text = warning.partition(": ")
    if not text or kind not in (IMPORT, OUT_OF_DISTRIBUTION):
        return "", _NUMBER.sub("…", warning), warning
    if kind == OUT_OF_DISTRIBUTION:
        return kind, _NUMBER.split(text, maxsplit=1)[0].strip(), text
    return kind, _NUMBER.sub("…", text.partition(": ")[0]), text


def _warning_line(
    kind: str, texts: Mapping[str, Sequence[tuple[str, str]]], names: Mapping[str, str]
) -> str:
    """The line of one kind of warning.

    Args:
        kind: The kind.
        texts: Texts and their robots, by what the texts share.
        names: Names of robots to show.
    """
    having = {robot for entries in texts.values() for _, robot in entries}
    robots = [robot for robot in names if robot in having]
    parts: list[str] = []
    cut = False
    for key, entries in texts.items():
        own = list(dict.fromkeys(text for text, _ in entries))
        if len(own) > 1 and len(robots) > 1:
            own, cut = [key], True
        elif kind == IMPORT:
            short = [shortened(text) for text in own]
            own, cut = short, cut or short != own
        count = len({robot for _, robot in entries})
        share = "" if count == len(robots) else f" ({count} of {len(robots)})"
        parts += [f"{text}{share}" for text in own]
    prefix = f"{kind}: " if kind in (IMPORT, OUT_OF_DISTRIBUTION) else ""
    more = "; codesign inspect ROBOT says more" if cut else ""
    return f"{_named([names[robot] for robot in robots])}: {prefix}{'; '.join(parts)}{more}"


def _named(robots: Sequence[str]) -> str:
    """The first robots by name, and the number of the others."""
    named = ", ".join(robots[:_NAMED_ROBOTS])
    more = len(robots) - _NAMED_ROBOTS
    return f"{named} and {more} more robots" if more > 0 else named


def details_table(record: ScoreRecord, nodes: Sequence[str]) -> Table:
    """All that one scoring found out, a line for each thing.

    Args:
        record: Record of a robot that was simulated.
        nodes: Names of its nodes, in the order of the duty factors.
    """
    table = Table.grid(padding=(0, 2, 0, 1))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, text in _details(record, nodes):
        table.add_row(name, text)
    return table


def _details(record: ScoreRecord, nodes: Sequence[str]) -> list[tuple[str, str]]:
    metrics = record.metrics
    low, high = record.ci95
    episodes = len(record.returns)
    seconds = fmean(record.lengths) * get_task(record.task).control_dt
    of = f"95% interval {low:.1f} .. {high:.1f}, " if episodes > 1 else ""
    lines = [
        ("score", f"{record.score:.1f}, {of}{episodes} episode{'s' * (episodes > 1)}"),
        ("terms", ", ".join(f"{name} {value:.1f}" for name, value in record.terms.items())),
        ("falls", f"{sum(record.fell)} of {episodes} episodes"),
        (
            "motion",
            f"{record.distance:.1f} m in {seconds:.1f} s at {record.speed:.2f} m/s"
            f"{_height(metrics.get('height'))}",
        ),
    ]
    if "raw_cost_of_transport" in metrics:
        lines.append(("cost of transport", f"{metrics['raw_cost_of_transport']:.2f}"))
    lines.append(("gait", _gait(record, nodes)))
    if "percentile" in metrics:
        lines.append(
            ("percentile", f"better than {metrics['percentile']:.0f}% of reference bodies")
        )
    unlikeness = unlikeness_text(metrics)
    if unlikeness is not None:
        lines.append(("unlikeness", unlikeness))
    return lines


def _height(height: float | None) -> str:
    return "" if height is None else f", torso at {height:.2f} m"


def _gait(record: ScoreRecord, nodes: Sequence[str]) -> str:
    period = record.metrics.get("period", math.nan)
    repeats = "no period" if math.isnan(period) else f"repeats every {period:.2f} s"
    shares = zip(nodes, record.duty_factors, strict=False)
    touching = sorted(
        ((name, share) for name, share in shares if share >= _ON_THE_GROUND),
        key=lambda one: -one[1],
    )
    if not touching:
        return f"{repeats}; nothing on the ground"
    named = ", ".join(f"{name} {share:.0%}" for name, share in touching[:_NAMED_NODES])
    more = len(touching) - _NAMED_NODES
    return f"{repeats}; on the ground: {named}{f' and {more} more nodes' * (more > 0)}"
