"""The packed layout of message passing: batches, and their padding."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperdistill_core.nets.trees import TreeBatch, Trees

PARENTS = [[0, 0, 1, 1, 0, 4], [0], [0, 0, 0, 2, 3, 4, 4]]


@st.composite
def grouped_trees(draw: st.DrawFn) -> tuple[TreeBatch, tuple[int, int, int]]:
    """Samples of up to four bodies of up to six nodes, and the shape of their padded layout."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    parents = [[0] + [draw(st.integers(0, node - 1)) for node in range(1, size)] for size in sizes]
    samples, n = draw(st.integers(1, 3)), max(sizes) + draw(st.integers(0, 2))
    body = torch.arange(len(sizes)).repeat_interleave(samples)
    return Trees(parents).batch(body), (len(sizes), samples, n)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(grouped_trees())
def test_padding_is_inverted(grouped):
    tree, shape = grouped
    packed = torch.randn(len(tree.sample), 3)
    padded = tree.pad(packed, shape)
    assert padded.shape == (*shape, 3)
    assert torch.equal(tree.pack(padded), packed)
    missing = torch.arange(shape[2]) >= tree.counts[:, None]
    assert not padded.flatten(0, 1)[missing].any()


@settings(derandomize=True, deadline=None, max_examples=40)
@given(grouped_trees())
def test_scatter_is_the_adjoint_of_gather(grouped):
    tree, _ = grouped
    messages = torch.randn(3 * len(tree.sample), 2, dtype=torch.float64)
    nodes = torch.randn(len(tree.sample), 2, dtype=torch.float64)
    forward = (tree.gather.sum(messages) * nodes).sum()
    backward = (messages * tree.scatter.sum(nodes)).sum()
    torch.testing.assert_close(forward, backward)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(grouped_trees())
def test_members_are_the_nodes_of_a_sample(grouped):
    tree, shape = grouped
    packed = torch.randn(len(tree.sample), 2, dtype=torch.float64)
    expected = tree.pad(packed, shape).sum(dim=2).flatten(0, 1)
    torch.testing.assert_close(tree.members.sum(packed), expected)


def test_padded_rows_are_in_the_order_of_bodies_samples_and_nodes():
    tree = Trees(PARENTS).batch(torch.tensor([0, 0, 1, 1, 2, 2]))
    packed = torch.arange(len(tree.sample)).float()
    padded = tree.pad(packed, (3, 2, 9))
    assert padded[0, 1].tolist() == [6, 7, 8, 9, 10, 11, 0, 0, 0]
    assert padded[1, :, 0].tolist() == [12, 13]
    assert not padded[1, :, 1:].any()
    assert padded[2, 0].tolist() == [*range(14, 21), 0, 0]
    assert tree.counts.tolist() == [6, 6, 1, 1, 7, 7]


def test_samples_may_be_of_bodies_in_any_order():
    trees = Trees(PARENTS)
    tree = trees.batch(torch.tensor([2, 0, 1, 0, 2]))
    assert len(tree) == 5
    assert tree.counts.tolist() == [7, 6, 1, 6, 7]
    assert tree.context_row[tree.sample == 4].tolist() == list(range(7, 14))
    assert tree.context_row[tree.sample == 2].tolist() == [6]
    packed = torch.randn(len(tree.sample), 4)
    assert torch.equal(tree.pack(tree.pad(packed, (5, 1, 7))), packed)


@pytest.mark.parametrize("parents", [[], [1, 0], [0, 2, 0], [0, 0, -1]])
def test_refuses_parents_that_are_not_a_tree(parents):
    with pytest.raises(ValueError, match=r"body 1: parents .* are not a tree"):
        Trees([[0, 0], parents])
