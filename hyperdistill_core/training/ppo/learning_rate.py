"""Learning rates that follow the KL divergence between the acting and the present policy.

A step that is too long for the information in a rollout spoils a policy, and one that is too
short wastes the rollout. A network that all bodies share has one rate. Bodies that share no
weights have a rate each.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

INITIAL_LR, MIN_LR = 1e-4, 1e-5
#: The initial rate of a network that all bodies share. Adam's first steps have full length in every
#: weight: six of 1e-4 move a hypernetwork by a KL divergence of 0.04.
INITIAL_SHARED_LR = 3e-5
LR_FACTOR = 1.2
#: Key of a learning rate that does not change, in a group of the optimizer's parameters.
FIXED_LR = "fixed_lr"
#: The rate falls above, and rises below, these multiples of the desired KL divergence.
TOO_LARGE, TOO_SMALL = 1.25, 0.8


class KLAdaptiveLearningRate:
    """Learning rates of one training, and the steps of its optimizer.

    Invariants:
        No rate falls below ``MIN_LR``, and no step is longer than the bound of its update.
        A body whose KL divergence exceeded ``max_kl`` takes no further step in this update, and
        neither its weights nor the optimizer's moments of them change.

    Args:
        network: Network that learns. Where bodies share no weights, the first dimension of
            every parameter counts the bodies.
        optimizer: Optimizer of its parameters.
        separate_bodies: Number of bodies that share no weights; None for a shared network.
        desired_kl: Mean KL divergence that the rates are steered to; 0 uses the bound itself.
        max_kl: KL divergence above which a body takes no further step in an update.

    Attributes:
        rates: (separate_bodies,) learning rates, or (1,).

    Examples:
        >>> network = torch.nn.Linear(2, 1)
        >>> optimizer = torch.optim.Adam(network.parameters())
        >>> learning_rate = KLAdaptiveLearningRate(
        ...     network, optimizer, separate_bodies=None, desired_kl=0.02, max_kl=0.1
        ... )
        >>> learning_rate.begin(bound=1e-3)
        3e-05
        >>> learning_rate.may_step(torch.full((2, 12), 0.5))  # far above max_kl
        False
    """

    def __init__(
        self,
        network: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        separate_bodies: int | None,
        desired_kl: float,
        max_kl: float,
    ) -> None:
        self._optimizer = optimizer
        self._desired, self._max = desired_kl, max_kl
        self._is_separate = separate_bodies is not None
        self._parameters = list(network.parameters())
        initial = INITIAL_LR if self._is_separate else INITIAL_SHARED_LR
        self.rates = np.full(separate_bodies or 1, initial)
        self._current = self.rates
        self._clear()

    def begin(self, bound: float) -> float:
        """Begin an update.

        Args:
            bound: Upper bound of the rates in this update.

        Returns:
            Mean of the rates.
        """
        bounds = np.full_like(self.rates, bound)
        self._current = np.minimum(self.rates, bounds) if self._desired else bounds
        self._clear()
        return float(self._current.mean())

    def may_step(self, kl: Tensor) -> bool:
        """Record the KL divergences of a minibatch.

        Args:
            kl: (bodies, samples) KL divergences from the acting policy to the present one.

        Returns:
            Whether any body may take another step.
        """
        means = kl.mean(dim=1) if self._is_separate else kl.mean()
        latest = means.cpu().numpy().astype(np.float64).reshape(-1)
        self._stopped |= latest > self._max
        self._sum += np.where(self._stopped, 0.0, latest)
        self._steps += ~self._stopped
        return not self._stopped.all()

    def step(self) -> None:
        """Take a step of the optimizer with the weights of all bodies that may."""
        rates = np.where(self._stopped, 0.0, self._current)
        largest = rates.max()
        for group in self._optimizer.param_groups:
            group["lr"] = group.get(FIXED_LR, largest)
        if not self._is_separate:
            self._optimizer.step()
            return
        before = [parameter.detach().clone() for parameter in self._parameters]
        moments = self._moments() if self._stopped.any() else []
        moments_before = [moment.clone() for moment in moments]
        self._optimizer.step()
        shares = torch.as_tensor((rates / (largest or 1.0)).astype(np.float32))
        with torch.no_grad():
            for parameter, old in zip(self._parameters, before, strict=True):
                parameter.copy_(torch.lerp(old, parameter, _expand(shares, parameter)))
            for moment, old in zip(moments, moments_before, strict=True):
                # A body that takes no step must not gather momentum.
                moment.copy_(torch.where(_expand(shares, moment) > 0, moment, old))

    def end(self, *, adapt: bool = True) -> float:
        """End an update: adapt the rates to what it did.

        Args:
            adapt: Whether the rates follow the KL divergence, as where the policy learned.

        Returns:
            Mean KL divergence over the steps that were taken.
        """
        kl = self._sum / np.maximum(self._steps, 1)
        if not adapt:
            return float(kl.mean())
        lower = self._stopped | (kl > TOO_LARGE * self._desired)
        higher = ~lower & (kl < TOO_SMALL * self._desired)
        rates = np.where(lower, self._current / LR_FACTOR, self.rates)
        # A bound near zero, as in a warm-up, must not hold the rates there.
        self.rates = np.maximum(np.where(higher, self._current * LR_FACTOR, rates), MIN_LR)
        return float(kl.mean())

    def _moments(self) -> list[Tensor]:
        """The optimizer's running means of gradients and of their squares."""
        states = [self._optimizer.state[parameter] for parameter in self._parameters]
        return [state[name] for state in states if state for name in ("exp_avg", "exp_avg_sq")]

    def _clear(self) -> None:
        self._stopped = np.zeros(len(self.rates), bool)
        self._sum = np.zeros(len(self.rates))
        self._steps = np.zeros(len(self.rates), np.int64)


def _expand(of_bodies: Tensor, like: Tensor) -> Tensor:
    """One number for each body, (A,), for every entry of a tensor (A, ...)."""
    shape = (-1, *[1] * (like.dim() - 1))
    return of_bodies.to(like.device).view(shape).expand_as(like)
