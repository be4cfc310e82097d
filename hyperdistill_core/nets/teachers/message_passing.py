"""A graph neural network that all nodes of all bodies share: message passing along the limbs.

A node is the torso or a limb. Its first features come from its observation and its context. In
every layer it adds a function of its own features, of those of its parent and its children, and
of the mean over its body. The nodes share all weights, so the network acts on any tree.

Layout: packed inside (see :mod:`hyperdistill_core.nets.trees`). One linear map computes the three
messages of a node, and one sum over bags delivers them. The matrix products dominate the cost:
on two cores with a width of 64 and four layers, the delivery is nearly free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.config import NetworkConfig, require_at_least
from hyperdistill_core.nets.mlp import SLOTS_PER_NODE
from hyperdistill_core.nets.teachers.interface import Teacher, TeacherShape, value_of
from hyperdistill_core.nets.trees import SENDS, TreeBatch


@dataclass(frozen=True, kw_only=True)
class MessagePassingConfig(NetworkConfig):
    """Settings of :class:`MessagePassing`.

    Attributes:
        context_dim: Number of context features of a node.
        state_dim: Number of state features of a node.
        width: Number of features of a node between the layers.
        layers: Number of rounds of message passing.
        shared_trunk: Whether actor and critic share their layers.

    Raises:
        ValueError: A size is below 1, or the number of layers below 0.

    Examples:
        >>> MessagePassingConfig(context_dim=25, width=0)
        Traceback (most recent call last):
        ValueError: width: expected at least 1, got 0
    """

    context_dim: int
    state_dim: int = 17
    width: int = 64
    layers: int = 4
    shared_trunk: bool = True

    def __post_init__(self) -> None:
        require_at_least(self, 1, "context_dim", "state_dim", "width")
        require_at_least(self, 0, "layers")


class _Deliver(torch.autograd.Function):
    """Sum of the messages (N, 3 W) that every node receives: (N, W)."""

    @staticmethod
    def forward(ctx: Any, messages: Tensor, tree: TreeBatch) -> Tensor:
        ctx.tree = tree
        return tree.gather.sum(messages.view(SENDS * len(messages), -1))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (grad,) = grads
        return ctx.tree.scatter.sum(grad.contiguous()).view(len(grad), -1), None


class _BodySum(torch.autograd.Function):
    """Sum over the nodes (N, W) of every sample: (B, W)."""

    @staticmethod
    def forward(ctx: Any, nodes: Tensor, tree: TreeBatch) -> Tensor:
        ctx.tree = tree
        return tree.members.sum(nodes)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (grad,) = grads
        return grad.index_select(0, ctx.tree.sample), None


class _Spread(torch.autograd.Function):
    """Copy of the row of its sample (B, W) for every node: (N, W), the adjoint of `_BodySum`."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, tree: TreeBatch) -> Tensor:
        ctx.tree = tree
        return rows.index_select(0, tree.sample)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (grad,) = grads
        return ctx.tree.members.sum(grad.contiguous()), None


def _body_mean(nodes: Tensor, tree: TreeBatch) -> Tensor:
    return _apply(_BodySum, nodes, tree) / tree.counts[:, None]


def _apply(function: Any, features: Tensor, tree: TreeBatch) -> Tensor:
    """Apply a ``torch.autograd.Function``, whose type torch leaves open."""
    return function.apply(features, tree)


class _Layer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.send = nn.Linear(width, SENDS * width, bias=False)
        self.body = nn.Linear(width, width)

    def forward(self, nodes: Tensor, tree: TreeBatch) -> Tensor:
        normed = self.norm(nodes)
        received = _apply(_Deliver, self.send(normed), tree)
        from_body = _apply(_Spread, self.body(_body_mean(normed, tree)), tree)
        return nodes + F.relu(received + from_body)


class _Trunk(nn.Module):
    def __init__(self, config: MessagePassingConfig) -> None:
        super().__init__()
        self.observe = nn.Linear(config.state_dim, config.width)
        self.context = nn.Linear(config.context_dim, config.width, bias=False)
        self.layers = nn.ModuleList(_Layer(config.width) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, observation: Tensor, context: Tensor, tree: TreeBatch) -> Tensor:
        # The linear map of the context runs once for a body, not for each of its samples.
        mapped = self.context(context).index_select(0, tree.context_row)
        nodes = self.observe(observation) + mapped
        for layer in self.layers:
            nodes = layer(nodes, tree)
        return self.norm(nodes)


class MessagePassing(Teacher):
    """Actor and critic on a tree.

    Args:
        config: Settings of the network.

    Examples:
        >>> net = MessagePassing(MessagePassingConfig(context_dim=25))
        >>> bodies = BodyTensors(torch.zeros(1, 3, 25), torch.ones(1, 3, dtype=bool), ((0, 0, 0),))
        >>> means, values = net(torch.zeros(1, 2, 3, 17), bodies)
        >>> means.shape, values.shape
        (torch.Size([1, 2, 3, 2]), torch.Size([1, 2]))
    """

    kind: ClassVar[str] = "gnn"
    config_type: ClassVar[type[NetworkConfig]] = MessagePassingConfig

    def __init__(self, config: MessagePassingConfig) -> None:
        super().__init__(config, context_dim=config.context_dim)
        self.config = config
        self.actor = _Trunk(config)
        self.critic = self.actor if config.shared_trunk else _Trunk(config)
        self.action = nn.Linear(config.width, SLOTS_PER_NODE)
        self.value = nn.Linear(config.width, 1)
        self._initialize()

    @classmethod
    def from_shape(cls, shape: TeacherShape) -> MessagePassing:
        """See :meth:`Teacher.from_shape`."""
        return cls(
            MessagePassingConfig(
                context_dim=shape.context_dim,
                state_dim=shape.state_dim,
                width=shape.width,
                layers=shape.layers,
                shared_trunk=shape.shared_trunk,
            )
        )

    def _initialize(self) -> None:
        # The gains give initial actions near zero and values of unit scale.
        gains = {self.action: 0.01, self.value: 1.0}
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.orthogonal_(module.weight, gains.get(module, 1.0))
                bias = cast("Tensor | None", module.bias)
                if bias is not None:
                    nn.init.zeros_(bias)

    def forward(
        self, observation: Tensor, bodies: BodyTensors, *, clock_phase: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """See :meth:`Teacher.forward`; a value comes from the mean over the nodes of a body."""
        samples, n = observation.shape[1:3]
        shape, tree = (len(bodies), samples, n), bodies.trees(samples)
        packed, context = tree.pack(observation), bodies.packed_context
        nodes = self.actor(packed, context, tree)
        means = tree.pad(self.action(nodes), shape)
        if not self.config.shared_trunk:
            nodes = self.critic(packed, context, tree)
        values = value_of(_body_mean(nodes, tree), self.value)
        return means, values.view(shape[:2])

    def means(
        self, observation: Tensor, bodies: BodyTensors, *, clock_phase: Tensor | None = None
    ) -> Tensor:
        """See :meth:`Teacher.means`."""
        samples, n = observation.shape[1:3]
        shape, tree = (len(bodies), samples, n), bodies.trees(samples)
        nodes = self.actor(tree.pack(observation), bodies.packed_context, tree)
        return tree.pad(self.action(nodes), shape)
