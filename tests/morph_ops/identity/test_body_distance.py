"""The distance between bodies is a metric that grows with the edits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from morph_ops import graph as body_graph
from morph_ops.graph import add_limb, with_nodes
from morph_ops.identity import body_features, body_hash, distance
from morph_ops.io import mjcf


@pytest.fixture(scope="module")
def robots(reference: Path) -> list[nx.DiGraph]:
    """Robots with the published duplicates among them."""
    return [
        mjcf.read(path)
        for path in sorted((reference / "unimal100" / "train").glob("mvt-5506-*.xml"))
    ]


def test_metric_on_published_robots(robots: list[nx.DiGraph]) -> None:
    bodies = [body_features(graph) for graph in robots]
    apart = np.array([[distance(one, other) for other in bodies] for one in bodies])
    assert (apart == apart.T).all()
    assert apart.min() == 0.0
    assert 0.5 < apart.max() < 1.0
    hashes = np.array([body_hash(graph) for graph in robots])
    assert ((apart == 0.0) == (hashes[:, None] == hashes[None])).all()
    detours = apart[:, :, None] + apart[None]
    assert (detours >= apart[:, None, :] - 1e-12).all()


def test_graphs_and_features_give_one_distance(robots: list[nx.DiGraph]) -> None:
    one, other = robots[:2]
    assert distance(one, other) == distance(body_features(one), other) > 0.0


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("radius", (0.032, 0.04, 0.05, 0.06)),
        ("mass", (0.72, 0.8, 0.9, 1.0)),
        ("end", ((0.0, 0.02, -0.21), (0.0, 0.02, -0.25), (0.0, 0.02, -0.3), (0.0, 0.02, -0.5))),
        ("pos", ((0.0, 0.25, -0.06), (0.0, 0.25, -0.1), (0.0, 0.25, -0.2), (0.0, 0.25, -0.4))),
    ],
)
def test_larger_changes_of_a_shape_are_farther(
    biped: nx.DiGraph, field: str, values: tuple[Any, ...]
) -> None:
    foot = body_graph.limb(biped, "foot <left> & co")
    changed = [
        with_nodes(biped, [("foot <left> & co", replace(foot, **{field: value}))])
        for value in values
    ]
    apart = [distance(biped, graph) for graph in changed]
    assert 0.0 < apart[0] < apart[1] < apart[2] < apart[3] < 0.2


def test_larger_changes_of_a_motor_are_farther_and_its_loss_is_farthest(biped: nx.DiGraph) -> None:
    leg = body_graph.limb(biped, "limb/3")
    first, second = leg.joints
    variants = [(first, replace(second, gear=gear)) for gear in (200.0, 250.0, 300.0)]
    graphs = [
        with_nodes(biped, [("limb/3", replace(leg, joints=joints))])
        for joints in (*variants, (first,))
    ]
    apart = [distance(biped, graph) for graph in graphs]
    assert apart == sorted(apart)
    assert len(set(apart)) == 4


def test_every_grown_limb_is_farther(biped: nx.DiGraph) -> None:
    leg = body_graph.limb(biped, "limb/3")
    graph, apart = biped, [0.0]
    for index in range(6):
        joints = tuple(replace(joint, name=f"{joint.name}{index}") for joint in leg.joints)
        tip = body_graph.limbs(graph)[-1]
        graph = add_limb(graph, tip, f"new/{index}", replace(leg, joints=joints))
        apart.append(distance(biped, graph))
    # d = the limbs grown, n + m + d = 2 (4 + d)
    assert apart == pytest.approx([grown / (4 + grown) for grown in range(7)], abs=1e-15)
