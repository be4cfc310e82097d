"""Collecting rollouts: a teacher acts with noise on all active bodies for a horizon."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hyperdistill_core.nets.teachers import Teacher
from hyperdistill_core.parallel.vector_env import StepResult, VectorEnv
from hyperdistill_core.training.body_batch import BodyBatch, ObservationEncoder
from hyperdistill_core.training.ppo.action_noise import CorrelatedNoise
from hyperdistill_core.training.ppo.advantage import generalized_advantages
from hyperdistill_core.training.ppo.episodes import EpisodeCounters
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings
from hyperdistill_core.training.ppo.rollout_data import RolloutData
from hyperdistill_core.training.running_moments import RunningMoments

WARM_UP_STEPS = 16
#: Number of control steps of a horizon whose states update the moments.
_MOMENT_STEPS = 8


@dataclass
class _Steps:
    """Tensors of the control steps so far, and figures of the episodes that ended in them."""

    tensors: dict[str, list[Tensor]] = field(default_factory=dict[str, list[Tensor]])
    features: list[NDArray[np.float32]] = field(default_factory=list[NDArray[np.float32]])
    speeds: list[float] = field(default_factory=list[float])
    returns: list[float] = field(default_factory=list[float])
    falls: int = 0
    no_progress: int = 0

    def add(self, **tensors: Tensor) -> None:
        for name, tensor in tensors.items():
            self.tensors.setdefault(name, []).append(tensor)

    def figures(self) -> dict[str, float]:
        episodes = len(self.returns)
        return {
            "speed": float(np.mean(self.speeds)),
            "episodes": episodes,
            "return": float(np.mean(self.returns)) if self.returns else math.nan,
            "falls": self.falls / max(1, episodes),
            "no_progress": self.no_progress / max(1, episodes),
        }


class RolloutCollector:
    """Acts on a vector env and turns what happens into data for an update.

    Rewards are scaled by the running standard deviation of discounted returns, and states are
    normalized by running moments over all nodes.

    Invariants:
        A rollout uses the moments from before it; the moments change after it, unless they are
        fixed because the network came with its own.
        All noise comes from ``generator``, on the CPU, in the order of the control steps.

    Args:
        settings: Settings of the training.
        state_moments: Moments of the state features.
        return_moments: Moments of discounted returns; None for new ones.
        moments_fixed: Whether the state moments never change.
        max_steps: Time limit of an episode in control steps.
        control_dt: Duration of a control step (s).
        on_length: Function that is called with a slot and the mean length of the episodes that
            just ended there.
        generator: Generator of the action noise; the caller may share it.
        device: Device of the network.

    Attributes:
        state_moments: Moments of the state features.
        return_moments: Moments of discounted returns.
        moments_fixed: Whether the state moments never change.
        episodes: Counters of the running episodes.
    """

    def __init__(
        self,
        settings: PPOSettings,
        *,
        state_moments: RunningMoments,
        return_moments: RunningMoments | None = None,
        moments_fixed: bool = False,
        max_steps: int,
        control_dt: float,
        on_length: Callable[[int, float], None],
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        self._settings, self._control_dt = settings, control_dt
        self._on_length, self._generator, self._device = on_length, generator, device
        self.state_moments = state_moments
        self.return_moments = return_moments or RunningMoments(1)
        self.moments_fixed = moments_fixed
        shape = (settings.n_active, settings.n_envs)
        self.episodes = EpisodeCounters(shape, max_steps=max_steps)

    def warm_up(self, env: VectorEnv, batch: BodyBatch, rng: np.random.Generator) -> None:
        """Find first moments of the states under random actions, if there are none.

        Args:
            env: Vector env with the bodies.
            batch: The bodies.
            rng: Generator of the actions.
        """
        if self.state_moments.count:
            return
        mask = batch.mask(self._settings.n_envs)
        for _ in range(WARM_UP_STEPS):
            actions = rng.normal(size=(*mask.shape, 2)).astype(np.float32)
            self._count(env.step(actions))
            features = batch.features(env.state, self.state_moments.size)
            self.state_moments.update(features[mask])

    @torch.no_grad()
    def collect(
        self,
        env: VectorEnv,
        batch: BodyBatch,
        network: Teacher,
        *,
        action_std: float,
        alive_bonus: float,
    ) -> tuple[RolloutData, dict[str, float]]:
        """Act for a horizon.

        Args:
            env: Vector env with the bodies.
            batch: The bodies.
            network: Teacher that acts.
            action_std: Standard deviation of the actions.
            alive_bonus: Bonus for every control step that does not terminate the episode.

        Returns:
            The data, and figures for the log.
        """
        settings = self._settings
        mask = batch.mask(settings.n_envs)
        joints = torch.as_tensor(np.repeat(batch.joints[:, None], settings.n_envs, 1)[mask])
        joints, context = joints.to(self._device), batch.packed_context.to(self._device)
        tree = batch.trees.batch(batch.samples(settings.n_envs)).to(self._device)
        normalization = self.state_moments.normalization()
        encoder = ObservationEncoder(network, normalization, batch, settings.n_envs)
        noise = CorrelatedNoise(tuple(joints.shape), settings.noise_correlation, self._normal)
        actor = network.for_bodies(context, tree)
        actions = np.zeros((*mask.shape, 2), np.float32)
        steps = _Steps()
        for _ in range(settings.horizon):
            features, encoded = encoder(env.state, self.episodes.elapsed * self._control_dt)
            observation = self._tensor(encoded)
            mean, value = actor(observation)
            sample, carried = noise.step(action_std)
            action = mean + sample
            actions[mask] = (action * joints).cpu().numpy()
            steps.features.append(features)
            steps.add(observation=observation, mean=mean, action=action - carried, value=value)
            self._record(env.step(actions), alive_bonus, steps)
        _, encoded = encoder(env.state, self.episodes.elapsed * self._control_dt)
        _, last_value = actor(self._tensor(encoded))
        data = self._data(steps, last_value, joints)
        if not self.moments_fixed:
            every = settings.horizon // _MOMENT_STEPS or 1
            self.state_moments.update(np.concatenate(steps.features[::every]))
        return data, steps.figures() | {"explained_variance": data.explained_variance}

    def _record(self, result: StepResult, alive_bonus: float, steps: _Steps) -> None:
        """Count a control step and add its rewards and ends."""
        episodes = self.episodes
        episodes.returns += result.rewards
        steps.speeds.append(float(result.rewards.mean()))
        reward = result.rewards + alive_bonus * ~result.terminated
        episodes.discounted = self._settings.gamma * episodes.discounted + reward
        self.return_moments.update(episodes.discounted.reshape(-1, 1))
        done = result.done
        steps.falls += int(result.info["fell"].sum())
        steps.no_progress += int(result.info["no_progress"].sum())
        steps.add(
            reward=self._tensor(reward.reshape(-1).astype(np.float32)),
            ended=self._tensor(done.reshape(-1)),
            truncated=self._tensor(result.truncated.flatten()),
        )
        self._count(result)
        steps.returns += episodes.end(done)

    def _count(self, result: StepResult) -> None:
        for slot, length in self.episodes.advance(result):
            self._on_length(slot, length)

    def _data(self, steps: _Steps, last_value: Tensor, joints: Tensor) -> RolloutData:
        stacked = {name: torch.stack(tensors) for name, tensors in steps.tensors.items()}
        scale = 1.0 / math.sqrt(float(self.return_moments.var[0]) + 1e-8)
        advantage = generalized_advantages(
            stacked["reward"] * scale,
            stacked["value"],
            last_value,
            stacked["ended"],
            stacked["truncated"],
            gamma=self._settings.gamma,
            lam=self._settings.lam,
        )
        return RolloutData(
            observation=stacked["observation"],
            mean=stacked["mean"],
            action=stacked["action"],
            value=stacked["value"],
            advantage=advantage,
            target=advantage + stacked["value"],
            joints=joints,
        )

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return torch.as_tensor(array).to(self._device)

    def _normal(self, shape: tuple[int, ...]) -> Tensor:
        """Standard normal samples from the CPU's generator, whose state checkpoints keep."""
        return torch.randn(shape, generator=self._generator).to(self._device)
