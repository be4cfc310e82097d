"""Pre-norm transformer layers over the nodes of a body (Vaswani 2017, Gupta 2022)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hyperdistill_core.nets.config import NetworkConfig, require_at_least


class PreNormBlock(nn.Module):
    """The common part of all layers: residual connections and the feed-forward part."""

    def _add_output_layers(self, width: int, feedforward: int) -> None:
        self.project = nn.Linear(width, width)
        self.feedforward_norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, feedforward)
        self.contract = nn.Linear(feedforward, width)
        nn.init.zeros_(self.project.bias)

    def _after_attention(self, tokens: Tensor, mixed: Tensor) -> Tensor:
        """Both residual connections and the feed-forward part.

        Args:
            tokens: (..., width) tokens before the attention.
            mixed: (..., width) values mixed by the attention.
        """
        tokens = tokens + self.project(mixed)
        return tokens + self.contract(F.relu(self.expand(self.feedforward_norm(tokens))))


class TransformerBlock(PreNormBlock):
    """Self-attention and a feed-forward part, each with a norm before it and a residual connection.

    Args:
        width: Number of features of a token, a multiple of ``heads``.
        heads: Number of attention heads.
        feedforward: Width of the hidden layer (ReLU) of the feed-forward part.

    Examples:
        >>> TransformerBlock(8, heads=2, feedforward=16)(torch.zeros(1, 5, 8)).shape
        torch.Size([1, 5, 8])
    """

    def __init__(self, width: int, *, heads: int, feedforward: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self._add_output_layers(width, feedforward)
        nn.init.xavier_uniform_(self.qkv.weight)
        nn.init.zeros_(self.qkv.bias)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """New tokens (B, n, width).

        Args:
            tokens: (B, n, width) tokens.
            mask: (B, n) bool, False for tokens that get no attention; None if all tokens get it.
        """
        heads = self.qkv(self.attention_norm(tokens)).unflatten(-1, (3, self.heads, -1))
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind(0)
        # A body has a dozen tokens: torch's fused attention takes several times longer backward.
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None, None, :], -torch.inf)
        out = scores.softmax(dim=-1) @ value
        return self._after_attention(tokens, out.transpose(1, 2).flatten(-2))


class ContextAttention(nn.Module):
    """Attention weights of a :class:`FixedAttentionBlock` from contexts (Xiong 2023).

    The attention is uniform initially, because the queries are zero.

    Args:
        width: Number of features of an encoded context, a multiple of ``heads``.
        heads: Number of attention heads.

    Examples:
        >>> ContextAttention(8, heads=2)(torch.randn(1, 4, 8))[0, 0, 0].tolist()
        [0.25, 0.25, 0.25, 0.25]
    """

    def __init__(self, width: int, *, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key = nn.Linear(width, 2 * width)
        nn.init.xavier_uniform_(self.query_key.weight)
        nn.init.zeros_(self.query_key.bias)
        with torch.no_grad():
            self.query_key.weight[:width] = 0.0

    def forward(self, context: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attention weights (A, heads, n, n); rows sum to 1.

        Args:
            context: (A, n, width) encoded contexts.
            mask: (A, n) bool, False where a body has no node, which then gets no attention; None
                where all nodes exist.
        """
        pairs = self.query_key(context).unflatten(-1, (2, self.heads, -1))
        query, key = pairs.permute(2, 0, 3, 1, 4).unbind(0)
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None, None, :], -torch.inf)
        return scores.softmax(dim=-1)


class FixedAttentionBlock(PreNormBlock):
    """A :class:`TransformerBlock` with attention weights from outside (Xiong 2023).

    Args:
        width: Number of features of a token.
        feedforward: Width of the hidden layer (ReLU) of the feed-forward part.

    Examples:
        >>> attention = ContextAttention(8, heads=2)(torch.zeros(1, 4, 8))
        >>> FixedAttentionBlock(8, feedforward=16)(torch.zeros(1, 4, 3, 8), attention).shape
        torch.Size([1, 4, 3, 8])
    """

    def __init__(self, width: int, *, feedforward: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.value = nn.Linear(width, width)
        self._add_output_layers(width, feedforward)

    def forward(self, tokens: Tensor, weights: Tensor) -> Tensor:
        """New tokens (A, n, R, width).

        Args:
            tokens: (A, n, R, width) tokens of R samples of each body.
            weights: (A, heads, n, n) attention weights of the bodies.
        """
        value = self.value(self.attention_norm(tokens)).unflatten(-1, (weights.shape[1], -1))
        # The samples of a body lie side by side, so that one product serves all of them.
        by_head = value.permute(0, 3, 1, 2, 4)
        mixed = (weights @ by_head.flatten(3)).unflatten(-1, by_head.shape[3:])
        return self._after_attention(tokens, mixed.permute(0, 2, 3, 1, 4).flatten(-2))


def require_sizes(config: NetworkConfig, *, width: int, heads: int) -> None:
    """Check the sizes of a transformer.

    Args:
        config: Settings with ``width``, ``layers``, ``heads`` and ``feedforward``.
        width: Number of features of a token.
        heads: Number of attention heads, which share the width evenly.

    Raises:
        ValueError: A size is below 1.
        ValueError: The width is not a multiple of ``heads``.
    """
    require_at_least(config, 1, "width", "layers", "heads", "feedforward")
    if width % heads:
        raise ValueError(f"width: expected a multiple of the {heads} heads, got {width}")
