"""Policies that see the ground: what rollouts give them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.rollout import WrappedPolicy, rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.tasks.terrain import HEIGHT_SAMPLES, HeightMap, sampling_pattern

SAMPLES = HEIGHT_SAMPLES[0]


class Seeing:
    """Constant controls; it keeps the heights that it was given."""

    terrain_dim, clock_harmonics = SAMPLES, 1

    def __init__(self, n_controls: int) -> None:
        self._n_controls = n_controls
        self.seen: list[np.ndarray] = []
        self.times: list[float | None] = []

    def act(self, state, heights=None, *, time=None):
        assert heights is not None
        self.seen.append(heights.copy())
        self.times.append(time)
        return np.full((len(state), self._n_controls), 0.3)


def seeing_policy(body) -> Seeing:
    return Seeing(BodyLayout.from_graph(body, get_task("flat").model(body)).n_controls)


def slow_samples(height_map: HeightMap, position, quat, samples: int) -> list[float]:
    """The definition: one sample after the other, from the cell of the torso."""
    w, x, y, z = quat
    cos, sin = 1 - 2 * (y * y + z * z), 2 * (w * z + x * y)
    length = np.hypot(cos, sin)
    cos, sin = cos / length, sin / length
    row = height_map.row + int(np.floor(10 * position[1]))
    column = height_map.column + int(np.floor(10 * position[0]))
    found = []
    for forward, right in zip(*sampling_pattern(samples), strict=True):
        along = int(np.rint(cos * forward + sin * right))
        across = int(np.rint(sin * forward - cos * right))
        height = height_map.heights[row + across, column + along]
        found.append(np.clip(height - height_map.heights[row, column], -2.0, 2.0))
    return found


@pytest.mark.parametrize("samples", HEIGHT_SAMPLES)
@pytest.mark.parametrize("name", ["csr", "obstacle"])
def test_vectorized_samples_equal_slow_ones(name, samples):
    worlds = get_task(name).worlds(1, episodes=2)
    rng = np.random.default_rng(0)
    position = rng.uniform((0.0, -15.0, 0.0), (90.0, 15.0, 1.0), (12, 3))
    quat = rng.normal(size=(12, 4))
    quat /= np.linalg.norm(quat, axis=1, keepdims=True)
    which = np.arange(12) % 2
    fast = worlds.height_samples(which, position, quat, samples)
    for row in range(12):
        height_map = worlds.worlds[which[row]].height_map
        assert height_map is not None
        slow = slow_samples(height_map, position[row], quat[row], samples)
        np.testing.assert_allclose(fast[row], slow, atol=1e-6)


def test_a_rollout_shows_the_ground_of_each_episode(walker):
    task = replace(get_task("escape"), max_steps=30)
    policy = seeing_policy(walker)
    result = rollout(walker, policy, task=task, episodes=3, seed=2, record_trajectory=True)
    assert policy.times == [step * task.control_dt for step in range(len(policy.seen))]
    worlds, qpos = task.worlds(2, episodes=3), result.qpos
    assert qpos is not None
    start = worlds.height_samples(np.arange(3), qpos[0, :, :3], qpos[0, :, 3:7], SAMPLES)
    np.testing.assert_allclose(policy.seen[0], start)
    assert np.abs(policy.seen[0]).max() > 0.0
    alone = seeing_policy(walker)
    rollout(walker, alone, task=task, episodes=1, first_episode=2, seed=2)
    np.testing.assert_array_equal(policy.seen[0][2], alone.seen[0][0])


def test_flat_ground_is_seen_as_zeros(walker):
    policy = seeing_policy(walker)
    rollout(walker, policy, task=replace(get_task("flat"), max_steps=5), episodes=2)
    assert all((heights == 0.0).all() for heights in policy.seen)


def test_a_wrapped_policy_gets_the_heights_and_times_of_the_inner_one(walker):
    policy = seeing_policy(walker)
    wrapped = WrappedPolicy(policy)
    rollout(walker, wrapped, task=replace(get_task("csr"), max_steps=5), episodes=2)
    assert len(policy.seen) == 5
    assert policy.times[1] == 0.02


def test_there_are_two_patterns():
    with pytest.raises(ValueError, match="samples: expected 195 or 1410, got 7"):
        sampling_pattern(7)
