"""Bodies for tests: hypothesis strategies, and helpers that compare and rename bodies."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from morph_ops.graph import (
    Joint,
    Limb,
    Node,
    Quat,
    Slot,
    Torso,
    Vec3,
    add_limb,
    limb,
    limbs,
    new_body,
    node_names,
    root,
    torso,
    with_excludes,
    with_nodes,
)
from morph_ops.sampling import sample_body
from morph_ops.space import UNIMAL

SEEDS = st.integers(0, 2**32 - 1)


def sampled_bodies() -> st.SearchStrategy[nx.DiGraph[str]]:
    """Bodies of the UNIMAL space."""
    return SEEDS.map(lambda seed: sample_body(np.random.default_rng(seed)))


@st.composite
def foreign_bodies(draw: st.DrawFn) -> nx.DiGraph[str]:
    """Sampled bodies with values outside the space, as imported robots have them."""
    graph = draw(sampled_bodies())
    scale = draw(_numbers(0.8, 1.3))
    friction = (draw(_numbers(0.1, 2.0)), 0.1, 0.1)
    density = draw(_numbers(200.0, 2000.0))
    damping = draw(_numbers(0.0, 3.0))
    nodes: list[tuple[str, Node]] = [
        (root(graph), replace(torso(graph), radius=0.123, friction=friction))
    ]
    for name in limbs(graph):
        old = limb(graph, name)
        joints = tuple(replace(joint, damping=damping, gear=77.0) for joint in old.joints)
        end = _scaled(old.end, scale)
        nodes.append((name, replace(old, end=end, density=density, condim=4, joints=joints)))
    names = {name: f"robot/{name}" for name in graph}
    renamed: nx.DiGraph[str] = nx.relabel_nodes(with_nodes(graph, nodes), names)
    pairs = [(names[a], names[b]) for a, b in graph.graph["excludes"]]
    return with_excludes(renamed, pairs)


@st.composite
def any_bodies(draw: st.DrawFn, *, max_limbs: int = 4) -> nx.DiGraph[str]:
    """Arbitrary well-formed bodies, with any names and numbers that MuJoCo can compile."""
    names = draw(st.lists(_names(), min_size=max_limbs + 1, max_size=max_limbs + 1, unique=True))
    joint_names = draw(
        st.lists(_names(), min_size=2 * max_limbs, max_size=2 * max_limbs, unique=True)
    )
    assume("root" not in joint_names)
    count = draw(st.integers(0, max_limbs))
    graph = new_body(draw(_torsos()), name=names[0])
    for number in range(count):
        parent = draw(st.sampled_from(names[: number + 1]))
        slots = draw(_slots())
        joints = tuple(
            draw(_joints(joint_names[2 * number + index], slot)) for index, slot in enumerate(slots)
        )
        graph = add_limb(graph, parent, names[number + 1], draw(_limbs(joints)))
    present = node_names(graph)
    pairs = draw(
        st.lists(st.tuples(st.sampled_from(present), st.sampled_from(present)), max_size=3)
    )
    return with_excludes(graph, [(a, b) for a, b in pairs if a != b])


def contents(graph: nx.DiGraph[str]) -> tuple[object, ...]:
    """All that a graph holds, in order."""
    return (list(graph.nodes(data=True)), list(graph.edges), dict(graph.graph))


def renamed(graph: nx.DiGraph[str], order: Callable[[list[str]], list[str]]) -> nx.DiGraph[str]:
    """The same body with other names of nodes and joints, and its children in another order.

    Args:
        graph: A body.
        order: Function that reorders the names of the children of a node.
    """
    names = {name: f"node {number}" for number, name in enumerate(reversed(node_names(graph)))}
    other: nx.DiGraph[str] = nx.DiGraph()

    def visit(name: str) -> None:
        node: Any = graph.nodes[name]["node"]
        if isinstance(node, Limb):
            joints = (replace(j, name=f"{j.slot} of {names[name]}") for j in node.joints)
            node = replace(node, joints=tuple(joints))
        other.add_node(names[name], node=node)
        for child in order(list(graph.succ[name])):
            visit(child)
            other.add_edge(names[name], names[child])

    visit(root(graph))
    return with_excludes(other, [(names[a], names[b]) for a, b in graph.graph["excludes"]])


def _slots() -> st.SearchStrategy[tuple[Slot, ...]]:
    return st.sampled_from(UNIMAL.joint_slots)


def _names() -> st.SearchStrategy[str]:
    text = st.text(min_size=1, max_size=8).filter(str.isprintable)
    usual = st.integers(0, 99).map(lambda number: f"limb/{number}")
    return st.one_of(usual, text).filter(lambda name: name != "world")


def _numbers(low: float, high: float) -> st.SearchStrategy[float]:
    # MuJoCo's XML reader refuses subnormal numbers.
    return st.floats(low, high, allow_subnormal=False)


def _positions() -> st.SearchStrategy[Vec3]:
    return st.tuples(*[_numbers(-2.0, 2.0)] * 3)


def _directions() -> st.SearchStrategy[Vec3]:
    return _positions().filter(lambda vector: math.hypot(*vector) > 0.01)


def _quats() -> st.SearchStrategy[Quat]:
    return st.tuples(*[_numbers(-1.0, 1.0)] * 4).filter(lambda quat: math.hypot(*quat) > 0.01)


def _friction() -> st.SearchStrategy[Vec3]:
    return st.tuples(*[_numbers(0.0, 2.0)] * 3)


@st.composite
def _torsos(draw: st.DrawFn) -> Torso:
    density, mass = draw(_weights())
    return Torso(
        pos=draw(_positions()),
        quat=draw(_quats()),
        radius=draw(_numbers(0.02, 0.5)),
        density=density,
        mass=mass,
        friction=draw(_friction()),
        condim=draw(st.sampled_from((1, 3, 4, 6))),
    )


@st.composite
def _limbs(draw: st.DrawFn, joints: tuple[Joint, ...]) -> Limb:
    density, mass = draw(_weights())
    start, end = draw(_positions()), draw(_positions())
    assume(math.dist(start, end) > 0.01)
    return Limb(
        pos=draw(_positions()),
        quat=draw(_quats()),
        start=start,
        end=end,
        radius=draw(_numbers(0.02, 0.5)),
        density=density,
        mass=mass,
        joints=joints,
        friction=draw(_friction()),
        condim=draw(st.sampled_from((1, 3, 4, 6))),
    )


@st.composite
def _joints(draw: st.DrawFn, name: str, slot: Slot) -> Joint:
    low, high = draw(_numbers(-170.0, -1.0)), draw(_numbers(1.0, 170.0))
    return Joint(
        name=name,
        slot=slot,
        pos=draw(_positions()),
        axis=draw(_directions()),
        range_deg=(low, high),
        gear=draw(_numbers(1.0, 500.0)),
        ctrl_range=(draw(_numbers(-2.0, -0.1)), draw(_numbers(0.1, 2.0))),
        stiffness=draw(_numbers(0.0, 5.0)),
        damping=draw(_numbers(0.0, 5.0)),
        armature=draw(_numbers(0.0, 2.0)),
    )


@st.composite
def _weights(draw: st.DrawFn) -> tuple[float | None, float | None]:
    if draw(st.booleans()):
        return draw(_numbers(50.0, 3000.0)), None
    return None, draw(_numbers(0.05, 20.0))


def _scaled(vector: Vec3, factor: float) -> Vec3:
    x, y, z = vector
    return x * factor, y * factor, z * factor
