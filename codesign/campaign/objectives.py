"""Objectives: numbers to maximize or minimize.

A plugin (``package.module:name``) is a function of a scored candidate, with or without the
decorator :func:`objective`. Without it, larger is better.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import fmean
from typing import cast

from codesign.campaign.metrics import Metric, actuator_count, checked, description, recorded
from codesign.config.names import OBJECTIVES, split_objective
from codesign.scoring import ScoreRecord
from codesign.store import Candidate
from morph_ops._registry import is_plugin, unfit_plugin
from morph_ops.geometry import total_mass

#: Merit of a body that did not simulate, for every objective.
WORST_MERIT = -1e9
#: Cost of transport of a body that moves nowhere; walking bodies are far below.
COST_WITHOUT_PROGRESS = 1e6


@dataclass(frozen=True)
class Objective:
    """A number to maximize or minimize.

    Attributes:
        unit: Unit of the value; "-" for none.
        larger: Whether larger is better.
        value: Function of a scored candidate.
        about: What the value is, in a few words.

    Examples:
        >>> mass.larger, mass.unit, mass.about
        (False, 'kg', 'Mass of the body.')
    """

    unit: str
    larger: bool
    value: Metric
    about: str

    def merit(self, candidate: Candidate) -> float:
        """The value, negated where smaller is better.

        Args:
            candidate: The scored candidate. One that did not simulate has the worst merit.
        """
        if candidate.result.status != "ok":
            return WORST_MERIT
        value = self.value(candidate)
        return value if self.larger else -value


def objective(*, unit: str = "-", larger: bool = True) -> Callable[[Metric], Objective]:
    """A decorator that makes an objective of a function.

    Args:
        unit: Unit of the value; "-" for none.
        larger: Whether larger is better.

    Examples:
        >>> @objective(larger=False)
        ... def nodes(candidate):
        ...     '''Number of nodes.'''
        ...     return len(candidate.graph)
        >>> nodes.about, nodes.larger
        ('Number of nodes.', False)
    """
    return lambda value: Objective(unit, larger, value, description(value))


@objective()
def score(candidate: Candidate) -> float:
    """Mean return of the task; on several tasks the aggregate of the normalized scores."""
    return candidate.score


@objective(unit="m/s")
def speed(candidate: Candidate) -> float:
    """Distance along x divided by the time of a whole episode: a fall costs the rest of it."""
    return fmean(map(_speed, candidate.result.parts))


def _speed(record: ScoreRecord) -> float:
    from hyperdistill_core.tasks import get_task

    task = get_task(record.task)
    return record.distance / (task.max_steps * task.control_dt)


@objective(larger=False)
def cost_of_transport(candidate: Candidate) -> float:
    """Work per weight and distance, divided by the share of a whole episode until the fall."""
    return fmean(map(_cost_of_transport, candidate.result.parts))


def _cost_of_transport(record: ScoreRecord) -> float:
    from hyperdistill_core.tasks import get_task

    cost = record.metrics.get("raw_cost_of_transport", COST_WITHOUT_PROGRESS)
    whole = get_task(record.task).max_steps * record.episodes
    return min(cost * whole / max(sum(record.lengths), 1), COST_WITHOUT_PROGRESS)


@objective(unit="kg", larger=False)
def mass(candidate: Candidate) -> float:
    """Mass of the body."""
    return total_mass(candidate.graph)


@objective(larger=False)
def actuators(candidate: Candidate) -> float:
    """Number of motors."""
    return actuator_count(candidate)


@objective()
def robustness(candidate: Candidate) -> float:
    """Mean score under perturbations of the body."""
    return recorded(candidate, "robustness")


def lookup_objective(name: str) -> Objective:
    """The objective with a name.

    Args:
        name: A name in the settings, or a plugin. With ``@TASK`` at its end it is the objective
            on one of several tasks.

    Raises:
        UnknownNameError: There is no such objective, or the plugin is not a function.

    Examples:
        >>> lookup_objective("mass").unit
        'kg'
    """
    name, task = split_objective(name)
    found = _lookup(name)
    if task is None:
        return found
    return replace(found, value=_on_task(found.value, task), about=f"On {task}: {found.about}")


def _on_task(value: Metric, task: str) -> Metric:
    """A metric of candidates on one of several tasks."""
    return lambda c: value(replace(c, record=c.result.by_task[task]))


def _lookup(name: str) -> Objective:
    found = OBJECTIVES.lookup(name)
    if not is_plugin(name):
        return found
    if not isinstance(found, Objective):
        if not callable(found):
            expected = "a function of a candidate"
            raise unfit_plugin(name, what="objective", expected=expected, found=found)
        found = objective()(cast(Metric, found))
    return replace(found, value=checked(name, found.value))
