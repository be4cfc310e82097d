"""The transformer teacher of Gupta 2022 and Xiong 2024: one token for each node.

A token is a linear map of a node's observation and context, side by side. In the layers of
self-attention every node attends to all nodes of its body, and a linear map turns the last token
of a node into its two action means. The network gets no tree structure, except for the positions
in the context, or an optional learned embedding of a node's place in its body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.config import NetworkConfig, require_at_least
from hyperdistill_core.nets.mlp import SLOTS_PER_NODE
from hyperdistill_core.nets.teachers.interface import Teacher, TeacherShape, value_of
from hyperdistill_core.nets.transformer import TransformerBlock, require_sizes

# Bounds of the uniform initial weights of the token map and of the last map, as published.
EMBED_RANGE, DECODER_RANGE = 0.1, 0.01


@dataclass(frozen=True, kw_only=True)
class TransformerTeacherConfig(NetworkConfig):
    """Settings of :class:`TransformerTeacher`; the default sizes are the published ones.

    Attributes:
        context_dim: Number of context features of a node; 0 if the observation holds them.
        state_dim: Number of state features of a node.
        width: Number of features of a token, a multiple of ``heads``.
        layers: Number of transformer layers.
        heads: Number of attention heads.
        feedforward: Width of the feed-forward part of a layer.
        shared_trunk: Whether actor and critic share their layers; the published ones do not.
        position_slots: Number of places in a body that have a learned embedding, which bounds
            the number of nodes; 0 for no embedding and bodies of any size.

    Raises:
        ValueError: A size is out of range.
        ValueError: The width is not a multiple of ``heads``.
        ValueError: There is neither a state nor a context feature.

    Examples:
        >>> TransformerTeacherConfig(context_dim=25, state_dim=30).token_dim
        55
    """

    context_dim: int
    state_dim: int
    width: int = 128
    layers: int = 5
    heads: int = 2
    feedforward: int = 1024
    shared_trunk: bool = False
    position_slots: int = 0

    def __post_init__(self) -> None:
        require_sizes(self, width=self.width, heads=self.heads)
        require_at_least(self, 0, "context_dim", "state_dim", "position_slots")
        if self.token_dim < 1:
            raise ValueError("state_dim and context_dim: expected a sum of at least 1, got 0")

    @property
    def token_dim(self) -> int:
        """Number of features that a token is computed from."""
        return self.state_dim + self.context_dim


class _Trunk(nn.Module):
    def __init__(self, config: TransformerTeacherConfig) -> None:
        super().__init__()
        self.scale = config.width**0.5
        self.embed = nn.Linear(config.token_dim, config.width)
        self.position = (
            nn.Parameter(torch.randn(config.position_slots, config.width))
            if config.position_slots
            else None
        )
        self.blocks = nn.ModuleList(
            TransformerBlock(config.width, heads=config.heads, feedforward=config.feedforward)
            for _ in range(config.layers)
        )
        nn.init.uniform_(self.embed.weight, -EMBED_RANGE, EMBED_RANGE)

    def forward(self, observation: Tensor, bodies: BodyTensors) -> Tensor:
        """Tokens (A, R, n, width); the arguments are those of :meth:`Teacher.forward`."""
        samples, n = observation.shape[1:3]
        context = bodies.context[:, None].expand(-1, samples, -1, -1)
        tokens = self.embed(torch.cat([observation, context], dim=-1)) * self.scale
        if self.position is not None:
            if n > len(self.position):
                raise ValueError(
                    f"position_slots: this teacher has positions for {len(self.position)} nodes,"
                    f" got a body of {n}: choose smaller bodies or another teacher"
                )
            tokens = tokens + self.position[:n]
        tokens, present = tokens.flatten(0, 1), bodies.present.repeat_interleave(samples, dim=0)
        for block in self.blocks:
            tokens = block(tokens, present)
        return tokens.unflatten(0, (-1, samples))


class TransformerTeacher(Teacher):
    """Actor and critic of the published architecture.

    Args:
        config: Settings of the network.

    Examples:
        >>> net = TransformerTeacher(TransformerTeacherConfig(context_dim=25, state_dim=30))
        >>> bodies = BodyTensors(torch.zeros(1, 3, 25), torch.ones(1, 3, dtype=bool), ((0, 0, 0),))
        >>> means, values = net(torch.zeros(1, 2, 3, 30), bodies)
        >>> means.shape, values.shape
        (torch.Size([1, 2, 3, 2]), torch.Size([1, 2]))
    """

    kind: ClassVar[str] = "transformer"
    config_type: ClassVar[type[NetworkConfig]] = TransformerTeacherConfig

    def __init__(self, config: TransformerTeacherConfig) -> None:
        super().__init__(config, context_dim=config.context_dim)
        self.config = config
        self.actor = _Trunk(config)
        self.critic = self.actor if config.shared_trunk else _Trunk(config)
        self.action = nn.Linear(config.width, SLOTS_PER_NODE)
        self.value = nn.Linear(config.width, 1)
        for decoder in (self.action, self.value):
            nn.init.uniform_(decoder.weight, -DECODER_RANGE, DECODER_RANGE)
            nn.init.zeros_(decoder.bias)

    @classmethod
    def from_shape(cls, shape: TeacherShape) -> TransformerTeacher:
        """See :meth:`Teacher.from_shape`."""
        return cls(
            TransformerTeacherConfig(
                context_dim=shape.context_dim,
                state_dim=shape.state_dim,
                width=shape.width,
                layers=shape.layers,
                heads=shape.heads,
                feedforward=shape.feedforward,
                shared_trunk=shape.shared_trunk,
            )
        )

    def forward(
        self, observation: Tensor, bodies: BodyTensors, *, clock_phase: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """See :meth:`Teacher.forward`; a value is the mean over the nodes of a body.

        Raises:
            ValueError: A body has more nodes than the teacher has positions.
        """
        tokens = self.actor(observation, bodies)
        means = self.action(tokens)
        if not self.config.shared_trunk:
            tokens = self.critic(observation, bodies)
        return means, bodies.node_mean(value_of(tokens, self.value))

    def means(
        self, observation: Tensor, bodies: BodyTensors, *, clock_phase: Tensor | None = None
    ) -> Tensor:
        """See :meth:`Teacher.means`."""
        return self.action(self.actor(observation, bodies))
