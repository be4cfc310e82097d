"""Variations of robots: valid, pure, and in one respect only."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from hyperdistill_core.evaluation.variations import VARIATIONS
from morph_ops import graph as body_graph
from morph_ops.geometry import limb_groups
from morph_ops.graph import joints, limb, limbs, node, with_nodes
from morph_ops.identity import body_hash
from morph_ops.operators import OperatorError
from morph_ops.sampling import sample_body
from morph_ops.validity.invariants import find_violations

BODIES = [sample_body(np.random.default_rng(seed)) for seed in range(5)]


def _nodes(graph: nx.DiGraph) -> dict:
    return {name: node(graph, name) for name in body_graph.node_names(graph)}


@pytest.mark.parametrize("name", sorted(VARIATIONS))
@pytest.mark.parametrize("number", range(len(BODIES)))
def test_a_variation_is_a_valid_new_body_and_leaves_the_robot_unchanged(name, number):
    robot = BODIES[number]
    before = _nodes(robot)
    varied = VARIATIONS[name].vary(robot, np.random.default_rng(number))
    assert _nodes(robot) == before
    assert body_hash(varied) != body_hash(robot)
    assert list(_nodes(varied)) == list(before)
    assert {found.check for found in find_violations(varied)} <= {"ranges"}
    again = VARIATIONS[name].vary(robot, np.random.default_rng(number))
    assert _nodes(again) == _nodes(varied)


@pytest.mark.parametrize(
    ("name", "field", "low", "high"),
    [
        ("armature", "armature", 0.5, 2.0),
        ("damping", "damping", 0.5, 2.0),
        ("gear", "gear", 0.7, 1.3),
    ],
)
def test_hinges_change_in_one_field_within_its_range(name, field, low, high):
    robot = BODIES[0]
    varied = VARIATIONS[name].vary(robot, np.random.default_rng(0))
    for (_, old), (_, new) in zip(joints(robot), joints(varied), strict=True):
        assert low <= getattr(new, field) / getattr(old, field) <= high
        assert replace(new, **{field: getattr(old, field)}) == old


@pytest.mark.parametrize("name", ["limb-length", "mass", "gear"])
def test_twins_stay_twins(name):
    robot = BODIES[0]
    varied = VARIATIONS[name].vary(robot, np.random.default_rng(1))
    assert limb_groups(varied) == limb_groups(robot)
    for first, *twin in limb_groups(varied):
        for other in twin:
            a, b = limb(varied, first), limb(varied, other)
            assert (a.density, a.mass) == (b.density, b.mass)
            assert [j.gear for j in a.joints] == [j.gear for j in b.joints]


def test_nothing_to_vary_is_refused():
    robot = BODIES[0]
    rigid = [
        (name, replace(record, joints=tuple(replace(j, armature=0.0) for j in record.joints)))
        for name in limbs(robot)
        for record in (limb(robot, name),)
    ]
    with pytest.raises(OperatorError, match=r"armature: no valid variation.*nothing to vary"):
        VARIATIONS["armature"].vary(with_nodes(robot, rigid), np.random.default_rng(0))
