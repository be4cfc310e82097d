"""What networks know of the bodies of a batch: contexts, existing nodes, and trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from hyperdistill_core.nets.trees import TreeBatch, Trees


@dataclass(frozen=True)
class BodyTensors:
    """A bodies, padded to n nodes each.

    Attributes:
        context: (A, n, D) contexts; rows of missing nodes are zero.
        present: (A, n) bool, True where a body has a node.
        parents: For each body the index of the parent of each node, 0 for the root.

    Examples:
        >>> present = torch.tensor([[True, True, True], [True, False, False]])
        >>> bodies = BodyTensors(torch.zeros(2, 3, 25), present, ((0, 0, 1), (0,)))
        >>> len(bodies), len(bodies[1:]), bodies.counts.tolist()
        (2, 1, [3.0, 1.0])
    """

    context: Tensor
    present: Tensor
    parents: Sequence[Sequence[int]]
    _batches: dict[int, TreeBatch] = field(
        default_factory=dict[int, TreeBatch], repr=False, compare=False
    )

    def __len__(self) -> int:
        return len(self.present)

    def __getitem__(self, slots: slice) -> BodyTensors:
        """Some of the bodies."""
        return BodyTensors(self.context[slots], self.present[slots], self.parents[slots])

    def to(self, device: torch.device) -> BodyTensors:
        """The bodies on another device."""
        if self.context.device == device:
            return self
        return BodyTensors(self.context.to(device), self.present.to(device), self.parents)

    @cached_property
    def counts(self) -> Tensor:
        """(A,) number of nodes of each body, in the dtype of the contexts."""
        return self.present.sum(dim=1).to(self.context.dtype)

    @cached_property
    def packed_context(self) -> Tensor:
        """(nodes of all bodies, D) contexts of the existing nodes."""
        return self.context[self.present]

    def trees(self, samples: int) -> TreeBatch:
        """The packed layout of message passing.

        Args:
            samples: Number of samples of each body; those of a body lie next to each other.
        """
        if samples not in self._batches:
            body = torch.arange(len(self)).repeat_interleave(samples)
            self._batches[samples] = Trees(self.parents).batch(body).to(self.context.device)
        return self._batches[samples]

    def node_mean(self, of_nodes: Tensor) -> Tensor:
        """Means over the existing nodes: (A, R, n) to (A, R)."""
        return (of_nodes * self.present[:, None]).sum(dim=-1) / self.counts[:, None]
