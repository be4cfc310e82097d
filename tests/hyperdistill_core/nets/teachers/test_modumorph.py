"""ModuMorph against a plain evaluation of one body, and its invariants."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from hyperdistill_core.nets.teachers.modumorph import ModuMorph, ModuMorphConfig
from tests.helpers.grouped_samples import (
    COUNTS,
    N_MAX,
    SAMPLES,
    assert_samples_equal_single_ones,
    grouped_samples,
    observations,
    padded_bodies,
    random_context,
    reordered,
    single_body,
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
    bodies, observation = grouped_samples()
    means, values = net(observation, bodies)
    for body, n in enumerate(COUNTS):
        for sample in range(SAMPLES):
            rows, context = observation[body, sample, :n], bodies.context[body, :n]
            plain_means, plain_values = _plain(net, rows, context)
            torch.testing.assert_close(means[body, sample, :n], plain_means, rtol=0, atol=1e-12)
            value = values[body, sample]
            torch.testing.assert_close(value, plain_values.mean(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("shared_trunk", [True, False])
@pytest.mark.parametrize("slots", [slice(None), slice(2), slice(1, 2)], ids=str)
def test_samples_equal_single_ones(shared_trunk, slots):
    assert_samples_equal_single_ones(_net(shared_trunk=shared_trunk), slots)


def test_the_order_of_nodes_does_not_matter():
    net = _net()
    bodies = single_body(padded_bodies(), 0)
    observation = observations(bodies)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    means, values = net(observation, bodies)
    others, other_values = net(observation[:, :, order], reordered(bodies, order))
    torch.testing.assert_close(others, means[:, :, order], rtol=0, atol=1e-12)
    torch.testing.assert_close(other_values, values, rtol=0, atol=1e-12)


def test_the_modulation_is_computed_once_for_a_body():
    net = _net(layers=1)
    bodies, observation = grouped_samples()
    modulation = net.actor.modulate(bodies.context, bodies.present)
    assert modulation.embed[0].shape == (3, N_MAX, 4, 8)
    assert modulation.decode[0][0].shape == (3, N_MAX, 8, 2)
    (attention,) = modulation.attention
    assert attention.shape == (3, 2, N_MAX, N_MAX)
    torch.testing.assert_close(attention.sum(-1), torch.ones(3, 2, N_MAX).double())
    assert not attention[0, :, :, 6:].any(), "missing nodes get no attention"
    assert not attention[1, :, :, 1:].any()
    acted = net.actor.act(modulation, observation)[0]
    torch.testing.assert_close(acted, net.means(observation, bodies))
    contexts = []
    net.actor.weight_context.register_forward_hook(lambda _, args, __: contexts.append(args[0]))
    net.means(observations(bodies, 10), bodies)
    assert [tuple(context.shape) for context in contexts] == [(3, N_MAX, 5)]


@pytest.mark.parametrize("shared_trunk", [True, False])
def test_gradients_reach_every_parameter(shared_trunk):
    net = _net(shared_trunk=shared_trunk)
    bodies, observation = grouped_samples()
    means, values = net(observation, bodies)
    (means.square().sum() + values.square().sum()).backward()
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())


def test_all_bodies_begin_alike_and_near_zero():
    torch.manual_seed(0)
    net = ModuMorph(ModuMorphConfig(context_dim=5, state_dim=30)).double()
    bodies = padded_bodies()
    observation = observations(bodies, 4, state_dim=30)
    means, values = net(observation, bodies)
    others, other_values = net(observation, random_context(bodies, seed=1))
    torch.testing.assert_close(means, others)
    torch.testing.assert_close(values, other_values)
    assert means.abs().max() < 0.1 < values.abs().max() < 10.0


def test_training_makes_bodies_differ():
    """The zero initial weights delay the effect of contexts by one step; they do not prevent it."""
    torch.manual_seed(0)
    net = ModuMorph(ModuMorphConfig(**SIZES)).double()
    bodies, observation = grouped_samples()
    target = bodies.context[:, None, :, :2]
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(3):
        optimizer.zero_grad()
        means, values = net(observation, bodies)
        errors = (means - target).square() * bodies.present[:, None, :, None]
        (errors.sum() + values.square().sum()).backward()
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
