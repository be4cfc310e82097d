"""Rest frames against MuJoCo, mirror images without names, masses."""

from __future__ import annotations

import math
from dataclasses import replace

import mujoco
import networkx as nx
import numpy as np
import pytest

from morph_ops.errors import BodyError
from morph_ops.geometry import (
    canonical_frames,
    center_of_mass,
    density,
    limb_groups,
    mass,
    quaternion,
    rest_frames,
    rotation,
    twins,
)
from morph_ops.graph import (
    IDENTITY,
    Joint,
    Limb,
    Torso,
    add_limb,
    limb,
    limbs,
    new_body,
    node_names,
    torso,
    with_nodes,
)
from morph_ops.io import mjcf
from morph_ops.sampling import sample_body


@pytest.fixture
def turned() -> nx.DiGraph:
    """A body whose torso and limbs all have orientations of their own."""
    hinge = Joint(
        name="limbx/0", slot="x", pos=(0, 0, 0.05), axis=(1, 0, 0), range_deg=(-30, 30), gear=150
    )
    graph = new_body(
        Torso(pos=(0.3, -0.2, 0.9), quat=(0.9, 0.1, -0.3, 0.2), radius=0.1, density=700)
    )
    upper = Limb(
        pos=(0, 0.1, -0.1),
        quat=(0.5, 0.5, -0.5, 0.1),
        start=(0.01, 0, 0),
        end=(0.1, 0.2, -0.3),
        radius=0.05,
        mass=1.5,
        joints=(hinge,),
    )
    graph = add_limb(graph, "torso/0", "a", upper)
    lower = replace(upper, quat=(0, 0, 3, 4), joints=(replace(hinge, name="limbx/1"),))
    return add_limb(graph, "a", "b", lower)


def test_frames_and_center_of_mass_are_mujocos(turned):
    rng = np.random.default_rng(0)
    for graph in [turned, *(sample_body(rng) for _ in range(5))]:
        model = mjcf.to_model(graph)
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        frames = rest_frames(graph)
        np.testing.assert_allclose(frames.pos, data.xpos[1:], atol=1e-12)
        np.testing.assert_allclose(frames.rot.reshape(-1, 9), data.xmat[1:], atol=1e-12)
        middles = (frames.start + frames.end) / 2
        np.testing.assert_allclose(middles, data.geom_xpos, atol=1e-12)
        np.testing.assert_allclose(center_of_mass(graph), data.subtree_com[1], atol=1e-12)
        np.testing.assert_allclose(
            [mass(graph.nodes[name]["node"]) for name in frames.names], model.body_mass[1:]
        )


def test_torso_frame_is_the_world_seen_from_the_torso(turned):
    world, own = rest_frames(turned), rest_frames(turned, in_torso=True)
    head = torso(turned)
    np.testing.assert_allclose(own.pos[0], 0)
    np.testing.assert_allclose(own.end @ rotation(head.quat).T + head.pos, world.end, atol=1e-12)


def test_quaternion_inverts_rotation():
    rng = np.random.default_rng(1)
    half_turns = [(0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.6, 0.0, 0.8)]
    for quat in [*half_turns, *rng.normal(size=(20, 4)).tolist()]:
        matrix = rotation(tuple(quat))
        np.testing.assert_allclose(rotation(quaternion(matrix)), matrix, atol=1e-12)


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
    record = limb(graph, pair[0])
    crooked = graph.copy()
    crooked.nodes[pair[0]]["node"] = replace(record, radius=record.radius * 1.001)
    assert not set(pair) & set(twins(crooked))
    # An operator then changes each of them alone.
    assert {(pair[0],), (pair[1],)} <= set(limb_groups(crooked))


def test_density_of_a_part_with_a_mass():
    record = Limb(pos=(0, 0, 0), end=(0, 0, -0.3), radius=0.05, density=700.0)
    assert density(replace(record, density=None, mass=mass(record))) == pytest.approx(700.0)
    with pytest.raises(BodyError, match="needs a mass or a density"):
        mass(replace(record, density=None))


def test_canonical_frames_are_another_way_to_write_the_same_robot(turned):
    backwards = replace(limb(turned, "a"), start=(0.1, 0.2, -0.3), end=(0.01, 0, 0))
    for graph in (turned, with_nodes(turned, [("a", backwards)])):
        canonical = canonical_frames(graph)
        assert canonical_frames(canonical) is canonical
        for name in node_names(canonical):
            assert canonical.nodes[name]["node"].quat == IDENTITY
        for name in ("a", "b"):
            record = limb(canonical, name)
            assert record.start == (0, 0, 0)
            hinge = record.joints[0].pos
            assert math.dist(hinge, record.start) < math.dist(hinge, record.end)
        models = [mjcf.to_model(each) for each in (graph, canonical)]
        np.testing.assert_allclose(models[0].body_mass, models[1].body_mass)
        steps = [mujoco.MjData(model) for model in models]
        for _ in range(200):
            for model, data in zip(models, steps, strict=True):
                data.ctrl[:] = [0.7, -0.4]
                mujoco.mj_step(model, data)
        np.testing.assert_allclose(steps[0].qpos[7:], steps[1].qpos[7:], atol=1e-9)
        np.testing.assert_allclose(steps[0].geom_xpos, steps[1].geom_xpos, atol=1e-9)


def test_a_hinge_halfway_leaves_a_capsule_as_it_is(turned):
    rng = np.random.default_rng(0)
    for _ in range(100):
        start, end = rng.normal(size=(2, 3)) / 5
        record = limb(turned, "a")
        hinge = replace(record.joints[0], pos=tuple(((start + end) / 2).tolist()))
        record = replace(
            record, start=tuple(start.tolist()), end=tuple(end.tolist()), joints=(hinge,)
        )
        once = canonical_frames(with_nodes(turned, [("a", record)]))
        assert canonical_frames(once) is once


def test_unimal_bodies_have_canonical_frames():
    rng = np.random.default_rng(3)
    for graph in [sample_body(rng) for _ in range(10)]:
        assert canonical_frames(graph) is graph
