"""Closed-form distances against brute force and MuJoCo's contacts."""

from __future__ import annotations

import mujoco
import numpy as np

from morph_ops.geometry import Frames
from morph_ops.graph import excludes, with_excludes
from morph_ops.io import mjcf
from morph_ops.operators import OperatorError, crossover, grow_limb
from morph_ops.sampling import sample_body
from morph_ops.validity.contacts import exclude_touching, gaps, touching


def mujoco_contacts(graph) -> dict[tuple[str, str], float]:
    """Every pair in contact in the rest pose, with its deepest overlap (m)."""
    model = mjcf.to_model(graph)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    found: dict[tuple[str, str], float] = {}
    for contact in data.contact:
        a, b = sorted(model.geom(geom).name for geom in (contact.geom1, contact.geom2))
        found[a, b] = max(found.get((a, b), -1.0), -contact.dist)
    return found


def test_distance_is_the_smallest_over_a_fine_grid():
    rng = np.random.default_rng(0)
    steps = np.linspace(0, 1, 201)
    for case in range(60):
        start = rng.uniform(-1, 1, (2, 3))
        axes = rng.uniform(-1, 1, (2, 3))
        if case % 3 == 1:
            axes[1] = axes[0] * rng.choice([-0.5, 0.7])
        if case % 3 == 2:
            axes[case % 2] = 0.0
        frames = Frames(("a", "b"), start, np.tile(np.eye(3), (2, 1, 1)), start, start + axes,
                        np.array([0.1, 0.05]))  # fmt: skip
        points = start[:, None] + steps[:, None] * axes[:, None]
        brute = np.linalg.norm(points[0][:, None] - points[1][None], axis=-1).min()
        found = gaps(frames)[2][0] + 0.15
        assert brute - 0.015 <= found <= brute + 1e-12


def test_touching_pairs_equal_mujocos_contacts():
    rng = np.random.default_rng(1)
    deep = 0
    for _ in range(25):
        graph = with_excludes(sample_body(rng), [])
        expected = mujoco_contacts(graph)
        found = dict(touching(graph))
        # MuJoCo's answer for exact touch depends on the last digit; ours always is yes.
        assert set(expected) <= set(found)
        for pair, overlap in found.items():
            if overlap > 1e-9:
                assert abs(expected[pair] - overlap) < 1e-12
                deep += 1
            else:
                assert abs(overlap) < 1e-9
    assert deep > 5


def test_excludes_leave_no_contact():
    rng = np.random.default_rng(2)
    some = 0
    for _ in range(10):
        graph = sample_body(rng)
        assert excludes(graph) == excludes(exclude_touching(graph))
        assert mujoco_contacts(graph) == {}
        some += len(excludes(graph))
    assert some


def test_published_excludes_are_found(reference):
    """The other pairs that are found touch exactly, where rounding decides."""
    for path in sorted((reference / "unimal100" / "train").glob("*.xml")):
        graph = mjcf.read(path)
        found = dict(touching(graph))
        assert set(excludes(graph)) <= set(found), path.name
        assert all(found[pair] < 1e-9 for pair in set(found) - set(excludes(graph)))


def test_excludes_follow_the_geometry():
    rng = np.random.default_rng(3)
    for _ in range(5):
        graph = sample_body(rng)
        for child in (grow_or_same(graph, rng), crossover(graph, sample_body(rng), rng)):
            assert set(excludes(child)) == {pair for pair, _ in touching(child)}


def grow_or_same(graph, rng):
    try:
        return grow_limb(graph, rng)
    except OperatorError:
        return graph
