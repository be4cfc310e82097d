"""Collecting rollouts: a teacher acts with noise on all active bodies for a horizon."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hyperdistill_core.features.clock_phase import NUMBERS_PER_HARMONIC
from hyperdistill_core.nets.teachers import ActorCritic, Teacher
from hyperdistill_core.parallel.vector_env import StepResult, VectorEnv
from hyperdistill_core.training.body_batch import BodyBatch, ObservationEncoder
from hyperdistill_core.training.ppo.action_noise import CorrelatedNoise
from hyperdistill_core.training.ppo.advantage import generalized_advantages
from hyperdistill_core.training.ppo.episodes import EpisodeCounters
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings
from hyperdistill_core.training.ppo.rollout_data import RolloutData
from hyperdistill_core.training.precision import product_dtype, products_in
from hyperdistill_core.training.running_moments import RunningMoments

WARM_UP_STEPS = 16
#: Least number of control steps of a horizon, evenly spaced, whose states update the moments.
_MOMENT_STEPS = 8


@dataclass
class _Figures:
    """Figures of a rollout for the log.

    Attributes:
        rewards: Sum of the task's rewards, without bonus and cost of the training. The log has
            their mean over all control steps, ``reward``: on tasks that reward speed alone the
            speed under action noise (m/s).
        returns: Returns of the episodes that ended.
        falls: Number of falls.
        no_progress: Number of episodes that ended for lack of progress.
    """

    rewards: float = 0.0
    returns: list[float] = field(default_factory=list[float])
    falls: int = 0
    no_progress: int = 0

    def add(self, result: StepResult) -> None:
        self.rewards += float(result.rewards.sum())
        self.falls += int(result.info["fell"].sum())
        self.no_progress += int(result.info["no_progress"].sum())

    def row(self, control_steps: int) -> dict[str, float]:
        episodes = len(self.returns)
        return {
            "reward": self.rewards / control_steps,
            "episodes": episodes,
            "return": float(np.mean(self.returns)) if self.returns else math.nan,
            "falls": self.falls / max(1, episodes),
            "no_progress": self.no_progress / max(1, episodes),
        }


class _Buffers:
    """Tensors of a rollout; control step t of the bodies in ``slots`` is at ``[slots, t]``."""

    def __init__(
        self,
        shape: tuple[int, int, int, int],
        network: Teacher,
        *,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        bodies, steps, envs, n = shape
        of_samples, of_nodes = (bodies, steps, envs), (bodies, steps, envs, n, 2)
        zeros = partial(torch.zeros, device=device)
        clock_dim = NUMBERS_PER_HARMONIC * network.clock_harmonics
        self.observation = zeros((*of_samples, n, network.state_dim), dtype=dtype)
        self.clock_phase = zeros((*of_samples, clock_dim), dtype=dtype) if clock_dim else None
        samples = network.terrain_dim
        self.heights = zeros((*of_samples, samples), dtype=dtype) if samples else None
        self.mean, self.action = zeros(of_nodes), zeros(of_nodes)
        self.value, self.reward = zeros(of_samples), zeros(of_samples)
        self.ended = zeros(of_samples, dtype=torch.bool)
        self.truncated = zeros(of_samples, dtype=torch.bool)
        self.last_value = zeros((bodies, envs))


@dataclass(frozen=True)
class _Rollout:
    """What one rollout needs; parts of the bodies act in turn, each while another simulates."""

    env: VectorEnv
    batch: BodyBatch
    encoder: ObservationEncoder
    actors: list[ActorCritic]
    noises: list[CorrelatedNoise]
    buffers: _Buffers
    joints: Tensor
    action_std: float
    alive_bonus: float
    figures: _Figures = field(default_factory=_Figures)
    features: list[NDArray[np.float32]] = field(default_factory=list[NDArray[np.float32]])


class RolloutCollector:
    """Acts on a vector env and turns what happens into data for an update.

    Rewards are scaled by the running standard deviation of discounted returns, and states are
    normalized by running moments over all nodes.

    Invariants:
        A rollout uses the moments from before it; the moments change after it, unless they are
        fixed because the network came with its own.
        All noise comes from ``generator``, on the CPU, in the order of the control steps, and
        within one in the order of the env's parts.

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
        self._dtype = product_dtype(settings.precision, device)
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
        shape = (len(batch), self._settings.n_envs, batch.present.shape[1], 2)
        for _ in range(WARM_UP_STEPS):
            self._count(env.step(rng.normal(size=shape).astype(np.float32)))
            features = batch.features(env.state, self.state_moments.size)
            self.state_moments.update(batch.existing(features))

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
        with products_in(self._dtype, self._device):
            run = self._begin(env, batch, network, action_std, alive_bonus)
            for part in range(len(env.parts)):
                self._act(run, 0, part)
            for step in range(self._settings.horizon):
                for part in range(len(env.parts)):
                    self._record(run, step, part)
                    self._act(run, step + 1, part)
        data = self._data(run.buffers, run.joints)
        if not self.moments_fixed:
            self.state_moments.update(np.concatenate(run.features))
        row = run.figures.row(data.value.numel())
        return data, row | {"explained_variance": data.explained_variance}

    def _begin(
        self,
        env: VectorEnv,
        batch: BodyBatch,
        network: Teacher,
        action_std: float,
        alive_bonus: float,
    ) -> _Rollout:
        settings, device = self._settings, self._device
        n_max = batch.present.shape[1]
        bodies = batch.bodies.to(device)
        shape = (len(batch), settings.horizon, settings.n_envs, n_max)
        noises = [
            CorrelatedNoise(
                (slots.stop - slots.start, settings.n_envs, n_max, 2),
                settings.noise_correlation,
                self._normal,
            )
            for slots in env.parts
        ]
        return _Rollout(
            env=env,
            batch=batch,
            encoder=ObservationEncoder(network, self.state_moments.normalization(), batch, device),
            actors=[network.for_bodies(bodies, slots) for slots in env.parts],
            noises=noises,
            buffers=_Buffers(shape, network, device=device, dtype=self._dtype),
            joints=torch.as_tensor(batch.joints, device=device),
            action_std=action_std,
            alive_bonus=alive_bonus,
        )

    def _act(self, run: _Rollout, step: int, part: int) -> None:
        """Observe a part of the bodies and begin its control step; after the last, its value."""
        slots, buffers = run.env.parts[part], run.buffers
        states = run.env.state[slots]
        time = self.episodes.elapsed[slots] * self._control_dt
        observation, phase = run.encoder(states, time, slots)
        extra = self._extra_inputs(run, slots)
        mean, value = run.actors[part](observation, clock_phase=phase, **extra)
        if step == self._settings.horizon:
            buffers.last_value[slots] = value
            return
        if not self.moments_fixed and step % (self._settings.horizon // _MOMENT_STEPS or 1) == 0:
            features = run.batch.features(states, self.state_moments.size, slots)
            run.features.append(run.batch.existing(features, slots))
        sample, carried = run.noises[part].step(run.action_std)
        mean = mean.float()
        action = mean + sample
        buffers.observation[slots, step] = observation.to(buffers.observation.dtype)
        if phase is not None and buffers.clock_phase is not None:
            buffers.clock_phase[slots, step] = phase.to(buffers.clock_phase.dtype)
        if buffers.heights is not None:
            buffers.heights[slots, step] = extra["heights"].to(buffers.heights.dtype)
        buffers.mean[slots, step], buffers.value[slots, step] = mean, value
        buffers.action[slots, step] = action - carried
        controls = action * run.joints[slots, None]
        run.env.step_async(controls.cpu().numpy(), part=part)

    def _extra_inputs(self, run: _Rollout, slots: slice) -> dict[str, Tensor]:
        """Inputs that only some networks have."""
        if run.buffers.heights is None:
            return {}
        return {"heights": torch.tensor(run.env.heights[slots]).to(self._device)}

    def _record(self, run: _Rollout, step: int, part: int) -> None:
        """Wait for the control step of a part, and add its rewards and ends."""
        slots, buffers, episodes = run.env.parts[part], run.buffers, self.episodes
        result = run.env.step_wait(part=part)
        done = result.done
        episodes.returns[slots] += result.rewards
        reward = result.rewards + run.alive_bonus * ~result.terminated
        reward -= self._settings.fall_cost * result.info["fell"]
        discounted = episodes.discounted[slots]
        discounted[...] = self._settings.gamma * discounted + reward
        self.return_moments.update(discounted.reshape(-1, 1))
        buffers.reward[slots, step] = torch.as_tensor(reward.astype(np.float32))
        buffers.ended[slots, step] = torch.as_tensor(done)
        buffers.truncated[slots, step] = torch.as_tensor(result.truncated)
        run.figures.add(result)
        self._count(result, slots)
        run.figures.returns += episodes.end(done, slots)

    def _count(self, result: StepResult, slots: slice = slice(None)) -> None:
        for slot, length in self.episodes.advance(result, slots):
            self._on_length(slot, length)

    def _data(self, buffers: _Buffers, joints: Tensor) -> RolloutData:
        scale = 1.0 / math.sqrt(float(self.return_moments.var[0]) + 1e-8)
        by_step = [
            tensor.transpose(0, 1)
            for tensor in (buffers.reward * scale, buffers.value, buffers.ended, buffers.truncated)
        ]
        rewards, values, ended, truncated = by_step
        advantage = generalized_advantages(
            rewards,
            values,
            buffers.last_value,
            ended,
            truncated,
            gamma=self._settings.gamma,
            lam=self._settings.lam,
        ).transpose(0, 1)
        return RolloutData(
            observation=buffers.observation,
            clock_phase=buffers.clock_phase,
            heights=buffers.heights,
            mean=buffers.mean,
            action=buffers.action,
            value=buffers.value,
            advantage=advantage,
            target=advantage + buffers.value,
            joints=joints,
        )

    def _normal(self, shape: tuple[int, ...]) -> Tensor:
        """Standard normal samples from the CPU's generator, whose state checkpoints keep."""
        return torch.randn(shape, generator=self._generator).to(self._device)
