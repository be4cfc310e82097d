"""Hash and distance do not depend on the names and the order of any body."""

from __future__ import annotations

import random

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from morph_ops.identity import body_hash, body_plan_hash, canonical, distance
from tests.morph_ops.bodies import any_bodies, foreign_bodies, renamed, sampled_bodies

quick = settings(derandomize=True, deadline=None, max_examples=25)


@quick
@given(graph=any_bodies() | foreign_bodies() | sampled_bodies(), seed=st.integers(0, 2**16))
def test_names_and_order_do_not_count(graph: nx.DiGraph, seed: int) -> None:
    rng = random.Random(seed)
    other = renamed(graph, lambda names: rng.sample(names, len(names)))
    assert canonical(other) == canonical(graph)
    assert body_hash(other) == body_hash(graph)
    assert body_plan_hash(other) == body_plan_hash(graph)
    assert distance(other, graph) == 0.0


@quick
@given(one=sampled_bodies() | foreign_bodies(), other=sampled_bodies() | foreign_bodies())
def test_the_distance_is_symmetric_and_0_only_for_equal_bodies(
    one: nx.DiGraph, other: nx.DiGraph
) -> None:
    apart = distance(one, other)
    assert distance(other, one) == apart
    assert 0.0 <= apart < 1.0
    if body_hash(one) == body_hash(other):
        assert apart == 0.0
    elif len(one) != len(other):
        assert apart > 0.0
