"""Packed samples of bodies of different sizes, for the tests of teachers."""

from __future__ import annotations

import torch
from torch import Tensor

from hyperdistill_core.nets.teachers import Teacher
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


def assert_packed_samples_equal_single_ones(net: Teacher, body: Tensor) -> None:
    """A sample gets the same means and value in a batch as alone."""
    trees, tree, observation, context = packed_samples(body)
    means, values = net(observation, context, tree)
    for sample, index in enumerate(body):
        own = tree.sample == sample
        alone = net(observation[own], context, trees.batch(index[None]))
        torch.testing.assert_close(means[own], alone[0], rtol=0, atol=1e-12)
        torch.testing.assert_close(values[sample : sample + 1], alone[1], rtol=0, atol=1e-12)
    torch.testing.assert_close(net.means(observation, context, tree), means, rtol=0, atol=0)
