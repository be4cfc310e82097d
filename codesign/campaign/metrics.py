"""Metrics: numbers about how candidates did.

A metric is a function of a scored candidate. The criteria of an algorithm are the metrics that it
compares candidates by, beside the score: the objectives of NSGA-II, the descriptors of an archive.
"""

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
#: The metrics that an algorithm compares candidates by, beside the score, by name.
Criteria: TypeAlias = Mapping[str, Metric]


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


def with_criteria(candidate: Candidate, criteria: Criteria) -> Candidate:
    """A candidate whose score record has the values of the criteria.

    Args:
        candidate: The scored candidate. One that did not simulate stays as it is.
        criteria: The result of :meth:`~codesign.campaign.Algorithm.criteria`.

    Raises:
        RunError: The metric of a plugin failed.
    """
    if candidate.result.status != "ok":
        return candidate
    values = {name: float(metric(candidate)) for name, metric in criteria.items()}
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
