"""Statistics of mutations, and the adaptive rates that follow them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codesign.campaign.operator_statistics import OperatorStatistics
from codesign.store import Candidate
from morph_ops import graph as body_graph
from tests.helpers.campaigns import search, small_settings
from tests.helpers.formula_pool import BLANK, FormulaPool, outcome


def scored(number, score, operator="sample", parents=(), status="ok"):
    record = replace(BLANK, score=score, status=status)
    graph = body_graph.new_body(body_graph.Torso(pos=(0.0, 0.0, 0.5), radius=0.1, density=900.0))
    unscored = Candidate.unscored(
        graph, number=number, generation=0, operator=operator, parents=parents
    )
    return unscored.scored(record)


def test_successful_mutations_gain_weight():
    statistics = OperatorStatistics({"grow_limb": 2.0, "gear": 1.0, "dof": 1.0})
    assert statistics.weights == {"grow_limb": 2.0, "gear": 1.0, "dof": 1.0}
    statistics.tell(scored(0, 5.0))
    for number in range(1, 41):
        good = number % 2 == 0
        operator = "crossover+gear" if good else "grow_limb"
        statistics.tell(scored(number, 6.0 if good else 5.0, operator, (0,)))
    weights = statistics.weights
    assert weights["gear"] == 1.0
    assert 0.4 < weights["dof"] < 0.6
    assert weights["grow_limb"] == pytest.approx(0.2)


def test_a_mutation_of_weight_zero_does_not_affect_the_others():
    statistics = OperatorStatistics({"gear": 1.0, "dof": 1.0, "density": 0.0})
    statistics.tell(scored(0, 5.0))
    for number in range(1, 101):
        # Seldom does either succeed, gear more often.
        good = number % 20 == 0
        statistics.tell(
            scored(number, 6.0 if good else 4.0, ("dof", "gear")[number % 2 == 0], (0,))
        )
    assert statistics.weights["gear"] == 1.0
    assert statistics.weights["dof"] < 0.5
    assert statistics.weights["density"] == 0.0


def test_the_score_of_a_pruned_parent_counts_for_no_operator():
    statistics = OperatorStatistics({"gear": 1.0, "dof": 1.0})
    statistics.tell(scored(0, 5.0))
    statistics.tell(scored(1, 9.0, "gear", (0,), status="pruned"))  # an attempt without success
    lost = statistics.weights
    assert lost["gear"] < lost["dof"]
    statistics.tell(scored(2, 99.0, "gear", (1,)))  # its parent has no score to be beaten
    assert statistics.weights == lost


def test_adaptive_rates_change_the_offspring_on_any_number_of_workers(new_database):
    outcomes = []
    for adaptive, workers in ((True, 1), (True, 5), (False, 1)):
        made = small_settings(rates={"adaptive": adaptive}, generations=9)
        with new_database() as database:
            search(made, database, pool=FormulaPool(workers, seed=7))
            outcomes.append(outcome(database))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0] != outcomes[2]
    assert outcomes[0][:6] == outcomes[2][:6]
