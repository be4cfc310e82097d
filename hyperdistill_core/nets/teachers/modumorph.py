"""ModuMorph, the stronger published teacher (Xiong 2023): the context decides how a node acts.

The context of a node determines the weights that turn its observation into a token, the weights
that turn its last token into action means, and the attention in every layer. The layers pass
tokens on, so observations go through a transformer whose ends and whose attention belong to
their body. As in the paper, one encoder of contexts serves the generated weights and another
one the attention.

All that follows from the context is computed once for a body, whatever the number of its samples
in a batch. A controller of one body would compute it once, not at every control step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.config import NetworkConfig, require_at_least
from hyperdistill_core.nets.hypernetwork import WeightHead
from hyperdistill_core.nets.mlp import SLOTS_PER_NODE
from hyperdistill_core.nets.teachers.interface import Teacher, TeacherShape
from hyperdistill_core.nets.transformer import ContextAttention, FixedAttentionBlock, require_sizes

#: Factor on the initial output weights of the actor: exploration begins with actions near zero.
ACTION_GAIN = 0.01


@dataclass(frozen=True, kw_only=True)
class ModuMorphConfig(NetworkConfig):
    """Settings of :class:`ModuMorph`; the default sizes are those of the published teachers.

    Attributes:
        context_dim: Number of context features of a node.
        state_dim: Number of state features of a node.
        width: Number of features of a token and of an encoded context, a multiple of ``heads``.
        layers: Number of transformer layers.
        heads: Number of attention heads.
        feedforward: Width of the feed-forward part of a layer.
        shared_trunk: Whether actor and critic share their layers; the published ones do not.

    Raises:
        ValueError: A size is below 1.
        ValueError: The width is not a multiple of ``heads``.

    Examples:
        >>> ModuMorphConfig(context_dim=25, state_dim=30, heads=3)
        Traceback (most recent call last):
        ValueError: width: expected a multiple of the 3 heads, got 128
    """

    context_dim: int
    state_dim: int
    width: int = 128
    layers: int = 5
    heads: int = 2
    feedforward: int = 1024
    shared_trunk: bool = False

    def __post_init__(self) -> None:
        require_at_least(self, 1, "context_dim", "state_dim")
        require_sizes(self, width=self.width, heads=self.heads)


@dataclass(frozen=True)
class Modulation:
    """All that depends on the contexts of A bodies with n nodes each.

    Attributes:
        embed: Weight (A, n, state_dim, width) and bias (A, n, width) of the map from observations
            to tokens.
        attention: Attention weights (A, heads, n, n) of every layer; rows sum to 1.
        decode: Weight (A, n, width, outputs) and bias (A, n, outputs) of every decoder.
    """

    embed: tuple[Tensor, Tensor]
    attention: list[Tensor]
    decode: list[tuple[Tensor, Tensor]]


class _ContextEncoder(nn.Module):
    """Two layers over the context of a node: (..., context_dim) to (..., width)."""

    def __init__(self, config: ModuMorphConfig) -> None:
        super().__init__()
        self.first = nn.Linear(config.context_dim, config.width)
        self.second = nn.Linear(config.width, config.width)

    def forward(self, context: Tensor) -> Tensor:
        return F.relu(self.second(F.relu(self.first(context))))


class ModulatedTransformer(nn.Module):
    """A transformer from observations to outputs for each node, modulated by the context.

    Initially it is the same function of the observations for all bodies: the heads are
    initialized as in :class:`~hyperdistill_core.nets.hypernetwork.WeightHead`, and the attention
    is uniform.

    Args:
        config: Settings of the network.
        decoders: For each decoder the number of outputs for a node, and a factor on its initial
            weights.
    """

    def __init__(self, config: ModuMorphConfig, decoders: Sequence[tuple[int, float]]) -> None:
        super().__init__()
        width = config.width
        self.weight_context = _ContextEncoder(config)
        self.embed_head = WeightHead(width, config.state_dim, width, fan_in=config.state_dim)
        heads = [WeightHead(width, width, outputs, fan_in=width) for outputs, _ in decoders]
        with torch.no_grad():
            for head, (_, gain) in zip(heads, decoders, strict=True):
                head.weight.bias.mul_(gain)
        self.decoder_heads = nn.ModuleList(heads)
        self.attention_context = _ContextEncoder(config)
        self.attention = nn.ModuleList(
            ContextAttention(width, heads=config.heads) for _ in range(config.layers)
        )
        self.blocks = nn.ModuleList(
            FixedAttentionBlock(width, feedforward=config.feedforward) for _ in range(config.layers)
        )

    def modulate(self, context: Tensor, mask: Tensor | None = None) -> Modulation:
        """All that depends on the contexts, computed once for a body.

        Args:
            context: (A, n, context_dim) contexts of A bodies.
            mask: (A, n) bool, False where a body has no node; None where all nodes exist.
        """
        for_weights = self.weight_context(context)
        for_attention = self.attention_context(context)
        return Modulation(
            embed=self.embed_head(for_weights),
            attention=[attend(for_attention, mask) for attend in self.attention],
            decode=[head(for_weights) for head in self.decoder_heads],
        )

    def act(self, modulation: Modulation, observation: Tensor) -> list[Tensor]:
        """Outputs (A, R, n, outputs) of every decoder.

        Args:
            modulation: Result of :meth:`modulate` for the A bodies.
            observation: (A, R, n, state_dim) observations of R samples of each body.
        """
        tokens = _node_maps(observation.transpose(1, 2), *modulation.embed)
        for block, shares in zip(self.blocks, modulation.attention, strict=True):
            tokens = block(tokens, shares)
        return [_node_maps(tokens, *decoder).transpose(1, 2) for decoder in modulation.decode]

    def forward(self, observation: Tensor, bodies: BodyTensors) -> list[Tensor]:
        """Outputs (A, R, n, outputs) of every decoder; see :meth:`Teacher.forward`."""
        return self.act(self.modulate(bodies.context, bodies.present), observation)


class ModuMorph(Teacher):
    """Actor and critic, two modulated transformers or one with two decoders.

    Args:
        config: Settings of the network.

    Examples:
        >>> net = ModuMorph(ModuMorphConfig(context_dim=25, state_dim=30))
        >>> bodies = BodyTensors(torch.zeros(1, 3, 25), torch.ones(1, 3, dtype=bool), ((0, 0, 0),))
        >>> means, values = net(torch.zeros(1, 2, 3, 30), bodies)
        >>> means.shape, values.shape
        (torch.Size([1, 2, 3, 2]), torch.Size([1, 2]))
    """

    kind: ClassVar[str] = "modumorph"
    config_type: ClassVar[type[NetworkConfig]] = ModuMorphConfig

    def __init__(self, config: ModuMorphConfig) -> None:
        super().__init__(config, context_dim=config.context_dim)
        self.config = config
        action, value = (SLOTS_PER_NODE, ACTION_GAIN), (1, 1.0)
        decoders = [action, value] if config.shared_trunk else [action]
        self.actor = ModulatedTransformer(config, decoders)
        self.critic = None if config.shared_trunk else ModulatedTransformer(config, [value])

    @classmethod
    def from_shape(cls, shape: TeacherShape) -> ModuMorph:
        """See :meth:`Teacher.from_shape`."""
        return cls(
            ModuMorphConfig(
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
        """See :meth:`Teacher.forward`; a value is the mean over the nodes of a body."""
        outputs = self.actor(observation, bodies)
        if self.critic is not None:
            outputs += self.critic(observation, bodies)
        means, values = outputs
        return means, bodies.node_mean(values.squeeze(-1))

    def means(
        self, observation: Tensor, bodies: BodyTensors, *, clock_phase: Tensor | None = None
    ) -> Tensor:
        """See :meth:`Teacher.means`."""
        return self.actor(observation, bodies)[0]


def _node_maps(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A linear map for each node: (A, n, R, in) times (A, n, in, out) gives (A, n, R, out)."""
    bodies, n, samples, _ = features.shape
    products = torch.baddbmm(
        bias.flatten(0, 1)[:, None], features.flatten(0, 1), weight.flatten(0, 1)
    )
    return products.view(bodies, n, samples, -1)
