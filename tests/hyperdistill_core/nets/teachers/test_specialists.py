"""Specialists against the generated networks that they are initialized from."""

from __future__ import annotations

import pytest
import torch

from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork, WeightHead
from hyperdistill_core.nets.teachers.specialists import Specialists, SpecialistsConfig
from tests.helpers.small_hypernetworks import TERRAIN, small_hypernetwork

PARENTS = [[0, 0, 0], [0, 0], [0, 0, 1, 1]]
PRESENT = torch.arange(4) < torch.tensor([3, 2, 4])[:, None]
BODIES = BodyTensors(torch.zeros(3, 4, 0), PRESENT, PARENTS)


@pytest.fixture
def generated():
    torch.manual_seed(0)
    network = Hypernetwork(HypernetConfig(context_dim=5, state_dim=4, hidden=8, embed=16))
    for head in network.modules():
        if not isinstance(head, WeightHead):
            continue
        torch.nn.init.normal_(head.weight.weight, std=0.1)
        torch.nn.init.normal_(head.bias.weight, std=0.1)
    return network.generate(torch.randn(3, 4, 5), PRESENT)


@pytest.fixture
def network():
    torch.manual_seed(0)
    config = SpecialistsConfig(bodies=3, n_max=4, state_dim=4, hidden=8, clock_harmonics=1)
    return Specialists(config)


@pytest.fixture
def observation():
    """Observations (3, 5, 4, 4), zero where a body has no node."""
    torch.manual_seed(1)
    return torch.randn(3, 5, 4, 4) * PRESENT[:, None, :, None]


@pytest.fixture
def phase():
    torch.manual_seed(2)
    return torch.randn(3, 5, 2)


def test_they_act_as_the_generated_networks(generated, observation):
    network = Specialists.from_generated(generated)
    means, values = network(observation, BODIES)
    torch.testing.assert_close(means, generated.act(observation))
    assert values.shape == (3, 5)
    torch.testing.assert_close(network.means(observation, BODIES), means)


def test_they_have_the_clock_phase_input_of_the_generated_networks(observation, phase):
    torch.manual_seed(0)
    network = Hypernetwork(
        HypernetConfig(context_dim=5, state_dim=4, hidden=8, embed=16, clock_harmonics=1)
    )
    torch.nn.init.normal_(network.clock_head.weight)
    weights = network.generate(torch.randn(3, 4, 5), PRESENT)
    specialists = Specialists.from_generated(weights)
    means = specialists.means(observation, BODIES, clock_phase=phase)
    torch.testing.assert_close(means, weights.act(observation, clock_phase=phase))
    assert specialists.select([1]).config.clock_harmonics == 1


@pytest.fixture
def seeing():
    """A hypernetwork with a height field and a clock, whose weights are all random."""
    return small_hypernetwork(**TERRAIN, clock_harmonics=1).float()


@pytest.fixture
def seen():
    """Observations, clock phases and height samples of bodies of 2 to 4 nodes."""
    torch.manual_seed(3)
    observation = torch.randn(3, 7, 4, 5) * PRESENT[:, None, :, None]
    return observation, {"clock_phase": torch.randn(3, 7, 2), "heights": torch.randn(3, 7, 6)}


def test_they_see_as_the_generated_networks(seeing, seen):
    context, (observation, extra) = torch.randn(3, 4, 6), seen
    network = Specialists.from_controller(seeing, context, PRESENT)
    assert (network.terrain_dim, network.config.terrain_embed) == (6, 4)
    expected = seeing(context, observation, PRESENT, **extra)
    torch.testing.assert_close(network.means(observation, BODIES, **extra), expected)
    flat = {**extra, "heights": torch.zeros(3, 7, 6)}
    assert not torch.allclose(network.means(observation, BODIES, **flat), expected)
    with pytest.raises(ValueError, match="heights: expected them for networks with a height field"):
        network.means(observation, BODIES, clock_phase=extra["clock_phase"])


def test_each_learns_to_see_by_itself(seeing, seen):
    """A step on one body changes its encoder, not those of the others, and what acts follows."""
    observation, extra = seen
    network = Specialists.from_controller(seeing, torch.randn(3, 4, 6), PRESENT)
    act = network.for_bodies(BODIES)
    means, values = act(observation, **extra)
    (means[1].square().sum() + values[1].sum()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None
        assert parameter.grad[1].any(), name
        assert not parameter.grad[[0, 2]].any(), name
    with torch.no_grad():
        network.terrain_encoder.weights[0][1] += 1.0
    after, _ = act(observation, **extra)
    torch.testing.assert_close(after[[0, 2]], means[[0, 2]])
    assert not torch.allclose(after[1], means[1])
    chosen = network.select([1])
    bodies = BodyTensors(BODIES.context[[1]], PRESENT[[1]], [PARENTS[1]])
    own = {name: tensor[[1]] for name, tensor in extra.items()}
    torch.testing.assert_close(chosen.means(observation[[1]], bodies, **own), after[[1]])


def test_layers_of_a_body_that_sees_give_its_actions(seeing, seen):
    observation, extra = seen
    network = Specialists.from_controller(seeing, torch.randn(3, 4, 6), PRESENT)
    means = network.means(observation, BODIES, **extra)
    code = extra["heights"][1]
    for weight, bias in network.terrain_layers(1):
        code = torch.relu(code @ weight + bias)
    features = [observation[1, :, :2].flatten(1), extra["clock_phase"][1], code]
    features = torch.cat(features, dim=1)
    *first, (weight, bias) = network.layers(1, 2)
    for inner, offset in first:
        features = torch.relu(features @ inner + offset)
    torch.testing.assert_close(means[1, :, :2], (features @ weight + bias).view(7, 2, 2))


def test_selected_bodies_act_as_before(network, observation, phase):
    expected = network(observation, BODIES, clock_phase=phase)
    order = [2, 0]
    bodies = BodyTensors(BODIES.context[order], PRESENT[order], [PARENTS[body] for body in order])
    selected = network.select(order)(observation[order], bodies, clock_phase=phase[order])
    torch.testing.assert_close(selected, tuple(tensor[order] for tensor in expected))


def test_selected_bodies_have_the_type_of_their_weights(network):
    selected = network.double().select([2])
    assert {parameter.dtype for parameter in selected.parameters()} == {torch.float64}
    for new, old in zip(selected.parameters(), network.parameters(), strict=True):
        assert new.equal(old[2:])


@pytest.mark.parametrize("slots", [slice(1), slice(1, 3), slice(2, 3)], ids=str)
def test_slots_choose_the_networks(network, observation, phase, slots):
    means, values = network(observation, BODIES, clock_phase=phase)
    act = network.for_bodies(BODIES, slots)
    acted = act(observation[slots], clock_phase=phase[slots])
    torch.testing.assert_close(acted, (means[slots], values[slots]))


def test_a_sample_acts_alone_as_in_a_batch(network, observation, phase):
    means, values = network(observation, BODIES, clock_phase=phase)
    act = network.for_bodies(BODIES)
    for sample in range(5):
        one = slice(sample, sample + 1)
        alone = act(observation[:, one], clock_phase=phase[:, one])
        torch.testing.assert_close(alone, (means[:, one], values[:, one]))


def test_they_follow_what_they_learn(network, observation, phase):
    """What acts for bodies uses the weights themselves, so it is right after a step, too."""
    act = network.for_bodies(BODIES)
    before = act(observation, clock_phase=phase)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1)
    after = act(observation, clock_phase=phase)
    torch.testing.assert_close(after, network(observation, BODIES, clock_phase=phase))
    assert all(not torch.allclose(old, new) for old, new in zip(before, after, strict=True))


def test_bodies_share_no_weights(network, observation, phase):
    means, values = network(observation, BODIES, clock_phase=phase)
    (means[1].sum() + values[1].sum()).backward()
    for parameter in network.parameters():
        assert parameter.grad is not None
        assert not parameter.grad[[0, 2]].any()
        assert parameter.grad[1].any()


def test_layers_of_a_body_give_its_actions(network, observation, phase):
    means = network.means(observation, BODIES, clock_phase=phase)
    for body, tree in enumerate(PARENTS):
        n = len(tree)
        features = torch.cat([observation[body, :, :n].flatten(1), phase[body]], dim=1)
        *first, (weight, bias) = network.layers(body, n)
        for inner, offset in first:
            features = torch.relu(features @ inner + offset)
        expected = (features @ weight + bias).view(5, n, 2)
        torch.testing.assert_close(means[body, :, :n], expected)


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


def test_a_body_with_too_many_nodes_is_refused(network, phase):
    with pytest.raises(ValueError, match="observation: expected at most 4 nodes, got 5"):
        network(torch.zeros(3, 5, 5, 4), BODIES, clock_phase=phase)
