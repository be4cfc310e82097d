"""ModuMorph against a plain evaluation of one body, and its invariants."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from hyperdistill_core.nets.teachers.modumorph import ModuMorph, ModuMorphConfig
from tests.helpers.packed_samples import (
    BODY,
    COUNTS,
    MIXED_BODY,
    assert_packed_samples_equal_single_ones,
    packed_samples,
)

SIZES: dict[str, Any] = {
    "context_dim": 5,
    "state_dim": 4,
    "width": 8,
    "layers": 2,
    "feedforward": 12,
}


def _net(**options):
    torch.manual_seed(3)
    net = ModuMorph(ModuMorphConfig(**(SIZES | options))).double()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return net


def _plain(net, observation, context):
    """Outputs (n, outputs) of each decoder for one sample, node by node and head by head."""
    heads, n = net.config.heads, len(context)
    encode = {
        name: F.relu(encoder.second(F.relu(encoder.first(context))))
        for name, encoder in (
            ("weights", net.actor.weight_context),
            ("attention", net.actor.attention_context),
        )
    }

    def mapped(head, features):
        rows = []
        for node in range(n):
            weight, bias = head(encode["weights"][node])
            rows.append(features[node] @ weight + bias)
        return torch.stack(rows)

    tokens = mapped(net.actor.embed_head, observation)
    for attend, block in zip(net.actor.attention, net.actor.blocks, strict=True):
        query, key = attend.query_key(encode["attention"]).chunk(2, dim=1)
        value = block.value(block.attention_norm(tokens))
        mixed = []
        for q, k, v in zip(*(x.chunk(heads, dim=1) for x in (query, key, value)), strict=True):
            mixed.append((q @ k.T / q.shape[1] ** 0.5).softmax(dim=1) @ v)
        tokens = tokens + block.project(torch.cat(mixed, dim=1))
        hidden = F.relu(block.expand(block.feedforward_norm(tokens)))
        tokens = tokens + block.contract(hidden)
    return [mapped(head, tokens) for head in net.actor.decoder_heads]


def test_equals_a_plain_evaluation():
    net = _net(shared_trunk=True)
    _, tree, observation, context = packed_samples()
    means, values = net(observation, context, tree)
    for sample in range(len(tree)):
        own = tree.sample == sample
        plain_means, plain_values = _plain(net, observation[own], context[tree.context_row[own]])
        torch.testing.assert_close(means[own], plain_means, rtol=0, atol=1e-12)
        torch.testing.assert_close(values[sample], plain_values.mean(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("shared_trunk", [True, False])
@pytest.mark.parametrize("body", [BODY, MIXED_BODY, torch.tensor([1])])
def test_packed_samples_equal_single_ones(shared_trunk, body):
    assert_packed_samples_equal_single_ones(_net(shared_trunk=shared_trunk), body)


def test_the_order_of_nodes_does_not_matter():
    net = _net()
    _, tree, observation, context = packed_samples(torch.tensor([0]))
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    reordered = context.clone()
    reordered[: COUNTS[0]] = context[order]
    means, values = net(observation, context, tree)
    others, other_values = net(observation[order], reordered, tree)
    torch.testing.assert_close(others, means[order], rtol=0, atol=1e-12)
    torch.testing.assert_close(other_values, values, rtol=0, atol=1e-12)


def test_the_modulation_is_computed_once_for_a_body():
    net = _net(layers=1)
    _, tree, observation, context = packed_samples(torch.tensor([0, 0]))
    modulation = net.actor.modulate(tree.of_bodies(context))
    assert modulation.embed[0].shape == (1, 6, 4, 8)
    assert modulation.decode[0][0].shape == (1, 6, 8, 2)
    assert modulation.attention[0].shape == (1, 2, 6, 6)
    torch.testing.assert_close(modulation.attention[0].sum(-1), torch.ones(1, 2, 6).double())
    acted = net.actor.act(modulation, tree.by_bodies(observation))[0]
    torch.testing.assert_close(tree.from_bodies(acted), net.means(observation, context, tree))


@pytest.mark.parametrize("shared_trunk", [True, False])
def test_gradients_reach_every_parameter(shared_trunk):
    net = _net(shared_trunk=shared_trunk)
    _, tree, observation, context = packed_samples()
    means, values = net(observation, context, tree)
    (means.square().sum() + values.square().sum()).backward()
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())


def test_all_bodies_begin_alike_and_near_zero():
    torch.manual_seed(0)
    net = ModuMorph(ModuMorphConfig(context_dim=5, state_dim=30))
    _, tree, _, context = packed_samples()
    observation = torch.randn(len(tree.sample), 30)
    means, values = net(observation, context.float(), tree)
    others, other_values = net(observation, torch.randn(context.shape), tree)
    torch.testing.assert_close(means, others)
    torch.testing.assert_close(values, other_values)
    assert means.abs().max() < 0.1 < values.abs().max() < 10.0


def test_training_makes_bodies_differ():
    """The zero initial weights delay the effect of contexts by one step; they do not prevent it."""
    net = ModuMorph(ModuMorphConfig(**SIZES)).double()
    _, tree, observation, context = packed_samples()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(3):
        optimizer.zero_grad()
        means, values = net(observation, context, tree)
        ((means - context[tree.context_row, :2]).square().sum() + values.square().sum()).backward()
        optimizer.step()
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"context_dim": 0}, "context_dim: expected at least 1, got 0"),
        ({"heads": 3}, "width: expected a multiple of the 3 heads, got 8"),
    ],
)
def test_refuses_bad_settings(options, message):
    with pytest.raises(ValueError, match=message):
        ModuMorphConfig(**(SIZES | options))
