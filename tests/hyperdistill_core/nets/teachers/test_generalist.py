"""The hypernetwork as actor and critic, and the batches by bodies that it needs."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch

from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork
from hyperdistill_core.nets.teachers.generalist import Generalist, GeneralistConfig
from hyperdistill_core.nets.trees import Trees

COUNTS = (6, 1, 7)
BODY = torch.tensor([2, 0, 2, 0, 2])
SIZES = {"context_dim": 5, "state_dim": 4, "hidden": 9, "embed": 8, "feedforward": 12}


def _net(**options):
    torch.manual_seed(3)
    net = Generalist(GeneralistConfig(**(SIZES | options))).double()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return net


def _packed(body=BODY):
    trees = Trees([[0] * n for n in COUNTS])
    generator = torch.Generator().manual_seed(5)
    context = torch.randn(trees.total, 5, dtype=torch.float64, generator=generator)
    tree = trees.batch(body)
    observation = torch.randn(len(tree.sample), 4, dtype=torch.float64, generator=generator)
    return trees, tree, observation, context


@pytest.mark.parametrize("aggregation", ["sum", "limb_mean"])
@pytest.mark.parametrize("body", [BODY, torch.tensor([2, 0, 1, 0, 2]), torch.tensor([1])])
def test_packed_samples_act_as_each_alone(aggregation, body):
    net = _net(aggregation=aggregation)
    trees, tree, observation, context = _packed(body)
    means, values = net(observation, context, tree)
    for sample, index in enumerate(body):
        own = tree.sample == sample
        alone = net(observation[own], context, trees.batch(index[None]))
        torch.testing.assert_close(means[own], alone[0], rtol=0, atol=1e-12)
        torch.testing.assert_close(values[sample : sample + 1], alone[1], rtol=0, atol=1e-12)
    torch.testing.assert_close(net.means(observation, context, tree), means, rtol=0, atol=0)


def test_acts_as_the_networks_that_it_generates():
    """What is trained is what a controller runs: no distillation lies between."""
    net = _net()
    _, tree, observation, context = _packed()
    means, values = net(observation, context, tree)
    for sample in range(len(tree)):
        own = tree.sample == sample
        of_body = context[tree.context_row[own]][None]
        acted = net.actor.generate(of_body).act(observation[own][None, None])[0, 0]
        judged = net.critic.generate(of_body).act(observation[own][None, None])
        torch.testing.assert_close(means[own], acted, rtol=0, atol=1e-12)
        torch.testing.assert_close(values[sample], judged.mean(), rtol=0, atol=1e-12)


def test_begins_as_a_hypernetwork_and_acts_as_often_as_one_likes():
    torch.manual_seed(4)
    actor = Hypernetwork(HypernetConfig(**SIZES, dropout=0.5)).double()
    torch.nn.init.normal_(actor.output_head.weight.weight, std=0.4)
    net = Generalist.from_hypernetwork(actor).double().train()
    _, tree, observation, context = _packed()
    act = net.for_bodies(context, tree)
    for factor in (1.0, 2.0):
        means, values = act(factor * observation)
        whole = net(factor * observation, context, tree)
        torch.testing.assert_close((means, values), whole, rtol=0, atol=0)
        made = actor.eval().generate(tree.of_bodies(context), tree.present[tree.repeats.first])
        alone = tree.from_bodies(made.act(tree.by_bodies(factor * observation)))
        # The generalist took the weights over in float32.
        torch.testing.assert_close(means, alone, rtol=0, atol=1e-6)


def test_weights_are_generated_once_a_body():
    net = _net()
    _, tree, observation, context = _packed(BODY.repeat(10))
    seen = []
    net.actor.input_encoder.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    net(observation, context, tree)
    assert [tuple(batch.shape) for batch in seen] == [(2, 7, 5)]


def test_the_order_of_limbs_does_not_matter():
    net = _net()
    _, tree, observation, context = _packed(torch.tensor([0]))
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    reordered = context.clone()
    reordered[: COUNTS[0]] = context[order]
    means, values = net(observation, context, tree)
    others, other_values = net(observation[order], reordered, tree)
    torch.testing.assert_close(others, means[order], rtol=0, atol=1e-12)
    torch.testing.assert_close(other_values, values, rtol=0, atol=1e-12)


def test_gradients_reach_every_parameter():
    net = _net()
    _, tree, observation, context = _packed()
    means, values = net(observation, context, tree)
    (means.square().sum() + values.square().sum()).backward()
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())


def test_every_body_starts_alike_and_near_zero():
    torch.manual_seed(0)
    net = Generalist(GeneralistConfig(context_dim=5, state_dim=30))
    _, tree, _, context = _packed()
    observation = torch.randn(len(tree.sample), 30)
    means, values = net(observation, context.float(), tree)
    others, _ = net(observation, torch.randn(context.shape), tree)
    torch.testing.assert_close(means, others)
    assert means.abs().max() < 0.1
    assert 0.01 < values.abs().max() < 3.0


def test_settings_survive_json_and_know_the_hypernetwork():
    config = GeneralistConfig(**SIZES, first_action=0.5)
    assert GeneralistConfig(**json.loads(json.dumps(asdict(config)))) == config
    assert config.hypernet() == HypernetConfig(**SIZES)
    assert type(Generalist(config).actor.config) is HypernetConfig
    with pytest.raises(ValueError, match="hidden: expected at least 1, got 0"):
        GeneralistConfig(**(SIZES | {"hidden": 0}))


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
