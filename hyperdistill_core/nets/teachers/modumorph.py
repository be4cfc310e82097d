"""ModuMorph, the stronger published teacher (Xiong 2023): the body decides how limbs act.

From a limb's context alone come the weights that turn its observation into a token, the
weights that turn its last token into action means, and who looks at whom in every layer.
What the layers pass on are the tokens, so observations go through a transformer whose ends
and whose attention are a body's own. As in the paper, one encoder of contexts serves the
generated weights and another one the attention.

All that follows from the context is made once a body, however many samples of it a batch
holds: as a controller of one body it would be made once, and a control step would not pay
for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hyperdistill_core.nets.hypernetwork import WeightHead
from hyperdistill_core.nets.mlp import SLOTS_PER_LIMB
from hyperdistill_core.nets.transformer import ContextAttention, FixedAttentionBlock, check_sizes
from hyperdistill_core.nets.trees import TreeBatch

#: First action means are so much smaller than the tokens.
ACTION_GAIN = 0.01


@dataclass(frozen=True, kw_only=True)
class ModuMorphConfig:
    """Settings of :class:`ModuMorph`; the sizes are those of the published teachers.

    Attributes:
        context_dim: context features of a limb.
        state_dim: observed features of a limb.
        width: features of a token and of an encoded context, a multiple of ``heads``.
        layers: transformer layers.
        heads: attention heads.
        feedforward: width of the layers' feed-forward part.
        shared_trunk: one trunk for action and value, else one each as published.

    Raises:
        ValueError: a size below 1, or a width that is no multiple of ``heads``.
    """

    context_dim: int
    state_dim: int
    width: int = 128
    layers: int = 5
    heads: int = 2
    feedforward: int = 1024
    shared_trunk: bool = False

    def __post_init__(self):
        check_sizes(self, "context_dim", "state_dim")


@dataclass(frozen=True)
class Modulation:
    """What the contexts of A bodies with n limbs each decide.

    Attributes:
        embed: weight (A, n, state_dim, width) and bias (A, n, width) of the token map.
        attention: (A, heads, n, n) of every layer, rows sum to 1.
        decode: weight (A, n, width, outputs) and bias (A, n, outputs) of every decoder.
    """

    embed: tuple[Tensor, Tensor]
    attention: list[Tensor]
    decode: list[tuple[Tensor, Tensor]]


class _ContextEncoder(nn.Module):
    """Two layers over a limb's own context: (..., context_dim) -> (..., width)."""

    def __init__(self, config: ModuMorphConfig):
        super().__init__()
        self.first = nn.Linear(config.context_dim, config.width)
        self.second = nn.Linear(config.width, config.width)

    def forward(self, context: Tensor) -> Tensor:
        return F.relu(self.second(F.relu(self.first(context))))


class ModulatedTransformer(nn.Module):
    """A transformer from observations to some numbers a limb, modulated by context.

    Every body begins with the same function of observations: heads start as
    :class:`~hyperdistill_core.nets.hypernetwork.WeightHead` says, attention even.

    Args:
        config: sizes.
        decoders: numbers that each decoder gives for a limb, and a factor of its first
            weights.
    """

    def __init__(self, config: ModuMorphConfig, decoders: Sequence[tuple[int, float]]):
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
        """What follows from contexts (A, n, context_dim); limbs with ``mask`` False are unseen."""
        of_weights = self.weight_context(context)
        of_attention = self.attention_context(context)
        return Modulation(
            embed=self.embed_head(of_weights),
            attention=[attend(of_attention, mask) for attend in self.attention],
            decode=[head(of_weights) for head in self.decoder_heads],
        )

    def act(self, modulation: Modulation, observation: Tensor) -> list[Tensor]:
        """Outputs (A, R, n, outputs) of every decoder for observations (A, R, n, state_dim)."""
        tokens = _of_limbs(observation.transpose(1, 2), *modulation.embed)
        for block, shares in zip(self.blocks, modulation.attention, strict=True):
            tokens = block(tokens, shares)
        return [_of_limbs(tokens, *decoder).transpose(1, 2) for decoder in modulation.decode]

    def forward(self, observation: Tensor, context: Tensor, tree: TreeBatch) -> list[Tensor]:
        """Packed outputs (N, outputs) of every decoder."""
        mask = tree.present[tree.repeats.first]
        modulation = self.modulate(tree.of_bodies(context), mask)
        outputs = self.act(modulation, tree.by_bodies(observation))
        return [tree.from_bodies(output) for output in outputs]


class ModuMorph(nn.Module):
    """Actor and critic.

    Example:
        >>> from hyperdistill_core.nets.trees import Trees
        >>> net = ModuMorph(ModuMorphConfig(context_dim=25, state_dim=30))
        >>> trees = Trees([[0, 0, 0]])
        >>> tree = trees.batch(torch.tensor([0, 0]))
        >>> means, values = net(torch.zeros(6, 30), torch.zeros(trees.total, 25), tree)
        >>> means.shape, values.shape
        (torch.Size([6, 2]), torch.Size([2]))
    """

    def __init__(self, config: ModuMorphConfig):
        super().__init__()
        self.config = config
        action, value = (SLOTS_PER_LIMB, ACTION_GAIN), (1, 1.0)
        of_actor = [action, value] if config.shared_trunk else [action]
        self.actor = ModulatedTransformer(config, of_actor)
        self.critic = None if config.shared_trunk else ModulatedTransformer(config, [value])

    def forward(
        self, observation: Tensor, context: Tensor, tree: TreeBatch
    ) -> tuple[Tensor, Tensor]:
        """Action means and values of packed samples.

        Args:
            observation: (N, state_dim) normalised states of the limbs of all samples.
            context: (rows, context_dim) of all bodies of the :class:`Trees` behind ``tree``,
                one body behind the other.
            tree: the samples' structure.

        Returns:
            means (N, 2) of the two joint slots of every limb, and values (B,), each the
            mean over a body's limbs.
        """
        outputs = self.actor(observation, context, tree)
        if self.critic is not None:
            outputs += self.critic(observation, context, tree)
        means, values = outputs
        return means, tree.body_mean(tree.pad(values.squeeze(-1), tree.n_max))

    def means(self, observation: Tensor, context: Tensor, tree: TreeBatch) -> Tensor:
        """Action means (N, 2) alone; arguments as in :meth:`forward`."""
        return self.actor(observation, context, tree)[0]


def _of_limbs(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Every limb's own linear map: (A, n, R, in) by (A, n, in, out) -> (A, n, R, out)."""
    limbs = features.shape[:2]
    products = torch.baddbmm(
        bias.flatten(0, 1)[:, None], features.flatten(0, 1), weight.flatten(0, 1)
    )
    return products.unflatten(0, limbs)
