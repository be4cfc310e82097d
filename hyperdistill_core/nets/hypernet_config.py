"""Settings of the hypernetwork."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self, TypeAlias, get_args

from hyperdistill_core.nets.config import ClockedConfig, require_at_least

Aggregation: TypeAlias = Literal["sum", "node_mean"]


@dataclass(frozen=True, kw_only=True)
class HypernetConfig(ClockedConfig):
    """Settings of :class:`~hyperdistill_core.nets.hypernetwork.Hypernetwork`.

    Attributes:
        context_dim: Number of context features of a node.
        state_dim: Number of state features of a node.
        hidden: Width of the hidden layers of a generated network.
        hidden_layers: Number of generated hidden-to-hidden layers. The published "2 layers" are
            1 here.
        embed: Width of the context embeddings, a multiple of ``heads``.
        heads: Number of attention heads of the context encoders.
        feedforward: Width of the feed-forward part of the context encoders.
        dropout: Probability that an entry of a context embedding is dropped in training.
        aggregation: How the input products of the nodes are combined: their "sum", or their mean
            over the nodes ("node_mean").
        typical_nodes: Number of nodes that the initial input weights are scaled for.
        terrain_dim: Number of numbers of the network's sight: points of the height field around the
            torso, then a goal or an object (:mod:`hyperdistill_core.tasks.sight`); 0 for none.
        terrain_embed: Width of the code that an encoder computes from the height field.

    Raises:
        ValueError: A setting is out of range.
        ValueError: ``embed`` is not a multiple of ``heads``.
        ValueError: The aggregation is unknown.

    Examples:
        >>> HypernetConfig(context_dim=25, hidden=0)
        Traceback (most recent call last):
        ValueError: hidden: expected at least 1, got 0
    """

    context_dim: int
    state_dim: int = 17
    hidden: int = 256
    hidden_layers: int = 1
    embed: int = 128
    heads: int = 2
    feedforward: int = 256
    dropout: float = 0.0
    aggregation: Aggregation = "sum"
    typical_nodes: int = 12
    terrain_dim: int = 0
    terrain_embed: int = 64

    def with_terrain(self, points: int) -> Self:
        """See :meth:`NetworkConfig.with_terrain`."""
        return replace(self, terrain_dim=self.terrain_dim or points)

    def __post_init__(self) -> None:
        require_at_least(self, 1, "context_dim", "state_dim", "hidden", "embed", "heads")
        require_at_least(self, 1, "feedforward", "terrain_embed")
        require_at_least(self, 0, "hidden_layers", "terrain_dim", "clock_harmonics")
        if self.embed % self.heads:
            raise ValueError(
                f"embed: expected a multiple of the {self.heads} heads, got {self.embed}"
            )
        if self.aggregation not in get_args(Aggregation):
            raise ValueError(
                f"aggregation: expected one of {', '.join(get_args(Aggregation))},"
                f" got {self.aggregation!r}"
            )
