"""The hypernetwork on numpy arrays computes what the one in torch computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hyperdistill_core.controller import Controller
from hyperdistill_core.features import context_features
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.numpy_hypernetwork import NumpyHypernetwork, weight_shapes
from hyperdistill_core.tasks import get_task
from morph_ops.sampling import sample_body
from tests.helpers.small_hypernetworks import TERRAIN, small_hypernetwork, small_inputs

OPTIONS = [
    {},
    {"hidden_layers": 0},
    {"hidden_layers": 2},
    {"aggregation": "node_mean"},
    {"clock_harmonics": 2},
    {"clock_harmonics": 1, "aggregation": "node_mean", **TERRAIN},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_it_generates_the_weights_of_the_torch_module(options):
    network = small_hypernetwork(**options)
    context, _ = small_inputs(bodies=1)
    with torch.no_grad():
        expected = network.generate(context).layers()
        body = network.embed(context).body[0]
    ours = network.to_numpy()
    layers = ours.layers(context[0].numpy(), dtype=np.float64)
    assert len(layers) == len(expected)
    for (weight, bias), (its_weight, its_bias) in zip(layers, expected, strict=True):
        np.testing.assert_allclose(weight, its_weight[0].numpy(), rtol=0, atol=1e-12)
        np.testing.assert_allclose(bias, its_bias[0].numpy(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.embedding(context[0].numpy()), body.numpy(), atol=1e-12)


def test_float32_weights_are_those_of_the_torch_module_but_for_rounding():
    controller, graph = Controller.load("flat-v2"), sample_body(np.random.default_rng(0))
    model = get_task("flat").model(graph)
    context = context_features(graph, model, kind=controller.context).astype(np.float32)
    with torch.no_grad():
        network = Hypernetwork.from_numpy(controller.network)
        expected = network.generate(torch.tensor(context)[None]).layers()
    for ours, theirs in zip(controller.network.layers(context), expected, strict=True):
        for array, tensor in zip(ours, theirs, strict=True):
            assert array.dtype == np.float32
            np.testing.assert_allclose(array, tensor[0].numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("options", OPTIONS)
def test_both_ways_between_torch_and_numpy_keep_every_weight(options):
    network = small_hypernetwork(**options)
    state = torch.get_rng_state()
    again = Hypernetwork.from_numpy(network.to_numpy())
    assert torch.equal(torch.get_rng_state(), state)
    assert again.config == network.config
    assert not again.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)


def test_a_copy_does_not_follow_the_training():
    network = small_hypernetwork()
    ours = network.to_numpy()
    before = ours.arrays["output_head.bias.bias"].copy()
    torch.nn.init.constant_(network.output_head.bias.bias, 7.0)
    np.testing.assert_array_equal(ours.arrays["output_head.bias.bias"], before)


@pytest.mark.parametrize("options", OPTIONS)
def test_every_weight_has_a_shape(options):
    network = small_hypernetwork(**options)
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    assert weight_shapes(network.config) == shapes
    assert network.to_numpy().parameters == sum(weight.numel() for weight in network.parameters())


def test_new_context_features_change_nothing_yet():
    ours = small_hypernetwork().to_numpy()
    context = small_inputs(bodies=1)[0][0].numpy()
    wider = ours.with_context_dim(ours.config.context_dim + 2)
    more = np.concatenate([context, np.full((len(context), 2), 3.0)], axis=1)
    for (weight, bias), (its_weight, its_bias) in zip(
        ours.layers(context), wider.layers(more), strict=True
    ):
        np.testing.assert_allclose(weight, its_weight, atol=1e-7)
        np.testing.assert_allclose(bias, its_bias, atol=1e-7)
    with pytest.raises(ValueError, match="context_dim: expected at least"):
        ours.with_context_dim(1)


def test_weights_that_do_not_fit_are_refused():
    config = HypernetConfig(context_dim=3, hidden=4, embed=4, feedforward=4)
    arrays = {name: np.zeros(shape) for name, shape in weight_shapes(config).items()}
    NumpyHypernetwork(config, arrays)
    name = "hidden_heads.0.bias.bias"
    fewer = {key: array for key, array in arrays.items() if key != name}
    with pytest.raises(ValueError, match=f"misses {name}"):
        NumpyHypernetwork(config, fewer)
    with pytest.raises(ValueError, match="unknown weight other"):
        NumpyHypernetwork(config, arrays | {"other": np.zeros(1)})
    with pytest.raises(ValueError, match=rf"{name}: expected the shape \(4,\), got \(5,\)"):
        NumpyHypernetwork(config, arrays | {name: np.zeros(5)})
    for wrong in (np.nan, np.inf):
        with pytest.raises(ValueError, match=f"{name}: expected finite weights"):
            NumpyHypernetwork(config, arrays | {name: np.full(4, wrong)})
