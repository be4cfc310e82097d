"""The generalist against its hypernetwork, and its critic."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.teachers.generalist import (
    EmbeddingCritic,
    Generalist,
    GeneralistConfig,
)
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
    "hidden": 9,
    "embed": 8,
    "feedforward": 12,
}
CRITIC: dict[str, Any] = {"critic_hidden": 7}


def _net(**options):
    torch.manual_seed(3)
    net = Generalist(GeneralistConfig(**(SIZES | CRITIC | options))).double()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return net


@pytest.mark.parametrize("aggregation", ["sum", "node_mean"])
@pytest.mark.parametrize("slots", [slice(None), slice(2), slice(1, 2)], ids=str)
@pytest.mark.parametrize("clock_harmonics", [0, 2])
def test_samples_equal_single_ones(aggregation, slots, clock_harmonics):
    net = _net(aggregation=aggregation, clock_harmonics=clock_harmonics)
    assert_samples_equal_single_ones(net, slots)


def test_acts_as_its_generated_networks():
    """The trained network is the one that a controller runs, without distillation."""
    net = _net()
    bodies, observation = grouped_samples()
    means = net.means(observation, bodies)
    for body, n in enumerate(COUNTS):
        own = slice(body, body + 1)
        generated = net.actor.generate(bodies.context[own, :n])
        expected = generated.act(observation[own, :, :n])
        torch.testing.assert_close(means[own, :, :n], expected, rtol=0, atol=1e-12)


def test_the_critic_equals_a_plain_evaluation():
    """Node by node, without padding."""
    net = _net(clock_harmonics=1)
    bodies, observation = grouped_samples()
    phase = torch.randn(len(COUNTS), SAMPLES, 2, dtype=torch.float64)
    _, values = net(observation, bodies, clock_phase=phase)
    critic = net.critic
    for body, n in enumerate(COUNTS):
        embeddings = net.actor.embed(bodies.context[body : body + 1, :n])
        shift = critic.of_body(embeddings.body[0])
        for sample in range(SAMPLES):
            features = critic.clock(phase[body, sample])
            for node in range(n):
                weight, bias = critic.input_head(embeddings.inputs[0, node])
                features = features + observation[body, sample, node] @ weight + bias
            features = F.relu(critic.hidden(F.relu(features)) + shift)
            expected = critic.value(features)[0]
            torch.testing.assert_close(values[body, sample], expected, rtol=0, atol=1e-12)


def test_values_do_not_depend_on_padding():
    net = _net()
    bodies, observation = grouped_samples()
    _, values = net(observation, bodies)
    wider = BodyTensors(
        F.pad(bodies.context, (0, 0, 0, 2)), F.pad(bodies.present, (0, 2)), bodies.parents
    )
    _, padded = net(F.pad(observation, (0, 0, 0, 2)), wider)
    torch.testing.assert_close(padded, values, rtol=0, atol=1e-12)
    embeddings = net.actor.embed(wider.context, wider.present)
    assert embeddings.inputs[~wider.present].abs().min() > 0, "missing nodes have embeddings"
    layer = net.critic.first_layer(embeddings)
    assert layer.weight.shape == (3, (N_MAX + 2) * 4, 7)
    assert layer.bias.shape == layer.shift.shape == (3, 7)


def test_gradients_of_the_critic_do_not_reach_the_actor():
    net = _net(clock_harmonics=1)
    bodies, observation = grouped_samples()
    phase = torch.randn(len(COUNTS), SAMPLES, 2, dtype=torch.float64)
    _, values = net(observation, bodies, clock_phase=phase)
    values.square().sum().backward()
    assert all(p.grad is None for p in net.actor.parameters())
    assert all(p.grad is not None and p.grad.any() for p in net.critic.parameters())


def test_gradients_of_the_actor_do_not_depend_on_the_critic():
    net = _net()
    bodies, observation = grouped_samples()
    means, values = net(observation, bodies)
    parameters = list(net.actor.parameters())
    loss = means.square().sum()
    alone = torch.autograd.grad(net.means(observation, bodies).square().sum(), parameters)
    both = torch.autograd.grad(loss + values.square().sum(), parameters)
    torch.testing.assert_close(both, alone, rtol=0, atol=1e-10)


def test_a_step_of_the_optimizer_changes_what_the_critic_reads():
    """The embeddings are detached from the gradients, not frozen."""
    net = _net()
    bodies, observation = grouped_samples()
    _, before = net(observation, bodies)
    with torch.no_grad():
        net.actor.input_encoder.embed.bias.add_(1.0)
    _, after = net(observation, bodies)
    assert not torch.allclose(before, after)


def test_is_initialized_from_a_hypernetwork_and_acts_repeatedly():
    torch.manual_seed(4)
    actor = Hypernetwork(HypernetConfig(**SIZES, dropout=0.5)).double()
    torch.nn.init.normal_(actor.output_head.weight.weight, std=0.4)
    net = Generalist.from_hypernetwork(actor).double().train()
    bodies, observation = grouped_samples()
    act = net.for_bodies(bodies)
    generated = actor.eval().generate(bodies.context, bodies.present)
    for factor in (1.0, 2.0):
        means, values = act(factor * observation)
        whole = net(factor * observation, bodies)
        torch.testing.assert_close((means, values), whole, rtol=0, atol=0)
        # The generalist has the weights in float32.
        torch.testing.assert_close(means, generated.act(factor * observation), rtol=0, atol=1e-6)


def test_a_new_clock_phase_input_changes_nothing():
    torch.manual_seed(4)
    actor = Hypernetwork(HypernetConfig(**SIZES)).eval()
    torch.nn.init.normal_(actor.output_head.weight.weight, std=0.4)
    net = Generalist.from_hypernetwork(actor, clock_harmonics=2).double()
    torch.nn.init.normal_(net.critic.value.weight)
    assert net.clock_harmonics == 2
    bodies, observation = grouped_samples()
    phase = torch.randn(len(COUNTS), SAMPLES, 4, dtype=torch.float64)
    acted = net(observation, bodies, clock_phase=phase)
    torch.testing.assert_close(acted, net(observation, bodies, clock_phase=0 * phase))
    expected = actor.double().generate(bodies.context, bodies.present).act(observation)
    torch.testing.assert_close(acted[0], expected)


def test_weights_are_generated_once_for_a_body():
    net = _net()
    bodies = padded_bodies()
    contexts, embeddings = [], []
    net.actor.input_encoder.register_forward_hook(lambda _, inputs, __: contexts.append(inputs[0]))
    net.critic.input_head.register_forward_hook(lambda _, inputs, __: embeddings.append(inputs[0]))
    act = net.for_bodies(bodies, slice(1, 3))
    for samples in (1, 30):
        act(observations(bodies, samples)[1:3])
    assert [tuple(batch.shape) for batch in contexts] == [(2, N_MAX, 5)]
    assert [tuple(batch.shape) for batch in embeddings] == [(2, N_MAX, 8)]


def test_the_order_of_nodes_does_not_matter():
    net = _net()
    bodies = single_body(padded_bodies(), 0)
    observation = observations(bodies)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    means, values = net(observation, bodies)
    others, other_values = net(observation[:, :, order], reordered(bodies, order))
    torch.testing.assert_close(others, means[:, :, order], rtol=0, atol=1e-12)
    torch.testing.assert_close(other_values, values, rtol=0, atol=1e-12)


@pytest.mark.parametrize("clock_harmonics", [0, 1])
def test_gradients_reach_every_parameter(clock_harmonics):
    net = _net(clock_harmonics=clock_harmonics)
    bodies, observation = grouped_samples()
    phase = torch.randn(len(COUNTS), SAMPLES, 2, dtype=torch.float64) if clock_harmonics else None
    means, values = net(observation, bodies, clock_phase=phase)
    loss = (means.square() * bodies.present[:, None, :, None]).sum() + values.square().sum()
    loss.backward()
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())


def test_all_bodies_begin_alike_and_near_zero():
    torch.manual_seed(0)
    net = Generalist(GeneralistConfig(context_dim=5, state_dim=30)).double()
    bodies = padded_bodies()
    observation = observations(bodies, state_dim=30)
    means, values = net(observation, bodies)
    others, _ = net(observation, random_context(bodies, seed=1))
    torch.testing.assert_close(means, others)
    assert means.abs().max() < 0.1
    torch.testing.assert_close(values, net.critic.value.bias.expand(values.shape))
    assert values.abs().max() < 0.2


def test_training_makes_the_values_of_bodies_and_states_differ():
    """The zero initial weights delay the first differences; they do not prevent them."""
    torch.manual_seed(0)
    net = Generalist(GeneralistConfig(**SIZES, **CRITIC)).double()
    bodies, observation = grouped_samples()
    target = torch.linspace(-1.0, 1.0, 9, dtype=torch.float64).view(3, 3)
    optimizer = torch.optim.Adam(net.critic.parameters(), lr=1e-2)
    for _ in range(3):
        optimizer.zero_grad()
        _, values = net(observation, bodies)
        (values - target).square().sum().backward()
        optimizer.step()
    assert all(p.grad is not None and p.grad.any() for p in net.critic.parameters())
    _, values = net(observation, bodies)
    assert values.std(dim=1).min() > 1e-4
    same_states = observation[2:].expand(3, -1, -1, -1)
    same_nodes = BodyTensors(
        random_context(bodies, seed=1).context[[0, 2]][:, :1], bodies.present[[0, 2], :1], [[0]] * 2
    )
    _, values = net(same_states[:2, :, :1], same_nodes)
    assert (values[0] - values[1]).abs().max() > 1e-4


def test_settings_can_be_stored_and_give_those_of_the_hypernetwork():
    config = GeneralistConfig(**SIZES, critic_hidden=16, first_action=0.5)
    assert GeneralistConfig(**json.loads(json.dumps(asdict(config)))) == config
    assert config.hypernet() == HypernetConfig(**SIZES)
    assert type(Generalist(config).actor.config) is HypernetConfig
    critic = Generalist(config).critic
    assert isinstance(critic, EmbeddingCritic)
    assert critic.hidden.weight.shape == (16, 16)


@pytest.mark.parametrize("name", ["hidden", "critic_hidden"])
def test_sizes_are_checked(name):
    with pytest.raises(ValueError, match=f"^{name}: expected at least 1, got 0"):
        GeneralistConfig(**{**SIZES, name: 0})
