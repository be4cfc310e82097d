"""The transformer teacher of Gupta 2022 and Xiong 2024: one token a limb.

A token is a linear map of the limb's observation and context, side by side. Layers of
self-attention let every limb look at all limbs of its body; a linear map makes a limb's two
action means of what comes out. The tree itself is not seen but through positions in the
context, or through an optional learnt embedding of a limb's place in its body.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hyperdistill_core.nets.mlp import SLOTS_PER_LIMB
from hyperdistill_core.nets.transformer import TransformerBlock, check_sizes
from hyperdistill_core.nets.trees import TreeBatch

# First weights of the token map and of the last map, uniform within +-, as published.
EMBED_RANGE, DECODER_RANGE = 0.1, 0.01


@dataclass(frozen=True, kw_only=True)
class TransformerTeacherConfig:
    """Settings of :class:`TransformerTeacher`; the sizes are the published ones.

    Attributes:
        context_dim: context features of a limb, 0 if the observation holds them.
        state_dim: observed features of a limb.
        width: features of a token, a multiple of ``heads``.
        layers: transformer layers.
        heads: attention heads.
        feedforward: width of the layers' feed-forward part.
        shared_trunk: one trunk for action and value, else one each as published.
        position_slots: places in a body that have a learnt embedding, which bounds the
            number of limbs; 0 for none, and bodies of any size.

    Raises:
        ValueError: a size out of range, or a width that is no multiple of ``heads``.
    """

    context_dim: int
    state_dim: int
    width: int = 128
    layers: int = 5
    heads: int = 2
    feedforward: int = 1024
    shared_trunk: bool = False
    position_slots: int = 0

    def __post_init__(self):
        check_sizes(self)
        for name in ("context_dim", "state_dim", "position_slots"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: expected at least 0, got {getattr(self, name)}")
        if self.token_dim < 1:
            raise ValueError("state_dim and context_dim: expected a feature in all, got none")

    @property
    def token_dim(self) -> int:
        """Numbers that a token is made of."""
        return self.state_dim + self.context_dim


class _Trunk(nn.Module):
    def __init__(self, config: TransformerTeacherConfig):
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

    def forward(self, observation: Tensor, context: Tensor, tree: TreeBatch) -> Tensor:
        """Packed observations and the bodies' contexts to padded tokens (B, n_max, width)."""
        numbers = torch.cat([observation, context[tree.context_row]], dim=1)
        tokens = tree.pad(self.embed(numbers) * self.scale, tree.n_max)
        if self.position is not None:
            if tree.n_max > len(self.position):
                raise ValueError(
                    f"a body of {tree.n_max} limbs: this teacher has positions for at most"
                    f" {len(self.position)} (position_slots)"
                )
            tokens = tokens + self.position[: tree.n_max]
        for block in self.blocks:
            tokens = block(tokens, tree.present)
        return tokens


class TransformerTeacher(nn.Module):
    """Actor and critic of the published architecture.

    Example:
        >>> from hyperdistill_core.nets.trees import Trees
        >>> net = TransformerTeacher(TransformerTeacherConfig(context_dim=25, state_dim=30))
        >>> trees = Trees([[0, 0, 0]])
        >>> tree = trees.batch(torch.tensor([0, 0]))
        >>> means, values = net(torch.zeros(6, 30), torch.zeros(trees.total, 25), tree)
        >>> means.shape, values.shape
        (torch.Size([6, 2]), torch.Size([2]))
    """

    def __init__(self, config: TransformerTeacherConfig):
        super().__init__()
        self.config = config
        self.actor = _Trunk(config)
        self.critic = self.actor if config.shared_trunk else _Trunk(config)
        self.action = nn.Linear(config.width, SLOTS_PER_LIMB)
        self.value = nn.Linear(config.width, 1)
        for decoder in (self.action, self.value):
            nn.init.uniform_(decoder.weight, -DECODER_RANGE, DECODER_RANGE)
            nn.init.zeros_(decoder.bias)

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

        Raises:
            ValueError: a body has more limbs than the teacher has positions.
        """
        tokens = self.actor(observation, context, tree)
        means = tree.pack(self.action(tokens))
        if not self.config.shared_trunk:
            tokens = self.critic(observation, context, tree)
        return means, tree.body_mean(self.value(tokens).squeeze(-1))

    def means(self, observation: Tensor, context: Tensor, tree: TreeBatch) -> Tensor:
        """Action means (N, 2) alone; arguments as in :meth:`forward`."""
        return tree.pack(self.action(self.actor(observation, context, tree)))
