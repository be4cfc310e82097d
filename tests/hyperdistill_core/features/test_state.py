"""The state against the Jacobians and poses of MuJoCo."""

from __future__ import annotations

import mujoco
import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray

from hyperdistill_core.features import STATE, STATE_DIM, BodyLayout, StateReader
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import get_task
from morph_ops.graph import add_limb, limb, new_body, torso

EPISODES = 3


@pytest.fixture
def moving(walker: nx.DiGraph) -> tuple[BodyLayout, SerialPhysics, mujoco.MjModel]:
    """The walker far from rest, turned and spinning."""
    model = get_task("flat").model(walker)
    rng = np.random.default_rng(0)
    qpos = rng.normal(size=(EPISODES, model.nq))
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    physics = SerialPhysics(model, qpos, rng.normal(size=(EPISODES, model.nv)))
    return BodyLayout.from_graph(walker, model), physics, model


def read(
    layout: BodyLayout, physics: SerialPhysics, *, world_y: bool = False
) -> NDArray[np.float64]:
    return StateReader(layout, len(physics.qpos), world_y=world_y).read(
        xpos=physics.xpos,
        xquat=physics.xquat,
        subtree_com=physics.subtree_com,
        cdof=physics.cdof,
        qpos=physics.qpos,
        qvel=physics.qvel,
    )


def test_the_table_covers_every_number_once():
    assert [feature.start for feature in STATE[1:]] == [feature.stop for feature in STATE[:-1]]
    assert (STATE[0].start, STATE[-1].stop, STATE_DIM) == (0, 17, 17)


def test_velocities_are_jacobians_times_qvel(moving):
    layout, physics, model = moving
    state = read(layout, physics)
    data = mujoco.MjData(model)
    linear, angular = np.zeros((3, model.nv)), np.zeros((3, model.nv))
    for episode in range(EPISODES):
        data.qpos[:] = physics.qpos[episode]
        mujoco.mj_forward(model, data)
        for row, body in enumerate(layout.body_ids):
            mujoco.mj_jacBody(model, data, linear, angular, body)
            expected = np.concatenate([linear, angular]) @ physics.qvel[episode]
            np.testing.assert_allclose(state[episode, row, 3:9], expected, atol=1e-12)


def test_poses_are_those_of_the_node_frames(moving):
    layout, physics, _ = moving
    state, xpos = read(layout, physics), physics.xpos[:, layout.body_ids]
    np.testing.assert_array_equal(state[:, :, :2], xpos[:, :, :2] - xpos[:, :1, :2])
    np.testing.assert_array_equal(state[:, :, 2], xpos[:, :, 2])
    np.testing.assert_array_equal(state[:, :, 9:13], physics.xquat[:, layout.body_ids])


def test_y_can_be_in_the_world_frame(moving):
    layout, physics, _ = moving
    ours, public = read(layout, physics), read(layout, physics, world_y=True)
    np.testing.assert_array_equal(public[:, :, 1], physics.xpos[:, layout.body_ids, 1])
    np.testing.assert_array_equal(np.delete(ours, 1, axis=2), np.delete(public, 1, axis=2))


def test_hinges_fill_their_slots_and_other_slots_are_zero(moving, walker):
    layout, physics, model = moving
    state = read(layout, physics)
    expected = np.zeros((EPISODES, len(walker), 2, 2))
    for row, name in enumerate(("torso/0", "limb/0", "limb/2", "limb/1")):
        for slot, letter in enumerate("xy"):
            joint = f"limb{letter}/{name.split('/')[1]}"
            if name == "torso/0" or joint in ("limbx/1", "limbx/2"):
                continue
            index = model.joint(joint)
            lower, upper = index.range
            angle = physics.qpos[:, index.qposadr[0]]
            expected[:, row, slot, 0] = (angle - lower) / (upper - lower)
            expected[:, row, slot, 1] = physics.qvel[:, index.dofadr[0]]
    np.testing.assert_allclose(state[:, :, 13:], expected.reshape(EPISODES, -1, 4), atol=1e-15)


def test_bodies_with_no_or_one_hinge(walker):
    lone = new_body(torso(walker))
    one = add_limb(lone, "torso/0", "limb/1", limb(walker, "limb/1"))
    for graph in (lone, one):
        model = get_task("flat").model(graph)
        physics = SerialPhysics(model, np.tile(model.qpos0, (2, 1)), np.ones((2, model.nv)))
        state = read(BodyLayout.from_graph(graph, model), physics)
        assert state.shape == (2, len(graph), STATE_DIM)
        assert np.count_nonzero(state[:, :, 13:]) == 4 * model.nu
