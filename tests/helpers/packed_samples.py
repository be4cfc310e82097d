"""Packed samples of bodies of different sizes, for the tests of teachers."""

from __future__ import annotations

import torch
from torch import Tensor

from hyperdistill_core.nets.trees import TreeBatch, Trees

#: Number of nodes of the three bodies.
COUNTS = (6, 1, 7)
STATE_DIM, CONTEXT_DIM = 4, 5
#: Bodies of five samples, of which the second body has none.
BODY = torch.tensor([2, 0, 2, 0, 2])
#: Bodies of five samples in no order.
MIXED_BODY = torch.tensor([2, 0, 1, 0, 2])


def packed_samples(body: Tensor = BODY) -> tuple[Trees, TreeBatch, Tensor, Tensor]:
    """Trees of the bodies, a batch, its observations (N, 4) and the contexts (rows, 5)."""
    trees = Trees([[0] * n for n in COUNTS])
    generator = torch.Generator().manual_seed(5)
    context = torch.randn(trees.total, CONTEXT_DIM, dtype=torch.float64, generator=generator)
    tree = trees.batch(body)
    observation = torch.randn(len(tree.sample), STATE_DIM, dtype=torch.float64, generator=generator)
    return trees, tree, observation, context
