"""A pre-norm transformer layer over the limbs of a body (Vaswani 2017, Gupta 2022)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class TransformerBlock(nn.Module):
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
        self.project = nn.Linear(width, width)
        self.feedforward_norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, feedforward)
        self.contract = nn.Linear(feedforward, width)
        nn.init.xavier_uniform_(self.qkv.weight)
        nn.init.zeros_(self.qkv.bias)
        nn.init.zeros_(self.project.bias)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Tokens (B, n, width) in and out; tokens with ``mask`` (B, n) False are not seen."""
        tokens = tokens + self._attend(self.attention_norm(tokens), mask)
        return tokens + self.contract(F.relu(self.expand(self.feedforward_norm(tokens))))

    def _attend(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        heads = self.qkv(tokens).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = heads.unbind(0)
        seen = None if mask is None else mask[:, None, None, :]
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        return self.project(out.transpose(1, 2).flatten(-2))
