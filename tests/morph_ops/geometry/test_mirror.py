"""Mirror images follow from the geometry, not from names."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np

from morph_ops.geometry import (
    limb_groups,
    twins,
)
from morph_ops.graph import (
    limb,
    limbs,
)
from morph_ops.sampling import sample_body


def test_twins_do_not_depend_on_names():
    rng = np.random.default_rng(2)
    pairs = 0
    for _ in range(15):
        graph = sample_body(rng)
        image = twins(graph)
        assert set(image) == set(graph)
        assert all(image[image[name]] == name for name in image)
        names = [f"part {number}" for number in rng.permutation(len(graph))]
        other = dict(zip(graph, names, strict=True))
        renamed = nx.relabel_nodes(graph, other)
        assert twins(renamed) == {other[a]: other[b] for a, b in image.items()}
        pairs += sum(a != b for a, b in image.items())
    assert pairs > 10


def test_limb_groups_hold_every_limb_once():
    graph = sample_body(np.random.default_rng(3))
    names = [name for group in limb_groups(graph) for name in group]
    assert sorted(names) == sorted(limbs(graph))


def test_limbs_without_image_are_left_out():
    graph = sample_body(np.random.default_rng(3))
    pair = next(group for group in limb_groups(graph) if len(group) == 2)
    each = limb(graph, pair[0])
    crooked = graph.copy()
    crooked.nodes[pair[0]]["node"] = replace(each, radius=each.radius * 1.001)
    assert not set(pair) & set(twins(crooked))
    # An operator then changes each of them alone.
    assert {(pair[0],), (pair[1],)} <= set(limb_groups(crooked))
