"""How long the steps of a training are: learning rates that follow the KL.

A step too long for what a rollout can tell spoils a policy, and one too short wastes the
rollout. Networks that share their parameters over bodies have one rate; specialists share
nothing, so each has its own.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hyperdistill_core.nets.teachers.specialists import Specialists

FIRST_LR, LEAST_LR = 1e-4, 1e-5
LR_FACTOR = 1.2


class KLAdaptiveLearningRate:
    """Learning rates of one training, and the steps of its optimiser.

    Args:
        network: that learns.
        optimizer: of its parameters.
        desired_kl: mean KL from the acting policy that rates are steered to; 0 takes the bound.
        max_kl: no step more in this update where the KL is larger.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        desired_kl: float,
        max_kl: float,
    ) -> None:
        self._optimizer = optimizer
        self._target, self._most = desired_kl, max_kl
        alone = isinstance(network, Specialists)
        self._alone = list(network.parameters()) if alone else []
        self.rates = np.full(network.config.bodies if alone else 1, FIRST_LR)
        self._now = self.rates
        self._clear()

    def begin(self, bound: float) -> float:
        """Begin an update with rates up to ``bound``; their mean."""
        bounds = np.full_like(self.rates, bound)
        self._now = np.minimum(self.rates, bounds) if self._target else bounds
        self._clear()
        return float(self._now.mean())

    def may_go_on(self, kl: Tensor) -> bool:
        """Whether anybody may take a step more.

        Args:
            kl: (steps, bodies, simulations) of a minibatch, from the acting policy to what it
                is now.
        """
        of_each = kl.mean(dim=(0, 2)).cpu().numpy() if self._alone else kl.mean().cpu().numpy()
        kl_now = of_each.astype(np.float64).reshape(-1)
        self._stopped |= kl_now > self._most
        self._sum += np.where(self._stopped, 0.0, kl_now)
        self._steps += ~self._stopped
        return not self._stopped.all()

    def step(self) -> None:
        """A step of the optimiser, for those that may take one."""
        rates = np.where(self._stopped, 0.0, self._now)
        longest = rates.max()
        for group in self._optimizer.param_groups:
            group["lr"] = longest
        if not self._alone:
            self._optimizer.step()
            return
        before = [parameter.detach().clone() for parameter in self._alone]
        moments = self._moments() if self._stopped.any() else []
        moments_before = [moment.clone() for moment in moments]
        self._optimizer.step()
        shares = torch.from_numpy((rates / (longest or 1.0)).astype(np.float32))
        with torch.no_grad():
            for parameter, old in zip(self._alone, before, strict=True):
                parameter.copy_(torch.lerp(old, parameter, _spread(shares, parameter)))
            for moment, old in zip(moments, moments_before, strict=True):
                # Who waits must not gather momentum where it stands.
                moment.copy_(torch.where(_spread(shares, moment) > 0, moment, old))

    def _moments(self) -> list[Tensor]:
        """The optimiser's running means of specialists' gradients and their squares."""
        states = [self._optimizer.state[parameter] for parameter in self._alone]
        return [state[name] for state in states if state for name in ("exp_avg", "exp_avg_sq")]

    def end(self) -> float:
        """Steer the rates by what the update did; its mean KL."""
        kl = self._sum / np.maximum(self._steps, 1)
        shorter = self._stopped | (kl > 1.25 * self._target)
        longer = ~shorter & (kl < 0.8 * self._target)
        rates = np.where(shorter, np.maximum(self._now / LR_FACTOR, LEAST_LR), self.rates)
        self.rates = np.where(longer, self._now * LR_FACTOR, rates)
        return float(kl.mean())

    def _clear(self) -> None:
        self._stopped = np.zeros(len(self.rates), bool)
        self._sum = np.zeros(len(self.rates))
        self._steps = np.zeros(len(self.rates), np.int64)


def _spread(of_bodies: Tensor, over: Tensor) -> Tensor:
    """A number a body, (A,), for every entry of (A, ...)."""
    shape = (-1, *[1] * (over.dim() - 1))
    return of_bodies.to(over.device).view(shape).expand_as(over)
