"""Tasks that keep something of an episode: their default forms, rewards, observations, engines."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import mujoco
import networkx as nx
import numpy as np
import pytest

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.rollout import rollout
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import Episodes, Task, get_task

GOAL_TASKS = ("exploration", "patrol", "point-nav")


class Sway:
    """Controls that depend on the state."""

    def __init__(self, n_controls: int) -> None:
        self._n = n_controls

    def act(self, state):
        angles = state.reshape(len(state), -1)[:, -self._n :]
        return np.tanh(1.0 + 3.0 * angles)


def begun(task: Task, graph: nx.DiGraph, episodes: int = 1) -> tuple[SerialPhysics, Episodes]:
    """Simulations in their initial states, and what the task keeps of their episodes."""
    worlds = task.worlds(0, episodes)
    model = task.model(graph)
    physics = SerialPhysics(model, *task.initial_states(model, seed=0, episodes=episodes))
    of_each = worlds.of_numbers(worlds.of_episodes(episodes))
    kept = task.begin(graph, model, physics, of_each)
    assert kept is not None
    return physics, kept


def walk(kept: Episodes, *places: tuple[float, float]) -> list[dict[str, float]]:
    """Terms of the steps of a torso from place to place."""
    points = [np.array([[x, y, 0.5]]) for x, y in places]
    return [
        {name: values.item() for name, values in kept.terms(before, after).items()}
        for before, after in pairwise(points)
    ]


@pytest.mark.parametrize("name", ["exploration", "point-nav"])
def test_an_arena_has_its_middle_at_the_origin(name, walker):
    task = get_task(name)
    world = task.world(seed=3, episode=1)
    assert world.start == (0.0, 0.0, 0.0)
    assert world.native_ccd
    model = task.model(walker, world)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    for direction in ((1.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)):
        start, geom = np.array([0.0, 0.0, 1.9]), np.zeros(1, np.int32)
        distance = mujoco.mj_ray(model, data, start, np.array(direction), None, 1, 1, geom)
        assert distance == pytest.approx(50.0)
    assert world.height_map is not None
    sides = np.array([[49.95, 0.0, 0.0], [50.05, 0.0, 0.0], [0.0, -50.05, 0.0], [0.0, 0.0, 0.0]])
    assert world.height_map.at(sides).tolist() == [0.0, 2.0, 2.0, 0.0]


def test_each_square_counts_once(walker):
    _, kept = begun(get_task("exploration"), walker)
    terms = walk(kept, (0.2, 0.2), (0.3, 0.2), (1.1, 0.2), (0.3, 0.3), (-0.1, 0.2), (0.1, -0.1))
    assert [term["explore"] for term in terms] == [1.0, 1.0, 0.0, 1.0, 1.0]
    kept.begin(np.array([0]), [get_task("exploration").world()])
    assert walk(kept, (0.2, 0.2), (0.3, 0.2)) == [{"explore": 1.0}]


def test_a_patrol_goes_to_and_fro(walker):
    _, kept = begun(get_task("patrol"), walker)
    terms = walk(kept, (0.0, 0.0), (9.0, 0.0), (9.6, 0.0), (9.0, 0.0), (0.4, 0.3))
    assert [term["approach"] for term in terms] == pytest.approx([900.0, 60.0, 60.0, 850.0])
    assert [term["arrive"] for term in terms] == [0.0, 10.0, 0.0, 10.0]


@pytest.mark.parametrize(("name", "late"), [("patrol", False), ("patrol-reference", True)])
def test_the_public_environment_shows_a_goal_one_step_too_long(name, late, walker):
    task = get_task(name)
    physics, kept = begun(task, walker)
    first = kept.observations()["goal"]
    np.testing.assert_allclose(first[0, :2], (10.0, 0.0), atol=0.2)
    start = task.world().start[0]
    walk(kept, (start, 0.0), (start + 9.9, 0.0))
    after = kept.observations()["goal"]
    np.testing.assert_array_equal(after == first, np.full((1, 3), late))
    walk(kept, (start + 9.9, 0.0), (start + 8.9, 0.0))
    np.testing.assert_allclose(kept.observations()["goal"][0, :2], 0.0, atol=0.02)
    assert physics.qpos[0, 0] == pytest.approx(start, abs=0.01)


def test_a_single_goal_counts_at_every_step(walker):
    task = get_task("point-nav")
    _, kept = begun(task, walker)
    ((x, y, _),) = task.world(0, 0).goals
    assert [step["arrive"] for step in walk(kept, *[(x + 0.3, y)] * 3)] == [10.0, 10.0]


def test_goals_are_drawn_for_each_episode_and_keep_the_margins_of_the_settings():
    def goals(name: str) -> np.ndarray:
        task = get_task(name)
        found = [np.subtract(task.world(seed).goals[0], task.world().start) for seed in range(300)]
        assert len({tuple(goal) for goal in found}) > 290
        return np.abs(found)

    here, there = goals("point-nav"), goals("point-nav-reference")
    assert (here <= (46.5, 44.5, 0.111)).all()
    assert (there <= (43.5, 39.5, 0.111)).all()
    assert (here.max(axis=0)[:2] > (43.5, 39.5)).all()


def test_worlds_that_differ_in_goals_alone_share_model_and_map(walker):
    task = get_task("point-nav")
    worlds = task.worlds(0, episodes=3)
    assert len({world.goals for world in worlds.worlds}) == 3
    assert len({id(world.height_map) for world in worlds.worlds}) == 1
    assert len(task.models(walker, worlds.worlds)) == 1
    assert len(get_task("csr").models(walker, get_task("csr").worlds(0, 3).worlds)) == 3


def test_a_goal_is_seen_in_the_frame_of_the_torso(walker):
    task = get_task("patrol")
    model = task.model(walker)
    qpos = np.tile(model.qpos0, (2, 1))
    qpos[0, 3:7] = np.cos(np.pi / 4), 0.0, 0.0, np.sin(np.pi / 4)  # turned to the left
    physics = SerialPhysics(model, qpos, np.zeros((2, model.nv)))
    kept = task.begin(walker, model, physics, [task.world()] * 2)
    assert kept is not None
    below = 0.1 - model.qpos0[2]
    expected = [(0.0, -10.0, below), (10.0, 0.0, below)]
    np.testing.assert_allclose(kept.observations()["goal"], expected, atol=1e-12)


@pytest.mark.parametrize("name", GOAL_TASKS)
def test_both_engines_agree_bitwise(name, walker):
    task = replace(get_task(name), max_steps=50)
    policy = Sway(BodyLayout.from_graph(walker, task.model(walker)).n_controls)
    results = [
        rollout(walker, policy, task=task, episodes=3, seed=4, engine=engine)
        for engine in ("batched", "serial")
    ]
    alone = rollout(walker, policy, task=task, episodes=1, first_episode=1, seed=4)
    np.testing.assert_array_equal(results[0].returns, results[1].returns)
    np.testing.assert_array_equal(results[0].lengths, results[1].lengths)
    assert results[0].returns[1] == pytest.approx(alone.returns[0], abs=1e-6)
    assert results[0].returns.any()


@pytest.mark.parametrize("name", ["flat", "csr"])
def test_other_tasks_keep_nothing(name, walker):
    task = get_task(name)
    model = task.model(walker)
    physics = SerialPhysics(model, model.qpos0[None], np.zeros((1, model.nv)))
    assert task.begin(walker, model, physics, [task.world()]) is None


def test_a_task_without_terms_says_so():
    with pytest.raises(NotImplementedError, match="patrol: the reward terms are those of its"):
        get_task("patrol").terms(np.zeros((1, 3)), np.zeros((1, 3)))
