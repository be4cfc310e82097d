"""Both engines against each other and against the shortest loop of plain MuJoCo."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import mujoco
import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray

from hyperdistill_core.controller import Controller
from hyperdistill_core.rollout import ENGINES, Engine, quiet_warnings, rollout, unstable_simulations
from hyperdistill_core.rollout.batched import BatchedPhysics
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import get_task
from morph_ops.errors import UnknownNameError
from morph_ops.graph import limb, with_nodes

FLAT = get_task("flat")
FIELDS = ("qpos", "qvel", "xpos", "xquat", "subtree_com", "cdof", "warning")
EPISODES = 5


class Waves:
    """Controls that depend on time alone, the same in every episode."""

    def __init__(self, n_controls: int) -> None:
        self._phase = np.arange(n_controls)
        self._step = 0

    def ctrl(self, step: int) -> NDArray[np.float64]:
        return np.sin(0.3 * step + self._phase)

    def act(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        self._step += 1
        return np.tile(self.ctrl(self._step), (len(state), 1))


class Constant:
    """The same control for every motor at all times."""

    def __init__(self, n_controls: int, value: float) -> None:
        self._ctrl = np.full(n_controls, value)

    def act(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.tile(self._ctrl, (len(state), 1))


def exploding(graph: nx.DiGraph) -> nx.DiGraph:
    """The body with one motor that is too strong for a stable simulation."""
    leg = limb(graph, "limb/1")
    return with_nodes(graph, [("limb/1", replace(leg, joints=(replace(leg.joints[0], gear=1e9),)))])


def test_engines_agree_to_the_last_bit(walker, walker_policy):
    runs = [
        rollout(
            walker,
            walker_policy,
            task=FLAT,
            episodes=EPISODES,
            engine=engine,
            record_trajectory=True,
        )
        for engine in ENGINES
    ]
    assert len(set(runs[0].lengths)) > 1, "episodes of different length, or dropping goes untested"
    for field in ("qpos", "ctrl", "returns", "lengths", "fell", "distance", "speed"):
        first, second = (getattr(run, field) for run in runs)
        np.testing.assert_array_equal(first, second, err_msg=field)
    np.testing.assert_array_equal(runs[0].terms["forward"], runs[1].terms["forward"])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_clocked_policy_gets_the_time_of_every_control_step(walker, engine):
    class Clocked:
        clock_harmonics = 1

        def __init__(self) -> None:
            self.times: list[float | None] = []

        def act(
            self, state: NDArray[np.float64], *, time: float | None = None
        ) -> NDArray[np.float64]:
            self.times.append(time)
            return np.zeros((len(state), 4))

    short, policy = replace(FLAT, max_steps=30), Clocked()
    for first in (0, 3):  # whichever episodes it is for
        policy.times.clear()
        run = rollout(walker, policy, task=short, episodes=2, first_episode=first, engine=engine)
        assert policy.times == [step * short.control_dt for step in range(max(run.lengths))]


def test_physics_agrees_to_the_last_bit_for_equal_controls(walker):
    model = FLAT.model(walker)
    start = FLAT.initial_states(model, seed=1, episodes=EPISODES)
    both = SerialPhysics(model, *start), BatchedPhysics(model, *start)
    rng = np.random.default_rng(0)
    running = np.arange(EPISODES)
    for step in range(60):
        if step == 30:
            running = np.array([0, 2, 3])
        ctrl = rng.uniform(-1.2, 1.2, (EPISODES, model.nu))
        for physics in both:
            physics.ctrl[:] = ctrl
            physics.step(running, FLAT.physics_steps)
        for field in FIELDS:
            first, second = (getattr(physics, field) for physics in both)
            np.testing.assert_array_equal(first, second, err_msg=field)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_rollout_is_the_plain_loop(walker, engine):
    """Rewards, falls and lengths against the shortest loop that defines them."""
    model = FLAT.model(walker)
    waves = Waves(model.nu)
    run = rollout(walker, waves, task=FLAT, episodes=EPISODES, seed=2, engine=engine)
    qpos, qvel = FLAT.initial_states(model, seed=2, episodes=EPISODES)
    for episode in range(EPISODES):
        data = mujoco.MjData(model)
        data.qpos[:], data.qvel[:] = qpos[episode], qvel[episode]
        mujoco.mj_forward(model, data)
        start, rewards, height = data.xpos[1, 0], [], 1.0
        while height > 0.5 * (0.95 - 0.2):
            before = data.xpos[1, 0]
            data.ctrl[:] = waves.ctrl(len(rewards) + 1)
            mujoco.mj_step(model, data, nstep=4)
            rewards.append((data.xpos[1, 0] - before) / 0.02)
            height = round(data.xpos[1, 2], 3)
        assert run.lengths[episode] == len(rewards)
        assert run.returns[episode] == pytest.approx(sum(rewards), abs=1e-12)
        assert run.distance[episode] == data.xpos[1, 0] - start
    assert run.fell.all()
    assert run.control_steps == run.lengths.sum()


def test_terms_add_up_to_the_returns_and_to_the_distance(walker, walker_policy):
    run = rollout(walker, walker_policy, task=FLAT, episodes=EPISODES)
    np.testing.assert_array_equal(sum(run.terms.values()), run.returns)
    np.testing.assert_allclose(run.returns * 0.02, run.distance, atol=1e-12)
    np.testing.assert_allclose(run.speed, run.returns / run.lengths, atol=1e-12)
    assert run.score == run.returns.mean()
    assert not run.unstable
    assert run.seconds > 0.0


def test_the_time_limit_ends_an_episode(walker, walker_policy):
    run = rollout(walker, walker_policy, task=replace(FLAT, max_steps=5), episodes=2)
    np.testing.assert_array_equal(run.lengths, (5, 5))
    assert not run.fell.any()


def test_the_seed_determines_the_returns(walker, walker_policy):
    first, again, other = (
        rollout(walker, walker_policy, task=FLAT, episodes=2, seed=seed) for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first.returns, again.returns)
    assert (first.returns != other.returns).all()


def test_an_episode_does_not_depend_on_the_others(walker):
    def run(first: int, episodes: int):
        # The policy ignores the state, so that only physics and sums remain.
        waves = Waves(FLAT.model(walker).nu)
        return rollout(
            walker,
            waves,
            task=FLAT,
            episodes=episodes,
            seed=3,
            first_episode=first,
            measure_gait=True,
        )

    whole = run(0, EPISODES)
    parts = run(0, EPISODES - 1), run(EPISODES - 1, 1)
    joined = parts[0].joined(parts[1])
    np.testing.assert_array_equal(joined.lengths, whole.lengths)
    np.testing.assert_array_equal(joined.fell, whole.fell)
    for field in ("returns", "distance", "speed"):
        np.testing.assert_array_equal(getattr(joined, field), getattr(whole, field))
    assert whole.gait is not None
    assert joined.gait is not None
    for field in ("work", "height", "duty_factors", "contact", "symmetry", "mass"):
        theirs, ours = getattr(whole.gait, field), getattr(joined.gait, field)
        np.testing.assert_array_equal(ours, theirs)
    assert len(joined.terms["forward"]) == EPISODES


def test_the_trajectory_replays(walker, walker_policy):
    run = rollout(
        walker, walker_policy, task=FLAT, episodes=EPISODES, seed=4, record_trajectory=True
    )
    model = FLAT.model(walker)
    start = FLAT.initial_states(model, seed=4, episodes=EPISODES)
    assert run.qpos is not None
    assert run.ctrl is not None
    assert len(run.ctrl) == run.lengths.max() == len(run.qpos) - 1
    np.testing.assert_array_equal(run.qpos[0], start[0])
    physics = SerialPhysics(model, *start)
    for step, ctrl in enumerate(run.ctrl):
        physics.ctrl[:] = ctrl
        physics.step(np.flatnonzero(run.lengths > step), FLAT.physics_steps)
        np.testing.assert_array_equal(physics.qpos, run.qpos[step + 1])


def test_no_trajectory_is_recorded_by_default(walker, walker_policy):
    run = rollout(walker, walker_policy, task=replace(FLAT, max_steps=2), episodes=1)
    assert run.qpos is None
    assert run.ctrl is None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("value", [1.0, np.nan], ids=["unstable", "control not a number"])
def test_an_unstable_simulation_gets_the_worst_score_silently(
    walker, engine, value, capfd, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    body = exploding(walker)
    run = rollout(
        body, Constant(4, value), task=FLAT, episodes=3, engine=engine, record_trajectory=True
    )
    assert run.unstable
    assert run.score == FLAT.worst_score
    np.testing.assert_array_equal(run.returns, [FLAT.worst_score] * 3)
    np.testing.assert_array_equal(sum(run.terms.values()), run.returns)
    assert list(run.terms) == ["unstable"]
    assert (run.lengths < FLAT.max_steps).all()
    assert not run.distance.any()
    assert not run.speed.any()
    assert run.qpos is not None
    assert np.isfinite(run.qpos).all()
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("error")
def test_numpy_does_not_warn_about_a_policy_that_overflows(walker):
    class Overflow:
        def act(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
            huge = np.full((len(state), 4), 1e308) * 10.0
            return huge - huge

    assert rollout(walker, Overflow(), task=FLAT, episodes=2).unstable


def test_unstable_simulations_are_found(walker):
    """One simulation becomes unstable beside one that does not."""
    model = FLAT.model(exploding(walker))
    physics = BatchedPhysics(model, *FLAT.initial_states(model, seed=0, episodes=2))
    physics.ctrl[1] = 1.0
    with quiet_warnings():
        physics.step(np.arange(2), 8)
    np.testing.assert_array_equal(
        unstable_simulations(physics.warning, physics.qpos), [False, True]
    )
    physics.qpos[0, 0] = np.inf
    assert unstable_simulations(physics.warning, physics.qpos).all()


def test_quiet_warnings_restores_the_handler():
    messages: list[str] = []
    mujoco.set_mju_user_warning(messages.append)
    try:
        with pytest.raises(KeyError, match="inside"), quiet_warnings():
            raise KeyError("inside")
        handler = mujoco.get_mju_user_warning()
        assert handler is not None
        handler("a warning")
        assert messages == ["a warning"]
    finally:
        mujoco.set_mju_user_warning(None)


def test_wrong_settings_are_refused(walker, walker_policy):
    with pytest.raises(ValueError, match="episodes: expected at least 1, got 0"):
        rollout(walker, walker_policy, task=FLAT, episodes=0)
    with pytest.raises(UnknownNameError, match="no engine 'batch': did you mean 'batched'"):
        rollout(walker, walker_policy, task=FLAT, episodes=1, engine=cast("Engine", "batch"))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_number_of_episodes_at_once_changes_nothing(
    walker, tiny_controller, engine, monkeypatch
):
    short = replace(FLAT, max_steps=60)
    walker_policy = Controller.load(tiny_controller).for_body(walker, short.model(walker))
    options = {"task": short, "episodes": 7, "engine": engine, "measure_gait": True}
    whole = rollout(walker, walker_policy, **options)
    monkeypatch.setattr("hyperdistill_core.rollout.engine.LOCKSTEP", 3)
    parts = rollout(walker, walker_policy, **options)
    for field in ("returns", "lengths", "fell", "distance", "speed"):
        np.testing.assert_array_equal(getattr(whole, field), getattr(parts, field), err_msg=field)
    assert whole.gait is not None
    assert parts.gait is not None
    np.testing.assert_array_equal(whole.gait.duty_factors, parts.gait.duty_factors)


def test_memory_for_episodes_grows_with_what_runs_at_once(walker, walker_policy, monkeypatch):
    rows: list[int] = []
    monkeypatch.setattr("hyperdistill_core.rollout.engine.LOCKSTEP", 4)

    class Counting:
        def act(self, state):
            rows.append(len(state))
            return walker_policy.act(state)

    run = rollout(walker, Counting(), task=replace(FLAT, max_steps=5), episodes=10)
    assert max(rows) == 4
    assert len(run.returns) == 10


def test_an_unstable_episode_of_many_makes_the_rollout_unstable(walker, monkeypatch):
    monkeypatch.setattr("hyperdistill_core.rollout.engine.LOCKSTEP", 2)
    run = rollout(exploding(walker), Constant(4, 1.0), task=FLAT, episodes=5)
    assert run.unstable
    assert run.returns.tolist() == [FLAT.worst_score] * 5
    assert run.lengths[2:].tolist() == [0, 0, 0]
    assert len(run.fell) == len(run.distance) == len(run.speed) == 5
