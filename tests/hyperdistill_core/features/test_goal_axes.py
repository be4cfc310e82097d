"""States in axes turned towards a goal: those of a simulation that is turned as a whole."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.features import BodyLayout, StateReader
from hyperdistill_core.features.goal_axes import direction, turned
from hyperdistill_core.parallel.vector_env import VectorEnv
from hyperdistill_core.rollout import rollout
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import get_task

ANGLES = np.array([0.3, -2.9, 1.7, 3.1])


def _turned_coordinates(qpos, qvel, angle):
    """The same poses and velocities, with the whole simulation turned about z."""
    qpos, qvel = qpos.copy(), qvel.copy()
    cos, sin = np.cos(angle), np.sin(angle)
    for vector in (qpos[:, :2], qvel[:, :2]):
        x, y = vector.T.copy()
        vector[:, 0], vector[:, 1] = cos * x - sin * y, sin * x + cos * y
    w, x, y, z = qpos[:, 3:7].T.copy()
    c, s = np.cos(angle / 2), np.sin(angle / 2)
    qpos[:, 3:7] = np.stack([c * w - s * z, c * x - s * y, c * y + s * x, c * z + s * w], axis=1)
    return qpos, qvel


def _states(body, qpos, qvel):
    model = get_task("flat").model(body)
    physics = SerialPhysics(model, qpos, qvel)
    fields = ("xpos", "xquat", "subtree_com", "cdof", "qpos", "qvel")
    reader = StateReader(BodyLayout.from_graph(body, model), len(qpos))
    return reader.read(**{name: getattr(physics, name) for name in fields}).copy()


def _standing(body):
    """Poses near rest, so that the quaternion of the torso has a positive real part."""
    model = get_task("flat").model(body)
    rng = np.random.default_rng(0)
    qpos = np.tile(model.qpos0, (len(ANGLES), 1)) + rng.uniform(-0.3, 0.3, (len(ANGLES), model.nq))
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    return qpos, rng.normal(size=(len(ANGLES), model.nv))


def test_turned_states_are_those_of_a_turned_simulation(walker):
    qpos, qvel = _standing(walker)
    seen = turned(_states(walker, *_turned_coordinates(qpos, qvel, ANGLES)), ANGLES)
    expected = _states(walker, qpos, qvel)
    np.testing.assert_allclose(seen, expected, atol=1e-12)


def test_no_turn_changes_nothing_but_the_sign_of_quaternions(walker):
    states = _states(walker, *_standing(walker))
    flipped = states.copy()
    flipped[..., 9:13] *= -1.0
    np.testing.assert_array_equal(turned(states, np.zeros(len(ANGLES))), states)
    np.testing.assert_array_equal(turned(flipped, np.zeros(len(ANGLES))), states)


def test_directions_lie_in_the_plane_of_the_floor():
    offsets = np.array([[2.0, 0.0, 5.0], [0.0, -1.0, 0.0], [-3.0, 0.0, 1.0]])
    np.testing.assert_allclose(direction(offsets), [0.0, -np.pi / 2, np.pi])


class _Recorded:
    """Rest; the states that it saw."""

    def __init__(self, n_controls: int) -> None:
        self._controls = np.zeros(n_controls)
        self.states: list[np.ndarray] = []

    def act(self, state):
        self.states.append(state.copy())
        return np.tile(self._controls, (len(state), 1))


@pytest.mark.parametrize("engine", ["batched", "serial"])
def test_a_rollout_gives_states_that_face_the_goal(engine, walker):
    """The goal lies at the angle that the first orientation of the torso is turned by."""
    task = get_task("point-nav")
    policy = _Recorded(task.model(walker).nu)
    rollout(walker, policy, task=task, episodes=3, seed=4, engine=engine)
    goals = [np.array(task.world(4, episode).goals[0]) for episode in range(3)]
    first = policy.states[0]
    yaw = 2.0 * np.arctan2(first[:, 0, 12], first[:, 0, 9])
    angles = [np.arctan2(goal[1], goal[0]) for goal in goals]
    np.testing.assert_allclose(np.cos(yaw + angles), 1.0, atol=1e-3)
    assert (first[:, 0, 9] >= 0.0).all()


def test_a_vector_env_faces_the_goal_and_published_forms_do_not(walker):
    rest = np.zeros((1, 2, len(walker), 2), np.float32)
    forwards = {}
    for name in ("point-nav", "point-nav-reference"):
        with VectorEnv(
            [walker], task=name, n_envs=2, n_max=len(walker), n_workers=1, seed=0
        ) as env:
            env.step(rest)
            forwards[name] = env.state[0, :, 0, 9].copy()
    assert (forwards["point-nav-reference"] > 0.999).all()
    assert (forwards["point-nav"] < 0.999).all()
