"""Graphs that are no body are refused with the node and the value concerned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import networkx as nx
import pytest

from morph_ops import BodyError
from morph_ops.graph import limb, torso, with_excludes, with_nodes
from morph_ops.validity import require_well_formed
from morph_ops.validity.wellformed import LARGEST


def with_torso(graph: nx.DiGraph, **values: Any) -> nx.DiGraph:
    return with_nodes(graph, [("torso/0", replace(torso(graph), **values))])


def with_joint(graph: nx.DiGraph, **values: Any) -> nx.DiGraph:
    old = limb(graph, "limb/3")
    joints = (replace(old.joints[0], **values), *old.joints[1:])
    return with_nodes(graph, [("limb/3", replace(old, joints=joints))])


CASES: dict[str, tuple[Callable[[nx.DiGraph], nx.DiGraph], str]] = {
    "number as name": (
        lambda g: nx.relabel_nodes(g, {"limb/3": 3}),
        "node 3: no usable name",
    ),
    "empty name": (lambda g: nx.relabel_nodes(g, {"limb/3": ""}), "node '': no usable name"),
    "world": (lambda g: nx.relabel_nodes(g, {"limb/3": "world"}), "node 'world': no usable name"),
    "no radius": (lambda g: with_torso(g, radius=0.0), "node 'torso/0': radius must be positive"),
    "no mass": (lambda g: with_torso(g, density=None), "expected either a density or a mass"),
    "two weights": (lambda g: with_torso(g, mass=1.0), "expected either a density or a mass"),
    "not a number": (
        lambda g: with_torso(g, pos=(0.0, float("nan"), 0.0)),
        "node 'torso/0': pos must be finite",
    ),
    "too large": (
        lambda g: with_torso(g, pos=(0.0, 0.0, 2 * LARGEST)),
        "pos must be finite and at most",
    ),
    "no rotation": (lambda g: with_torso(g, quat=(0.0,) * 4), "the quaternion is zero"),
    "friction": (lambda g: with_torso(g, friction=(-1.0, 0.0, 0.0)), "must not be negative"),
    "condim": (lambda g: with_torso(g, condim=2), "condim must be 1, 3, 4 or 6, got 2"),
    "no axis": (lambda g: with_joint(g, axis=(0.0,) * 3), "joint 'limbx/3': the axis is zero"),
    "range": (lambda g: with_joint(g, range_deg=(1.0, 1.0)), "the range must grow, got 1.0"),
    "reserved joint": (lambda g: with_joint(g, name="root"), "joint 'root': the name is empty"),
    "same joint": (lambda g: with_joint(g, name="ankle"), "joint 'ankle': the name is empty"),
    "slots": (lambda g: with_joint(g, slot="y"), "expected hinges of slots x, y or x then y"),
    "excludes": (
        lambda g: with_excludes(g, [("limb/0", "leg")]),
        "contact exclude 'leg', 'limb/0': no such node",
    ),
}


def test_a_body_is_well_formed(biped: nx.DiGraph) -> None:
    require_well_formed(biped)


@pytest.mark.parametrize("case", CASES)
def test_no_body_is_refused(biped: nx.DiGraph, case: str) -> None:
    change, message = CASES[case]
    with pytest.raises(BodyError, match=message):
        require_well_formed(change(biped))
