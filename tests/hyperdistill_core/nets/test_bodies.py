"""What networks know of the bodies of a batch."""

from __future__ import annotations

import torch

from hyperdistill_core.nets.bodies import BodyTensors
from tests.helpers.grouped_samples import COUNTS, N_MAX, padded_bodies


def test_counts_and_packed_contexts_are_those_of_the_existing_nodes():
    bodies = padded_bodies()
    assert len(bodies) == len(COUNTS)
    assert bodies.counts.tolist() == list(COUNTS)
    assert bodies.counts.dtype == bodies.context.dtype == torch.float64
    rows = [context[:n] for context, n in zip(bodies.context, COUNTS, strict=True)]
    torch.testing.assert_close(bodies.packed_context, torch.cat(rows), rtol=0, atol=0)


def test_a_slice_has_some_of_the_bodies():
    bodies = padded_bodies()
    last = bodies[1:]
    assert len(last) == 2
    assert last.counts.tolist() == [1, 7]
    assert list(last.parents) == [[0], [0] * 7]
    torch.testing.assert_close(last.context, bodies.context[1:], rtol=0, atol=0)
    assert last.present.equal(bodies.present[1:])
    assert bodies.trees(2).counts.tolist() == [6, 6, 1, 1, 7, 7], "a slice changes nothing"
    assert last.trees(2).counts.tolist() == [1, 1, 7, 7]
    assert last[1:].packed_context.shape == (7, 5)
    assert len(bodies[3:]) == 0


def test_samples_of_a_body_lie_next_to_each_other():
    bodies = padded_bodies()
    tree = bodies.trees(2)
    assert tree.counts.tolist() == [6, 6, 1, 1, 7, 7]
    contexts = bodies.packed_context[tree.context_row]
    expected = bodies.context[:, None].expand(-1, 2, -1, -1)
    torch.testing.assert_close(tree.pack(expected), contexts, rtol=0, atol=0)
    torch.testing.assert_close(tree.pad(contexts, (3, 2, N_MAX)), expected, rtol=0, atol=0)


def test_trees_are_built_once_for_a_number_of_samples():
    bodies = padded_bodies()
    assert bodies.trees(2) is bodies.trees(2)
    assert len(bodies.trees(3)) == 9
    assert bodies.trees(2) is not bodies.trees(3)
    assert bodies[:].trees(2) is not bodies.trees(2)


def test_a_mean_over_nodes_leaves_out_missing_ones():
    bodies = padded_bodies()
    of_nodes = torch.randn(3, 2, N_MAX, dtype=torch.float64)
    means = bodies.node_mean(of_nodes)
    assert means.shape == (3, 2)
    for body, n in enumerate(COUNTS):
        torch.testing.assert_close(means[body], of_nodes[body, :, :n].mean(dim=1))


def test_bodies_move_to_another_device():
    bodies = padded_bodies()
    assert bodies.to(torch.device("cpu")) is bodies
    bodies.trees(2)
    moved = bodies.to(torch.device("meta"))
    assert isinstance(moved, BodyTensors)
    tree = moved.trees(2)
    tensors = (moved.context, moved.present, moved.counts, tree.counts, tree.gather.rows)
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert list(moved.parents) == list(bodies.parents)
    assert bodies.trees(2).counts.device.type == "cpu"
