"""Metrics: functions of scored candidates that algorithms compare by, beside the score."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from codesign.errors import RunError
from codesign.store import Candidate
from morph_ops import graph as body_graph
from morph_ops._messages import failure

#: A function of a scored candidate.
Metric: TypeAlias = Callable[[Candidate], float]


def recorded(candidate: Candidate, name: str) -> float:
    """A metric of the score record; 0 if the record lacks it.

    Args:
        candidate: The scored candidate.
        name: Name of the metric.
    """
    return candidate.result.metrics.get(name, 0.0)


def actuator_count(candidate: Candidate) -> float:
    """Number of motors.

    Args:
        candidate: The candidate.
    """
    return float(sum(1 for _ in body_graph.joints(candidate.graph)))


def with_metrics(candidate: Candidate, metrics: Mapping[str, Metric]) -> Candidate:
    """A candidate whose score record has the metrics that its algorithm compares by.

    Args:
        candidate: The scored candidate. One that did not simulate stays as it is.
        metrics: The metrics by name, from :meth:`~codesign.campaign.Algorithm.metrics`.

    Raises:
        RunError: The metric of a plugin failed.
    """
    if candidate.result.status != "ok":
        return candidate
    values = {name: float(metric(candidate)) for name, metric in metrics.items()}
    return replace(candidate, record=candidate.result.with_criteria(values))


def checked(name: str, metric: Metric) -> Metric:
    """The metric of a plugin, whose failure ends the run with one line.

    Args:
        name: Name of the plugin.
        metric: The function.
    """

    def value(candidate: Candidate) -> float:
        try:
            number = float(metric(candidate))
        except Exception as error:
            raise RunError(f"{name} failed on {candidate.name}: {failure(error)}") from error
        if not math.isfinite(number):
            raise RunError(
                f"{name} returned {number} for {candidate.name}: expected a finite number"
            )
        return number

    return value


def description(function: Any) -> str:
    """What a metric is: the docstring of its function, or its name."""
    return function.__doc__ or function.__name__
