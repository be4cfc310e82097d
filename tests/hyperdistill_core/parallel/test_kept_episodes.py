"""Vector envs of tasks that keep something of running episodes: rewards, resets, resumes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.parallel.env_arrays import EnvShape
from hyperdistill_core.parallel.env_shard import EnvShard, NoProgress
from hyperdistill_core.parallel.env_slot import training_worlds
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import Task, get_task
from morph_ops.sampling import sample_body

N_BODIES, N_ENVS, N_MAX, STEPS, SEED = 2, 2, 12, 60, 5
TASKS = ("exploration", "patrol", "point-nav", "goals", "mvt", "manipulation-ball")
RESULTS = ("state", "reward", "terminated", "truncated")


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(N_BODIES)]


@pytest.fixture(scope="module")
def actions():
    shape = (STEPS, N_BODIES, N_ENVS, N_MAX, 2)
    return np.random.default_rng(0).uniform(-1.0, 1.0, shape).astype(np.float32)


@pytest.fixture(params=TASKS)
def task(request: pytest.FixtureRequest) -> Task:
    return replace(get_task(request.param), max_steps=25)


class ReferenceSimulation:
    """One simulation of a body by plain ``mj_step``, and its episodes one after the other."""

    def __init__(self, graph, task, body_number, env):
        self.task, self.graph, self.body_number = task, graph, body_number
        worlds = training_worlds(task, SEED).worlds
        self.world = worlds[(body_number * N_ENVS + env) % len(worlds)]
        self.model = task.model(graph, self.world)
        self.layout = BodyLayout.from_graph(graph, self.model)

    def reset(self, number):
        """Begin an episode in the initial state of a number."""
        rng = np.random.default_rng([SEED, self.body_number, number])
        qpos, qvel = self.task.reset_noise(rng, self.model)
        qpos += self.model.qpos0
        self.world.put_object(qpos)
        self.physics = SerialPhysics(self.model, qpos[None], qvel[None])
        self.kept = self.task.begin(self.graph, self.model, self.physics, [self.world])

    def step(self, action):
        """Reward of a control step, and whether the body fell."""
        torso = self.physics.xpos[:, self.layout.body_ids[0]]
        before = torso.copy()
        self.physics.ctrl[0] = action.reshape(-1)[self.layout.actions]
        self.physics.step(np.zeros(1, np.intp), self.task.physics_steps)
        terms = self.task.all_terms(before, torso, action.reshape(1, -1), self.kept)
        height_map = self.world.height_map
        ground = None if height_map is None else height_map.ground(torso)
        fell = self.task.fell(torso, self.task.fall_height(self.graph), ground)
        return np.sum(list(terms.values())), fell[0]


def new_shard(bodies, task, saved=None, no_progress=None):
    """A shard with the bodies in its slots, and its arrays."""
    shape = EnvShape(n_active=N_BODIES, n_envs=N_ENVS, n_max=N_MAX)
    arrays = shape.arrays(shape.allocate())
    shard = EnvShard(shape, arrays, task, SEED, no_progress)
    for slot, graph in enumerate(bodies):
        shard.put(slot, slot, graph, saved and saved[slot])
    return shard, arrays


def test_equal_to_plain_mj_step(bodies, actions, task):
    shard, arrays = new_shard(bodies, task)
    simulations = {
        (slot, env): ReferenceSimulation(graph, task, slot, env)
        for slot, graph in enumerate(bodies)
        for env in range(N_ENVS)
    }
    drawn = [0] * N_BODIES
    for (slot, _), simulation in simulations.items():
        drawn[slot] += 1
        simulation.reset(drawn[slot])
    for step in range(STEPS):
        arrays["action"][...] = actions[step]
        shard.step()
        for (slot, env), simulation in simulations.items():
            reward, fell = simulation.step(actions[step, slot, env])
            assert arrays["reward"][slot, env] == pytest.approx(reward, rel=1e-6, abs=1e-6)
            done = arrays["terminated"][slot, env] or arrays["truncated"][slot, env]
            assert arrays["terminated"][slot, env] == fell
            if done:
                drawn[slot] += 1
                simulation.reset(drawn[slot])
    assert min(drawn) > N_ENVS


def test_another_shard_continues_bit_by_bit(bodies, actions, task):
    def run(shard, arrays, steps):
        rows = []
        for step in steps:
            arrays["action"][...] = actions[step]
            shard.step()
            rows.append({name: arrays[name].copy() for name in RESULTS})
        return rows

    shard, arrays = new_shard(bodies, task)
    run(shard, arrays, range(20))
    saved = shard.state_dict()
    expected = run(shard, arrays, range(20, STEPS))
    assert any(name.startswith("episodes_") for name in saved[0])
    for row, other in zip(
        expected, run(*new_shard(bodies, task, saved), range(20, STEPS)), strict=True
    ):
        for name in RESULTS:
            np.testing.assert_array_equal(other[name], row[name])


@pytest.mark.parametrize(
    ("name", "ends"), [("flat", True), ("patrol", False), ("exploration", False)]
)
def test_progress_along_x_counts_in_tasks_that_reward_it_alone(name, ends, bodies):
    rule = NoProgress(steps=5, distance_m=10.0)
    shard, arrays = new_shard(bodies, get_task(name), no_progress=rule)
    seen = np.zeros((N_BODIES, N_ENVS), np.bool_)
    for _ in range(12):
        shard.step()
        seen |= arrays["no_progress"]
    assert seen.any() == ends
