"""The fleet against plain ``mj_step``, and what becomes of it when things go wrong."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest

from hyperdistill_core.features import BodyLayout, StateReader
from hyperdistill_core.features.batch_state import BatchStateReader, BodyArrays
from hyperdistill_core.parallel.vector_env import FELL, RUNNING, STALLED, TIME_LIMIT, VectorEnv, NoProgress
from hyperdistill_core.rollout import quiet_warnings, rollout, unstable_simulations
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import get_task
from morph_ops.graph import joints
from morph_ops.space import sample_body

ROOT = Path(__file__).parents[2]
N_ENVS = 3


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(6)]


@pytest.fixture(scope="module")
def n_max(bodies):
    return max(map(len, bodies)) + 1


class SlowBody:
    """A slot of a fleet by the letter: an ``MjData`` a simulation, and ``StateReader``."""

    def __init__(self, graph, task, n_max, *, seed, serial, stall=None):
        self.task, self.n_max, self.stall = task, n_max, stall
        self.model = task.model(graph)
        self.layout = BodyLayout.from_graph(graph, self.model)
        self.fall_height = task.fall_height(graph)
        self.root, self.drawn = [seed, serial], 0
        self.data = [mujoco.MjData(self.model) for _ in range(N_ENVS)]
        for data in self.data:
            self.start(data)
        rng = np.random.default_rng([*self.root, 0])
        self.elapsed = rng.integers(0, task.max_steps, size=N_ENVS)
        self.marks = [-math.inf] * N_ENVS

    def start(self, data):
        mujoco.mj_resetData(self.model, data)
        self.drawn += 1
        rng = np.random.default_rng([*self.root, self.drawn])
        qpos, qvel = self.task.reset_noise(rng, self.model)
        data.qpos[:], data.qvel[:] = self.model.qpos0 + qpos, qvel
        mujoco.mj_forward(self.model, data)

    def step(self, actions):
        rewards, endings = [], []
        for index, data in enumerate(self.data):
            torso = self.layout.body_ids[0]
            before = data.xpos[torso].copy()
            data.ctrl[:] = actions[index].reshape(-1)[self.layout.actions]
            for _ in range(self.task.physics_steps):
                mujoco.mj_step(self.model, data)
            after = data.xpos[torso]
            warning = np.stack([data.warning.lastinfo, data.warning.number], axis=-1)
            unstable = unstable_simulations(warning[None], data.qpos[None])[0]
            self.elapsed[index] += 1
            end = RUNNING
            if unstable or self.task.fell(after, self.fall_height):
                end = FELL
            elif self.elapsed[index] >= self.task.max_steps:
                end = TIME_LIMIT
            elif self.stall and self.elapsed[index] % self.stall.steps == 0:
                way = after[0] - self.marks[index]
                end = STALLED if way < self.stall.metres else RUNNING
                self.marks[index] = after[0]
            rewards.append(0.0 if unstable else sum(self.task.terms(before, after).values()))
            endings.append(end)
            if end != RUNNING:
                self.start(data)
                self.elapsed[index] = 0
                self.marks[index] = data.xpos[torso][0]
        return rewards, endings

    def state(self):
        def gather(name):
            return np.stack([getattr(data, name) for data in self.data])

        reader = StateReader(self.layout, N_ENVS, world_y=self.task.world_y)
        fields = ("xpos", "xquat", "subtree_com", "cdof", "qpos", "qvel")
        padded = np.zeros((N_ENVS, self.n_max, 17))
        padded[:, : self.layout.n_nodes] = reader.read(**{name: gather(name) for name in fields})
        return padded


def new_fleet(graphs, n_max, *, n_workers=1, seed=0, n_parts=1, task="flat", kept=None, stall=None):
    return VectorEnv(
        graphs,
        task=task,
        n_envs=N_ENVS,
        n_max=n_max,
        n_workers=n_workers,
        seed=seed,
        n_parts=n_parts,
        kept=kept,
        stall=stall,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "n_workers", "n_parts", "stall"),
    [
        ("flat", 1, 1, None),
        ("flat", 2, 2, NoProgress(steps=40, metres=0.02)),
        ("flat-reference", 2, 1, None),
    ],
)
def test_a_fleet_gives_what_plain_mj_step_gives(bodies, n_max, task, n_workers, n_parts, stall):
    rng = np.random.default_rng(0)
    active, others = bodies[:4], iter(bodies[4:])
    slow = [
        SlowBody(graph, get_task(task), n_max, seed=5, serial=slot, stall=stall)
        for slot, graph in enumerate(active)
    ]
    seen = set()
    with (
        quiet_warnings(),
        new_fleet(
            active,
            n_max,
            task=task,
            n_workers=n_workers,
            n_parts=n_parts,
            seed=5,
            stall=stall,
        ) as env,
    ):
        np.testing.assert_allclose(env.state, [body.state() for body in slow], atol=1e-6)
        for step in range(250):
            if step in (100, 150):
                slot, graph = step % 4 + step // 150, next(others)
                env.replace(slot, graph)
                serial = 4 + step // 150
                slow[slot] = SlowBody(
                    graph, get_task(task), n_max, seed=5, serial=serial, stall=stall
                )
            # Two bodies stand nearly still, for episodes to last, and two are shaken to fall.
            strength = np.array([0.05, 0.05, 1.5, 1.5])[:, None, None, None]
            actions = (strength * rng.normal(size=(4, N_ENVS, n_max, 2))).astype(np.float32)
            if step == 50:
                # Of hinges and of slots that have none.
                actions[3, 1] = np.nan
            rewards, ended = env.step(actions)
            expected = [body.step(now) for body, now in zip(slow, actions, strict=True)]
            np.testing.assert_array_equal(ended, [endings for _, endings in expected])
            np.testing.assert_allclose(rewards, [reward for reward, _ in expected], atol=1e-6)
            states = [body.state() for body in slow]
            np.testing.assert_allclose(env.state, states, rtol=1e-6, atol=1e-6)
            seen |= set(ended.reshape(-1).tolist())
            if step == 50:
                assert (ended[3, 1], rewards[3, 1]) == (FELL, 0.0)
    assert seen == {RUNNING, FELL, TIME_LIMIT} | ({STALLED} if stall else set())


@pytest.mark.slow
@pytest.mark.parametrize("n_workers", [1, 2])
def test_another_fleet_goes_on_bit_by_bit(bodies, n_max, n_workers):
    rng = np.random.default_rng(1)
    actions = rng.normal(size=(160, 3, N_ENVS, n_max, 2)).astype(np.float32)

    def go_on(env, steps):
        rows = []
        for step in steps:
            if step in (20, 110):
                env.replace(1, bodies[3 + (step > 20)])
            rewards, ended = env.step(actions[step])
            rows.append((rewards.copy(), ended.copy(), env.state.copy()))
        return rows

    stall = NoProgress(steps=50, metres=0.1)
    with quiet_warnings(), new_fleet(bodies[:3], n_max, seed=5, stall=stall) as env:
        go_on(env, range(80))
        kept = {name: array.copy() for name, array in env.keep().items()}
        expected = go_on(env, range(80, 160))
    active = [bodies[0], bodies[3], bodies[2]]
    with (
        quiet_warnings(),
        new_fleet(active, n_max, seed=5, n_workers=n_workers, kept=kept, stall=stall) as env,
    ):
        rows = go_on(env, range(80, 160))
    assert any((ended == STALLED).any() for _, ended, _ in expected)
    for ours, theirs in zip(rows, expected, strict=True):
        for array, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(array, other)


@pytest.mark.slow
def test_the_same_on_any_number_of_workers_and_parts(bodies, n_max):
    def numbers(n_workers, n_parts):
        rng = np.random.default_rng(0)
        gathered = []
        with new_fleet(bodies[:5], n_max, n_workers=n_workers, n_parts=n_parts) as env:
            for step in range(60):
                if step == 30:
                    env.replace(1, bodies[5])
                actions = rng.normal(size=(5, N_ENVS, n_max, 2)).astype(np.float32)
                gathered += [array.copy() for array in env.step(actions)]
                gathered.append(env.state.copy())
        return gathered

    alone = numbers(1, 1)
    for others in (numbers(2, 1), numbers(3, 2)):
        for ours, theirs in zip(alone, others, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
def test_many_replacements_in_a_row_do_not_fill_the_pipe(bodies, n_max):
    with new_fleet(bodies[:2], n_max) as env:
        for number in range(400):
            env.replace(0, bodies[number % 6])
        assert np.isfinite(env.state).all()


def test_states_of_many_bodies_are_those_of_each(bodies, n_max):
    rng = np.random.default_rng(0)
    layouts, arrays, expected = [], [], []
    for graph in bodies:
        model = get_task("flat").model(graph)
        layout = BodyLayout.from_graph(graph, model)
        qpos = rng.normal(size=(N_ENVS, model.nq))
        physics = SerialPhysics(model, qpos, rng.normal(size=(N_ENVS, model.nv)))
        fields = ("xpos", "xquat", "subtree_com", "cdof", "qpos", "qvel")
        now = {name: getattr(physics, name) for name in fields}
        coordinates = np.concatenate([now["qpos"], now["qvel"]], axis=1)
        layouts.append(layout)
        arrays.append(
            BodyArrays(
                xpos=now["xpos"],
                xquat=now["xquat"],
                subtree_com=now["subtree_com"],
                cdof=now["cdof"],
                coordinates=coordinates,
            )
        )
        expected.append([StateReader(layout, N_ENVS, world_y=y).read(**now) for y in (0, 1)])
    for world_y in (False, True):
        reader = BatchStateReader(layouts, arrays, n_max=n_max, world_y=world_y)
        for row in range(len(bodies)):
            reader.fetch(row)
        states = reader.read()
        assert reader.finite.all()
        for row, (graph, of_body) in enumerate(zip(bodies, expected, strict=True)):
            np.testing.assert_allclose(
                states[row, :, : len(graph)], of_body[world_y], rtol=1e-6, atol=1e-6
            )
            assert not states[row, :, len(graph) :].any()
    with pytest.raises(ValueError, match="expected at most 3"):
        BatchStateReader(layouts, arrays, n_max=3)


def test_a_fleet_steps_as_a_rollout_does(bodies):
    graph = bodies[0]
    n_max = len(graph) + 1
    actions = np.zeros((1, N_ENVS, n_max, 2), np.float32)
    with new_fleet([graph], n_max) as env:
        first = env.state.copy()
        assert not first[0, :, len(graph) :].any()
        rewards = []
        for _ in range(5):
            reward, ended = env.step(actions)
            rewards.append(reward.copy())
            assert not ended.any()
        assert (env.state != first).any()
    task = replace(get_task("flat"), max_steps=5)
    result = rollout(graph, _Still(), task=task, episodes=N_ENVS)
    # Starts differ by the reset noise alone.
    np.testing.assert_allclose(np.sum(rewards, 0)[0], result.returns, atol=0.3)


class _Still:
    def act(self, state):
        return 0.0


def test_a_fleet_starts_anew_after_a_fall(bodies, n_max):
    rng = np.random.default_rng(0)
    with new_fleet(bodies[:4], n_max, n_workers=2) as env:
        heights = env.state[:, :, 0, 2].copy()
        falls = np.zeros((4, N_ENVS), dtype=bool)
        for _ in range(200):
            actions = rng.normal(0, 2, (4, N_ENVS, n_max, 2)).astype(np.float32)
            fell = env.step(actions)[1] == FELL
            falls |= fell
            np.testing.assert_allclose(env.state[:, :, 0, 2][fell], heights[fell], atol=0.02)
    assert falls.any()


def test_a_part_steps_while_another_waits(bodies, n_max):
    rng = np.random.default_rng(0)
    graphs = bodies[:5]
    actions = rng.normal(size=(4, 5, N_ENVS, n_max, 2)).astype(np.float32)
    with (
        new_fleet(graphs, n_max, n_workers=2) as whole,
        new_fleet(graphs, n_max, n_workers=2, n_parts=2) as env,
    ):
        assert env.parts == (slice(0, 2), slice(2, 5))
        for part, slots in enumerate(env.parts):
            env.step_async(actions[0, slots], part=part)
        for now, following in zip(actions, [*actions[1:], None], strict=True):
            rewards, ended = whole.step(now)
            for part, slots in enumerate(env.parts):
                ours = env.step_wait(part=part)
                np.testing.assert_array_equal(ours[0], rewards[slots])
                np.testing.assert_array_equal(ours[1], ended[slots])
                np.testing.assert_array_equal(env.state[slots], whole.state[slots])
                if following is not None:
                    env.step_async(following[slots], part=part)


def test_a_step_is_begun_and_awaited_once(bodies, n_max):
    actions = np.zeros((1, N_ENVS, n_max, 2), np.float32)
    with new_fleet(bodies[:1], n_max) as env:
        with pytest.raises(RuntimeError, match="part 0 is in no step: step_async first"):
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


def test_bodies_are_dealt_out_by_what_they_cost(bodies, n_max):
    few = [graph for graph in bodies if len(list(joints(graph)))]
    with new_fleet(few, n_max, n_workers=2) as env:
        sizes = np.array([len(graph) for graph in few])
        loads = [sizes[env._worker_of == worker].sum() for worker in range(2)]
        assert abs(loads[0] - loads[1]) <= sizes.max()
        env.step(np.zeros((len(few), N_ENVS, n_max, 2), np.float32))
        assert (env._arrays["seconds"] > 0.0).all()
        # A worker that has become slow gets no more: what it gives up goes to the other.
        slow = int(env._worker_of[0])
        env._arrays["seconds"][env._worker_of == slow] = 1.0
        env.replace(0, few[1])
        assert env._worker_of[0] != slow
        assert env.state[0, :, len(few[1]) - 1, 9:13].any()


def test_a_fleet_says_what_failed(bodies):
    with new_fleet([bodies[0]], 12) as env:
        env.replace(0, "not a graph")  # pyright: ignore[reportArgumentType]
        with pytest.raises(RuntimeError, match="worker failed: AttributeError"):
            _ = env.state
    with pytest.raises(RuntimeError, match="worker failed: ValueError: a body of"):
        new_fleet([bodies[0]], 2)
    with new_fleet([bodies[0]], 12) as env:
        env._workers[0]._process.kill()
        with pytest.raises(RuntimeError, match="worker died"):
            env.step(np.zeros((1, N_ENVS, 12, 2), np.float32))
    with new_fleet([bodies[0]], 12) as env:
        pass
    with pytest.raises(RuntimeError, match="this fleet is closed"):
        env.step(np.zeros((1, N_ENVS, 12, 2), np.float32))


SCRIPT = """
import multiprocessing, sys
import numpy as np
from hyperdistill_core.parallel.vector_env import Fleet
from morph_ops.space import sample_body

if __name__ == "__main__":
    graph = sample_body(np.random.default_rng(0))
    print("starts", flush=True)
    with Fleet([graph] * 4, task="flat", n_envs=2, n_max=12, n_workers=2, seed=0) as fleet:
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
        for _ in range(int(sys.argv[1])):
            fleet.step(np.zeros((4, 2, 12, 2), np.float32))
"""


@pytest.fixture
def trainer(tmp_path):
    """Starts a process that has a fleet and steps it; it leads a process group."""
    path = tmp_path / "trainer.py"
    path.write_text(SCRIPT)
    started = []

    def start(steps):
        process = subprocess.Popen(
            [sys.executable, str(path), str(steps)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "starts\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def is_gone(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state == "Z"


def wait_until_gone(pids):
    deadline = time.monotonic() + 30.0
    while not all(map(is_gone, pids)):
        assert time.monotonic() < deadline, "workers outlived their trainer"
        time.sleep(0.05)


on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@on_linux
@pytest.mark.slow
def test_closing_leaves_nothing_behind(trainer):
    process = trainer(3)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert all(map(is_gone, map(int, out.split())))


@on_linux
@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_no_worker_and_no_memory_outlives_the_trainer(trainer, name):
    process = trainer(10**9)
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert len(pids) == 2
    time.sleep(0.3)
    # Ctrl-C goes to every process of the terminal.
    if name == "SIGINT":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=60)
    wait_until_gone(pids)
    assert "leaked" not in err
    assert "Process-" not in err
    assert err.count("Traceback") == (1 if name == "SIGINT" else 0)


@on_linux
@pytest.mark.slow
def test_an_interrupt_meets_no_worker_that_still_imports(trainer):
    process = trainer(10**9)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Process-" not in err
    assert "leaked" not in err
    assert err.count("Traceback") == 1
