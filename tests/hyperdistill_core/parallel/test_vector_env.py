"""The vector env against plain ``mj_step``, its resets, its parts, and its errors."""

from __future__ import annotations

import math
import os
import signal
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from hyperdistill_core.features import BodyLayout, StateReader
from hyperdistill_core.parallel.env_slot import training_worlds
from hyperdistill_core.parallel.vector_env import NoProgress, VectorEnv
from hyperdistill_core.rollout import quiet_warnings, rollout, unstable_simulations
from hyperdistill_core.tasks import get_task
from hyperdistill_core.tasks.terrain import HEIGHT_SAMPLES, Worlds
from morph_ops.sampling import sample_body

N_ENVS = 3
N_HEIGHTS = HEIGHT_SAMPLES[0]
FLAGS = ("terminated", "truncated", "fell", "no_progress")


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(6)]


@pytest.fixture(scope="module")
def n_max(bodies):
    return max(map(len, bodies)) + 1


def test_trainings_have_worlds_of_their_own():
    task = get_task("point-nav")
    trained = {world.goals for world in training_worlds(task, seed=0).worlds}
    assert len(trained) == 64
    assert trained.isdisjoint(world.goals for world in task.worlds(0, episodes=64).worlds)


class ReferenceSlot:
    """The definition of a slot: one ``MjData`` for each simulation, and ``StateReader``."""

    def __init__(self, graph, task, n_max, *, seed, body_number, no_progress=None):
        self.task, self.n_max, self.no_progress = task, n_max, no_progress
        worlds = training_worlds(task, seed).worlds
        numbers = [(body_number * N_ENVS + env) % len(worlds) for env in range(N_ENVS)]
        self.worlds = [worlds[number] for number in numbers]
        self.models = [task.model(graph, world) for world in self.worlds]
        self.model = self.models[0]
        self.layout = BodyLayout.from_graph(graph, self.model)
        self.fall_heights = task.fall_heights(graph, self.worlds)
        self.root, self.n_drawn = [seed, body_number], 0
        self.data = [mujoco.MjData(model) for model in self.models]
        for env in range(N_ENVS):
            self.reset(env)
        rng = np.random.default_rng([*self.root, 0])
        self.elapsed = rng.integers(0, task.max_steps, size=N_ENVS)
        self.checked_x = [-math.inf] * N_ENVS

    def reset(self, env):
        model, data = self.models[env], self.data[env]
        mujoco.mj_resetData(model, data)
        self.n_drawn += 1
        rng = np.random.default_rng([*self.root, self.n_drawn])
        qpos, qvel = self.task.reset_noise(rng, self.model)
        data.qpos[:], data.qvel[:] = self.model.qpos0 + qpos, qvel
        mujoco.mj_forward(model, data)

    def ground(self, env):
        height_map = self.worlds[env].height_map
        return height_map and height_map.ground(self.data[env].xpos[self.layout.body_ids[0]])

    def step(self, actions):
        """Rewards, and of each simulation the FLAGS that are set."""
        rewards, flags = [], []
        for index, data in enumerate(self.data):
            torso = self.layout.body_ids[0]
            before = data.xpos[torso].copy()
            data.ctrl[:] = actions[index].reshape(-1)[self.layout.actions]
            for _ in range(self.task.physics_steps):
                mujoco.mj_step(self.models[index], data)
            after = data.xpos[torso]
            warning = np.stack([data.warning.lastinfo, data.warning.number], axis=-1)
            unstable = unstable_simulations(warning[None], data.qpos[None])[0]
            self.elapsed[index] += 1
            ended = set()
            if unstable or self.task.fell(after, self.fall_heights[index], self.ground(index)):
                ended = {"terminated", "fell"}
            elif self.task.left(after):
                ended = {"terminated"}
            elif self.elapsed[index] >= self.task.max_steps:
                ended = {"truncated"}
            elif self.no_progress and self.elapsed[index] % self.no_progress.steps == 0:
                if after[0] - self.checked_x[index] < self.no_progress.distance_m:
                    ended = {"terminated", "no_progress"}
                self.checked_x[index] = after[0]
            terms = self.task.all_terms(before, after, actions[index].reshape(-1))
            rewards.append(0.0 if unstable else sum(terms.values()))
            flags.append(ended)
            if ended:
                self.reset(index)
                self.elapsed[index] = 0
                self.checked_x[index] = data.xpos[torso][0]
        return rewards, flags

    def heights(self):
        def of_torso(name):
            return np.stack([getattr(data, name)[self.layout.body_ids[0]] for data in self.data])

        which = np.arange(N_ENVS)
        args = (which, of_torso("xpos"), of_torso("xquat"), N_HEIGHTS)
        return Worlds(self.worlds).height_samples(*args)

    def state(self):
        def gather(name):
            return np.stack([getattr(data, name) for data in self.data])

        reader = StateReader(self.layout, N_ENVS, world_y=self.task.world_y)
        fields = ("xpos", "xquat", "subtree_com", "cdof", "qpos", "qvel")
        padded = np.zeros((N_ENVS, self.n_max, 17))
        padded[:, : self.layout.n_nodes] = reader.read(**{name: gather(name) for name in fields})
        if not self.task.world_z and self.worlds[0].height_map:
            ground = np.array([self.ground(env) for env in range(N_ENVS)])
            padded[:, : self.layout.n_nodes, 2] -= ground[:, None]
        return padded


def new_env(graphs, n_max, *, n_workers=1, task="flat", **options):
    options = {"seed": 0, **options}
    return VectorEnv(graphs, task=task, n_envs=N_ENVS, n_max=n_max, n_workers=n_workers, **options)


def all_arrays(result):
    """The rewards, and the flags by name."""
    flags = {"terminated": result.terminated, "truncated": result.truncated, **result.info}
    assert tuple(flags) == FLAGS
    return result.rewards, flags


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "n_workers", "n_parts", "no_progress"),
    [
        ("flat", 1, 1, None),
        ("flat", 2, 2, NoProgress(steps=40, distance_m=0.02)),
        ("flat-reference", 2, 1, None),
        ("csr", 2, 2, None),
        ("vt", 1, 1, None),
        ("rough", 1, 1, None),
    ],
)
def test_equal_to_plain_mj_step(bodies, n_max, task, n_workers, n_parts, no_progress):
    rng = np.random.default_rng(0)
    active, others = bodies[:4], iter(bodies[4:])

    def reference_slot(graph, body_number):
        options = {"seed": 5, "body_number": body_number, "no_progress": no_progress}
        return ReferenceSlot(graph, get_task(task), n_max, **options)

    slots = [reference_slot(graph, slot) for slot, graph in enumerate(active)]
    seen = set()
    options = {"n_workers": n_workers, "n_parts": n_parts, "no_progress": no_progress}
    options["n_heights"] = N_HEIGHTS
    with quiet_warnings(), new_env(active, n_max, task=task, seed=5, **options) as env:
        np.testing.assert_allclose(env.state, [slot.state() for slot in slots], atol=1e-6)
        for step in range(250):
            if step in (100, 150):
                slot, graph = step % 4 + step // 150, next(others)
                env.replace(slot, graph)
                slots[slot] = reference_slot(graph, 4 + step // 150)
            # Weak actions keep two bodies upright, strong ones make two fall.
            strength = np.array([0.05, 0.05, 1.5, 1.5])[:, None, None, None]
            actions = (strength * rng.normal(size=(4, N_ENVS, n_max, 2))).astype(np.float32)
            if step == 50:
                # For hinges, and for joint slots without a hinge.
                actions[3, 1] = np.nan
            rewards, flags = all_arrays(env.step(actions))
            expected = [slot.step(now) for slot, now in zip(slots, actions, strict=True)]
            for name, array in flags.items():
                wanted = [[name in ended for ended in ends] for _, ends in expected]
                np.testing.assert_array_equal(array, wanted, err_msg=name)
            np.testing.assert_allclose(rewards, [reward for reward, _ in expected], atol=1e-6)
            states = [slot.state() for slot in slots]
            np.testing.assert_allclose(env.state, states, rtol=1e-6, atol=1e-6)
            heights = [slot.heights() for slot in slots]
            np.testing.assert_allclose(env.heights, heights, atol=1e-6)
            seen |= {name for name, array in flags.items() if array.any()}
            if step == 50:
                assert (flags["fell"][3, 1], rewards[3, 1]) == (True, 0.0)
    assert seen == set(FLAGS) - (set() if no_progress else {"no_progress"})


@pytest.mark.slow
@pytest.mark.parametrize(("task", "n_workers"), [("flat", 1), ("flat", 2), ("csr", 2)])
def test_another_env_continues_bit_by_bit(bodies, n_max, task, n_workers):
    rng = np.random.default_rng(1)
    actions = rng.normal(size=(160, 3, N_ENVS, n_max, 2)).astype(np.float32)

    def run(env, steps):
        rows = []
        for step in steps:
            if step in (20, 110):
                env.replace(1, bodies[3 + (step > 20)])
            rewards, flags = all_arrays(env.step(actions[step]))
            rows.append((rewards.copy(), *(flags[name].copy() for name in FLAGS), env.state.copy()))
        return rows

    options = {"task": task, "seed": 5, "no_progress": NoProgress(steps=50, distance_m=0.1)}
    with quiet_warnings(), new_env(bodies[:3], n_max, **options) as env:
        run(env, range(80))
        saved = {name: array.copy() for name, array in env.state_dict().items()}
        expected = run(env, range(80, 160))
    active = [bodies[0], bodies[3], bodies[2]]
    options |= {"n_workers": n_workers, "state_dict": saved}
    with quiet_warnings(), new_env(active, n_max, **options) as env:
        rows = run(env, range(80, 160))
    assert any(row[1 + FLAGS.index("no_progress")].any() for row in expected)
    for ours, theirs in zip(rows, expected, strict=True):
        for array, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(array, other)


@pytest.mark.slow
def test_the_same_on_any_number_of_workers_and_parts(bodies, n_max):
    def numbers(n_workers, n_parts):
        rng = np.random.default_rng(0)
        gathered = []
        with new_env(bodies[:5], n_max, n_workers=n_workers, n_parts=n_parts) as env:
            for step in range(60):
                if step == 30:
                    env.replace(1, bodies[5])
                actions = rng.normal(size=(5, N_ENVS, n_max, 2)).astype(np.float32)
                rewards, flags = all_arrays(env.step(actions))
                gathered += [rewards.copy(), *(flags[name].copy() for name in FLAGS)]
                gathered.append(env.state.copy())
        return gathered

    alone = numbers(1, 1)
    for others in (numbers(2, 1), numbers(3, 2)):
        for ours, theirs in zip(alone, others, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
@pytest.mark.parametrize(("n_workers", "n_parts"), [(1, 1), (2, 2), (3, 1)])
def test_parts_of_a_body_are_as_several_bodies(bodies, n_max, n_workers, n_parts):
    rng = np.random.default_rng(2)
    options = {"task": "flat", "n_max": n_max, "seed": 3}
    many = {**options, "n_workers": n_workers, "n_parts": n_parts, "n_splits": 3}
    graphs = [bodies[0], bodies[1]]
    with (
        VectorEnv([g for g in graphs for _ in range(3)], n_envs=2, n_workers=1, **options) as alone,
        VectorEnv(graphs, n_envs=6, **many) as env,
    ):
        assert env.state.shape == (2, 6, n_max, 17)
        for step in range(60):
            if step == 20:
                env.replace(1, bodies[2])
                for slot in (3, 4, 5):
                    alone.replace(slot, bodies[2])
            actions = rng.normal(size=(2, 6, n_max, 2)).astype(np.float32)
            rewards, flags = all_arrays(env.step(actions))
            theirs, ended = all_arrays(alone.step(actions.reshape(6, 2, n_max, 2)))
            np.testing.assert_array_equal(rewards, theirs.reshape(2, 6))
            for name, array in flags.items():
                np.testing.assert_array_equal(array, ended[name].reshape(2, 6))
            np.testing.assert_array_equal(env.state, alone.state.reshape(env.state.shape))
        saved = {name: array.copy() for name, array in env.state_dict().items()}
        actions = rng.normal(size=(2, 6, n_max, 2)).astype(np.float32)
        expected = env.step(actions).rewards.copy()
    with VectorEnv([bodies[0], bodies[2]], n_envs=6, state_dict=saved, **many) as env:
        np.testing.assert_array_equal(env.step(actions).rewards, expected)


def test_parts_divide_the_simulations(bodies, n_max):
    with pytest.raises(ValueError, match="n_splits: expected a divisor of"):
        new_env(bodies[:1], n_max, n_splits=N_ENVS + 1)


@pytest.mark.slow
def test_many_replacements_in_a_row_do_not_fill_the_pipe(bodies, n_max):
    with new_env(bodies[:2], n_max) as env:
        for number in range(400):
            env.replace(0, bodies[number % 6])
        assert np.isfinite(env.state).all()


def test_steps_as_a_rollout_does(bodies):
    graph = bodies[0]
    n_max = len(graph) + 1
    actions = np.zeros((1, N_ENVS, n_max, 2), np.float32)
    with new_env([graph], n_max) as env:
        first = env.state.copy()
        assert not first[0, :, len(graph) :].any()
        rewards = []
        for _ in range(5):
            result = env.step(actions)
            rewards.append(result.rewards.copy())
            assert not result.done.any()
        assert (env.state != first).any()
    task = replace(get_task("flat"), max_steps=5)
    result = rollout(graph, _Motionless(), task=task, episodes=N_ENVS)
    # The initial states differ by the reset noise alone.
    np.testing.assert_allclose(np.sum(rewards, 0)[0], result.returns, atol=0.3)


class _Motionless:
    def act(self, state):
        return np.zeros(1)


def test_a_fall_resets_the_simulation(bodies, n_max):
    rng = np.random.default_rng(0)
    with new_env(bodies[:4], n_max, n_workers=2) as env:
        heights = env.state[:, :, 0, 2].copy()
        falls = np.zeros((4, N_ENVS), dtype=bool)
        for _ in range(200):
            actions = rng.normal(0, 2, (4, N_ENVS, n_max, 2)).astype(np.float32)
            fell = env.step(actions).info["fell"]
            falls |= fell
            np.testing.assert_allclose(env.state[:, :, 0, 2][fell], heights[fell], atol=0.02)
    assert falls.any()


def test_a_part_steps_while_another_waits(bodies, n_max):
    rng = np.random.default_rng(0)
    graphs = bodies[:5]
    actions = rng.normal(size=(4, 5, N_ENVS, n_max, 2)).astype(np.float32)
    with (
        new_env(graphs, n_max, n_workers=2) as whole,
        new_env(graphs, n_max, n_workers=2, n_parts=2) as env,
    ):
        assert env.parts == (slice(0, 2), slice(2, 5))
        for part, slots in enumerate(env.parts):
            env.step_async(actions[0, slots], part=part)
        for now, following in zip(actions, [*actions[1:], None], strict=True):
            expected = whole.step(now)
            for part, slots in enumerate(env.parts):
                result = env.step_wait(part=part)
                np.testing.assert_array_equal(result.rewards, expected.rewards[slots])
                np.testing.assert_array_equal(result.done, expected.done[slots])
                np.testing.assert_array_equal(env.state[slots], whole.state[slots])
                if following is not None:
                    env.step_async(following[slots], part=part)


def test_a_step_begins_and_ends_once(bodies, n_max):
    actions = np.zeros((1, N_ENVS, n_max, 2), np.float32)
    with new_env(bodies[:1], n_max) as env:
        with pytest.raises(RuntimeError, match="part 0 is not in a step: call step_async first"):
            env.step_wait()
        env.step_async(actions)
        with pytest.raises(RuntimeError, match="part 0 is in the middle of a step"):
            env.step_async(actions)
        with pytest.raises(RuntimeError, match="slot 0 is in the middle of a step"):
            env.replace(0, bodies[1])
        env.step_wait()
        env.replace(0, bodies[1])
        with pytest.raises(IndexError, match="slot: expected 0 to 0, got 1"):
            env.replace(1, bodies[1])


def test_bodies_move_between_workers(bodies, n_max):
    rng = np.random.default_rng(0)
    with new_env(bodies[:4], n_max, n_workers=3) as env:
        for number in range(12):
            slot, graph = number % 4, bodies[int(rng.integers(6))]
            env.step(np.zeros((4, N_ENVS, n_max, 2), np.float32))
            env.replace(slot, graph)
            heights = env.state[slot, :, : len(graph), 2]
            assert (heights[:, 0] > 0.1).all()
            assert env.state[slot, :, len(graph) - 1, 9:13].any()
            assert not env.state[slot, :, len(graph) :].any()


def test_errors_name_what_failed(bodies):
    with new_env([bodies[0]], 12) as env:
        env.replace(0, "not a graph")  # pyright: ignore[reportArgumentType]
        with pytest.raises(RuntimeError, match="worker failed: AttributeError"):
            _ = env.state
        with pytest.raises(RuntimeError, match="worker failed: AttributeError"):
            env.step(np.zeros((1, N_ENVS, 12, 2), np.float32))
    with pytest.raises(RuntimeError, match="worker failed: ValueError: a body of"):
        new_env([bodies[0]], 2)
    with new_env([bodies[0]], 12) as env:
        os.kill(env.worker_pids[0], signal.SIGKILL)
        with pytest.raises(RuntimeError, match=r"worker died \(killed by SIGKILL\)"):
            env.step(np.zeros((1, N_ENVS, 12, 2), np.float32))
    with new_env([bodies[0]], 12) as env:
        pass
    with pytest.raises(RuntimeError, match="this vector env is closed"):
        env.step(np.zeros((1, N_ENVS, 12, 2), np.float32))
