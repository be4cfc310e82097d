from __future__ import annotations

import pytest
import torch

from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork
from hyperdistill_core.nets.teachers.specialists import Specialists, SpecialistsConfig
from hyperdistill_core.nets.trees import Trees
from hyperdistill_core.training.ppo.losses import clip_gradients

PARENTS = [[0, 0, 0], [0, 0], [0, 0, 1, 1]]
BODIES = torch.tensor([0, 1, 2, 2, 0, 1, 2])


@pytest.fixture
def generated():
    torch.manual_seed(0)
    network = Hypernetwork(HypernetConfig(context_dim=5, state_dim=4, hidden=8, embed=16))
    for head in (network.input_head, network.output_head, *network.hidden_heads):
        torch.nn.init.normal_(head.weight.weight, std=0.1)
        torch.nn.init.normal_(head.bias.weight, std=0.1)
    mask = torch.tensor([[True] * len(tree) + [False] * (4 - len(tree)) for tree in PARENTS])
    return network.generate(torch.randn(3, 4, 5), mask), mask


def test_they_begin_as_the_generated_networks(generated):
    made, _ = generated
    network = Specialists.from_generated(made)
    tree = Trees(PARENTS).batch(BODIES)
    observation = torch.randn(len(tree.sample), 4)
    means, values = network(observation, torch.zeros(0), tree)
    padded = tree.pad(observation, 4)
    for sample, body in enumerate(BODIES):
        expected = made.act(padded[sample].expand(3, 1, 4, 4))[body, 0]
        n = len(PARENTS[body])
        torch.testing.assert_close(means[tree.sample == sample], expected[:n])
    assert values.shape == (len(BODIES),)
    torch.testing.assert_close(network.means(observation, torch.zeros(0), tree), means)


def test_they_hear_what_the_generated_networks_hear():
    torch.manual_seed(0)
    network = Hypernetwork(
        HypernetConfig(context_dim=5, state_dim=4, hidden=8, embed=16, clock_harmonics=1)
    )
    torch.nn.init.normal_(network.clock_head.weight)
    mask = torch.tensor([[True] * len(tree) + [False] * (4 - len(tree)) for tree in PARENTS])
    made = network.generate(torch.randn(3, 4, 5), mask)
    tree = Trees(PARENTS).batch(BODIES)
    observation, said = torch.randn(len(tree.sample), 4), torch.randn(len(BODIES), 2)
    specialists = Specialists.from_generated(made)
    rows = torch.cat([observation, said[tree.sample]], dim=1)
    means = specialists.means(rows, torch.zeros(0), tree)
    padded = tree.pad(observation, 4)
    for sample, body in enumerate(BODIES):
        heard = said[sample].expand(3, 1, 2)
        expected = made.act(padded[sample].expand(3, 1, 4, 4), clock_phase=heard)[body, 0]
        torch.testing.assert_close(means[tree.sample == sample], expected[: len(PARENTS[body])])
    assert specialists.select([1]).config.clock_harmonics == 1


def test_some_of_them_act_as_before():
    network = Specialists(SpecialistsConfig(bodies=3, n_max=4, state_dim=4, hidden=8))
    every = Trees(PARENTS).batch(BODIES)
    observation = torch.randn(len(every.sample), 4)
    means = network.means(observation, torch.zeros(0), every)
    some = Trees([PARENTS[2], PARENTS[0]]).batch(torch.tensor([0, 1]))
    rows = torch.cat([torch.nonzero(every.sample == sample).flatten() for sample in (3, 0)])
    chosen = network.select([2, 0]).means(observation[rows], torch.zeros(0), some)
    torch.testing.assert_close(chosen, means[rows])


def test_bodies_learn_apart():
    network = Specialists(SpecialistsConfig(bodies=3, n_max=4, state_dim=4, hidden=8))
    tree = Trees(PARENTS).batch(BODIES)
    means, values = network(torch.randn(len(tree.sample), 4), torch.zeros(0), tree)
    of_one = BODIES == 1
    (means[of_one[tree.sample]].sum() + values[of_one].sum()).backward()
    for parameter in network.parameters():
        assert parameter.grad is not None
        assert not parameter.grad[[0, 2]].any()
        assert parameter.grad[1].any()


def test_layers_of_a_body_make_its_actions():
    network = Specialists(SpecialistsConfig(bodies=3, n_max=4, state_dim=4, hidden=8))
    tree = Trees(PARENTS).batch(BODIES)
    observation = torch.randn(len(tree.sample), 4)
    means = network.means(observation, torch.zeros(0), tree)
    features = tree.pad(observation, 4)[3].flatten()
    *first, (weight, bias) = network.layers(int(BODIES[3]))
    for inner, offset in first:
        features = torch.relu(features @ inner + offset)
    expected = (features @ weight + bias).view(4, 2)
    torch.testing.assert_close(means[tree.sample == 3], expected)


@pytest.mark.parametrize("name", ["bodies", "n_max", "hidden"])
def test_sizes_are_checked(name):
    with pytest.raises(ValueError, match=f"{name}: expected at least 1, got 0"):
        SpecialistsConfig(**{"bodies": 1, "n_max": 1, name: 0})


def _learn(network, inputs, wanted):
    """Ten steps towards wanted means, the loss a mean over bodies as in PPO."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, eps=1e-5)
    observation, context, tree = inputs
    for _ in range(10):
        loss = (network.means(observation, context, tree) - wanted).square().mean()
        optimizer.zero_grad(set_to_none=True)
        (1e-4 * loss).backward()
        clip_gradients(network, 0.5)
        optimizer.step()
    return [weight.detach() for layer in network.layers(0) for weight in layer]


def test_a_body_learns_as_much_among_others_as_alone():
    torch.manual_seed(0)
    alone = Specialists(SpecialistsConfig(bodies=1, n_max=3, state_dim=4, hidden=8))
    many = Specialists(SpecialistsConfig(bodies=60, n_max=3, state_dim=4, hidden=8))
    with torch.no_grad():
        for one, each in zip(alone.parameters(), many.parameters(), strict=True):
            each.copy_(one.expand_as(each))
    learned = []
    for network, bodies in ((alone, 1), (many, 60)):
        generator = torch.Generator().manual_seed(1)
        observation = torch.randn(3, 4, generator=generator).repeat(bodies, 1)
        wanted = torch.randn(3, 2, generator=generator).repeat(bodies, 1)
        tree = Trees([[0, 0, 1]] * bodies).batch(torch.arange(bodies))
        learned.append(_learn(network, (observation, torch.zeros(0), tree), wanted))
    for one, among in zip(*learned, strict=True):
        torch.testing.assert_close(one, among, rtol=1e-4, atol=1e-6)
