"""One score of the scores on several tasks.

Scores of different tasks have other units and sizes, so each is placed on a scale of its own before
they are compared: what the same reference bodies get on that task, under the same controller.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from statistics import fmean, pstdev
from typing import Any, Literal, TypeAlias, cast

import networkx as nx

from codesign.errors import UsageError
from codesign.scoring.perturbations import SCORE_WHEN
from codesign.scoring.record import ScoreRecord
from hyperdistill_core.evaluation.statistics import confidence_interval
from morph_ops.io import json_file

#: How one score is made of those on several tasks.
Aggregate: TypeAlias = Literal["mean", "min"]

#: Start of the metrics that are the scores on single tasks.
SCORE_ON = "score@"
#: The metric of a record of one of several tasks: its score on the common scale.
NORMALIZED = "normalized_score"
#: What the mean score of the reference bodies becomes.
FULL = 100.0
#: Episodes and seed of the scores of reference bodies: those of every campaign, whatever its seed,
#: so that the scores of several campaigns can be compared.
REFERENCE_EPISODES, REFERENCE_SEED = 2, 0
#: File of the reference bodies, made by ``benchmarks/reference_bodies.py``.
_BODIES = "reference_bodies.json"
#: Statuses from the least to the most serious one.
_STATUSES = ("ok", "pruned", "unstable", "failed")


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The scale of the scores of one task.

    A score is divided by the mean score of the reference bodies. Where this mean is nearer to zero
    than their standard deviation, or their scores are negative, a quotient means nothing; so in
    general the distance from the mean counts in units of the larger one of the two.

    Attributes:
        mean: Mean score of the reference bodies, which becomes 100.
        deviation: Standard deviation of their scores, at least 0.

    Raises:
        ValueError: Both are zero, so that there is no unit, or one of them is not finite.

    Examples:
        >>> Scale(mean=400.0, deviation=150.0).normalized(600.0)  # 600 / 400
        150.0
        >>> Scale(mean=-20.0, deviation=40.0).normalized(20.0)  # one deviation above the mean
        200.0
    """

    mean: float
    deviation: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and 0.0 < self.unit < math.inf):
            raise ValueError(
                "scale: expected finite scores that are not all zero, got a mean of "
                f"{self.mean} and a standard deviation of {self.deviation}"
            )

    @property
    def unit(self) -> float:
        """Distance between two scores that are 100 apart on the scale."""
        return max(abs(self.mean), self.deviation)

    def normalized(self, score: float) -> float:
        """A score on the scale.

        Args:
            score: Score on the task.
        """
        return FULL + FULL * (score - self.mean) / self.unit


#: The scale on which a score stays as it is.
AS_IT_IS = Scale(mean=FULL, deviation=0.0)


def reference_bodies() -> list[nx.DiGraph[str]]:
    """The bodies whose scores make the scale of every task: good ones among sampled bodies.

    Examples:
        >>> len(reference_bodies())
        8
    """
    text = (resources.files("codesign.scoring") / _BODIES).read_text("utf-8")
    return [json_file.from_json(json.dumps(body)) for body in json.loads(text)]


def scale_of(records: Sequence[ScoreRecord]) -> Scale:
    """The scale of a task, from the scores of the reference bodies on it.

    Bodies that did not simulate do not count.

    Args:
        records: The score records of the reference bodies on the task.

    Raises:
        UsageError: Fewer than half of the bodies simulated, or all scores are zero.
    """
    scores = [record.score for record in records if record.status == "ok"]
    task, controller = records[0].task, records[0].controller
    if 2 * len(scores) < len(records):
        why = next(r.warnings[-1] for r in records if r.status != "ok")
        raise UsageError(
            f"tasks: only {len(scores)} of {len(records)} reference bodies simulate on {task} "
            f"under {controller}, so that its scores have no scale: {why}; leave out {task}"
        )
    try:
        return Scale(mean=fmean(scores), deviation=pstdev(scores))
    except ValueError:
        raise UsageError(
            f"tasks: all reference bodies score 0 on {task} under {controller}, so that its scores "
            f"have no scale; choose another controller, or leave out {task}"
        ) from None


def combined(
    parts: Sequence[ScoreRecord], *, scales: Mapping[str, Scale], aggregate: Aggregate
) -> ScoreRecord:
    """One record of the records of a body on several tasks.

    Its ``score`` is the mean or the least of the normalized scores. ``returns`` and ``ci95`` are
    normalized, too: means over tasks of each episode's returns, or those of the least task.
    ``terms`` is the share of each task in the score. ``lengths`` and ``fell`` are those of all
    episodes of all tasks; speed, distance, duty factors, and metrics that all records have are
    means over tasks. The metrics "score@csr" and so on are the scores as they were. Scores under
    perturbations are normalized and combined as the score is.

    A body that failed or became unstable on any task did so as a whole: it has that status, and its
    score is the worst score of that task, whatever it scored on the others.

    Args:
        parts: The records, one a task, of the same body, controller, seed and episodes.
        scales: The scale of each task.
        aggregate: How the scores become one.

    Examples:
        >>> known = dict(robot="", hash="", controller="flat-v3", controller_hash="")
        >>> known |= dict(episodes=4, seed=0, worst_score=-10_000.0)
        >>> parts = [ScoreRecord.failed(task=task, **known) for task in ("flat", "csr")]
        >>> scales = dict.fromkeys(("flat", "csr"), Scale(mean=400.0, deviation=90.0))
        >>> record = combined(parts, scales=scales, aggregate="mean")
        >>> record.task, record.status, record.score, list(record.by_task)
        ('flat,csr', 'failed', -10000.0, ['flat', 'csr'])
    """
    scored = [on_scale(part, scales[part.task]) for part in parts]
    whole = replace(
        scored[0],
        task=",".join(part.task for part in parts),
        status=max((part.status for part in parts), key=_STATUSES.index),
        lengths=tuple(length for part in parts for length in part.lengths),
        fell=tuple(fell for part in parts for fell in part.fell),
        speed=fmean(part.speed for part in parts),
        distance=fmean(part.distance for part in parts),
        duty_factors=_means([part.duty_factors for part in parts]),
        warnings=_warnings(parts),
        steps=sum(part.steps for part in parts),
        seconds=sum(part.seconds for part in parts),
        metrics=_metrics(parts, scales, aggregate)
        | {f"{SCORE_ON}{part.task}": part.score for part in parts},
        by_task={part.task: part for part in scored},
    )
    if whole.status != "ok":
        worst = min(part.score for part in parts if part.status != "ok")
        return replace(whole, score=worst, ci95=(worst, worst), returns=(), terms={})
    return replace(whole, **_score(scored, scales, aggregate))


def on_scale(part: ScoreRecord, scale: Scale) -> ScoreRecord:
    """A record with its score on the scale among the metrics, where it was simulated.

    Args:
        part: The record on one task.
        scale: The scale of that task.
    """
    if part.status != "ok":
        return part
    return replace(part, metrics={**part.metrics, NORMALIZED: scale.normalized(part.score)})


def scales_to_json(scales: Mapping[str, Scale]) -> str:
    """Scales as JSON text, which :func:`scales_from_json` reads back exactly."""
    return json.dumps({task: vars(scale) for task, scale in scales.items()})


def scales_from_json(text: str) -> dict[str, Scale]:
    """The scales in JSON text.

    Raises:
        ValueError: The text holds no scales.
    """
    found: Any = json.loads(text)
    try:
        scales = cast("dict[str, dict[str, float]]", found).items()
        return {task: Scale(**{n: float(v) for n, v in known.items()}) for task, known in scales}
    except (AttributeError, TypeError) as error:
        raise ValueError(f"scales: expected mean and deviation of each task, got {text}") from error


def _score(
    parts: Sequence[ScoreRecord], scales: Mapping[str, Scale], aggregate: Aggregate
) -> dict[str, Any]:
    """Score, interval, returns and terms of a body that simulated on all tasks."""
    values = {part.task: part.metrics[NORMALIZED] for part in parts}
    returns = {p.task: [scales[p.task].normalized(one) for one in p.returns] for p in parts}
    if aggregate == "min":
        least = min(values, key=lambda task: values[task])
        values, returns = {least: values[least]}, {least: returns[least]}
    episodes = _means(list(returns.values()))
    return {
        "score": fmean(values.values()),
        "returns": episodes,
        "ci95": confidence_interval(episodes),
        "terms": {task: value / len(values) for task, value in values.items()},
    }


def _metrics(
    parts: Sequence[ScoreRecord], scales: Mapping[str, Scale], aggregate: Aggregate
) -> dict[str, float]:
    """The metrics that all records have, as one."""
    combine: Callable[[Sequence[float]], float] = fmean if aggregate == "mean" else min
    found: dict[str, float] = {}
    for name in parts[0].metrics:
        if not all(name in part.metrics for part in parts):
            continue
        if name == "robustness" or name.startswith(SCORE_WHEN):
            found[name] = combine([scales[p.task].normalized(p.metrics[name]) for p in parts])
        else:
            found[name] = fmean(part.metrics[name] for part in parts)
    return found


def _means(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Means of each column; none where a row is shorter than others."""
    return tuple(map(fmean, zip(*rows, strict=False)))


def _warnings(parts: Sequence[ScoreRecord]) -> tuple[str, ...]:
    """What all records warn of, once, and what single ones do, with the task."""
    shared = [one for one in parts[0].warnings if all(one in part.warnings for part in parts)]
    own = [f"{part.task}: {one}" for part in parts for one in part.warnings if one not in shared]
    return (*shared, *own)
