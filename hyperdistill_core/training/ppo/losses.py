"""Losses of proximal policy optimization (Schulman 2017), and the checks around a step."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperdistill_core.errors import TrainingError
from hyperdistill_core.nets.teachers import Teacher
from hyperdistill_core.training.ppo.rollout_data import Samples


@dataclass(frozen=True)
class Losses:
    """Losses of a minibatch.

    Attributes:
        policy: Scalar clipped surrogate loss.
        value: Scalar clipped squared error of the critic.
        kl: (A, R) KL divergence of each sample from the acting policy.
        clipped: Share of the probability ratios that clipping changed.
    """

    policy: Tensor
    value: Tensor
    kl: Tensor
    clipped: float


def ppo_losses(
    batch: Samples,
    mean: Tensor,
    value: Tensor,
    *,
    joints: Tensor,
    scale: float,
    clip: float,
) -> Losses:
    """Losses of R samples of each of A bodies.

    Args:
        batch: The samples, with standardized advantages.
        mean: (A, R, n, 2) action means of the present policy.
        value: (A, R) values of the present critic.
        joints: (A, 1, n, 2) 1.0 for joint slots that hold a hinge, else 0.0.
        scale: 1 / (2 variance) of the actions.
        clip: Clipping range of the probability ratio and of the change of values.
    """
    old = (batch.action - batch.mean).square()
    new = (batch.action - mean).square()
    ratio = (((old - new) * joints).sum(dim=(2, 3)) * scale).exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    near = batch.value + (value - batch.value).clamp(-clip, clip)
    errors = torch.maximum((value - batch.target).square(), (near - batch.target).square())
    change = (mean.detach() - batch.mean).square() * joints
    return Losses(
        policy=-torch.minimum(ratio * batch.advantage, clipped * batch.advantage).mean(),
        value=errors.mean(),
        kl=change.sum(dim=(2, 3)) * scale,
        clipped=(ratio != clipped).float().mean().item(),
    )


def standardized(advantage: Tensor, *, per_body: bool) -> Tensor:
    """Advantages (A, T, E) with zero mean and unit standard deviation.

    Args:
        advantage: (A, T, E) advantages.
        per_body: Whether each body is standardized by itself. Its standard deviation is then
            taken as at least half of the common one: the advantages of a body that hardly moves
            are mostly noise.

    Examples:
        >>> advantage = standardized(torch.randn(2, 8, 3), per_body=False)
        >>> round(float(advantage.std()), 3)
        1.0
    """
    dims = (1, 2) if per_body else (0, 1, 2)
    mean = advantage.mean(dims, keepdim=True)
    deviation = advantage.std(dims, keepdim=True)
    return (advantage - mean) / torch.maximum(deviation, 0.5 * advantage.std())


def clip_gradients(network: Teacher, limit: float) -> None:
    """Scale down gradients above a norm: of all parameters, or of each separate body's.

    Bodies that share no weights get the gradients of their own losses, however many of them
    learn side by side.

    Args:
        network: Network whose gradients are changed in place.
        limit: Largest norm.

    Examples:
        >>> from hyperdistill_core.nets.teachers import MessagePassing, MessagePassingConfig
        >>> network = MessagePassing(MessagePassingConfig(context_dim=25))
        >>> for parameter in network.parameters():
        ...     parameter.grad = torch.ones_like(parameter)
        >>> clip_gradients(network, 0.5)
        >>> sum(parameter.grad.square().sum() for parameter in network.parameters()).sqrt() <= 0.5
        tensor(True)
    """
    if network.separate_bodies is None:
        torch.nn.utils.clip_grad_norm_(network.parameters(), limit)
        return
    grads = [p.grad for p in network.parameters() if p.grad is not None]
    norms = torch.stack([grad.flatten(1).square().sum(dim=1) for grad in grads]).sum(dim=0).sqrt()
    # The loss is a mean over A bodies, so the gradient of each body's own loss is A times larger.
    # Unscaled it would become small beside Adam's epsilon where many bodies learn.
    n_bodies = len(norms)
    scale = n_bodies * (limit / (n_bodies * norms + 1e-12)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(scale.view(-1, *[1] * (grad.dim() - 1)))


def require_finite(network: Teacher) -> None:
    """Refuse a network whose weights are not finite.

    Bodies that share no weights are not checked: one of them may fail without the others.

    Args:
        network: The network.

    Raises:
        TrainingError: A weight is infinite or not a number.

    Examples:
        >>> from hyperdistill_core.nets.teachers import MessagePassing, MessagePassingConfig
        >>> require_finite(MessagePassing(MessagePassingConfig(context_dim=25)))
    """
    if network.separate_bodies is not None:
        return
    if not all(bool(parameter.isfinite().all()) for parameter in network.parameters()):
        raise TrainingError(
            "network: expected finite weights, got infinity or NaN; the checkpoint of the update "
            "before is unchanged: train with another seed or a smaller max_lr"
        )
