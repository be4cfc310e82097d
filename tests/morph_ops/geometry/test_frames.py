"""Rest frames equal MuJoCo's, and canonical frames describe the same robot."""

from __future__ import annotations

import math
from dataclasses import replace

import mujoco
import numpy as np

from morph_ops.geometry import (
    canonical_frames,
    center_of_mass,
    mass,
    rest_frames,
    rotation,
)
from morph_ops.graph import (
    IDENTITY,
    limb,
    node_names,
    torso,
    with_nodes,
)
from morph_ops.io import mjcf
from morph_ops.sampling import sample_body


def test_torso_frame_is_the_world_in_the_axes_of_the_torso(turned):
    world, own = rest_frames(turned), rest_frames(turned, in_torso=True)
    top = torso(turned)
    np.testing.assert_allclose(own.pos[0], 0)
    np.testing.assert_allclose(own.end @ rotation(top.quat).T + top.pos, world.end, atol=1e-12)


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


def test_canonical_frames_describe_the_same_robot(turned):
    backwards = replace(limb(turned, "a"), start=(0.1, 0.2, -0.3), end=(0.01, 0, 0))
    for graph in (turned, with_nodes(turned, [("a", backwards)])):
        canonical = canonical_frames(graph)
        assert canonical_frames(canonical) is canonical
        for name in node_names(canonical):
            assert canonical.nodes[name]["node"].quat == IDENTITY
        for name in ("a", "b"):
            each = limb(canonical, name)
            assert each.start == (0, 0, 0)
            hinge = each.joints[0].pos
            assert math.dist(hinge, each.start) < math.dist(hinge, each.end)
        models = [mjcf.to_model(each) for each in (graph, canonical)]
        np.testing.assert_allclose(models[0].body_mass, models[1].body_mass)
        steps = [mujoco.MjData(model) for model in models]
        for _ in range(200):
            for model, data in zip(models, steps, strict=True):
                data.ctrl[:] = [0.7, -0.4]
                mujoco.mj_step(model, data)
        np.testing.assert_allclose(steps[0].qpos[7:], steps[1].qpos[7:], atol=1e-9)
        np.testing.assert_allclose(steps[0].geom_xpos, steps[1].geom_xpos, atol=1e-9)


def test_a_hinge_halfway_leaves_the_capsule_unchanged(turned):
    rng = np.random.default_rng(0)
    for _ in range(100):
        start, end = rng.normal(size=(2, 3)) / 5
        each = limb(turned, "a")
        hinge = replace(each.joints[0], pos=tuple(((start + end) / 2).tolist()))
        each = replace(each, start=tuple(start.tolist()), end=tuple(end.tolist()), joints=(hinge,))
        once = canonical_frames(with_nodes(turned, [("a", each)]))
        assert canonical_frames(once) is once


def test_unimal_bodies_have_canonical_frames():
    rng = np.random.default_rng(3)
    for graph in [sample_body(rng) for _ in range(10)]:
        assert canonical_frames(graph) is graph
