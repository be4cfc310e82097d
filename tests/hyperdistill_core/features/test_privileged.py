"""Privileged observations against the geometry and the Jacobians of MuJoCo."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from hyperdistill_core.features import (
    PRIVILEGED,
    PRIVILEGED_DIM,
    STATE_DIM,
    BodyLayout,
    StateReader,
    node_constants,
    privileged_observation,
)
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import get_task

EPISODES = 3


@pytest.fixture
def observed(walker):
    """Layout, model, physics, state and observation of the walker far from rest."""
    model = get_task("flat").model(walker)
    rng = np.random.default_rng(0)
    qpos = rng.normal(size=(EPISODES, model.nq))
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    physics = SerialPhysics(model, qpos, rng.normal(size=(EPISODES, model.nv)))
    layout = BodyLayout.from_graph(walker, model)
    fields = ("xpos", "xquat", "subtree_com", "cdof", "qpos", "qvel")
    state = StateReader(layout, EPISODES).read(**{name: getattr(physics, name) for name in fields})
    observation = privileged_observation(state.astype(np.float32), node_constants(layout, model))
    return layout, model, physics, state, observation


def test_the_table_covers_every_number_once():
    assert [feature.start for feature in PRIVILEGED[1:]] == [
        feature.stop for feature in PRIVILEGED[:-1]
    ]
    assert (PRIVILEGED[0].start, PRIVILEGED[-1].stop, PRIVILEGED_DIM) == (0, 30, 30)


def test_it_begins_with_the_state(observed):
    *_, state, observation = observed
    np.testing.assert_allclose(observation[..., :STATE_DIM], state, rtol=1e-6)


def test_tips_are_where_the_capsules_end(observed):
    layout, model, physics, _, observation = observed
    data = mujoco.MjData(model)
    jacobian = np.zeros((3, model.nv))
    for episode in range(EPISODES):
        data.qpos[:] = physics.qpos[episode]
        mujoco.mj_forward(model, data)
        for row, body in enumerate(layout.body_ids):
            geom = model.body_geomadr[body]
            end = data.geom_xmat[geom].reshape(3, 3) @ (0.0, 0.0, model.geom_size[geom, 1])
            ends = data.geom_xpos[geom] + np.outer((1.0, -1.0), end)
            origin = data.xpos[body]
            tip = ends[np.linalg.norm(ends - origin, axis=1).argmax()] if row else origin
            np.testing.assert_allclose(observation[episode, row, 17:20], tip - origin, atol=1e-5)
            np.testing.assert_allclose(observation[episode, row, 20], tip[2], atol=1e-5)
            mujoco.mj_jac(model, data, jacobian, None, tip, body)
            speed = jacobian @ physics.qvel[episode]
            np.testing.assert_allclose(observation[episode, row, 21:24], speed, atol=1e-4)


def test_axes_are_turned_with_their_nodes(observed):
    layout, model, physics, _, observation = observed
    for row, body in enumerate(layout.body_ids):
        for slot in range(2):
            first = 24 + 3 * slot
            axes = observation[:, row, first : first + 3]
            if not layout.joint_mask[row, slot]:
                assert not axes.any()
                continue
            for episode in range(EPISODES):
                rotated = np.zeros(3)
                axis = model.jnt_axis[layout.joint_ids[row, slot]]
                mujoco.mju_rotVecQuat(rotated, axis, physics.xquat[episode, body])
                np.testing.assert_allclose(axes[episode], rotated, atol=1e-5)
