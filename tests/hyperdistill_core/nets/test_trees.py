"""The packed layout: batches, their padding, and their grouping by body."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperdistill_core.nets.trees import TreeBatch, Trees
from tests.helpers.packed_samples import COUNTS


@st.composite
def tree_batches(draw: st.DrawFn) -> TreeBatch:
    """A batch of samples of up to four bodies of up to six nodes."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    parents = [[0] + [draw(st.integers(0, node - 1)) for node in range(1, size)] for size in sizes]
    body = draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=8))
    return Trees(parents).batch(torch.tensor(body))


@settings(derandomize=True, deadline=None, max_examples=40)
@given(tree_batches())
def test_padding_and_grouping_are_inverted(tree):
    packed = torch.randn(len(tree.sample), 3)
    padded = tree.pad(packed, tree.n_max)
    assert torch.equal(tree.pack(padded), packed)
    assert not padded[~tree.present].any()
    assert torch.equal(tree.from_bodies(tree.by_bodies(packed)), packed)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(tree_batches())
def test_scatter_is_the_adjoint_of_gather(tree):
    messages = torch.randn(3 * len(tree.sample), 2, dtype=torch.float64)
    nodes = torch.randn(len(tree.sample), 2, dtype=torch.float64)
    forward = (tree.gather.sum(messages) * nodes).sum()
    backward = (messages * tree.scatter.sum(nodes)).sum()
    torch.testing.assert_close(forward, backward)


def test_a_batch_pads_to_any_width():
    tree = Trees([[0, 0, 1, 1, 0, 4], [0], [0, 0, 0, 2, 3, 4, 4]]).batch(
        torch.tensor([2, 0, 1, 0, 2])
    )
    packed = torch.randn(len(tree.sample), 4)
    padded = tree.pad(packed, 9)
    assert padded.shape == (5, 9, 4)
    assert torch.equal(tree.pack(padded), packed)
    assert not padded[2, 1:].any()
    assert tree.counts.tolist() == [7, 6, 1, 6, 7]


def test_batches_by_bodies():
    trees = Trees([[0] * n for n in COUNTS])
    tree = trees.batch(torch.tensor([2, 0, 2, 2, 0]))
    assert tree.body.tolist() == [2, 0, 2, 2, 0]
    assert tree.repeats.first.tolist() == [1, 0]
    assert tree.repeats.body.tolist() == [1, 0, 1, 1, 0]
    assert tree.repeats.place.tolist() == [0, 0, 1, 2, 1]
    packed = torch.arange(len(tree.sample)).float()[:, None]
    grouped = tree.by_bodies(packed)
    assert grouped.shape == (2, 3, 7, 1)
    assert torch.equal(tree.from_bodies(grouped), packed)
    assert torch.equal(grouped[1, 2, :, 0], packed[tree.sample == 3, 0])
    assert not grouped[0, 2].any()
    assert not grouped[0, :, 6:].any()
    table = torch.arange(trees.total).float()[:, None]
    assert tree.of_bodies(table)[..., 0].tolist() == [[0, 1, 2, 3, 4, 5, 0], list(range(7, 14))]
    assert tree.present.sum(dim=1).tolist() == [7, 6, 7, 7, 6]
    assert tree.body_mean(tree.pad(packed[:, 0], 7))[0] == 3.0


@pytest.mark.parametrize("parents", [[], [1, 0], [0, 2, 0], [0, 0, -1]])
def test_refuses_parents_that_are_not_a_tree(parents):
    with pytest.raises(ValueError, match=r"body 1: parents .* are not a tree"):
        Trees([[0, 0], parents])
