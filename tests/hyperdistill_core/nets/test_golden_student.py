"""The student network against golden data of the public code."""

from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import BodyMLP, Normalization

ROBOTS = (
    "floor-5506-3-10-01-14-19-06",
    "mvt-5506-14-2-17-07-59-45",
    "floor-1409-0-12-01-12-30-07",
    "vt-5506-3-17-02-18-33-45",
    "floor-1409-8-2-01-16-01-05",
)
SETS = ("brief", "strong")
TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}
LAYER_NAMES = {
    "context_embed": "embed",
    "context_encoder.layers.0": "block",
    "self_attn.in_proj_": "qkv.",
    "self_attn.out_proj": "project",
    "linear1": "expand",
    "linear2": "contract",
    "norm1": "attention_norm",
    "norm2": "feedforward_norm",
    "hidden_HN_layers": "hidden_heads",
    "HN_layer": "head",
    "HN_weight": "weight",
    "HN_bias": "bias",
    "context_encoder": "encoder",
}


def _our_name(name):
    for theirs, ours in LAYER_NAMES.items():
        name = name.replace(theirs, ours)
    return name


def _rebuild(rows):
    tensors = {}
    for row in rows:
        draw = np.random.RandomState(row["seed"]).standard_normal(row["shape"])
        array = (row["mean"] + row["std"] * draw).astype("<f4")
        assert hashlib.sha256(array.tobytes()).hexdigest() == row["sha256_float32_le"]
        tensors[_our_name(row["name"])] = torch.from_numpy(array)
    return tensors


def _read_json(path):
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def data(reference):
    folder = reference / "golden"
    params = _read_json(folder / "hnmlp" / "params.json")
    nets = {}
    for name in SETS:
        nets[name] = Hypernetwork(HypernetConfig(context_dim=53)).eval()
        nets[name].load_state_dict(_rebuild(params["recipe"][name]))
    return SimpleNamespace(
        counts=params["param_counts"],
        nets=nets,
        actions=dict(np.load(folder / "hnmlp" / "actions.npz")),
        checksums=_read_json(folder / "hnmlp" / "base_weight_checksums.json"),
        rollouts={robot: dict(np.load(folder / "rollouts" / f"{robot}.npz")) for robot in ROBOTS},
    )


def _context(data, robot, dtype):
    rollout = data.rollouts[robot]
    context = torch.from_numpy(rollout["context"].astype(np.float32).reshape(1, 12, 53))
    return context.to(dtype), torch.from_numpy(~rollout["obs_padding_mask"])[None]


def _normalization(data, norm):
    if norm == "unit":
        return Normalization(np.zeros(17), np.ones(17))
    mean, var = data.actions["rms_mean_17"], data.actions["rms_var_17"]
    return Normalization(mean.reshape(12, 17), var.reshape(12, 17))


def _states(data, robot):
    return data.rollouts[robot]["proprioceptive"][:20].reshape(20, 12, 17)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("norm", ["unit", "rms"])
@pytest.mark.parametrize("name", SETS)
def test_actions(data, name, norm, dtype):
    net = data.nets[name].to(dtype)
    for robot in ROBOTS:
        context, mask = _context(data, robot, dtype)
        observed = _normalization(data, norm).observe(_states(data, robot)).astype(np.float32)
        observation = torch.from_numpy(observed).to(dtype)[None] * mask[:, None, :, None]
        expected = torch.from_numpy(data.actions[f"{robot}/{name}/{norm}/mu_f64"])
        n = int(mask.sum())
        with torch.no_grad():
            padded = net(context, observation, mask)[0].reshape(20, 24)
            bare = net(context[:, :n], observation[:, :, :n])[0].reshape(20, 2 * n)
        close = {"rtol": 0, "atol": TOLERANCE[dtype], "check_dtype": False}
        torch.testing.assert_close(padded, expected, **close)
        torch.testing.assert_close(bare, expected[:, : 2 * n], **close)


@pytest.mark.parametrize("name", SETS)
def test_generated_weights(data, name):
    net = data.nets[name].double()
    for robot in ROBOTS:
        context, mask = _context(data, robot, torch.float64)
        with torch.no_grad():
            generated = net.generate(context, mask)
        tensors = {
            "input_weight": generated.input_weight,
            "input_bias": generated.input_bias,
            "hidden_weight": generated.hidden_weights[0],
            "hidden_bias": generated.hidden_biases[0],
            "output_weight": generated.output_weight,
            "output_bias": generated.output_bias,
        }
        for key, tensor in tensors.items():
            array, expected = tensor[0].numpy(), data.checksums[name][robot][key]
            assert list(array.shape) == expected["shape"]
            sampled = array.ravel()[expected["sample_flat_index"]]
            np.testing.assert_allclose(sampled, expected["sample_value"], rtol=0, atol=1e-9)
            _check_sums(array, expected["all_slots"])
            if "real_limbs" in expected:
                _check_sums(array[: int(mask.sum())], expected["real_limbs"])


def _check_sums(array, expected):
    flat = array.ravel()
    sums = {
        "n": flat.size,
        "sum": flat.sum(),
        "sum_abs": np.abs(flat).sum(),
        "sum_sq": np.square(flat).sum(),
        "dot_cos": flat @ np.cos(0.37 * np.arange(flat.size)),
    }
    assert sums == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", SETS)
def test_context_embeddings(data, name):
    net = data.nets[name].double()
    for robot in (ROBOTS[0], ROBOTS[2], ROBOTS[4]):
        context, mask = _context(data, robot, torch.float64)
        for part in ("input", "hidden", "output"):
            encoder = getattr(net, f"{part}_encoder")
            with torch.no_grad():
                embedding = encoder(context, mask)[0].numpy()
            expected = data.actions[f"{robot}/{name}/ctxemb_{part}_f64"]
            np.testing.assert_allclose(embedding, expected, rtol=0, atol=1e-9)


def test_parameter_counts_by_block(data):
    net = data.nets["brief"]
    blocks = {
        key: sum(p.numel() for p in getattr(net, _our_name(key)).parameters())
        for key in data.counts["mu_net_by_block"]
    }
    assert blocks == data.counts["mu_net_by_block"]
    assert sum(p.numel() for p in net.parameters()) == data.counts["mu_net"]


@pytest.mark.parametrize("robot", ROBOTS)
def test_numpy_controller(data, robot):
    """The MLP of a body gives the numbers of the public code for existing hinges."""
    context, mask = _context(data, robot, torch.float64)
    n = int(mask.sum())
    normalization = _normalization(data, "rms")
    own = Normalization(normalization.mean[:n], normalization.var[:n])
    actions = np.flatnonzero(~data.rollouts[robot]["act_padding_mask"])
    with torch.no_grad():
        layers = data.nets["strong"].double().generate(context[:, :n]).layers()
    arrays = [(weight[0].numpy(), bias[0].numpy()) for weight, bias in layers]
    mlp = BodyMLP.from_layers(arrays, normalization=own, actions=actions)
    ctrl = mlp.act(_states(data, robot)[:, :n])
    expected = data.actions[f"{robot}/strong/rms/mu_f64"][:, actions]
    # The recorded inputs were rounded to float32 after filtering; ours are not.
    np.testing.assert_allclose(ctrl, expected, rtol=0, atol=2e-5)
    assert mlp.parameters == data.counts["base_mlp"][robot]["total_folded"]
