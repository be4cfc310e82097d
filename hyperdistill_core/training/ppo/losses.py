"""What a step of proximal policy optimisation (Schulman 2017) makes smaller, and how far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hyperdistill_core.errors import TrainingError
from hyperdistill_core.nets.teachers.specialists import Specialists


@dataclass(frozen=True)
class Losses:
    """Of a minibatch.

    Attributes:
        policy: the clipped surrogate, to be made smaller.
        value: the critic's squared error, clipped.
        kl: (B,) of each sample, from the acting policy.
        clipped: share of probability ratios that the clip has changed.
    """

    policy: Tensor
    value: Tensor
    kl: Tensor
    clipped: float


def ppo_losses(
    batch: Mapping[str, Tensor],
    mean: Tensor,
    value: Tensor,
    *,
    advantage: Tensor,
    joints: Tensor,
    sample: Tensor,
    scale: float,
    clip: float,
) -> Losses:
    """Losses of B packed samples with N limbs in all.

    Args:
        batch: "action" and "mean" (N, 2) of the acting policy, its "value" (B,), and the
            critic's "target" (B,).
        mean: (N, 2) action means now.
        value: (B,) values now.
        advantage: (B,) standardised.
        joints: (N, 2) 1.0 where there is a hinge, else 0.0.
        sample: (N,) the sample that a limb belongs to.
        scale: 1 / (2 variance) of the actions.
        clip: of the probability ratio, and of the value's change.
    """
    old = (batch["action"] - batch["mean"]).square()
    new = (batch["action"] - mean).square()
    per_node = ((old - new) * joints).sum(1) * scale
    ratio = torch.zeros_like(advantage).index_add(0, sample, per_node).exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    near = batch["value"] + (value - batch["value"]).clamp(-clip, clip)
    errors = torch.maximum((value - batch["target"]).square(), (near - batch["target"]).square())
    moved = ((mean.detach() - batch["mean"]).square() * joints).sum(1) * scale
    return Losses(
        policy=-torch.minimum(ratio * advantage, clipped * advantage).mean(),
        value=errors.mean(),
        kl=torch.zeros_like(advantage).index_add(0, sample, moved),
        clipped=(ratio != clipped).float().mean().item(),
    )


def standardized(advantage: Tensor, *, bodies: int, per_body: bool) -> Tensor:
    """(T, bodies * E) advantages with zero mean and unit deviation, over each body or all."""
    dims = (0, 2) if per_body else (0, 1, 2)
    grouped = advantage.view(len(advantage), bodies, -1)
    mean = grouped.mean(dims, keepdim=True)
    deviation = grouped.std(dims, keepdim=True)
    # A body that hardly moves has little to tell: half the common deviation bounds it.
    floor = 0.5 * advantage.std()
    return ((grouped - mean) / torch.maximum(deviation, floor)).view_as(advantage)


def clip_gradients(network: torch.nn.Module, limit: float) -> None:
    """Bound the gradient's norm: of all parameters, or of each body's where they share none.

    Specialists have the gradients of their own losses then, however many learn side by side.
    """
    if not isinstance(network, Specialists):
        torch.nn.utils.clip_grad_norm_(network.parameters(), limit)
        return
    grads = [p.grad for p in network.parameters() if p.grad is not None]
    norms = torch.stack([grad.flatten(1).square().sum(dim=1) for grad in grads]).sum(dim=0).sqrt()
    # The loss is a mean over bodies: the gradient of each one's own is so many times larger, and
    # must not become small beside Adam's epsilon because others learn too.
    own = len(norms)
    scale = own * (limit / (own * norms + 1e-12)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(scale.view(-1, *[1] * (grad.dim() - 1)))


def require_finite(network: torch.nn.Module) -> None:
    """Refuse what is no network any more; of specialists one may be lost without the others.

    Raises:
        TrainingError: a parameter is not finite.
    """
    if isinstance(network, Specialists):
        return
    if not all(bool(parameter.isfinite().all()) for parameter in network.parameters()):
        raise TrainingError(
            "the network's weights are no finite numbers any more: the checkpoint of the update "
            "before is kept; begin with another seed or a smaller lr"
        )
