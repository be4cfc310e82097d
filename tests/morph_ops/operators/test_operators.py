"""Promises of all operators: valid children, untouched parents, and repeatable draws."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from morph_ops.graph import Torso, excludes, limbs, new_body, torso
from morph_ops.io import mjcf
from morph_ops.operators import OPERATORS, OperatorError, crossover, mutate
from morph_ops.sampling import sample_body
from morph_ops.unimal import rest_height
from morph_ops.validity.contacts import touching
from morph_ops.validity.invariants import violations
from tests.morph_ops.bodies import contents

#: Operators that change bodies of the design space.
OF_UNIMALS = [name for name in OPERATORS if name not in ("scale_own", "limb_length")]


def published(reference) -> list[nx.DiGraph]:
    return [mjcf.read(path) for path in sorted((reference / "unimal100").rglob("*.xml"))]


def apply(name: str, graph: nx.DiGraph, mate: nx.DiGraph, seed: int) -> nx.DiGraph | None:
    """The child by a named operator, or None if the operator finds no valid child."""
    rng = np.random.default_rng(seed)
    try:
        return crossover(graph, mate, rng) if name == "crossover" else OPERATORS[name](graph, rng)
    except OperatorError:
        return None


def apply_many(bodies: list[nx.DiGraph], count: int) -> Counter[str]:
    """Apply random operators to a list of bodies; each child replaces its parent."""
    rng = np.random.default_rng(11)
    names = [*OF_UNIMALS, "crossover"]
    made: Counter[str] = Counter()
    for seed in range(count):
        one, two = rng.integers(len(bodies), size=2)
        name = names[rng.integers(len(names))]
        before = contents(bodies[one]), contents(bodies[two])
        child = apply(name, bodies[one], bodies[two], seed)
        assert (contents(bodies[one]), contents(bodies[two])) == before, name
        if child is None:
            continue
        assert violations(child) == [], name
        assert torso(child).pos[2] == rest_height(child), name
        assert set(excludes(child)) == {pair for pair, _ in touching(child)}, name
        assert contents(child)[0] != contents(bodies[one])[0], name
        if seed % 10 == 0:
            again = apply(name, bodies[one], bodies[two], seed)
            assert again is not None
            assert contents(again) == contents(child), name
        made[name] += 1
        bodies[one] = child
    return made


def test_a_few_hundred_applications_keep_the_invariants():
    rng = np.random.default_rng(0)
    made = apply_many([sample_body(rng) for _ in range(12)], 300)
    assert set(made) == {*OF_UNIMALS, "crossover"}
    assert made.total() > 250


def test_operators_work_on_published_robots(reference):
    made = apply_many(published(reference)[::7], 200)
    assert set(made) == {*OF_UNIMALS, "crossover"}


@pytest.mark.slow
def test_thousands_of_applications_keep_the_invariants(reference):
    rng = np.random.default_rng(1)
    made = apply_many([sample_body(rng) for _ in range(60)] + published(reference)[::2], 3_000)
    assert made.total() > 2_700
    assert min(made.values()) > 150


@pytest.mark.parametrize("name", OF_UNIMALS)
def test_operators_need_limbs(name):
    alone = new_body(Torso(pos=(0, 0, 0.3), radius=0.1, density=800.0))
    if name in ("grow_limb", "density"):
        assert violations(OPERATORS[name](alone, np.random.default_rng(0))) == []
    else:
        with pytest.raises(OperatorError, match=name):
            OPERATORS[name](alone, np.random.default_rng(0))


def test_foreign_values_stay():
    """A robot outside the space changes like any other, and keeps its own values."""
    rng = np.random.default_rng(4)
    graph = sample_body(rng)
    name = limbs(graph)[0]
    odd = {"friction": (0.9, 0.2, 0.3), "condim": 4}
    for node in graph:
        graph.nodes[node]["node"] = replace(graph.nodes[node]["node"], **odd)
    graph.nodes["torso/0"]["node"] = replace(torso(graph), radius=0.123)
    lacks = set(violations(graph))
    assert lacks
    for operator in OF_UNIMALS:
        child = apply(operator, graph, graph, 0)
        if child is not None:
            assert set(violations(child)) <= lacks
            assert torso(child).radius == 0.123
            assert {child.nodes[node]["node"].condim for node in child} == {4}
            assert name in child or operator == "delete_limb"


class TestMutate:
    def test_names_what_it_did(self):
        rng = np.random.default_rng(5)
        graph = sample_body(rng)
        seen = {mutate(graph, rng)[1] for _ in range(60)}
        assert seen == set(OF_UNIMALS)

    def test_rates_are_weights(self):
        rng = np.random.default_rng(6)
        graph = sample_body(rng)
        seen = Counter(mutate(graph, rng, rates={"gear": 3.0, "dof": 1.0})[1] for _ in range(60))
        assert set(seen) == {"gear", "dof"}
        assert seen["gear"] > seen["dof"]

    def test_order_of_rates_changes_nothing(self):
        graph = sample_body(np.random.default_rng(7))
        one = mutate(graph, np.random.default_rng(8), rates={"gear": 1, "dof": 2, "density": 3})
        two = mutate(graph, np.random.default_rng(8), rates={"density": 3, "dof": 2, "gear": 1})
        assert one[1] == two[1]
        assert contents(one[0]) == contents(two[0])

    def test_a_torso_alone_grows(self):
        alone = new_body(Torso(pos=(0, 0, 0.3), radius=0.1, density=800.0))
        child, name = mutate(alone, np.random.default_rng(0))
        assert name == "grow_limb"
        assert len(limbs(child)) in (1, 2)

    def test_nothing_applies(self):
        graph = sample_body(np.random.default_rng(0))
        alone = new_body(Torso(pos=(0, 0, 0.3), radius=0.1, density=800.0))
        with pytest.raises(OperatorError, match=r"no mutation applies to a body of 0 limbs \(gear"):
            mutate(alone, np.random.default_rng(0), rates={"gear": 1.0})
        with pytest.raises(OperatorError, match="none with a rate"):
            mutate(graph, np.random.default_rng(0), rates={})

    def test_wrong_rates_are_refused(self):
        graph = sample_body(np.random.default_rng(0))
        with pytest.raises(ValueError, match=r"no operator 'fly'\. Choices: delete_limb, density"):
            mutate(graph, np.random.default_rng(0), rates={"fly": 1.0})
        with pytest.raises(ValueError, match="expected 0 or more for 'gear', got -1"):
            mutate(graph, np.random.default_rng(0), rates={"gear": -1})
