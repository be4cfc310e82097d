import numpy as np
import pytest

from codesign.errors import UsageError
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import Flat

gymnasium = pytest.importorskip("gymnasium", reason="pip install 'codesign[rl]'")
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv  # noqa: E402

import codesign.gym  # noqa: E402
from codesign.gym import LocomotionEnv, LocomotionVectorEnv  # noqa: E402

E = 5
#: So short that episodes end by the limit; falls end others.
TASK = Flat(max_steps=70)


def made(body, **options):
    return LocomotionVectorEnv(E, body, task=TASK, **options)


class Swing:
    """A policy of the time alone: how many states are read together changes their last bits."""

    clock_harmonics = 1

    def __init__(self, n_controls):
        self._phases = np.random.default_rng(3).uniform(0.0, 6.0, n_controls)

    def act(self, state, *, time=0.0):
        return np.tile(np.sin(9.0 * time + self._phases), (len(state), 1))


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_returns_equal_those_of_a_rollout(body, mode):
    envs = made(body, autoreset_mode=mode)
    policy = Swing(len(envs.single_action_space.sample()))
    expected = rollout(body, policy, task=TASK, episodes=2 * E, seed=5)
    _, infos = envs.reset(seed=5)
    returns, total = [[] for _ in range(E)], np.zeros(E)
    for _ in range(2 * TASK.max_steps + 2):
        rows = [policy.act(np.zeros((1, 1)), time=time)[0] for time in infos["time"]]
        _, rewards, terminated, truncated, infos = envs.step(np.array(rows))
        total += rewards
        for index in np.flatnonzero(terminated | truncated):
            returns[index].append(total[index])
            total[index] = 0.0
    ours = [returns[index][turn] for turn in range(2) for index in range(E)]
    assert ours == expected.returns.tolist()


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_it_equals_gymnasiums_own_vector_env_of_single_ones(body, mode):
    ours = made(body, autoreset_mode=mode)
    theirs = SyncVectorEnv([lambda: LocomotionEnv(body, task=TASK)] * E, autoreset_mode=mode)
    assert isinstance(ours, VectorEnv)
    assert ours.metadata["autoreset_mode"] is mode
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert_equal(ours.reset(seed=list(range(7, 7 + E))), theirs.reset(seed=7))
    ours.action_space.seed(1)
    ended = 0
    for _ in range(2 * TASK.max_steps + 10):
        actions = ours.action_space.sample()
        results = ours.step(actions), theirs.step(actions)
        assert_equal(*results)
        ended += int((results[0][2] | results[0][3]).sum())
    assert ended >= 2 * E


def assert_equal(ours, theirs):
    *arrays, infos = ours
    *their_arrays, their_infos = theirs
    observations, *others = zip(arrays, their_arrays, strict=True)
    # The last bits of a state depend on the number of simulations that are read together.
    np.testing.assert_allclose(*observations, rtol=0.0, atol=1e-12)
    for one, other in others:
        np.testing.assert_array_equal(one, other)
    assert_same_infos(infos, their_infos)


def assert_same_infos(infos, theirs):
    # Gymnasium's infos leave out a name that none of the simulations has.
    absent = [name for name in infos if name not in theirs]
    assert all(not np.any(infos[name]) for name in absent), absent
    assert set(theirs) <= set(infos)
    for name, other in theirs.items():
        if name == "final_info":
            assert_same_infos(infos[name], other)
        elif name == "final_obs":
            for one, their in zip(infos[name], other, strict=True):
                assert (one is None) == (their is None)
                assert one is None or np.allclose(one, their, rtol=0.0, atol=1e-12)
        else:
            np.testing.assert_array_equal(infos[name], other, err_msg=name)


def test_make_vec_builds_it(body):
    envs = gymnasium.make_vec(codesign.gym.ENV_ID, num_envs=3, body=body)
    assert isinstance(envs.unwrapped, LocomotionVectorEnv)
    observations, _ = envs.reset(seed=0)
    assert observations.shape == (3, 17 * len(body))
    wrapped = gymnasium.wrappers.vector.RecordEpisodeStatistics(envs)
    wrapped.reset(seed=0)
    assert wrapped.step(envs.action_space.sample())[1].shape == (3,)


def test_a_seed_gives_every_simulation_an_episode_of_its_own(body):
    envs = made(body)
    first, again = envs.reset(seed=3)[0], envs.reset(seed=3)[0]
    np.testing.assert_array_equal(first, again)
    assert len({tuple(row) for row in first}) == E
    assert not np.array_equal(envs.reset()[0], first)
    assert not np.array_equal(made(body).reset()[0], made(body).reset()[0])


def test_without_autoreset_a_mask_begins_episodes(body):
    envs = made(body, autoreset_mode="Disabled", max_episode_steps=2)
    envs.reset(seed=0)
    envs.step(np.zeros_like(envs.action_space.sample()))
    mask = np.array([True, False, True, False, False])
    before = envs.step(np.zeros_like(envs.action_space.sample()))
    assert before[3].all()
    after, infos = envs.reset(options={"reset_mask": mask})
    np.testing.assert_array_equal(after[~mask], before[0][~mask])
    assert (after[mask] != before[0][mask]).any(axis=1).all()
    np.testing.assert_array_equal(infos["_time"], mask)
    with pytest.raises(gymnasium.error.ResetNeeded, match="3 episodes have ended"):
        envs.step(np.zeros_like(envs.action_space.sample()))


def test_one_unstable_simulation_leaves_the_others_alone(body):
    envs, calm = made(body, autoreset_mode="SameStep"), made(body, autoreset_mode="SameStep")
    envs.reset(seed=0)
    calm.reset(seed=0)
    actions = np.zeros_like(envs.action_space.sample())
    wild = actions.copy()
    wild[1] = np.nan
    observations, rewards, terminated, _, infos = envs.step(wild)
    expected = calm.step(actions)
    others = np.arange(E) != 1
    np.testing.assert_array_equal(observations[others], expected[0][others])
    assert rewards[1] == TASK.worst_score
    assert terminated.tolist() == (~others).tolist()
    assert infos["final_info"]["unstable"].tolist() == (~others).tolist()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda body: LocomotionVectorEnv(0, body), r"num_envs: expected at least 1, got 0"),
        (
            lambda body: made(body, autoreset_mode="Never"),
            r"autoreset_mode: expected one of NextStep, SameStep, Disabled, got Never",
        ),
        (lambda body: made(body).reset(seed=[1, 2]), r"seed: expected one number, or 5, .* got 2"),
        (
            lambda body: made(body).reset(options={"reset_mask": np.ones(3, bool)}),
            r"reset_mask: expected the shape \(5,\), got \(3,\)",
        ),
        (
            lambda body: made(body).reset(options={"reset_mask": [True]}),
            r"reset_mask: expected an array of bool, got list",
        ),
    ],
)
def test_wrong_arguments(call, message, body):
    with pytest.raises(UsageError, match=message):
        call(body)
