"""Lineages: each improves, and none mixes with another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hyperdistill_core.training.training_sets import Lineages
from hyperdistill_core.training.training_sets.lineages import LINEAGE_SIZE
from morph_ops.geometry import total_mass
from morph_ops.sampling import sample_body


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(4)]


def test_lineages_improve_and_stay_apart(bodies):
    rng = np.random.default_rng(0)
    lineages = Lineages([(graph, total_mass(graph)) for graph in bodies[:3]], rng)
    first = [lineages.ask() for _ in range(60)]
    assert {child.lineage for child in first} == {0, 1, 2}
    for child in first:
        lineages.tell(child, total_mass(child.graph))
    weak = replace(first[0], graph=bodies[3])
    lineages.tell(weak, 0.39 * weak.parent_score)
    later = [lineages.ask().parent_score for _ in range(300)]
    assert np.mean(later) > np.mean([child.parent_score for child in first])
    assert max(later) == max(total_mass(child.graph) for child in first)
    assert 0.39 * weak.parent_score not in later


def test_a_lineage_with_negative_scores_accepts_equal_ones(bodies):
    lineages = Lineages([(graph, -50.0) for graph in bodies[:2]], np.random.default_rng(0))
    first, second = lineages.ask(), lineages.ask()
    lineages.tell(first, -50.0)
    lineages.tell(replace(second, graph=bodies[3]), -81.0)
    parents = [graph for number in range(2) for graph, _ in lineages.bodies(number)]
    assert any(graph is first.graph for graph in parents)
    assert not any(graph is bodies[3] for graph in parents)


def test_a_full_lineage_loses_its_worst_body(bodies):
    lineages = Lineages([(graph, 0.0) for graph in bodies[:2]], np.random.default_rng(0))
    child = lineages.ask()
    for score in range(1, LINEAGE_SIZE + 3):
        lineages.tell(child, float(score))
    scores = [score for _, score in lineages.bodies(child.lineage)]
    assert scores == [float(score) for score in range(3, LINEAGE_SIZE + 3)]
    assert len(lineages.bodies(1 - child.lineage)) == 1
