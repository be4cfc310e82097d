"""Every check finds the violation that it names, and accepts valid bodies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from morph_ops.geometry import density, limb_groups
from morph_ops.graph import (
    add_limb,
    children,
    joints,
    limb,
    limbs,
    root,
    torso,
    with_nodes,
)
from morph_ops.io import mjcf
from morph_ops.sampling import sample_body
from morph_ops.space import UNIMAL, Space
from morph_ops.validity.contacts import touching
from morph_ops.validity.invariants import (
    CHECKS,
    find_violations,
    is_valid,
    new_violations,
    violations,
)


@pytest.fixture(scope="module")
def body() -> nx.DiGraph:
    """A valid body with a limb in the mirror plane and a pair beside it."""
    rng = np.random.default_rng(0)
    while True:
        graph = sample_body(rng)
        if {len(group) for group in limb_groups(graph)} == {1, 2}:
            return graph


def pair_of(graph: nx.DiGraph) -> tuple[str, ...]:
    return next(group for group in limb_groups(graph) if len(group) == 2)


def changed(graph: nx.DiGraph, name: str, **values: object) -> nx.DiGraph:
    return with_nodes(graph, [(name, replace(graph.nodes[name]["node"], **values))])


def changed_joint(graph: nx.DiGraph, **values: object) -> nx.DiGraph:
    name, joint = next(joints(graph))
    others = limb(graph, name).joints[1:]
    return changed(graph, name, joints=(replace(joint, **values), *others))


def second_root(graph: nx.DiGraph) -> nx.DiGraph:
    copy = graph.copy()
    copy.add_node("torso/1", node=torso(graph))
    return copy


def cycle(graph: nx.DiGraph) -> nx.DiGraph:
    copy = graph.copy()
    leaf = next(name for name in limbs(graph) if not children(graph, name))
    copy.add_edge(leaf, limbs(graph)[0])
    return copy


def lopsided(graph: nx.DiGraph) -> nx.DiGraph:
    name = pair_of(graph)[0]
    return changed(graph, name, density=density(limb(graph, name)) + 100)


def one_gear(graph: nx.DiGraph) -> nx.DiGraph:
    name = pair_of(graph)[0]
    first = limb(graph, name).joints[0]
    other = next(gear for gear in UNIMAL.gears if gear != first.gear)
    return changed(graph, name, joints=(replace(first, gear=other), *limb(graph, name).joints[1:]))


def shifted(graph: nx.DiGraph) -> nx.DiGraph:
    name = pair_of(graph)[0]
    x, y, z = limb(graph, name).pos
    return changed(graph, name, pos=(x + 0.01, y, z))


def doubled(graph: nx.DiGraph) -> nx.DiGraph:
    """The body with a second limb at the place of its first."""
    name = limbs(graph)[0]
    old = limb(graph, name)
    copies = tuple(replace(joint, name=f"{joint.name}0") for joint in old.joints)
    return add_limb(graph, root(graph), "limb/99", replace(old, joints=copies))


BROKEN: dict[str, tuple[str, Callable[[nx.DiGraph], nx.DiGraph], str]] = {
    "two roots": ("tree", second_root, "one root, this graph has 2"),
    "cycle": ("tree", cycle, "a body is a tree"),
    "no hinge": ("tree", lambda g: changed(g, limbs(g)[0], joints=()), "expected hinges"),
    "no twin": ("symmetry", shifted, "no limb is its mirror image"),
    "twins of other mass": ("symmetry", lopsided, "expected the same mass for twins"),
    "twins of other gears": ("symmetry", one_gear, "expected the same hinges for twins"),
    "uneven mass": ("balance", lopsided, "expected the center of mass in the mirror plane"),
    "twice the same limb": ("overlap", doubled, "intersect by 100 mm"),
    "torso radius": (
        "ranges",
        lambda g: changed(g, root(g), radius=0.11),
        "one of 0.1 as radius",
    ),
    "limb radius": (
        "ranges",
        lambda g: changed(g, limbs(g)[0], radius=0.06),
        "expected one of 0.05 as radius, got 0.06",
    ),
    "mixed densities": ("ranges", lopsided, "expected one density for all limbs"),
    "height": ("ranges", lambda g: changed(g, limbs(g)[0], end=(0.0, 0.0, -0.6)), " as height"),
    "direction": ("ranges", lambda g: changed(g, limbs(g)[0], end=(0.0, 0.0, 0.25)), "direction"),
    "site": ("ranges", lambda g: changed(g, limbs(g)[0], pos=(0.0, 0.0, -0.2)), "growth site"),
    "range": ("ranges", lambda g: changed_joint(g, range_deg=(-31.0, 30.0)), "range of limb"),
    "gear": ("ranges", lambda g: changed_joint(g, gear=175.0), "gear of limb"),
    "axis": ("ranges", lambda g: changed_joint(g, axis=(0.6, 0.8, 0.0)), "axis of limb"),
    "anchor": ("ranges", lambda g: changed_joint(g, pos=(0.0, 0.0, 0.06)), "anchor of limb"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_every_check_names_its_violation(case, body):
    check, breaks, message = BROKEN[case]
    broken = breaks(body)
    found = CHECKS[check](broken)
    assert any(message in violation.message for violation in found), found
    assert {violation.check for violation in found} == {check}
    assert any(line.startswith(f"{check}: ") and message in line for line in violations(broken))
    assert not is_valid(broken)


def test_the_limit_counts_limbs_without_the_torso(body):
    count = len(limbs(body))
    assert CHECKS["limit"](body, space=Space(start_limbs=(1, 1), max_limbs=count)) == []
    found = CHECKS["limit"](body, space=Space(start_limbs=(1, 1), max_limbs=count - 1))
    assert [violation.message for violation in found] == [
        f"expected at most {count - 1} limbs, this body has {count}"
    ]


def test_a_graph_that_is_no_tree_has_no_other_violation(body):
    assert [violation.check for violation in find_violations(second_root(body))] == ["tree"]


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_works_alone(check, body):
    assert CHECKS[check](body) == []


def test_published_robots_are_valid(reference):
    paths = sorted((reference / "unimal100").rglob("*.xml"))
    assert len(paths) == 134
    for path in paths:
        assert violations(mjcf.read(path)) == [], path.name


def test_twins_on_one_parent_may_overlap(reference):
    """Two pairs of feet of this robot overlap by 20 mm."""
    graph = mjcf.read(reference / "unimal100/train/vt-1409-2-1-02-19-18-03.xml")
    assert [round(overlap, 2) for _, overlap in touching(graph, deeper_than=1e-6)] == [0.02, 0.02]
    assert violations(graph) == []


def test_new_violations_ignore_those_of_the_parent(body):
    foreign = changed(body, root(body), radius=0.11)
    worse = changed(foreign, root(body), radius=0.12)
    assert new_violations(foreign, worse) == []
    assert [v.what for v in new_violations(body, foreign)] == ["radius"]
    bent = changed_joint(foreign, gear=175.0)
    assert next(iter(new_violations(foreign, bent))).what.startswith("gear of limb")


def test_a_limb_without_density_is_out_of_range(body):
    weighed = changed(body, limbs(body)[0], density=None, mass=2.0)
    assert any(" as density" in line for line in violations(weighed))
