"""What the hypernetwork promises for any size, and its per-body numpy network."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from hyperdistill_core.features import STATE_DIM, clock_phase
from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork
from hyperdistill_core.nets.mlp import BodyMLP, Normalization

SMALL = {"context_dim": 6, "state_dim": 5, "embed": 8, "feedforward": 12}


def _net(**options):
    torch.manual_seed(1)
    net = Hypernetwork(HypernetConfig(**SMALL, **options)).double().eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return net


def _inputs(bodies=3, limbs=4):
    generator = torch.Generator().manual_seed(2)
    context = torch.randn(bodies, limbs, 6, dtype=torch.float64, generator=generator)
    states = torch.randn(bodies, 7, limbs, 5, dtype=torch.float64, generator=generator)
    return context, states


@pytest.mark.parametrize("aggregation", ["sum", "limb_mean"])
@pytest.mark.parametrize("hidden_layers", [0, 1, 2])
def test_a_batch_of_padded_bodies_equals_one_at_a_time(aggregation, hidden_layers):
    net = _net(hidden=9, hidden_layers=hidden_layers, aggregation=aggregation)
    context, states = _inputs()
    counts = torch.tensor([4, 2, 1])
    mask = torch.arange(4) < counts[:, None]
    means = net(context, states, mask)
    for body, n in enumerate(counts.tolist()):
        alone = net(context[body : body + 1, :n], states[body : body + 1, :, :n])
        torch.testing.assert_close(means[body, :, :n], alone[0], rtol=0, atol=1e-12)


def test_limb_mean_divides_the_input_products():
    nets = {
        kind: _net(hidden=4, hidden_layers=0, aggregation=kind) for kind in ("sum", "limb_mean")
    }
    context, _ = _inputs(limbs=3)
    layers = {kind: net.generate(context).layers() for kind, net in nets.items()}
    for of_sum, of_mean in zip(layers["sum"][0], layers["limb_mean"][0], strict=True):
        torch.testing.assert_close(of_sum / 3, of_mean)
    torch.testing.assert_close(layers["sum"][1], layers["limb_mean"][1])


def test_every_body_starts_with_the_same_sane_network():
    torch.manual_seed(0)
    net = Hypernetwork(HypernetConfig(context_dim=6, hidden=64)).eval()
    context = torch.randn(2, 12, 6)
    made = net.generate(context)
    torch.testing.assert_close(made.input_weight[0, 0], made.input_weight[1, 5])
    assert made.input_weight[0, 0].std().item() == pytest.approx((12 * 17) ** -0.5, rel=0.1)
    assert made.hidden_weights[0].std().item() == pytest.approx(64**-0.5, rel=0.1)
    assert made.output_weight.std().item() == pytest.approx(64**-0.5, rel=0.2)
    assert not made.input_bias.any()
    assert not made.output_bias.any()
    observation = torch.randn(2, 500, 12, 17)
    assert 0.1 < made.act(observation).std() < 2.0


def test_dropout_acts_on_embeddings_in_training_only():
    net = _net(hidden=4, dropout=0.5)
    context, states = _inputs()
    torch.testing.assert_close(net(context, states), net(context, states), rtol=0, atol=0)
    net.train()
    assert (net.input_encoder(context) == 0).any()


def test_one_state_without_a_batch_of_them():
    net = _net(hidden=4)
    context, states = _inputs()
    torch.testing.assert_close(net(context, states[:, 0]), net(context, states)[:, 0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 0}, "hidden: expected at least 1, got 0"),
        ({"hidden_layers": -1}, "hidden_layers: expected at least 0"),
        ({"heads": 3}, "embed: expected a multiple of the 3 heads, got 8"),
        ({"terrain_dim": -1}, "terrain_dim: expected at least 0, got -1"),
        ({"clock_harmonics": -1}, "clock_harmonics: expected at least 0, got -1"),
        ({"aggregation": "max"}, "aggregation: expected one of sum, limb_mean, got 'max'"),
    ],
)
def test_refuses_bad_settings(options, message):
    with pytest.raises(ValueError, match=message):
        HypernetConfig(**{**SMALL, **options})


def _mlp(dtype=np.float64):
    net = _net(hidden=9)
    context, _ = _inputs(bodies=1)
    rng = np.random.default_rng(0)
    normalization = Normalization(rng.normal(size=5), rng.uniform(0.01, 2.0, size=5))
    with torch.no_grad():
        made = net.generate(context)
    layers = [(weight[0].numpy(), bias[0].numpy()) for weight, bias in made.layers()]
    actions = np.array([6, 2, 3])
    mlp = BodyMLP.from_layers(layers, normalization=normalization, actions=actions, dtype=dtype)
    states = rng.normal(scale=6.0, size=(11, 4, 5))
    observation = torch.from_numpy(normalization.observe(states))[None]
    with torch.no_grad():
        expected = made.act(observation)[0].reshape(11, 8)[:, actions].numpy()
    return mlp, states, expected


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-4)])
def test_numpy_path_equals_torch_path(dtype, tolerance):
    mlp, states, expected = _mlp(dtype)
    ctrl = mlp.act(states)
    assert ctrl.dtype == np.float64
    np.testing.assert_allclose(ctrl, expected, rtol=0, atol=tolerance)
    assert mlp.n_controls == 3


def test_controls_of_one_call_survive_the_next():
    mlp, states, expected = _mlp()
    first = mlp.act(states[:2])
    mlp.act(states[2:4])
    np.testing.assert_allclose(first, expected[:2], rtol=0, atol=1e-12)
    unchanged = states.copy()
    mlp.act(states)
    np.testing.assert_array_equal(states, unchanged)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_npz_round_trip_and_its_documented_formula(tmp_path, dtype):
    mlp, states, expected = _mlp(dtype)
    path = tmp_path / "controller.npz"
    mlp.save_npz(path)
    np.testing.assert_array_equal(BodyMLP.load_npz(path).act(states), mlp.act(states))
    with np.load(path, allow_pickle=False) as arrays:
        x = np.clip(states.reshape(11, -1) - arrays["offset"], -arrays["limit"], arrays["limit"])
        x = np.maximum(x @ arrays["weight_0"] + arrays["bias_0"], 0)
        x = np.maximum(x @ arrays["weight_1"] + arrays["bias_1"], 0)
        ctrl = x @ arrays["weight_2"] + arrays["bias_2"]
    np.testing.assert_allclose(ctrl, expected, rtol=0, atol=1e-4 if dtype == np.float32 else 1e-12)


TERRAIN = {"hidden": 9, "terrain_dim": 6, "terrain_embed": 4}


def test_a_new_network_walks_on_as_if_the_ground_were_flat():
    flat, rough = _net(hidden=9), Hypernetwork(HypernetConfig(**SMALL, **TERRAIN)).double().eval()
    rough.load_state_dict(flat.state_dict(), strict=False)
    context, observation = _inputs()
    heights = torch.ones(*observation.shape[:-2], 6, dtype=observation.dtype)
    seen = rough(context, observation, heights=heights)
    torch.testing.assert_close(seen, flat(context, observation))


def test_heights_change_the_controls_and_every_body_weighs_them_its_own_way():
    net = _net(**TERRAIN)
    context, observation = _inputs()
    low = torch.zeros(*observation.shape[:-2], 6, dtype=observation.dtype)
    with torch.no_grad():
        on_low, on_high = (net(context, observation, heights=low + step) for step in (0.0, 1.0))
    change = on_high - on_low
    assert (change.abs().amax(dim=tuple(range(1, change.dim()))) > 1e-6).all()
    weight = net.generate(context).terrain_weight
    assert not torch.allclose(weight[0], weight[1])


def test_numpy_path_with_heights_equals_torch_path(tmp_path):
    net = _net(**TERRAIN)
    context, _ = _inputs(bodies=1)
    rng = np.random.default_rng(0)
    normalization = Normalization(rng.normal(size=5), rng.uniform(0.01, 2.0, size=5))
    states, heights = rng.normal(scale=6.0, size=(11, 4, 5)), rng.normal(size=(11, 6))
    observation = torch.from_numpy(normalization.observe(states))[None]
    with torch.no_grad():
        made = net.generate(context)
        expected = net(context, observation, heights=torch.from_numpy(heights)[None])
    encoder = [layer for layer in net.terrain_encoder if isinstance(layer, torch.nn.Linear)]
    actions = np.array([6, 2, 3])
    mlp = BodyMLP.from_layers(
        [(weight[0].detach().numpy(), bias[0].detach().numpy()) for weight, bias in made.layers()],
        normalization=normalization,
        actions=actions,
        terrain=[(row.weight.detach().numpy().T, row.bias.detach().numpy()) for row in encoder],
    )
    expected = expected[0].reshape(11, 8)[:, actions].numpy()
    np.testing.assert_allclose(mlp.act(states, heights), expected, rtol=0, atol=1e-12)
    mlp.save_npz(tmp_path / "mlp.npz")
    again = BodyMLP.load_npz(tmp_path / "mlp.npz")
    np.testing.assert_array_equal(again.act(states, heights), mlp.act(states, heights))


@pytest.mark.parametrize("terrain", [{}, TERRAIN])
def test_numpy_path_with_a_clock_equals_torch_path(tmp_path, terrain):
    net = _net(clock_harmonics=2, **terrain)
    context, _ = _inputs(bodies=1)
    rng = np.random.default_rng(0)
    normalization = Normalization(rng.normal(size=5), rng.uniform(0.01, 2.0, size=5))
    states = rng.normal(size=(11, 4, 5))
    heights = rng.normal(size=(11, 6)) if terrain else None
    encoder = [layer for layer in getattr(net, "terrain_encoder", ()) if hasattr(layer, "weight")]
    with torch.no_grad():
        layers = net.generate(context).layers()
    mlp = BodyMLP.from_layers(
        [(weight[0].numpy(), bias[0].numpy()) for weight, bias in layers],
        normalization=normalization,
        actions=np.arange(8),
        terrain=[(row.weight.detach().numpy().T, row.bias.detach().numpy()) for row in encoder],
        clock_harmonics=2,
    )
    observation = torch.from_numpy(normalization.observe(states))[None]
    seen = None if heights is None else torch.from_numpy(heights)[None]
    acted = []
    for time in (0.0, 0.34, 1.34):
        said = torch.from_numpy(clock_phase(np.full((1, 11), time), 2))
        with torch.no_grad():
            expected = net(context, observation, heights=seen, clock_phase=said)[0].reshape(11, 8)
        acted.append(mlp.act(states, heights, time=time))
        np.testing.assert_allclose(acted[-1], expected, rtol=1e-12, atol=1e-12)
    assert np.abs(acted[1] - acted[0]).max() > 0.1
    np.testing.assert_allclose(acted[2], acted[1], rtol=1e-9, err_msg="a period is a second long")
    mlp.save_npz(tmp_path / "mlp.npz")
    again = BodyMLP.load_npz(tmp_path / "mlp.npz")
    np.testing.assert_array_equal(again.act(states, heights, time=0.34), acted[1])
    with pytest.raises(ValueError, match="hears a clock, got no time"):
        mlp.act(states, heights)


def test_a_fresh_clock_says_nothing():
    net = Hypernetwork(HypernetConfig(**SMALL, clock_harmonics=3)).double().eval()
    context, states = _inputs()
    said = torch.randn(3, 7, 6, dtype=torch.float64)
    made = net.generate(context)
    torch.testing.assert_close(
        made.act(states, clock_phase=said), made.act(states, clock_phase=0 * said)
    )


@pytest.mark.parametrize("aggregation", ["sum", "limb_mean"])
def test_limbs_that_are_not_real_do_not_change_what_is_heard(aggregation):
    net = _net(hidden=9, clock_harmonics=2, aggregation=aggregation)
    context, states = _inputs()
    said = torch.randn(3, 7, 4, dtype=torch.float64)
    mask = torch.arange(4) < torch.tensor([4, 2, 1])[:, None]
    together = net(context, states, mask, clock_phase=said)
    for body, n in enumerate([4, 2, 1]):
        one = slice(body, body + 1)
        alone = net(context[one, :n], states[one, :, :n], clock_phase=said[one])
        torch.testing.assert_close(together[one, :, :n], alone)


@pytest.mark.parametrize("heights", [None, np.zeros((11, 5))])
def test_refuses_to_walk_blind(heights):
    states = np.zeros((11, 4, 5))
    blind, _, _ = _mlp()
    with pytest.raises(ValueError, match="height field of 0 points, got 5"):
        blind.act(states, np.zeros((11, 5)))
    seeing = BodyMLP(
        n_nodes=4,
        offset=np.zeros(20),
        limit=np.ones(20),
        weights=[np.ones((24, 2))],
        biases=[np.zeros(2)],
        terrain=[(np.ones((6, 4)), np.zeros(4))],
    )
    with pytest.raises(ValueError, match="height field of 6 points, got"):
        seeing.act(states, heights)


@pytest.mark.parametrize("motors", range(1, 21))
def test_controls_do_not_depend_on_how_many_episodes_ask_at_once(motors):
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
        dtype=np.float32,
    )
    states = rng.normal(size=(17, n_nodes, STATE_DIM))
    together = mlp.act(states)
    assert together.shape == (17, motors)
    for episodes in range(1, 17):
        np.testing.assert_array_equal(mlp.act(states[:episodes]), together[:episodes])
    order = rng.permutation(17)
    np.testing.assert_array_equal(mlp.act(states[order]), together[order], "nor on its place")
