"""Scores of one body over several sets of episodes, as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce

from codesign.scoring.record import ScoreRecord
from hyperdistill_core.evaluation.statistics import confidence_interval


def pooled(records: Sequence[ScoreRecord]) -> ScoreRecord:
    """The record of a body over the episodes of several records.

    Scores and other means count by their number of episodes; ``returns``, ``lengths`` and ``fell``
    follow one another. A metric that some records lack is the mean over the others. ``seed`` and
    what the records agree on is that of the first.

    Args:
        records: Score records of one body under one controller, with different episodes. Those
            after one that is not "ok" do not count: such a record stands for itself.

    Examples:
        >>> known = dict(robot="", hash="", task="flat", controller="flat-v3", controller_hash="")
        >>> one = ScoreRecord.failed(worst_score=0.0, episodes=2, seed=0, **known)
        >>> one = replace(one, status="ok", score=10.0, returns=(8.0, 12.0))
        >>> both = pooled([one, replace(one, seed=1, score=16.0, returns=(16.0, 16.0))])
        >>> both.score, both.episodes, both.returns
        (13.0, 4, (8.0, 12.0, 16.0, 16.0))
    """
    return reduce(_pair, records)


def _pair(first: ScoreRecord, second: ScoreRecord) -> ScoreRecord:
    for record in (first, second):
        if record.status != "ok":
            return record
    whole = first.episodes + second.episodes
    weight = second.episodes / whole

    def mean(of: Callable[[ScoreRecord], float]) -> float:
        return (1.0 - weight) * of(first) + weight * of(second)

    names = {**first.metrics, **second.metrics}
    returns = (*first.returns, *second.returns)
    return replace(
        first,
        episodes=whole,
        score=mean(lambda record: record.score),
        ci95=confidence_interval(returns),
        returns=returns,
        lengths=(*first.lengths, *second.lengths),
        fell=(*first.fell, *second.fell),
        terms={
            name: mean(lambda record, name=name: record.terms.get(name, 0.0))
            for name in {**first.terms, **second.terms}
        },
        speed=mean(lambda record: record.speed),
        distance=mean(lambda record: record.distance),
        metrics={name: _known(mean, first, second, name) for name in names},
        duty_factors=tuple(
            mean(lambda record, node=node: record.duty_factors[node])
            for node in range(min(len(first.duty_factors), len(second.duty_factors)))
        ),
        warnings=tuple(dict.fromkeys((*first.warnings, *second.warnings))),
        steps=first.steps + second.steps,
        seconds=first.seconds + second.seconds,
        by_task={
            task: pooled([part, second.by_task[task]])
            for task, part in first.by_task.items()
            if task in second.by_task
        },
    )


def _known(
    mean: Callable[[Callable[[ScoreRecord], float]], float],
    first: ScoreRecord,
    second: ScoreRecord,
    name: str,
) -> float:
    """Mean of a metric over the records that have it."""
    found = [record.metrics[name] for record in (first, second) if name in record.metrics]
    return mean(lambda record: record.metrics[name]) if len(found) == 2 else found[0]
