"""The crossover moves whole subtrees from one body to another."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from morph_ops.geometry import rest_frames, rotation
from morph_ops.graph import Torso, Vec3, children, joints, limb, limbs, new_body, torso, with_nodes
from morph_ops.operators import OperatorError, crossover
from morph_ops.sampling import sample_body
from morph_ops.space import UNIMAL
from morph_ops.unimal import Pose, joint_axis
from morph_ops.validity.invariants import new_violations, violations


def marked(graph: nx.DiGraph, gear: float) -> nx.DiGraph:
    """The body with one gear in all motors, which identifies its limbs in a child."""
    nodes = []
    for name in limbs(graph):
        each = limb(graph, name)
        motors = tuple(replace(joint, gear=gear) for joint in each.joints)
        nodes.append((name, replace(each, joints=motors)))
    return with_nodes(graph, nodes)


def depth_first(graph: nx.DiGraph, name: str) -> tuple[object, ...]:
    """A subtree without names, densities, and the place of its root."""
    each = limb(graph, name)
    hinges = tuple((joint.slot, joint.axis, joint.range_deg) for joint in each.joints)
    below = [(limb(graph, c).pos, depth_first(graph, c)) for c in children(graph, name)]
    return (each.end, hinges, tuple(below))


def test_the_child_is_the_first_parent_with_whole_subtrees_of_the_second():
    rng = np.random.default_rng(0)
    replaced = grafted = 0
    for _ in range(25):
        a, b = marked(sample_body(rng), 150.0), marked(sample_body(rng), 300.0)
        try:
            child = crossover(a, b, rng)
        except OperatorError:
            continue
        new = [name for name in limbs(child) if limb(child, name).joints[0].gear == 300.0]
        kept = [name for name in limbs(child) if name not in new]
        assert new
        assert not set(new) & set(a)
        for name in kept:
            assert limb(child, name) == limb(a, name)
        donors = [depth_first(b, name) for name in limbs(b)]
        for name in new:
            assert depth_first(child, name) in donors
            assert limb(child, name).density == limb(a, limbs(a)[0]).density
        assert torso(child).density == torso(a).density
        names = [joint.name for _, joint in joints(child)]
        assert len(names) == len(set(names))
        lost = len(limbs(a)) - len(kept)
        replaced, grafted = replaced + (lost > 0), grafted + (lost == 0)
    assert replaced > 3
    assert grafted > 3


def test_a_body_with_itself_gives_another_body():
    rng = np.random.default_rng(1)
    for _ in range(10):
        graph = sample_body(rng)
        try:
            child = crossover(graph, graph, rng)
        except OperatorError:
            continue
        assert sorted(map(repr, (depth_first(graph, n) for n in limbs(graph)))) != sorted(
            map(repr, (depth_first(child, n) for n in limbs(child)))
        ) or not np.array_equal(rest_frames(graph).end, rest_frames(child).end)


def test_a_torso_alone_receives_but_does_not_give():
    rng = np.random.default_rng(2)
    alone = new_body(Torso(pos=(0, 0, 0.3), radius=0.1, density=800.0))
    body = sample_body(rng)
    assert violations(crossover(alone, body, rng)) == []
    with pytest.raises(OperatorError, match="has no limbs to give"):
        crossover(body, alone, rng)


def test_subtrees_keep_their_directions_between_turned_frames():
    """A donor whose limbs have orientations of their own gives the same capsules."""
    rng = np.random.default_rng(3)
    quarter_turn = (0.5**0.5, 0.0, 0.5**0.5, 0.0)
    back = rotation(quarter_turn).T

    def turned_back(vector: Vec3) -> Vec3:
        x, y, z = np.round(back @ vector, 12).tolist()
        return (x, y, z)

    for _ in range(5):
        body = sample_body(rng)
        turned = body.copy()
        for name in limbs(body):
            each = limb(body, name)
            if children(body, name):
                continue
            end = turned_back(each.end)
            motors = tuple(
                replace(j, pos=turned_back(j.pos), axis=joint_axis(each.start, end, j.slot))
                for j in each.joints
            )
            turned.nodes[name]["node"] = replace(each, quat=quarter_turn, end=end, joints=motors)
        assert violations(turned) == []
        np.testing.assert_allclose(rest_frames(body).end, rest_frames(turned).end, atol=1e-12)
        receiver = sample_body(rng)
        child = crossover(receiver, turned, np.random.default_rng(4))
        plain = crossover(receiver, body, np.random.default_rng(4))
        np.testing.assert_allclose(Pose.of(child).directions, Pose.of(plain).directions, atol=1e-9)
        np.testing.assert_allclose(rest_frames(child).end, rest_frames(plain).end, atol=1e-9)


def test_the_limb_limit_holds():
    rng = np.random.default_rng(5)
    for _ in range(10):
        a, b = sample_body(rng), sample_body(rng)
        try:
            child = crossover(a, b, rng)
        except OperatorError:
            continue
        assert len(limbs(child)) <= UNIMAL.max_limbs
        assert new_violations(a, child) == []
