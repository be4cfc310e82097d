"""The numpy controller of one body against the generated network in torch."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest
import torch

from hyperdistill_core.controller.network_file import load_network
from hyperdistill_core.features import STATE_DIM, clock_phase
from hyperdistill_core.nets.mlp import BodyMLP, Normalization
from tests.helpers.small_hypernetworks import TERRAIN, small_hypernetwork, small_inputs


def _mlp():
    net = small_hypernetwork(hidden=9)
    context, _ = small_inputs(bodies=1)
    rng = np.random.default_rng(0)
    normalization = Normalization(rng.normal(size=5), rng.uniform(0.01, 2.0, size=5))
    with torch.no_grad():
        generated = net.generate(context)
    layers = [(weight[0].numpy(), bias[0].numpy()) for weight, bias in generated.layers()]
    actions = np.array([6, 2, 3])
    mlp = BodyMLP.from_layers(layers, normalization=normalization, actions=actions)
    states = rng.normal(scale=6.0, size=(11, 4, 5))
    observation = torch.from_numpy(normalization.observe(states))[None]
    with torch.no_grad():
        expected = generated.act(observation)[0].reshape(11, 8)[:, actions].numpy()
    return mlp, states, expected


def test_numpy_path_equals_torch_path_rounded_once():
    mlp, states, expected = _mlp()
    ctrl = mlp.act(states)
    assert ctrl.dtype == np.float64
    np.testing.assert_array_equal(ctrl, expected.astype(np.float32))
    assert mlp.n_controls == 3


def test_controls_of_one_call_are_not_overwritten_by_the_next():
    mlp, states, expected = _mlp()
    first = mlp.act(states[:2])
    mlp.act(states[2:4])
    np.testing.assert_array_equal(first, expected[:2].astype(np.float32))
    unchanged = states.copy()
    mlp.act(states)
    np.testing.assert_array_equal(states, unchanged)


def test_npz_round_trip_and_its_documented_formula(tmp_path):
    mlp, states, expected = _mlp()
    path = tmp_path / "controller.npz"
    mlp.save_npz(path)
    np.testing.assert_array_equal(load_network(path).act(states), mlp.act(states))
    with np.load(path, allow_pickle=False) as arrays:
        x = np.clip(states.reshape(11, -1) - arrays["offset"], -arrays["limit"], arrays["limit"])
        x = np.maximum(x @ arrays["weight_0"] + arrays["bias_0"], 0)
        x = np.maximum(x @ arrays["weight_1"] + arrays["bias_1"], 0)
        ctrl = x @ arrays["weight_2"] + arrays["bias_2"]
    np.testing.assert_array_equal(ctrl.astype(np.float32), expected.astype(np.float32))


def test_numpy_path_with_heights_equals_torch_path(tmp_path):
    net = small_hypernetwork(**TERRAIN)
    context, _ = small_inputs(bodies=1)
    rng = np.random.default_rng(0)
    normalization = Normalization(rng.normal(size=5), rng.uniform(0.01, 2.0, size=5))
    states, heights = rng.normal(scale=6.0, size=(11, 4, 5)), rng.normal(size=(11, 6))
    observation = torch.from_numpy(normalization.observe(states))[None]
    with torch.no_grad():
        generated = net.generate(context)
        expected = net(context, observation, heights=torch.from_numpy(heights)[None])
    actions = np.array([6, 2, 3])
    mlp = BodyMLP.from_layers(
        [
            (weight[0].detach().numpy(), bias[0].detach().numpy())
            for weight, bias in generated.layers()
        ],
        normalization=normalization,
        actions=actions,
        terrain=net.to_numpy().terrain_layers,
    )
    expected = expected[0].reshape(11, 8)[:, actions].numpy()
    np.testing.assert_array_equal(mlp.act(states, heights), expected.astype(np.float32))
    mlp.save_npz(tmp_path / "mlp.npz")
    again = load_network(tmp_path / "mlp.npz")
    np.testing.assert_array_equal(again.act(states, heights), mlp.act(states, heights))


def test_on_flat_ground_a_controller_needs_no_heights():
    net = small_hypernetwork(clock_harmonics=1, **TERRAIN)
    context, _ = small_inputs(bodies=1)
    plain = Normalization(np.zeros(5), np.ones(5))
    with torch.no_grad():
        layers = [(w[0].numpy(), b[0].numpy()) for w, b in net.generate(context).layers()]
    mlp = BodyMLP.from_layers(
        layers,
        normalization=plain,
        actions=np.arange(8),
        terrain=net.to_numpy().terrain_layers,
        clock_harmonics=1,
    )
    states = np.random.default_rng(0).normal(size=(3, 4, 5))
    flat = mlp.on_flat_ground()
    assert flat.terrain_dim == 0
    expected = mlp.act(states, np.zeros((3, mlp.terrain_dim)), time=0.3)
    np.testing.assert_allclose(flat.act(states, time=0.3), expected, rtol=1e-6, atol=1e-6)
    assert np.abs(mlp.act(states, np.ones((3, mlp.terrain_dim)), time=0.3) - expected).max() > 0.01
    assert flat.on_flat_ground() is flat


@pytest.mark.parametrize("terrain", [{}, TERRAIN])
def test_numpy_path_with_a_clock_phase_equals_torch_path(tmp_path, terrain):
    net = small_hypernetwork(clock_harmonics=2, **terrain)
    context, _ = small_inputs(bodies=1)
    rng = np.random.default_rng(0)
    normalization = Normalization(rng.normal(size=5), rng.uniform(0.01, 2.0, size=5))
    states = rng.normal(size=(11, 4, 5))
    heights = rng.normal(size=(11, 6)) if terrain else None
    with torch.no_grad():
        layers = net.generate(context).layers()
    mlp = BodyMLP.from_layers(
        [(weight[0].numpy(), bias[0].numpy()) for weight, bias in layers],
        normalization=normalization,
        actions=np.arange(8),
        terrain=net.to_numpy().terrain_layers,
        clock_harmonics=2,
    )
    observation = torch.from_numpy(normalization.observe(states))[None]
    field = None if heights is None else torch.from_numpy(heights)[None]
    acted = []
    for time in (0.0, 0.34, 1.34):
        phase = torch.from_numpy(clock_phase(np.full((1, 11), time), 2))
        with torch.no_grad():
            expected = net(context, observation, heights=field, clock_phase=phase)[0].reshape(11, 8)
        acted.append(mlp.act(states, heights, time=time))
        np.testing.assert_allclose(acted[-1], expected, rtol=1e-6, atol=1e-6)
    assert np.abs(acted[1] - acted[0]).max() > 0.1
    np.testing.assert_allclose(acted[2], acted[1], rtol=1e-9, err_msg="a period is a second long")
    mlp.save_npz(tmp_path / "mlp.npz")
    again = load_network(tmp_path / "mlp.npz")
    np.testing.assert_array_equal(again.act(states, heights, time=0.34), acted[1])
    with pytest.raises(ValueError, match="has a clock phase input, got no time"):
        mlp.act(states, heights)


@pytest.mark.parametrize("heights", [None, np.zeros((11, 5))])
def test_refuses_heights_of_another_number_of_points(heights):
    states = np.zeros((11, 4, 5))
    without, _, _ = _mlp()
    with pytest.raises(ValueError, match="height field of 0 points, got 5"):
        without.act(states, np.zeros((11, 5)))
    with_heights = BodyMLP(
        n_nodes=4,
        offset=np.zeros(20),
        limit=np.ones(20),
        weights=[np.ones((24, 2))],
        biases=[np.zeros(2)],
        terrain=[(np.ones((6, 4)), np.zeros(4))],
    )
    with pytest.raises(ValueError, match="height field of 6 points, got"):
        with_heights.act(states, heights)


@pytest.mark.parametrize("motors", range(1, 21))
def test_controls_do_not_depend_on_the_number_of_episodes(motors):
    rng = np.random.default_rng(motors)
    n_nodes = 11
    sizes = (n_nodes * STATE_DIM, 64, 64, 2 * n_nodes)
    layers = [
        (rng.normal(size=pair), rng.normal(size=pair[1])) for pair in itertools.pairwise(sizes)
    ]
    mlp = BodyMLP.from_layers(
        layers,
        normalization=Normalization(np.zeros(STATE_DIM), np.ones(STATE_DIM)),
        actions=np.arange(motors),
    )
    states = rng.normal(size=(17, n_nodes, STATE_DIM))
    together = mlp.act(states)
    assert together.shape == (17, motors)
    for episodes in range(1, 17):
        np.testing.assert_array_equal(mlp.act(states[:episodes]), together[:episodes])
    order = rng.permutation(17)
    np.testing.assert_array_equal(mlp.act(states[order]), together[order], "nor on their order")


def test_a_copy_of_a_controller_that_has_acted_acts_alike():
    mlp, states, _ = _mlp()
    mlp.act(states)
    for copied in (pickle.loads(pickle.dumps(mlp)), copy.deepcopy(mlp)):
        np.testing.assert_array_equal(copied.act(states[::-1]), mlp.act(states[::-1]))
