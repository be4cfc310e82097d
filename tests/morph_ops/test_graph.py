"""Trees of nodes: order, copies, and errors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest

from morph_ops import BodyError
from morph_ops.graph import (
    Limb,
    Torso,
    add_limb,
    children,
    excludes,
    joints,
    limb,
    limbs,
    new_body,
    node,
    node_names,
    parent,
    root,
    subtree,
    torso,
    with_excludes,
)
from morph_ops.identity import body_hash
from morph_ops.sampling import sample_body

FOOT = "foot <left> & co"


def test_nodes_are_in_depth_first_order(biped: nx.DiGraph) -> None:
    assert node_names(biped) == ["torso/0", "limb/0", FOOT, "limb/3"]
    assert limbs(biped) == ["limb/0", FOOT, "limb/3"]
    assert subtree(biped, "limb/0") == ["limb/0", FOOT]
    assert children(biped, "torso/0") == ["limb/0", "limb/3"]
    assert [name for name, _ in joints(biped)] == ["limb/0", "limb/0", FOOT, "limb/3", "limb/3"]


def test_parents_and_records(biped: nx.DiGraph) -> None:
    assert root(biped) == "torso/0"
    assert parent(biped, "torso/0") is None
    assert parent(biped, FOOT) == "limb/0"
    assert isinstance(node(biped, "torso/0"), Torso)
    assert node(biped, "torso/0") is torso(biped)
    assert isinstance(limb(biped, FOOT), Limb)


def test_a_limb_is_added_to_a_copy(biped: nx.DiGraph) -> None:
    child = add_limb(biped, "limb/3", "limb/9", limb(biped, "limb/3"))
    assert limbs(child) == [*limbs(biped), "limb/9"]
    assert "limb/9" not in biped
    with pytest.raises(BodyError, match="a node 'limb/3' exists already"):
        add_limb(biped, "torso/0", "limb/3", limb(biped, "limb/3"))
    with pytest.raises(BodyError, match="no node 'leg' to attach 'limb/9' to; nodes: torso/0, "):
        add_limb(biped, "leg", "limb/9", limb(biped, "limb/3"))


def test_excludes_are_sorted_and_unique(biped: nx.DiGraph) -> None:
    again = with_excludes(biped, [("b", "a"), ("a", "b"), ("a", "a2")])
    assert excludes(again) == (("a", "a2"), ("a", "b"))
    assert excludes(nx.DiGraph()) == ()


def test_a_graph_without_one_root_has_no_torso() -> None:
    with pytest.raises(BodyError, match="a body has one root, this graph has 0"):
        torso(nx.DiGraph())
    two = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0), name="a")
    two.add_node("b")
    with pytest.raises(BodyError, match="this graph has 2: a, b"):
        root(two)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64])
def test_numpy_numbers_become_plain(kind):
    plain = {"pos": (0.0, 0.0, 1.0), "radius": 2.0, "mass": 4.0, "condim": 3}
    numbers = {"radius": kind(2), "mass": kind(4), "condim": np.int32(3)}
    places: list[Any] = [np.array([0, 0, 1], kind), [kind(0), 0, 1], (kind(0), kind(0), kind(1))]
    for pos in places:
        torso = Torso(pos=pos, **numbers)
        assert torso == Torso(**plain)
        assert {type(value) for value in torso.pos} <= {float, int}
        assert type(torso.radius) in (float, int)
        assert type(torso.condim) is int
        assert body_hash(new_body(torso)) == body_hash(new_body(Torso(**plain)))


def test_replacing_a_number_of_a_hinge_keeps_it_plain():
    body = sample_body(np.random.default_rng(4))
    name = limbs(body)[0]
    old = limb(body, name)
    gears = np.random.default_rng(0).choice([150.0, 200.0], size=len(old.joints))
    joints = [replace(joint, gear=gear) for joint, gear in zip(old.joints, gears, strict=True)]
    new = replace(old, joints=joints)
    assert isinstance(new.joints, tuple)
    assert all(type(joint.gear) is float for joint in new.joints)
