import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest

from codesign.errors import UsageError
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import Flat, get_task
from morph_ops.errors import BodyError, UnknownNameError
from morph_ops.graph import Torso, new_body
from morph_ops.io import write_body

gymnasium = pytest.importorskip("gymnasium", reason="pip install 'codesign[rl]'")
from gymnasium.utils.env_checker import check_env  # noqa: E402

import codesign.gym  # noqa: E402
from codesign.gym import LocomotionEnv  # noqa: E402

MAX_STEPS = 120
TASK = Flat(max_steps=MAX_STEPS)


class Linear:
    """A policy of the state and the time."""

    clock_harmonics = 1

    def __init__(self, env):
        sizes = env.observation_space.shape[0], env.action_space.shape[0]
        self._weights = np.random.default_rng(3).normal(size=sizes)

    def act(self, state, *, time=0.0):
        return np.tanh(state.reshape(len(state), -1) @ self._weights + 2.0 * np.sin(9.0 * time))


def episode(env, policy, **reset):
    """Return of an episode, and everything that the steps gave."""
    observation, info = env.reset(**reset)
    steps = []
    while not (steps and (steps[-1][2] or steps[-1][3])):
        action = policy.act(observation.reshape(1, -1, 17), time=info["time"])[0]
        steps.append(env.step(action))
        observation, info = steps[-1][0], steps[-1][4]
    return sum(step[1] for step in steps), steps


def test_returns_equal_those_of_a_rollout(body):
    env = LocomotionEnv(body, task=TASK)
    policy = Linear(env)
    # One by one: the last bits of a state depend on the number of simulations read together.
    expected, *later = [
        rollout(body, policy, task=TASK, episodes=1, seed=5, first_episode=k) for k in range(3)
    ]
    first, steps = episode(env, policy, seed=5)
    assert first == expected.score
    assert [episode(env, policy)[0] for _ in later] == [result.score for result in later]
    assert len(steps) == expected.lengths[0]
    assert steps[-1][2] == expected.fell[0]
    assert steps[-1][3] != expected.fell[0]
    assert steps[-1][4]["distance"] == pytest.approx(expected.distance[0], abs=1e-12)
    assert steps[-1][4]["time"] == pytest.approx(expected.lengths[0] * TASK.control_dt)


def test_reward_terms_sum_to_the_reward(body):
    env = LocomotionEnv(body, task=TASK)
    policy = Linear(env)
    _, steps = episode(env, policy, seed=1)
    for _, reward, _, _, info in steps:
        terms = [value for name, value in info.items() if name.startswith("reward_")]
        assert len(terms) == 2
        assert sum(terms) == reward
    assert any(step[1] for step in steps)


def test_gymnasiums_checker_finds_nothing_but_unbounded_observations(body):
    env = gymnasium.make(codesign.gym.ENV_ID, body=body).unwrapped
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env(env, skip_render_check=True)
    told = [str(each.message) for each in caught]
    assert all("Box observation space m" in message for message in told), told


def test_a_fresh_process_makes_it_by_name_from_a_file(tmp_path, body):
    write_body(body, tmp_path / "robot.json")
    script = (
        "import sys, gymnasium; import codesign.gym; assert 'mujoco' not in sys.modules;"
        "env = gymnasium.make('codesign.gym:codesign/Locomotion-v0', body='robot.json');"
        "print(env.reset(seed=0)[0].shape[0] % 17, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0", "False"]


def test_an_unstable_episode_has_the_worst_score_of_the_task(body):
    env = LocomotionEnv(body, task=TASK)
    env.reset(seed=0)
    first = env.step(np.ones_like(env.action_space.sample()))
    observation, reward, terminated, truncated, info = env.step(
        np.full_like(env.action_space.sample(), np.nan)
    )
    assert first[1] + reward == pytest.approx(TASK.worst_score)
    assert (terminated, truncated, info["unstable"], info["fell"]) == (True, False, True, False)
    assert np.isfinite(observation).all()
    env.reset(seed=0)
    assert env.step(np.ones_like(env.action_space.sample()))[1] == first[1]


def test_larger_actions_are_clamped(body):
    env = LocomotionEnv(body, task=TASK)
    results = []
    for size in (1.0, 7.0):
        env.reset(seed=2)
        results.append(env.step(np.full_like(env.action_space.sample(), size))[0])
    np.testing.assert_array_equal(*results)


def test_the_time_limit_is_an_argument(body):
    env = gymnasium.make(codesign.gym.ENV_ID, body=body, max_episode_steps=3)
    env.reset(seed=0)
    truncated = [env.step(np.zeros_like(env.action_space.sample()))[3] for _ in range(3)]
    assert truncated == [False, False, True]


def test_another_task_and_its_name(body):
    named = LocomotionEnv(body, task="flat-reference")
    given = LocomotionEnv(body, task=get_task("flat-reference"))
    np.testing.assert_array_equal(named.reset(seed=0)[0], given.reset(seed=0)[0])
    assert not np.array_equal(LocomotionEnv(body).reset(seed=0)[0], named.reset(seed=0)[0])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, UsageError, r"body: expected a robot file or a body, .* got none"),
        ({"body": 3}, UsageError, r"body: expected a robot file or a body, got int"),
        ({"body": "none.xml"}, BodyError, r"none.xml: no such file"),
        ({"task": "hover"}, UnknownNameError, r"hover"),
        ({"render_mode": "ansi"}, UsageError, r"render_mode: expected rgb_array or None, got ansi"),
        ({"max_episode_steps": 0}, UsageError, r"max_episode_steps: expected at least 1, got 0"),
    ],
)
def test_wrong_arguments(options, error, message, body):
    known = {} if not options or "body" in options else {"body": body}
    with pytest.raises(error, match=message):
        LocomotionEnv(**known | options)


def test_a_robot_without_motors():
    ball = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0))
    with pytest.raises(
        BodyError, match=r"body: expected a robot with at least one motor, got none"
    ):
        LocomotionEnv(ball)


def test_an_action_of_another_shape(body):
    env = LocomotionEnv(body)
    with pytest.raises(gymnasium.error.ResetNeeded, match=r"reset\(\)"):
        env.step(np.zeros_like(env.action_space.sample()))
    env.reset(seed=0)
    with pytest.raises(UsageError, match=r"action: expected the shape \(1, \d+\)"):
        env.step(np.zeros(99))


def test_without_gymnasium_it_says_what_to_install():
    script = "import sys; sys.modules['gymnasium'] = None; import codesign.gym"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "codesign.gym needs Gymnasium" in done.stderr
    assert "run pip install 'codesign[rl]'" in done.stderr


@pytest.mark.parametrize("name", ["point-nav", "manipulation-ball", "rough"])
def test_returns_of_a_task_whose_worlds_differ_equal_those_of_a_rollout(name, body):
    task = replace(get_task(name), max_steps=40)
    env = LocomotionEnv(body, task=task)
    policy = Linear(env)
    expected = [
        rollout(body, policy, task=task, episodes=1, seed=5, first_episode=k) for k in range(2)
    ]
    first, _ = episode(env, policy, seed=5)
    scores = [result.score for result in expected]
    assert [first, episode(env, policy)[0]] == pytest.approx(scores, abs=1e-9)
