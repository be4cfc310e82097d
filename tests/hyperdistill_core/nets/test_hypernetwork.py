"""Invariants of the hypernetwork for bodies of any size."""

from __future__ import annotations

import pytest
import torch

from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from tests.helpers.small_hypernetworks import SMALL, TERRAIN, small_hypernetwork, small_inputs

#: Number of nodes of three padded bodies.
COUNTS = (4, 2, 1)
MASK = torch.arange(4) < torch.tensor(COUNTS)[:, None]


@pytest.mark.parametrize("aggregation", ["sum", "node_mean"])
@pytest.mark.parametrize("hidden_layers", [0, 1, 2])
def test_a_batch_of_padded_bodies_equals_one_at_a_time(aggregation, hidden_layers):
    net = small_hypernetwork(hidden=9, hidden_layers=hidden_layers, aggregation=aggregation)
    context, states = small_inputs()
    means = net(context, states * MASK[:, None, :, None], MASK)
    for body, n in enumerate(COUNTS):
        alone = net(context[body : body + 1, :n], states[body : body + 1, :, :n])
        torch.testing.assert_close(means[body, :, :n], alone[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("aggregation", ["sum", "node_mean"])
def test_layers_act_as_the_generated_networks(aggregation):
    net = small_hypernetwork(**TERRAIN, clock_harmonics=2, aggregation=aggregation)
    context, states = small_inputs()
    states = states * MASK[:, None, :, None]
    phase, code = torch.randn(3, 7, 4).double(), torch.randn(3, 7, 4).double()
    generated = net.generate(context, MASK)
    *first, (weight, bias) = generated.layers()
    of_missing = first[0][0][:, : 4 * 5].unflatten(1, (4, 5))[~MASK]
    assert not of_missing.any(), "the rows of missing nodes are zero"
    features = torch.cat([states.flatten(2), phase, code], dim=2)
    for inner, offset in first:
        features = torch.relu(features @ inner + offset[:, None])
    expected = (features @ weight + bias[:, None]).unflatten(2, (4, 2))
    torch.testing.assert_close(generated.act(states, code, phase), expected)


def test_networks_are_generated_from_embeddings():
    net = small_hypernetwork(hidden=9, clock_harmonics=2)
    context, _ = small_inputs()
    embeddings = net.embed(context, MASK)
    assert embeddings.inputs.shape == embeddings.outputs.shape == (3, 4, 8)
    assert embeddings.mask is MASK
    from_embeddings = net.generate_from(embeddings).layers()
    for layer, expected in zip(from_embeddings, net.generate(context, MASK).layers(), strict=True):
        torch.testing.assert_close(layer, expected, rtol=0, atol=0)
    for body, n in enumerate(COUNTS):
        alone = net.embed(context[body : body + 1, :n])
        torch.testing.assert_close(embeddings.inputs[body, :n], alone.inputs[0])
        torch.testing.assert_close(embeddings.body[body], alone.body[0])
        torch.testing.assert_close(embeddings.outputs[body, :n], alone.outputs[0])


def test_node_mean_divides_the_input_products():
    nets = {
        kind: small_hypernetwork(hidden=4, hidden_layers=0, aggregation=kind)
        for kind in ("sum", "node_mean")
    }
    context, _ = small_inputs(nodes=3)
    layers = {kind: net.generate(context).layers() for kind, net in nets.items()}
    for of_sum, of_mean in zip(layers["sum"][0], layers["node_mean"][0], strict=True):
        torch.testing.assert_close(of_sum / 3, of_mean)
    torch.testing.assert_close(layers["sum"][1], layers["node_mean"][1])


def test_all_bodies_begin_with_the_same_well_scaled_network():
    torch.manual_seed(0)
    net = Hypernetwork(HypernetConfig(context_dim=6, hidden=64)).eval()
    context = torch.randn(2, 12, 6)
    generated = net.generate(context)
    torch.testing.assert_close(generated.input_weight[0, 0], generated.input_weight[1, 5])
    assert generated.input_weight[0, 0].std().item() == pytest.approx((12 * 17) ** -0.5, rel=0.1)
    assert generated.hidden_weights[0].std().item() == pytest.approx(64**-0.5, rel=0.1)
    assert generated.output_weight.std().item() == pytest.approx(64**-0.5, rel=0.2)
    assert not generated.input_bias.any()
    assert not generated.output_bias.any()
    observation = torch.randn(2, 500, 12, 17)
    assert 0.1 < generated.act(observation).std() < 2.0


def test_dropout_acts_on_embeddings_in_training_only():
    net = small_hypernetwork(hidden=4, dropout=0.5)
    context, states = small_inputs()
    torch.testing.assert_close(net(context, states), net(context, states), rtol=0, atol=0)
    net.train()
    assert (net.input_encoder(context) == 0).any()


def test_one_state_needs_no_batch():
    net = small_hypernetwork(hidden=4)
    context, states = small_inputs()
    torch.testing.assert_close(net(context, states[:, 0]), net(context, states)[:, 0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 0}, "hidden: expected at least 1, got 0"),
        ({"hidden_layers": -1}, "hidden_layers: expected at least 0"),
        ({"heads": 3}, "embed: expected a multiple of the 3 heads, got 8"),
        ({"terrain_dim": -1}, "terrain_dim: expected at least 0, got -1"),
        ({"clock_harmonics": -1}, "clock_harmonics: expected at least 0, got -1"),
        ({"aggregation": "max"}, "aggregation: expected one of sum, node_mean, got 'max'"),
    ],
)
def test_refuses_bad_settings(options, message):
    with pytest.raises(ValueError, match=message):
        HypernetConfig(**{**SMALL, **options})


def test_a_new_height_field_changes_nothing():
    flat, rough = (
        small_hypernetwork(hidden=9),
        Hypernetwork(HypernetConfig(**SMALL, **TERRAIN)).double().eval(),
    )
    rough.load_state_dict(flat.state_dict(), strict=False)
    context, observation = small_inputs()
    heights = torch.ones(*observation.shape[:-2], 6, dtype=observation.dtype)
    acted = rough(context, observation, heights=heights)
    torch.testing.assert_close(acted, flat(context, observation))


def test_heights_change_the_controls_of_each_body_differently():
    net = small_hypernetwork(**TERRAIN)
    context, observation = small_inputs()
    low = torch.zeros(*observation.shape[:-2], 6, dtype=observation.dtype)
    with torch.no_grad():
        on_low, on_high = (net(context, observation, heights=low + step) for step in (0.0, 1.0))
    change = on_high - on_low
    assert (change.abs().amax(dim=tuple(range(1, change.dim()))) > 1e-6).all()
    weight = net.generate(context).terrain_weight
    assert weight is not None
    assert not torch.allclose(weight[0], weight[1])


def test_a_new_clock_phase_input_changes_nothing():
    net = Hypernetwork(HypernetConfig(**SMALL, clock_harmonics=3)).double().eval()
    context, states = small_inputs()
    phase = torch.randn(3, 7, 6, dtype=torch.float64)
    generated = net.generate(context)
    torch.testing.assert_close(
        generated.act(states, clock_phase=phase), generated.act(states, clock_phase=0 * phase)
    )


@pytest.mark.parametrize("aggregation", ["sum", "node_mean"])
def test_missing_nodes_do_not_change_the_clock_phase_input(aggregation):
    net = small_hypernetwork(hidden=9, clock_harmonics=2, aggregation=aggregation)
    context, states = small_inputs()
    phase = torch.randn(3, 7, 4, dtype=torch.float64)
    together = net(context, states * MASK[:, None, :, None], MASK, clock_phase=phase)
    for body, n in enumerate(COUNTS):
        one = slice(body, body + 1)
        alone = net(context[one, :n], states[one, :, :n], clock_phase=phase[one])
        torch.testing.assert_close(together[one, :, :n], alone)


@pytest.mark.parametrize("harmonics", [0, 2])
def test_a_clock_phase_is_for_networks_with_that_input_only(harmonics):
    net = small_hypernetwork(hidden=9, clock_harmonics=harmonics)
    context, states = small_inputs()
    phase = None if harmonics else torch.zeros(3, 7, 4, dtype=torch.float64)
    with pytest.raises(ValueError, match="clock_phase: expected it for networks with that input"):
        net(context, states, clock_phase=phase)
