"""What a rollout over many bodies gives to an update."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class RolloutData:
    """T control steps of B simulations with N nodes in all, packed.

    Attributes:
        observation: (T, N, state_dim + clock_dim) observations.
        mean: (T, N, 2) action means of the acting policy.
        action: (T, N, 2) actions, without the part of the noise that was carried over from the
            step before.
        value: (T, B) values of the acting critic.
        advantage: (T, B) advantages.
        target: (T, B) targets of the critic.
        joints: (N, 2) bool, True for joint slots that hold a hinge.

    Examples:
        >>> import torch
        >>> of_nodes, of_samples = torch.zeros(8, 5, 2), torch.zeros(8, 3)
        >>> data = RolloutData(
        ...     observation=torch.zeros(8, 5, 17), mean=of_nodes, action=of_nodes, value=of_samples,
        ...     advantage=of_samples, target=of_samples, joints=torch.ones(5, 2, dtype=torch.bool),
        ... )
        >>> data.minibatch(torch.tensor([0, 3]))["observation"].shape
        torch.Size([10, 17])
    """

    observation: Tensor
    mean: Tensor
    action: Tensor
    value: Tensor
    advantage: Tensor
    target: Tensor
    joints: Tensor

    def minibatch(self, steps: Tensor) -> dict[str, Tensor]:
        """Some control steps as one batch of packed samples.

        Args:
            steps: (S,) numbers of the control steps.

        Returns:
            "observation", "mean" and "action" (S * N, ...), "value" and "target" (S * B,).
        """
        return {
            name: tensor[steps].flatten(0, 1)
            for name, tensor in (
                ("observation", self.observation),
                ("mean", self.mean),
                ("action", self.action),
                ("value", self.value),
                ("target", self.target),
            )
        }

    @property
    def explained_variance(self) -> float:
        """Share of the targets' variance that the acting critic explains."""
        unexplained = ((self.target - self.value).var() / self.target.var()).item()
        return 1.0 - unexplained
