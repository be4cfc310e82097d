"""What a rollout over many bodies gives to an update."""

from __future__ import annotations

from dataclasses import dataclass, fields

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Samples of A bodies with up to n nodes; R stands for the dimensions that count them.

    Attributes:
        observation: (A, R, n, state_dim) observations.
        clock_phase: (A, R, clock_dim) clock phases; None for a network without that input.
        heights: (A, R, H) height samples (m), then goal or object; None for a network without
            sight.
        mean: (A, R, n, 2) action means of the acting policy.
        action: (A, R, n, 2) actions, without the part of the noise that was carried over from the
            step before.
        value: (A, R) values of the acting critic.
        advantage: (A, R) advantages.
        target: (A, R) targets of the critic.
    """

    observation: Tensor
    clock_phase: Tensor | None
    heights: Tensor | None
    mean: Tensor
    action: Tensor
    value: Tensor
    advantage: Tensor
    target: Tensor


@dataclass(frozen=True, kw_only=True)
class RolloutData(Samples):
    """T control steps of A bodies in E simulations each: R is (T, E).

    Attributes:
        joints: (A, n, 2) bool, True for joint slots that hold a hinge.

    Examples:
        >>> import torch
        >>> of_nodes, of_samples = torch.zeros(2, 8, 3, 5, 2), torch.zeros(2, 8, 3)
        >>> data = RolloutData(
        ...     observation=torch.zeros(2, 8, 3, 5, 17), clock_phase=None, heights=None,
        ...     mean=of_nodes, action=of_nodes, value=of_samples, advantage=of_samples,
        ...     target=of_samples, joints=torch.ones(2, 5, 2, dtype=torch.bool),
        ... )
        >>> data.minibatch(torch.tensor([0, 3])).observation.shape
        torch.Size([2, 6, 5, 17])
    """

    joints: Tensor

    def minibatch(self, steps: Tensor) -> Samples:
        """Some control steps of all simulations: R is their number times E.

        Args:
            steps: (S,) numbers of the control steps.
        """
        tensors: dict[str, Tensor | None] = {
            field.name: getattr(self, field.name) for field in fields(Samples)
        }
        return Samples(
            **{  # pyright: ignore[reportArgumentType]  only optional inputs may be None
                name: None if tensor is None else tensor[:, steps].flatten(1, 2)
                for name, tensor in tensors.items()
            }
        )

    @property
    def explained_variance(self) -> float:
        """Share of the targets' variance that the acting critic explains."""
        unexplained = ((self.target - self.value).var() / self.target.var()).item()
        return 1.0 - unexplained
