"""The teacher: one small network that all limbs of all bodies share.

A node is a limb (or the torso). Its first features come from its observation and its
context; in every layer it adds what it computes from itself, its parent, its children and
the mean over its body. As weights are shared over limbs, the network acts on any tree.

Layout: packed (see :mod:`hyperdistill_core.nets.trees`). One linear map makes the three
messages of a node, one sum over bags delivers them; on two cores a width of 64 with four
layers is bound by its matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hyperdistill_core.nets.mlp import SLOTS_PER_LIMB
from hyperdistill_core.nets.trees import SENDS, TreeBatch


@dataclass(frozen=True, kw_only=True)
class MessagePassingConfig:
    """Settings of :class:`MessagePassing`.

    Attributes:
        context_dim: context features of a limb.
        state_dim: observed features of a limb.
        width: features of a node between the layers.
        layers: rounds of message passing.
        shared_trunk: one trunk for action and value, else one each.
    """

    context_dim: int
    state_dim: int = 17
    width: int = 64
    layers: int = 4
    shared_trunk: bool = True


class _Deliver(torch.autograd.Function):
    """Adds up the messages (N, 3 W) that every node receives: (N, W)."""

    @staticmethod
    def forward(ctx: Any, messages: Tensor, tree: TreeBatch) -> Tensor:
        ctx.tree = tree
        return tree.gather.sum(messages.view(SENDS * len(messages), -1))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (grad,) = grads
        return ctx.tree.scatter.sum(grad.contiguous()).view(len(grad), -1), None


class _BodySum(torch.autograd.Function):
    """Adds up the nodes (N, W) of every sample: (B, W)."""

    @staticmethod
    def forward(ctx: Any, nodes: Tensor, tree: TreeBatch) -> Tensor:
        ctx.tree = tree
        return tree.members.sum(nodes)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (grad,) = grads
        return grad.index_select(0, ctx.tree.sample), None


class _Spread(torch.autograd.Function):
    """Gives every node (N, W) the row of its sample (B, W): the adjoint of `_BodySum`."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, tree: TreeBatch) -> Tensor:
        ctx.tree = tree
        return rows.index_select(0, tree.sample)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (grad,) = grads
        return ctx.tree.members.sum(grad.contiguous()), None


def _body_mean(nodes: Tensor, tree: TreeBatch) -> Tensor:
    sums: Any = _BodySum.apply(nodes, tree)
    return sums / tree.counts[:, None]


class _Layer(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.send = nn.Linear(width, SENDS * width, bias=False)
        self.body = nn.Linear(width, width)

    def forward(self, nodes: Tensor, tree: TreeBatch) -> Tensor:
        normed = self.norm(nodes)
        received: Any = _Deliver.apply(self.send(normed), tree)
        of_body: Any = _Spread.apply(self.body(_body_mean(normed, tree)), tree)
        return nodes + F.relu(received + of_body)


class _Trunk(nn.Module):
    def __init__(self, config: MessagePassingConfig):
        super().__init__()
        self.observe = nn.Linear(config.state_dim, config.width)
        self.context = nn.Linear(config.context_dim, config.width, bias=False)
        self.layers = nn.ModuleList(_Layer(config.width) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, observation: Tensor, context: Tensor, tree: TreeBatch) -> Tensor:
        # The context is mapped once a body and then handed to its samples.
        of_context = self.context(context).index_select(0, tree.context_row)
        nodes = self.observe(observation) + of_context
        for layer in self.layers:
            nodes = layer(nodes, tree)
        return self.norm(nodes)


class MessagePassing(nn.Module):
    """Actor and critic on a tree.

    Example:
        >>> from hyperdistill_core.nets.trees import Trees
        >>> net = MessagePassing(MessagePassingConfig(context_dim=25))
        >>> trees = Trees([[0, 0, 0]])
        >>> tree = trees.batch(torch.tensor([0, 0]))
        >>> means, values = net(torch.zeros(6, 17), torch.zeros(trees.total, 25), tree)
        >>> means.shape, values.shape
        (torch.Size([6, 2]), torch.Size([2]))
    """

    def __init__(self, config: MessagePassingConfig):
        super().__init__()
        self.config = config
        self.actor = _Trunk(config)
        self.critic = self.actor if config.shared_trunk else _Trunk(config)
        self.action = nn.Linear(config.width, SLOTS_PER_LIMB)
        self.value = nn.Linear(config.width, 1)
        self._initialise()

    def _initialise(self) -> None:
        # Gains: near-zero first actions, a unit-scale value, rectified layers between.
        gains = {self.action: 0.01, self.value: 1.0}
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.orthogonal_(module.weight, gains.get(module, 1.0))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(
        self, observation: Tensor, context: Tensor, tree: TreeBatch
    ) -> tuple[Tensor, Tensor]:
        """Action means and values of packed samples.

        Args:
            observation: (N, state_dim) normalised states of the nodes of all samples.
            context: (rows, context_dim) of all bodies of the :class:`Trees` behind ``tree``,
                one body behind the other.
            tree: the samples' structure.

        Returns:
            means (N, 2) of the two joint slots of every node, and values (B,).
        """
        nodes = self.actor(observation, context, tree)
        means = self.action(nodes)
        if not self.config.shared_trunk:
            nodes = self.critic(observation, context, tree)
        return means, self.value(_body_mean(nodes, tree)).squeeze(-1)

    def means(self, observation: Tensor, context: Tensor, tree: TreeBatch) -> Tensor:
        """Action means (N, 2) alone; arguments as in :meth:`forward`."""
        return self.action(self.actor(observation, context, tree))
