"""Locked nodes are found again in every body that has them unchanged."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from morph_ops import BodyError
from morph_ops.graph import limb, limbs, torso, with_nodes
from morph_ops.locks import LockedNodes, locked_in_all
from morph_ops.operators import grow_limb
from morph_ops.sampling import sample_body

FOOT = "foot <left> & co"


def test_a_limb_is_locked_with_all_limbs_up_to_the_torso(biped: nx.DiGraph) -> None:
    assert list(LockedNodes.of(biped, [FOOT]).graph) == ["torso/0", "limb/0", FOOT]
    assert list(LockedNodes.of(biped, []).graph) == ["torso/0"]
    with pytest.raises(BodyError, match="no limb 'leg': expected one of limb/0, "):
        LockedNodes.of(biped, ["leg"])


def test_names_order_and_rest_height_may_differ(biped: nx.DiGraph) -> None:
    locked = LockedNodes.of(biped, [FOOT])
    other = nx.relabel_nodes(biped, {"limb/0": "a", "limb/3": "b", FOOT: "c", "torso/0": "d"})
    raised = with_nodes(other, [("d", replace(torso(other), pos=(0.0, 0.0, 2.0)))])
    assert locked.is_in(raised)


@pytest.mark.parametrize("name", ["torso/0", "limb/0", FOOT])
def test_every_locked_node_counts(biped: nx.DiGraph, name: str) -> None:
    locked = LockedNodes.of(biped, [FOOT])
    node = biped.nodes[name]["node"]
    changed = with_nodes(biped, [(name, replace(node, radius=node.radius * 2))])
    assert not locked.is_in(changed)
    free = with_nodes(biped, [("limb/3", replace(limb(biped, "limb/3"), radius=0.06))])
    assert locked.is_in(free)


def test_limbs_may_grow_on_locked_nodes() -> None:
    rng = np.random.default_rng(1)
    body = sample_body(rng)
    locked = LockedNodes.of(body, limbs(body))
    grown = grow_limb(body, rng)
    assert locked.is_in(grown)
    assert not LockedNodes.of(grown, limbs(grown)).is_in(body)


def test_bodies_without_the_locked_nodes_are_named(biped: nx.DiGraph) -> None:
    other = sample_body(np.random.default_rng(0))
    with pytest.raises(BodyError, match=r"^other: its limbs limb/0 are not those of biped; all"):
        locked_in_all([("biped", biped), ("other", other)], ["limb/0"])
