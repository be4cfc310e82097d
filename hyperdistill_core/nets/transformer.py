"""Pre-norm transformer layers over the limbs of a body (Vaswani 2017, Gupta 2022)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hyperdistill_core.nets.config import NetworkConfig, require_at_least


class PreNormBlock(nn.Module):
    """What is the same for all kinds of attention: skips, and the feed-forward part."""

    def _add_rest(self, width: int, feedforward: int) -> None:
        self.project = nn.Linear(width, width)
        self.feedforward_norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, feedforward)
        self.contract = nn.Linear(feedforward, width)
        nn.init.zeros_(self.project.bias)

    def _after_attention(self, tokens: Tensor, mixed: Tensor) -> Tensor:
        """Both skips and what lies between them; tokens and mixed values (..., width)."""
        tokens = tokens + self.project(mixed)
        return tokens + self.contract(F.relu(self.expand(self.feedforward_norm(tokens))))


class TransformerBlock(PreNormBlock):
    """Self-attention and a feed-forward part, each with its norm before and a skip around.

    Args:
        width: features of a token; a multiple of ``heads``.
        heads: attention heads.
        feedforward: width of the feed-forward part's hidden layer (ReLU).
    """

    def __init__(self, width: int, *, heads: int, feedforward: int):
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self._add_rest(width, feedforward)
        nn.init.xavier_uniform_(self.qkv.weight)
        nn.init.zeros_(self.qkv.bias)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Tokens (B, n, width) in and out; tokens with ``mask`` (B, n) False are not seen."""
        heads = self.qkv(self.attention_norm(tokens)).unflatten(-1, (3, self.heads, -1))
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind(0)
        seen = None if mask is None else mask[:, None, None, :]
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        return self._after_attention(tokens, out.transpose(1, 2).flatten(-2))


class ContextAttention(nn.Module):
    """Who looks at whom in a :class:`FixedAttentionBlock`, from what is constant (Xiong 2023).

    Starts even: queries are zero.

    Args:
        width: features of a limb's context; a multiple of ``heads``.
        heads: attention heads.
    """

    def __init__(self, width: int, *, heads: int):
        super().__init__()
        self.heads = heads
        self.query_key = nn.Linear(width, 2 * width)
        nn.init.xavier_uniform_(self.query_key.weight)
        nn.init.zeros_(self.query_key.bias)
        with torch.no_grad():
            self.query_key.weight[:width] = 0.0

    def forward(self, context: Tensor, mask: Tensor | None = None) -> Tensor:
        """Contexts (A, n, width) to shares (A, heads, n, n), whose rows sum to 1.

        Limbs with ``mask`` (A, n) False are not looked at.
        """
        pairs = self.query_key(context).unflatten(-1, (2, self.heads, -1))
        query, key = pairs.permute(2, 0, 3, 1, 4).unbind(0)
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None, None, :], -torch.inf)
        return scores.softmax(dim=-1)


class FixedAttentionBlock(PreNormBlock):
    """A :class:`TransformerBlock` whose attention its tokens do not decide (Xiong 2023)."""

    def __init__(self, width: int, *, feedforward: int):
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.value = nn.Linear(width, width)
        self._add_rest(width, feedforward)

    def forward(self, tokens: Tensor, shares: Tensor) -> Tensor:
        """Tokens (A, n, R, width) of R samples of each body, in and out.

        Args:
            tokens: see above.
            shares: (A, heads, n, n), how much each limb takes from the others.
        """
        value = self.value(self.attention_norm(tokens)).unflatten(-1, (shares.shape[1], -1))
        # Samples of a body side by side: one product serves them all.
        by_head = value.permute(0, 3, 1, 2, 4)
        mixed = (shares @ by_head.flatten(3)).unflatten(-1, by_head.shape[3:])
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
