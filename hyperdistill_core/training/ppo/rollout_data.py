"""What a rollout over many bodies gives to an update."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class RolloutData:
    """T control steps of A bodies with up to n nodes, in E simulations each.

    Attributes:
        observation: (A, T, E, n, state_dim) observations.
        clock_phase: (A, T, E, clock_dim) clock phases; None for a network without that input.
        mean: (A, T, E, n, 2) action means of the acting policy.
        action: (A, T, E, n, 2) actions, without the part of the noise that was carried over from
            the step before.
        value: (A, T, E) values of the acting critic.
        advantage: (A, T, E) advantages.
        target: (A, T, E) targets of the critic.
        joints: (A, n, 2) bool, True for joint slots that hold a hinge.

    Examples:
        >>> import torch
        >>> of_nodes, of_samples = torch.zeros(2, 8, 3, 5, 2), torch.zeros(2, 8, 3)
        >>> data = RolloutData(
        ...     observation=torch.zeros(2, 8, 3, 5, 17), clock_phase=None, mean=of_nodes,
        ...     action=of_nodes, value=of_samples, advantage=of_samples, target=of_samples,
        ...     joints=torch.ones(2, 5, 2, dtype=torch.bool),
        ... )
        >>> data.minibatch(torch.tensor([0, 3])).observation.shape
        torch.Size([2, 6, 5, 17])
    """

    observation: Tensor
    clock_phase: Tensor | None
    mean: Tensor
    action: Tensor
    value: Tensor
    advantage: Tensor
    target: Tensor
    joints: Tensor

    def minibatch(self, steps: Tensor) -> Minibatch:
        """Some control steps of all simulations.

        Args:
            steps: (S,) numbers of the control steps.
        """

        def of(tensor: Tensor) -> Tensor:
            return tensor[:, steps].flatten(1, 2)

        return Minibatch(
            observation=of(self.observation),
            clock_phase=None if self.clock_phase is None else of(self.clock_phase),
            mean=of(self.mean),
            action=of(self.action),
            value=of(self.value),
            advantage=of(self.advantage),
            target=of(self.target),
        )

    @property
    def explained_variance(self) -> float:
        """Share of the targets' variance that the acting critic explains."""
        unexplained = ((self.target - self.value).var() / self.target.var()).item()
        return 1.0 - unexplained


@dataclass(frozen=True)
class Minibatch:
    """R samples of each of A bodies; the attributes are those of :class:`RolloutData`.

    Attributes:
        observation: (A, R, n, state_dim).
        clock_phase: (A, R, clock_dim) or None.
        mean: (A, R, n, 2).
        action: (A, R, n, 2).
        value: (A, R).
        advantage: (A, R).
        target: (A, R).
    """

    observation: Tensor
    clock_phase: Tensor | None
    mean: Tensor
    action: Tensor
    value: Tensor
    advantage: Tensor
    target: Tensor
