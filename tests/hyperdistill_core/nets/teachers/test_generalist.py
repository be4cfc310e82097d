"""The generalist against the hypernetworks that it consists of."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
import torch

from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork
from hyperdistill_core.nets.teachers.generalist import Generalist, GeneralistConfig
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
    "hidden": 9,
    "embed": 8,
    "feedforward": 12,
}


def _net(**options):
    torch.manual_seed(3)
    net = Generalist(GeneralistConfig(**(SIZES | options))).double()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return net


@pytest.mark.parametrize("aggregation", ["sum", "node_mean"])
@pytest.mark.parametrize("body", [BODY, MIXED_BODY, torch.tensor([1])])
def test_packed_samples_equal_single_ones(aggregation, body):
    assert_packed_samples_equal_single_ones(_net(aggregation=aggregation), body)


def test_acts_as_its_generated_networks():
    """The trained network is the one that a controller runs, without distillation."""
    net = _net()
    _, tree, observation, context = packed_samples()
    means, values = net(observation, context, tree)
    for sample in range(len(tree)):
        own = tree.sample == sample
        of_body = context[tree.context_row[own]][None]
        expected = net.actor.generate(of_body).act(observation[own][None, None])[0, 0]
        outputs = net.critic.generate(of_body).act(observation[own][None, None])
        torch.testing.assert_close(means[own], expected, rtol=0, atol=1e-12)
        torch.testing.assert_close(values[sample], outputs.mean(), rtol=0, atol=1e-12)


def test_is_initialized_from_a_hypernetwork_and_acts_repeatedly():
    torch.manual_seed(4)
    actor = Hypernetwork(HypernetConfig(**SIZES, dropout=0.5)).double()
    torch.nn.init.normal_(actor.output_head.weight.weight, std=0.4)
    net = Generalist.from_hypernetwork(actor).double().train()
    _, tree, observation, context = packed_samples()
    act = net.for_bodies(context, tree)
    for factor in (1.0, 2.0):
        means, values = act(factor * observation)
        whole = net(factor * observation, context, tree)
        torch.testing.assert_close((means, values), whole, rtol=0, atol=0)
        generated = actor.eval().generate(tree.of_bodies(context), tree.present[tree.repeats.first])
        alone = tree.from_bodies(generated.act(tree.by_bodies(factor * observation)))
        # The generalist has the weights in float32.
        torch.testing.assert_close(means, alone, rtol=0, atol=1e-6)


def test_weights_are_generated_once_for_a_body():
    net = _net()
    _, tree, observation, context = packed_samples(BODY.repeat(10))
    contexts = []
    net.actor.input_encoder.register_forward_hook(lambda _, inputs, __: contexts.append(inputs[0]))
    net(observation, context, tree)
    assert [tuple(batch.shape) for batch in contexts] == [(2, 7, 5)]


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


def test_gradients_reach_every_parameter():
    net = _net()
    _, tree, observation, context = packed_samples()
    means, values = net(observation, context, tree)
    (means.square().sum() + values.square().sum()).backward()
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())


def test_all_bodies_begin_alike_and_near_zero():
    torch.manual_seed(0)
    net = Generalist(GeneralistConfig(context_dim=5, state_dim=30))
    _, tree, _, context = packed_samples()
    observation = torch.randn(len(tree.sample), 30)
    means, values = net(observation, context.float(), tree)
    others, _ = net(observation, torch.randn(context.shape), tree)
    torch.testing.assert_close(means, others)
    assert means.abs().max() < 0.1
    assert 0.01 < values.abs().max() < 3.0


def test_settings_can_be_stored_and_give_those_of_the_hypernetworks():
    config = GeneralistConfig(**SIZES, first_action=0.5)
    assert GeneralistConfig(**json.loads(json.dumps(asdict(config)))) == config
    assert config.hypernet() == HypernetConfig(**SIZES)
    assert type(Generalist(config).actor.config) is HypernetConfig
    with pytest.raises(ValueError, match="hidden: expected at least 1, got 0"):
        GeneralistConfig(**{**SIZES, "hidden": 0})
