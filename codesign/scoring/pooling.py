"""Scores of one body over several sets of episodes, as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from codesign.scoring.record import ScoreRecord
from hyperdistill_core.evaluation.statistics import confidence_interval

#: A metric that a body lacks where it moved nowhere: the episodes in which it did say too little.
_COST = "raw_cost_of_transport"


def pooled(records: Sequence[ScoreRecord]) -> ScoreRecord:
    """The record of a body over the episodes of several records.

    Scores, metrics and other means count by their number of episodes; ``returns``, ``lengths`` and
    ``fell`` follow one another, and ``seeds`` says how many episodes are of which seed. A metric
    that some records lack is the mean over the others; the cost of transport is then left out. Of
    several tasks the score is the mean of the aggregated scores, so that it compares with those of
    other bodies.

    Args:
        records: Score records of one body under one controller, with different episodes. One that
            is not "ok" stands for the whole.

    Examples:
        >>> known = dict(robot="", hash="", task="flat", controller="flat-v3", controller_hash="")
        >>> one = ScoreRecord.failed(worst_score=0.0, episodes=2, seed=0, **known)
        >>> one = replace(one, status="ok", score=10.0, returns=(8.0, 12.0))
        >>> both = pooled([one, replace(one, seed=1, score=16.0, returns=(16.0, 16.0))])
        >>> both.score, both.returns, both.seeds
        (13.0, (8.0, 12.0, 16.0, 16.0), ((0, 2), (1, 2)))
    """
    for record in records:
        if record.status != "ok":
            return record
    first, *others = records
    if not others:
        return first

    def mean(of: Callable[[ScoreRecord], float], known: Sequence[ScoreRecord] = records) -> float:
        return float(np.average([*map(of, known)], weights=[each.episodes for each in known]))

    returns = tuple(value for record in records for value in record.returns)
    terms = dict.fromkeys(name for record in records for name in record.terms)
    metrics = dict.fromkeys(name for record in records for name in record.metrics)
    having = {name: [each for each in records if name in each.metrics] for name in metrics}
    if len(having.get(_COST, records)) < len(records):
        del having[_COST]
    nodes = range(min(len(record.duty_factors) for record in records))
    return replace(
        first,
        episodes=sum(record.episodes for record in records),
        score=mean(lambda record: record.score),
        ci95=confidence_interval(returns),
        returns=returns,
        lengths=tuple(value for record in records for value in record.lengths),
        fell=tuple(value for record in records for value in record.fell),
        terms={name: mean(lambda r, name=name: r.terms.get(name, 0.0)) for name in terms},
        speed=mean(lambda record: record.speed),
        distance=mean(lambda record: record.distance),
        metrics={
            name: mean(lambda r, name=name: r.metrics[name], known)
            for name, known in having.items()
        },
        duty_factors=tuple(mean(lambda r, node=node: r.duty_factors[node]) for node in nodes),
        warnings=tuple(dict.fromkeys(text for record in records for text in record.warnings)),
        steps=sum(record.steps for record in records),
        seconds=sum(record.seconds for record in records),
        by_task={
            task: pooled([record.by_task[task] for record in records]) for task in first.by_task
        },
        seeds=tuple(seed for record in records for seed in record.of_each_seed),
    )
