"""What controllers see beside the states: heights, a goal, an object."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.parallel.vector_env import VectorEnv
from hyperdistill_core.rollout import Engine, rollout
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import get_task
from hyperdistill_core.tasks.sight import ahead, parts_of, sight
from hyperdistill_core.tasks.terrain import HEIGHT_SAMPLES


class Watching:
    """Rest; what it saw."""

    clock_harmonics = 0

    def __init__(self, n_controls: int, numbers: int) -> None:
        self._controls, self.terrain_dim = np.zeros(n_controls), numbers
        self.seen: list[np.ndarray] = []

    def act(self, state, heights=None, *, time=None):
        self.seen.append(np.array(heights))
        return np.tile(self._controls, (len(state), 1))


def seen_in(name, body, numbers, *, engine: Engine = "batched"):
    """What a body at rest sees in three episodes, at their first two control steps."""
    task = get_task(name)
    policy = Watching(task.model(body).nu, numbers)
    rollout(body, policy, task=task, episodes=3, seed=4, engine=engine)
    return policy.seen[:2]


def test_the_number_of_numbers_names_the_parts():
    found = {
        numbers: parts_of(numbers)
        for heights in (0, *HEIGHT_SAMPLES)
        for numbers in (heights, heights + 3, heights + 12)
    }
    assert len(found) == 9
    assert all(numbers - heights in (0, 3, 12) for numbers, (heights, _) in found.items())
    assert (found[198], found[1422]) == ((195, "goal"), (1410, "object"))


def test_no_sight_has_another_number():
    with pytest.raises(ValueError, match="sight: expected one of 0, 3, 12, 195, 198, 207"):
        parts_of(4)


@pytest.mark.parametrize("engine", ["batched", "serial"])
def test_a_goal_is_a_direction_and_a_nearness(engine, walker):
    first, _ = seen_in("point-nav", walker, 3, engine=engine)
    goals = np.array([get_task("point-nav").world(4, episode).goals[0] for episode in range(3)])
    distance = np.hypot(goals[:, 0], goals[:, 1])
    expected = [goals[:, 0] / distance, goals[:, 1] / distance, 1.0 / (1.0 + distance)]
    np.testing.assert_allclose(first, np.transpose(expected), atol=0.02)


def test_directions_count_from_the_heading_of_the_torso(walker):
    task = get_task("patrol")
    model = task.model(walker)
    qpos = np.tile(model.qpos0, (2, 1))
    angle = np.pi / 2
    qpos[:, 3:7] = np.cos(angle / 2), 0.0, 0.0, np.sin(angle / 2)
    qpos[1, 0] = 10.0
    physics = SerialPhysics(model, qpos, np.zeros((2, model.nv)))
    worlds, which = task.worlds(0, 2), np.zeros(2, np.intp)
    kept = task.begin(walker, model, physics, worlds.of_numbers(which))
    seen = sight(worlds, which, physics.xpos[:, 1], physics.xquat[:, 1], 3, kept)
    np.testing.assert_allclose(seen[0], [0.0, -1.0, 1.0 / 11.0], atol=1e-9)
    assert seen[1, 2] == 1.0


def test_forward_tasks_have_their_goal_far_along_x(walker):
    first, _ = seen_in("flat", walker, 3)
    np.testing.assert_allclose(first, np.tile(ahead(3), (3, 1)), atol=0.02)
    assert ahead(3).tolist() == [1.0, 0.0, 0.0]
    np.testing.assert_array_equal(np.flatnonzero(ahead(198)), [195])


def test_heights_come_before_the_goal(walker):
    both, heights, goal = (seen_in("csr", walker, numbers)[1] for numbers in (198, 195, 3))
    np.testing.assert_array_equal(both, np.concatenate([heights, goal], axis=1))


def test_an_object_is_seen_where_there_is_one(walker):
    first, _ = seen_in("manipulation-ball", walker, 12)
    lengths = np.linalg.norm(first.reshape(3, 4, 3), axis=2)
    assert ((lengths >= 0.0) & (lengths < 1.0)).all()
    world = get_task("manipulation-ball").world(4, 0)
    assert world.object is not None
    far = np.hypot(*world.object.pos[:2])
    assert lengths[0, 0] == pytest.approx(far / (1.0 + far), abs=0.02)
    assert not np.any(seen_in("flat", walker, 12)[0])


def test_a_vector_env_shows_the_same_goals_as_a_rollout(walker):
    rest = np.zeros((1, 2, len(walker), 2), np.float32)
    with VectorEnv(
        [walker], task="patrol", n_envs=2, n_max=len(walker), n_workers=1, seed=0, n_heights=3
    ) as env:
        np.testing.assert_allclose(env.heights[0], [[1.0, 0.0, 1.0 / 11.0]] * 2, atol=0.02)
        env.step(rest)
        assert np.isfinite(env.heights).all()
