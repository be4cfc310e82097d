"""Specialists against the generated networks that they are initialized from."""

from __future__ import annotations

import pytest
import torch

from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork, WeightHead
from hyperdistill_core.nets.teachers.specialists import Specialists, SpecialistsConfig
from hyperdistill_core.nets.trees import Trees

PARENTS = [[0, 0, 0], [0, 0], [0, 0, 1, 1]]
BODIES = torch.tensor([0, 1, 2, 2, 0, 1, 2])


@pytest.fixture
def generated():
    torch.manual_seed(0)
    network = Hypernetwork(HypernetConfig(context_dim=5, state_dim=4, hidden=8, embed=16))
    for head in network.modules():
        if not isinstance(head, WeightHead):
            continue
        torch.nn.init.normal_(head.weight.weight, std=0.1)
        torch.nn.init.normal_(head.bias.weight, std=0.1)
    mask = torch.tensor([[True] * len(tree) + [False] * (4 - len(tree)) for tree in PARENTS])
    return network.generate(torch.randn(3, 4, 5), mask), mask


def test_they_act_as_the_generated_networks(generated):
    weights, _ = generated
    network = Specialists.from_generated(weights)
    tree = Trees(PARENTS).batch(BODIES)
    observation = torch.randn(len(tree.sample), 4)
    means, values = network(observation, torch.zeros(0), tree)
    padded = tree.pad(observation, 4)
    for sample, body in enumerate(BODIES):
        expected = weights.act(padded[sample].expand(3, 1, 4, 4))[body, 0]
        n = len(PARENTS[body])
        torch.testing.assert_close(means[tree.sample == sample], expected[:n])
    assert values.shape == (len(BODIES),)
    torch.testing.assert_close(network.means(observation, torch.zeros(0), tree), means)


def test_they_have_the_clock_phase_input_of_the_generated_networks():
    torch.manual_seed(0)
    network = Hypernetwork(
        HypernetConfig(context_dim=5, state_dim=4, hidden=8, embed=16, clock_harmonics=1)
    )
    torch.nn.init.normal_(network.clock_head.weight)
    mask = torch.tensor([[True] * len(tree) + [False] * (4 - len(tree)) for tree in PARENTS])
    weights = network.generate(torch.randn(3, 4, 5), mask)
    tree = Trees(PARENTS).batch(BODIES)
    observation, phase = torch.randn(len(tree.sample), 4), torch.randn(len(BODIES), 2)
    specialists = Specialists.from_generated(weights)
    rows = torch.cat([observation, phase[tree.sample]], dim=1)
    means = specialists.means(rows, torch.zeros(0), tree)
    padded = tree.pad(observation, 4)
    for sample, body in enumerate(BODIES):
        phases = phase[sample].expand(3, 1, 2)
        expected = weights.act(padded[sample].expand(3, 1, 4, 4), clock_phase=phases)[body, 0]
        torch.testing.assert_close(means[tree.sample == sample], expected[: len(PARENTS[body])])
    assert specialists.select([1]).config.clock_harmonics == 1


def test_selected_bodies_act_as_before():
    network = Specialists(SpecialistsConfig(bodies=3, n_max=4, state_dim=4, hidden=8))
    every = Trees(PARENTS).batch(BODIES)
    observation = torch.randn(len(every.sample), 4)
    means = network.means(observation, torch.zeros(0), every)
    some = Trees([PARENTS[2], PARENTS[0]]).batch(torch.tensor([0, 1]))
    rows = torch.cat([torch.nonzero(every.sample == sample).flatten() for sample in (3, 0)])
    selected = network.select([2, 0]).means(observation[rows], torch.zeros(0), some)
    torch.testing.assert_close(selected, means[rows])


def test_bodies_share_no_weights():
    network = Specialists(SpecialistsConfig(bodies=3, n_max=4, state_dim=4, hidden=8))
    tree = Trees(PARENTS).batch(BODIES)
    means, values = network(torch.randn(len(tree.sample), 4), torch.zeros(0), tree)
    of_one = BODIES == 1
    (means[of_one[tree.sample]].sum() + values[of_one].sum()).backward()
    for parameter in network.parameters():
        assert parameter.grad is not None
        assert not parameter.grad[[0, 2]].any()
        assert parameter.grad[1].any()


def test_layers_of_a_body_give_its_actions():
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


def test_layers_of_a_smaller_body_leave_out_missing_nodes():
    config = SpecialistsConfig(bodies=1, n_max=4, state_dim=4, hidden=8, clock_harmonics=1)
    network = Specialists(config)
    every, fewer = network.layers(0), network.layers(0, 2)
    assert [tuple(weight.shape) for weight, _ in fewer] == [(10, 8), (8, 8), (8, 4)]
    torch.testing.assert_close(fewer[0][0], every[0][0][[*range(8), 16, 17]])
    torch.testing.assert_close(fewer[-1][1], every[-1][1][:4])
