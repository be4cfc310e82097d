"""Objectives: falls cost speed and energy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codesign.campaign.objectives import COST_WITHOUT_PROGRESS, WORST_MERIT, lookup_objective
from codesign.scoring import Scale, combined
from tests.codesign.campaign.algorithms.test_algorithms import candidate
from tests.helpers.formula_pool import BLANK


def test_a_fall_costs_speed():
    walks, falls = (
        replace(candidate(number, 0.0), record=replace(BLANK, task="flat", **way))
        for number, way in enumerate(
            ({"speed": 0.5, "distance": 10.0}, {"speed": 1.5, "distance": 1.0})
        )
    )
    values = [lookup_objective("speed").value(body) for body in (walks, falls)]
    assert values == pytest.approx([0.5, 0.05])


def test_a_fall_costs_energy():
    bodies = [candidate(0, 0.0, raw_cost_of_transport=2.0), candidate(1, 0.0)]
    bodies = [replace(b, record=replace(b.result, task="flat", episodes=2)) for b in bodies]
    costs = [
        lookup_objective("cost_of_transport").value(
            replace(body, record=replace(body.result, lengths=lengths))
        )
        for body in bodies
        for lengths in ((1000, 1000), (100, 400))
    ]
    assert costs == pytest.approx([2.0, 8.0, COST_WITHOUT_PROGRESS, COST_WITHOUT_PROGRESS])


def on_two_tasks(**flat):
    """A candidate that scored 10 on flat ground, in 4 m, and 30 on csr, in 12 m."""
    walks = replace(BLANK, status="ok", returns=(0.0,), lengths=(1,))
    parts = [
        replace(walks, **{"task": "flat", "score": 10.0, "distance": 4.0, **flat}),
        replace(walks, task="csr", score=30.0, distance=12.0),
    ]
    scales = {"flat": Scale(mean=20.0, deviation=5.0), "csr": Scale(mean=20.0, deviation=5.0)}
    record = combined(parts, scales=scales, aggregate="mean")
    return replace(candidate(0, 0.0), record=record)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("score", 100.0),
        ("score@flat", 10.0),
        ("score@csr", 30.0),
        ("speed", 0.4),
        ("speed@csr", 0.6),
        ("tests.codesign.campaign.test_objectives:distance@flat", 4.0),
    ],
)
def test_objectives_over_several_tasks_and_on_one(name, value):
    assert lookup_objective(name).value(on_two_tasks()) == pytest.approx(value)


def distance(candidate):
    """A custom objective."""
    return candidate.result.distance


def test_a_body_that_is_unstable_on_one_task_has_no_merit_on_any():
    broken = on_two_tasks(status="unstable", score=-10_000.0)
    assert lookup_objective("score@csr").merit(broken) == WORST_MERIT
