"""Equal bodies have equal forms and hashes, and different bodies do not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from morph_ops import graph as body_graph
from morph_ops.geometry import mass
from morph_ops.graph import Joint, Limb, Torso, with_excludes, with_nodes
from morph_ops.identity import body_hash, canonical, is_same
from morph_ops.io import mjcf

TRAIN_GROUPS = {
    ("floor-1409-1-4-01-09-49-50", "floor-1409-11-8-01-08-25-42"),
    ("mvt-5506-12-4-17-12-01-27", "mvt-5506-4-14-17-10-06-59"),
    ("mvt-5506-12-6-17-12-20-06", "mvt-5506-2-17-17-10-16-02"),
    ("mvt-5506-15-15-17-10-52-43", "mvt-5506-15-3-17-08-19-25", "mvt-5506-4-9-17-09-31-55"),
    ("vt-1409-13-5-02-18-04-00", "vt-1409-5-9-02-21-58-06"),
    ("vt-5506-10-5-02-14-20-08", "vt-5506-9-3-02-15-19-17"),
}


def _relabeled(graph: nx.DiGraph) -> nx.DiGraph:
    """The same body with other names and its children in the opposite order."""
    names = {name: f"b{index}" for index, name in enumerate(reversed(body_graph.node_names(graph)))}
    other = nx.DiGraph()
    pending = [body_graph.root(graph)]
    while pending:
        name = pending.pop()
        node = body_graph.node(graph, name)
        if isinstance(node, Limb):
            joints = (replace(joint, name=f"j{names[name]}{joint.slot}") for joint in node.joints)
            node = replace(node, joints=tuple(joints))
        other.add_node(names[name], node=node)
        above = body_graph.parent(graph, name)
        if above is not None:
            other.add_edge(names[above], names[name])
        pending += body_graph.children(graph, name)
    return with_excludes(other, [(names[a], names[b]) for a, b in body_graph.excludes(graph)])


def _shaken(value: Any, rng: np.random.Generator) -> Any:
    """A record, tuple, or number with float noise on every number."""
    if isinstance(value, float):
        return value * (1.0 + rng.uniform(-1e-10, 1e-10)) + rng.uniform(-1e-10, 1e-10)
    if isinstance(value, tuple):
        return tuple(_shaken(item, rng) for item in value)
    if isinstance(value, (Torso, Limb, Joint)):
        shaken = {field.name: _shaken(getattr(value, field.name), rng) for field in fields(value)}
        return replace(value, **shaken)
    return value


def test_published_duplicates_are_found(reference: Path) -> None:
    groups = defaultdict(list)
    for path in sorted((reference / "unimal100" / "train").glob("*.xml")):
        groups[body_hash(mjcf.read(path))].append(path.stem)
    assert {tuple(names) for names in groups.values() if len(names) > 1} == TRAIN_GROUPS
    assert len(groups) == 93


def test_open_test_robots_are_all_different_and_new(reference: Path) -> None:
    hashes = {
        folder: {
            body_hash(mjcf.read(path)) for path in (reference / "unimal100" / folder).iterdir()
        }
        for folder in ("train", "test_open")
    }
    assert len(hashes["test_open"]) == 34
    assert not hashes["train"] & hashes["test_open"]


def test_names_and_orders_do_not_count(biped: nx.DiGraph, reference: Path) -> None:
    robots = sorted((reference / "unimal100" / "test_open").glob("*.xml"))[:5]
    for graph in (biped, *map(mjcf.read, robots)):
        other = _relabeled(graph)
        assert canonical(other) == canonical(graph)
        assert body_hash(other) == body_hash(graph)
        assert not is_same(other, graph)


def test_float_noise_does_not_count(reference: Path) -> None:
    rng = np.random.default_rng(0)
    for path in sorted((reference / "unimal100" / "train").glob("*.xml"))[:20]:
        graph = mjcf.read(path)
        noisy = with_nodes(
            graph,
            [(name, _shaken(body_graph.node(graph, name), rng)) for name in graph],
        )
        assert not is_same(noisy, graph)
        assert body_hash(noisy) == body_hash(graph)


def test_equivalent_values_give_one_hash(biped: nx.DiGraph) -> None:
    foot = body_graph.limb(biped, "foot <left> & co")
    leg = body_graph.limb(biped, "limb/3")
    w, x, y, z = foot.quat
    same = with_nodes(
        biped,
        [
            (
                "foot <left> & co",
                replace(
                    foot,
                    start=foot.end,
                    end=foot.start,
                    quat=(-w, -x, -y, -z),
                ),
            ),
            ("limb/3", replace(leg, density=None, mass=mass(leg), pos=(-0.0, -0.1, 0.0))),
        ],
    )
    assert body_hash(same) == body_hash(biped)
    stretched = replace(leg.joints[0], axis=(7.071, 0.0, -7.071))
    same = with_nodes(biped, [("limb/3", replace(leg, joints=(stretched, leg.joints[1])))])
    assert body_hash(same) == body_hash(biped)


@pytest.mark.parametrize("field", [f.name for f in fields(Joint) if f.name not in ("name", "slot")])
def test_every_joint_field_counts(biped: nx.DiGraph, field: str) -> None:
    foot = body_graph.limb(biped, "foot <left> & co")
    value = getattr(foot.joints[0], field)
    other = (value[0] + 0.01, *value[1:]) if isinstance(value, tuple) else value + 0.01
    joint = replace(foot.joints[0], **{field: other})
    changed = with_nodes(biped, [("foot <left> & co", replace(foot, joints=(joint,)))])
    assert body_hash(changed) != body_hash(biped)


@pytest.mark.parametrize(
    "change",
    [
        {"pos": (0.0, 0.25, -0.04)},
        {"quat": (1.0, 0.0, 0.0, 0.0)},
        {"start": (0.0, 0.0, 0.0)},
        {"end": (0.0, 0.0, -0.2)},
        {"radius": 0.031},
        {"mass": 0.71},
        {"friction": (1.0, 0.02, 0.003)},
        {"condim": 3},
    ],
)
def test_every_shape_field_counts(biped: nx.DiGraph, change: dict[str, Any]) -> None:
    foot = body_graph.limb(biped, "foot <left> & co")
    changed = with_nodes(biped, [("foot <left> & co", replace(foot, **change))])
    assert body_hash(changed) != body_hash(biped)


def test_rest_height_slot_and_excludes_count(biped: nx.DiGraph) -> None:
    torso = body_graph.torso(biped)
    foot = body_graph.limb(biped, "foot <left> & co")
    turned = replace(foot, joints=(replace(foot.joints[0], slot="x"),))
    variants = [
        with_nodes(biped, [("torso/0", replace(torso, pos=(0.0, 0.0, 0.31)))]),
        with_nodes(biped, [("foot <left> & co", turned)]),
        with_excludes(biped, [("limb/0", "limb/3")]),
        with_excludes(biped, []),
    ]
    assert len({body_hash(graph) for graph in (biped, *variants)}) == 5


def test_excludes_that_change_nothing_do_not_count(biped: nx.DiGraph) -> None:
    pairs = [*body_graph.excludes(biped), ("torso/0", "limb/0"), ("limb/0", "foot <left> & co")]
    assert body_hash(with_excludes(biped, pairs)) == body_hash(biped)
