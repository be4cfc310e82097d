"""What a body is judged by, beside its score: objectives by name, and descriptors by name.

A name such as ``package.module:name`` is one of the user's own: a function of a scored
candidate, under :func:`objective` or :func:`descriptor`. A plain function is an objective to
be as large as possible.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from codesign.errors import RunError
from codesign.store import Candidate
from morph_ops import graph as body_graph
from morph_ops._messages import one_line
from morph_ops._registry import is_plugin, load_plugin, lookup
from morph_ops.errors import UnknownNameError
from morph_ops.geometry import extent, total_mass

#: Value of a body that did not simulate, whatever the objective.
WORST_MERIT = -1e9
#: Cost of transport of a body that gets nowhere: no body that walks comes near.
COST_WITHOUT_PROGRESS = 1e6


@dataclass(frozen=True)
class Objective:
    """Something to be as large, or as small, as possible.

    Attributes:
        unit: of the value.
        larger: whether larger is better.
        value: of a scored candidate.
        about: what it is.
    """

    unit: str
    larger: bool
    value: Callable[[Candidate], float]
    about: str

    def merit(self, candidate: Candidate) -> float:
        """The value with its sign turned where smaller is better."""
        if candidate.result.status != "ok":
            return WORST_MERIT
        value = self.value(candidate)
        return value if self.larger else -value


@dataclass(frozen=True)
class Descriptor:
    """Something to differ in: an axis of an archive.

    Attributes:
        unit: of the value.
        low: smallest value that an archive tells apart.
        high: largest.
        value: of a scored candidate.
        about: what it is.
    """

    unit: str
    low: float
    high: float
    value: Callable[[Candidate], float]
    about: str

    def place(self, candidate: Candidate) -> float:
        """The value within ``low .. high``; what lies beyond counts as the end."""
        return min(max(self.value(candidate), self.low), self.high)


def _measure(name: str, missing: float = 0.0) -> Callable[[Candidate], float]:
    return lambda candidate: candidate.result.metrics.get(name, missing)


def _duty(rank: int) -> Callable[[Candidate], float]:
    """The share of time on the ground of the part that is there rank-th most."""

    def value(candidate: Candidate) -> float:
        shares = sorted(candidate.result.duty_factors, reverse=True)
        return shares[rank] if rank < len(shares) else 0.0

    return value


def actuators(candidate: Candidate) -> float:
    """Number of motors."""
    return float(sum(1 for _ in body_graph.joints(candidate.graph)))


def _speed(candidate: Candidate) -> float:
    """Way by the time of a whole episode: who falls at once has been fast for no time."""
    from hyperdistill_core.tasks import get_task

    task = get_task(candidate.result.task)
    return candidate.result.distance / (task.max_steps * task.control_dt)


def _cost_of_transport(candidate: Candidate) -> float:
    """Of a body on its feet; by how much sooner it falls than an episode ends, it costs more."""
    from hyperdistill_core.tasks import get_task

    record = candidate.result
    cost = record.metrics.get("raw_cost_of_transport", COST_WITHOUT_PROGRESS)
    whole = get_task(record.task).max_steps * record.episodes
    return min(cost * whole / max(sum(record.lengths), 1), COST_WITHOUT_PROGRESS)


def _size(candidate: Candidate) -> float:
    return float(extent(candidate.graph).max())


OBJECTIVES: dict[str, Objective] = {
    "score": Objective("-", True, lambda c: c.score, "mean return of the task"),
    "speed": Objective("m/s", True, _speed, "way along x by the time of a whole episode"),
    "cost_of_transport": Objective(
        "-", False, _cost_of_transport, "work per weight and way, by the share of time until a fall"
    ),
    "mass": Objective("kg", False, lambda c: total_mass(c.graph), "mass of the body"),
    "actuators": Objective("-", False, actuators, "number of motors"),
    "robustness": Objective(
        "-", True, _measure("robustness"), "score where the world or the body is not as expected"
    ),
}

DESCRIPTORS: dict[str, Descriptor] = {
    "size": Descriptor(
        "m", 0.4, 3.0, lambda c: float(extent(c.graph).max()), "longest side at rest"
    ),
    "limbs": Descriptor("-", 1.0, 11.0, lambda c: float(len(c.graph) - 1), "number of limbs"),
    "mass": Descriptor("kg", 0.0, 60.0, lambda c: total_mass(c.graph), "mass of the body"),
    "actuators": Descriptor("-", 1.0, 20.0, actuators, "number of motors"),
    "symmetry": Descriptor("-", 0.0, 1.0, _measure("symmetry"), "likeness of left and right"),
    "contact": Descriptor("-", 0.0, 1.0, _measure("contact"), "share of time on the ground"),
    "height": Descriptor("m", 0.0, 1.5, _measure("height"), "mean height of the torso"),
    **{
        f"duty_{rank + 1}": Descriptor(
            "-", 0.0, 1.0, _duty(rank), f"share of time on the ground of part {rank + 1} by it"
        )
        for rank in range(4)
    },
}


def objective(
    *, unit: str = "-", larger: bool = True
) -> Callable[[Callable[[Candidate], float]], Objective]:
    """Makes an objective of a function.

    Args:
        unit: of the value.
        larger: whether larger is better.
    """
    return lambda value: Objective(unit, larger, value, value.__doc__ or value.__name__)


def descriptor(
    *, low: float, high: float, unit: str = "-"
) -> Callable[[Callable[[Candidate], float]], Descriptor]:
    """Makes a descriptor of a function.

    Args:
        low: smallest value that an archive tells apart.
        high: largest.
        unit: of the value.

    Raises:
        ValueError: ``low`` is not below ``high``.
    """
    if not low < high:
        raise ValueError(f"descriptor: expected low below high, got {low:g} and {high:g}")
    return lambda value: Descriptor(unit, low, high, value, value.__doc__ or value.__name__)


def get_objective(name: str) -> Objective:
    """The objective called ``name``.

    Raises:
        UnknownNameError: there is none, or something else under that name.
    """
    if not is_plugin(name):
        return lookup(OBJECTIVES, name, what="objective")
    found = load_plugin(name, what="objective")
    if not isinstance(found, Objective):
        if not callable(found):
            kind = type(found).__name__
            raise UnknownNameError(
                f"no objective {name!r}: expected a function of a candidate, got {kind}"
            )
        value: Any = found
        found = objective()(value)
    return replace(found, value=_guarded(name, found.value))


def get_descriptor(name: str) -> Descriptor:
    """The descriptor called ``name``.

    Raises:
        UnknownNameError: there is none, or something else under that name.
    """
    if not is_plugin(name):
        return lookup(DESCRIPTORS, name, what="descriptor")
    found = load_plugin(name, what="descriptor")
    if not isinstance(found, Descriptor):
        raise UnknownNameError(
            f"no descriptor {name!r}: expected a function under @descriptor(low=..., high=...), "
            f"got {type(found).__name__}"
        )
    return replace(found, value=_guarded(name, found.value))


def with_metrics(
    candidate: Candidate, metrics: Mapping[str, Callable[[Candidate], float]]
) -> Candidate:
    """The candidate with what it is judged by in its record, where it simulates.

    Args:
        candidate: scored.
        metrics: what an algorithm looks at, by name.
    """
    if candidate.result.status != "ok":
        return candidate
    values = {name: float(value(candidate)) for name, value in metrics.items()}
    return replace(candidate, record=candidate.result.with_criteria(values))


def _guarded(name: str, value: Callable[[Candidate], float]) -> Callable[[Candidate], float]:
    """A function of the user's own, whose failure ends the run with one line."""

    def guarded(candidate: Candidate) -> float:
        try:
            number = float(value(candidate))
        except Exception as error:
            raise RunError(
                f"{name} failed on {candidate.name}: {type(error).__name__}: {one_line(error)}"
            ) from error
        if not math.isfinite(number):
            raise RunError(f"{name} gave {number} for {candidate.name}: expected a finite number")
        return number

    return guarded
