"""The update of a network on a rollout: minibatches, losses, steps of the optimizer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.teachers import Generalist, Teacher
from hyperdistill_core.training.body_batch import BodyBatch
from hyperdistill_core.training.ppo.learning_rate import FIXED_LR, KLAdaptiveLearningRate
from hyperdistill_core.training.ppo.losses import (
    Losses,
    clip_gradients,
    ppo_losses,
    require_finite,
    standardized,
)
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings
from hyperdistill_core.training.ppo.rollout_data import RolloutData
from hyperdistill_core.training.precision import product_dtype, products_in


class PPOUpdate:
    """Improves a network on one rollout after another.

    Invariants:
        Every minibatch has the same number of control steps of every body.
        The order of control steps comes from ``generator``, one permutation for each pass.
        An update ends early where the KL divergence from the acting policy is too large.

    Args:
        network: Teacher that learns, on its device.
        settings: Settings of the training.
        generator: Generator of the orders; the caller may share it.
        device: Device of the network.

    Attributes:
        network: The network.
        optimizer: Its optimizer.
        learning_rate: Learning rates that follow the KL divergence.
    """

    def __init__(
        self,
        network: Teacher,
        settings: PPOSettings,
        *,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        self.network, self._settings = network, settings
        self._generator, self._device = generator, device
        self._dtype = product_dtype(settings.precision, device)
        groups = _groups(network, settings.critic_lr)
        self.optimizer = torch.optim.Adam(groups, eps=1e-5, fused=True)
        self.learning_rate = KLAdaptiveLearningRate(
            network,
            self.optimizer,
            separate_bodies=network.separate_bodies,
            desired_kl=settings.desired_kl,
            max_kl=settings.max_kl,
        )

    def update(
        self,
        data: RolloutData,
        batch: BodyBatch,
        *,
        action_std: float,
        lr_bound: float,
        critic_alone: bool = False,
    ) -> dict[str, float]:
        """Improve the network on a rollout.

        Args:
            data: The rollout.
            batch: Bodies of the rollout.
            action_std: Standard deviation of its actions.
            lr_bound: Upper bound of the learning rate.
            critic_alone: Whether only the critic learns.

        Returns:
            Figures for the log.

        Raises:
            TrainingError: The network's weights are not finite any more.
        """
        settings = self._settings
        bodies = batch.bodies.to(self._device)
        joints = data.joints[:, None].float()
        advantage = standardized(data.advantage, per_body=settings.per_body_advantages)
        data = replace(data, advantage=advantage)
        lr = self.learning_rate.begin(lr_bound)
        # What counts is the part of the noise that is new in each step.
        scale = 1.0 / (2.0 * action_std**2 * (1.0 - settings.noise_correlation**2))
        sums = {"policy_loss": 0.0, "value_loss": 0.0, "kl": 0.0, "clipped": 0.0}
        minibatches = 0
        for steps in self._minibatch_steps():
            losses = self._losses(data, steps, bodies, joints, scale)
            if not self.learning_rate.may_step(losses.kl):
                break
            self._step(losses, critic_alone=critic_alone)
            minibatches += 1
            sums["policy_loss"] += losses.policy.item()
            sums["value_loss"] += losses.value.item()
            sums["clipped"] += losses.clipped
        require_finite(self.network)
        averages = {name: total / max(1, minibatches) for name, total in sums.items()}
        averages["kl"] = self.learning_rate.end(adapt=not critic_alone)
        return averages | {"minibatches": minibatches, "lr": lr, "action_std": action_std}

    def _minibatch_steps(self) -> Iterator[Tensor]:
        """Control steps of one minibatch after the other, over all passes."""
        horizon = self._settings.horizon
        chunk = horizon // self._settings.minibatches
        for _ in range(self._settings.epochs):
            order = torch.randperm(horizon, generator=self._generator)
            for first in range(0, self._settings.minibatches * chunk, chunk):
                yield order[first : first + chunk]

    def _losses(
        self, data: RolloutData, steps: Tensor, bodies: BodyTensors, joints: Tensor, scale: float
    ) -> Losses:
        batch = data.minibatch(steps)
        extra = {} if batch.heights is None else {"heights": batch.heights}
        with products_in(self._dtype, self._device):
            mean, value = self.network(
                batch.observation, bodies, clock_phase=batch.clock_phase, **extra
            )
        clip = self._settings.clip
        return ppo_losses(batch, mean.float(), value.float(), joints=joints, scale=scale, clip=clip)

    def _step(self, losses: Losses, *, critic_alone: bool) -> None:
        loss = 0.5 * self._settings.value_coef * losses.value
        if not critic_alone:
            loss = losses.policy + loss
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        clip_gradients(self.network, self._settings.max_grad_norm)
        self.learning_rate.step()


def _groups(network: Teacher, critic_lr: float) -> list[dict[str, Any]]:
    """Parameters of the optimizer: a critic with a learning rate of its own apart."""
    if not critic_lr or not isinstance(network, Generalist):
        return [{"params": list(network.parameters())}]
    critic = list(network.critic.parameters())
    return [
        {"params": list(network.actor.parameters())},
        {"params": critic, FIXED_LR: critic_lr},
    ]
