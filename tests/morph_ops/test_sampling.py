"""Starting bodies are valid, various, and repeatable."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from morph_ops.graph import joints, limb, limbs, torso
from morph_ops.sampling import sample_body
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import rest_height
from morph_ops.validity import violations


@pytest.fixture(scope="module")
def sampled():
    rng = np.random.default_rng(0)
    return [sample_body(rng) for _ in range(60)]


def test_samples_are_valid_and_stand_at_rest_height(sampled):
    for graph in sampled:
        assert violations(graph) == []
        assert torso(graph).pos == (0.0, 0.0, rest_height(graph))


def test_samples_are_various(sampled):
    counts = Counter(len(limbs(graph)) for graph in sampled)
    assert set(range(2, 9)) <= set(counts) <= set(range(2, 10))
    assert len({sum(1 for _ in joints(graph)) for graph in sampled}) >= 8
    all_limbs = [limb(graph, name) for graph in sampled for name in limbs(graph)]
    assert {each.density for each in all_limbs} == set(UNIMAL.limb_densities)
    assert {joint.range_deg for each in all_limbs for joint in each.joints} == set(
        UNIMAL.ranges_deg
    )
    assert {joint.gear for each in all_limbs for joint in each.joints} == set(UNIMAL.gears)


def test_the_same_generator_state_gives_the_same_body():
    a, b, c = (sample_body(np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert list(a.nodes(data=True)) == list(b.nodes(data=True))
    assert list(a.edges) == list(b.edges)
    assert list(a.nodes(data=True)) != list(c.nodes(data=True))


def test_samples_are_of_the_given_space():
    space = Space(
        limb_heights=(0.3,), gears=(80.0,), max_limbs=4, start_limbs=(3, 4), clearance=0.1
    )
    rng = np.random.default_rng(1)
    for _ in range(5):
        graph = sample_body(rng, space=space)
        assert violations(graph, space=space) == []
        assert 3 <= len(limbs(graph)) <= 4
        assert {joint.gear for _, joint in joints(graph)} == {80.0}
        assert torso(graph).pos[2] == rest_height(graph, space=space)
