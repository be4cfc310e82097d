"""Objectives: falls cost speed and energy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codesign.campaign.objectives import COST_WITHOUT_PROGRESS, lookup_objective
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
