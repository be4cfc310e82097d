"""The transformer teacher against golden data of the public code, and its invariants."""

from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers.transformer_teacher import (
    TransformerTeacher,
    TransformerTeacherConfig,
)
from tests.helpers.grouped_samples import (
    assert_samples_equal_single_ones,
    grouped_samples,
    observations,
    padded_bodies,
    reordered,
    single_body,
)

ROBOTS = (
    "floor-5506-3-10-01-14-19-06",
    "mvt-5506-14-2-17-07-59-45",
    "floor-1409-0-12-01-12-30-07",
    "vt-5506-3-17-02-18-33-45",
    "floor-1409-8-2-01-16-01-05",
)
SLOTS = {"nope": 0, "learntpe": 12}
SETS = ("brief", "strong")
TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}
LAYER_NAMES = {
    "limb_embed": "embed",
    "pos_embedding.pe": "position",
    "transformer_encoder.layers": "blocks",
    "self_attn.in_proj_": "qkv.",
    "self_attn.out_proj": "project",
    "linear1": "expand",
    "linear2": "contract",
    "norm1": "attention_norm",
    "norm2": "feedforward_norm",
}


def _our_name(name, trunk, decoder):
    if name.startswith("decoder.0"):
        return name.replace("decoder.0", decoder)
    for theirs, ours in LAYER_NAMES.items():
        name = name.replace(theirs, ours)
    return f"{trunk}.{name}"


def _rebuild(recipe):
    tensors = {}
    for net, trunk, decoder in (("mu_net", "actor", "action"), ("v_net", "critic", "value")):
        for row in recipe[net]:
            draw = np.random.RandomState(row["seed"]).standard_normal(row["shape"])
            array = (row["mean"] + row["std"] * draw).astype("<f4")
            assert hashlib.sha256(array.tobytes()).hexdigest() == row["sha256_float32_le"]
            name = _our_name(row["name"], trunk, decoder)
            # The public parameter has an axis for the batch in the middle.
            tensors[name] = torch.from_numpy(array.squeeze(1) if array.ndim == 3 else array)
    return tensors


@pytest.fixture(scope="module")
def data(reference):
    folder = reference / "golden"
    params = json.loads((folder / "teacher" / "params.json").read_text())
    return SimpleNamespace(
        counts=params["param_counts"],
        recipe=params["recipe"],
        actions=dict(np.load(folder / "teacher" / "actions.npz")),
        rollouts={robot: dict(np.load(folder / "rollouts" / f"{robot}.npz")) for robot in ROBOTS},
    )


def _teacher(data, variant, name, *, context_dim=0):
    config = TransformerTeacherConfig(
        context_dim=context_dim, state_dim=52 - context_dim, position_slots=SLOTS[variant]
    )
    net = TransformerTeacher(config).eval()
    net.load_state_dict(_rebuild(data.recipe[variant][name]))
    return net


def _present(data):
    """(5, 12) bool, True where a robot has a node."""
    masks = [~data.rollouts[robot]["obs_padding_mask"] for robot in ROBOTS]
    return torch.from_numpy(np.stack(masks))


def _observation(data, norm):
    """Inputs (5, 20, 12, 52) in float32 of 20 rows of every robot, zero where it has no node."""
    mean, var = data.actions["rms_mean_52"], data.actions["rms_var_52"]
    plain = Normalization(np.zeros(52), np.ones(52))
    rms = Normalization(mean.reshape(12, 52), var.reshape(12, 52))
    normalization = {"unit": plain, "rms": rms}[norm]
    robots = [data.rollouts[robot]["proprioceptive_full52"][:20] for robot in ROBOTS]
    observed = normalization.observe(np.stack(robots).reshape(len(ROBOTS), 20, 12, 52))
    return torch.from_numpy(observed.astype(np.float32)) * _present(data)[:, None, :, None]


def _bodies(context, present):
    return BodyTensors(context, present, [[0] * int(n) for n in present.sum(dim=1)])


def _expected(data, variant, name, norm):
    """Means (5, 20, 12, 2), and values (5, 20)."""
    keys = [f"{variant}/{robot}/{name}/{norm}" for robot in ROBOTS]
    means = np.stack([data.actions[f"{key}/mu_f64"].reshape(20, 12, 2) for key in keys])
    values = np.stack([data.actions[f"{key}/value_f64"][:, 0] for key in keys])
    return torch.from_numpy(means), torch.from_numpy(values)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("norm", ["unit", "rms"])
@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("variant", SLOTS)
def test_actions_and_values(data, variant, name, norm, dtype):
    """All robots in one batch, so that the small ones are padded."""
    net = _teacher(data, variant, name).to(dtype)
    present = _present(data)
    observation = _observation(data, norm).to(dtype)
    with torch.no_grad():
        means, values = net(observation, _bodies(torch.zeros(5, 12, 0, dtype=dtype), present))
    expected_means, expected_values = _expected(data, variant, name, norm)
    exist = present[:, None].expand(-1, 20, -1)
    close = {"rtol": 0, "atol": TOLERANCE[dtype], "check_dtype": False}
    torch.testing.assert_close(means[exist], expected_means[exist], **close)
    torch.testing.assert_close(values, expected_values, **close)


def test_features_can_be_context(data):
    """Features of the context affect a token like those of the observation."""
    net = _teacher(data, "nope", "strong", context_dim=22).double()
    # The features differ between samples, so each sample is a body of its own here.
    features = _observation(data, "rms").double().flatten(0, 1)
    present = _present(data).repeat_interleave(20, dim=0)
    with torch.no_grad():
        means, values = net(features[:, None, :, :30], _bodies(features[..., 30:], present))
    expected_means, expected_values = (
        expected.flatten(0, 1) for expected in _expected(data, "nope", "strong", "rms")
    )
    torch.testing.assert_close(means[:, 0][present], expected_means[present], rtol=0, atol=1e-9)
    torch.testing.assert_close(values[:, 0], expected_values, rtol=0, atol=1e-9)


@pytest.mark.parametrize("variant", SLOTS)
def test_parameter_counts(data, variant):
    net = _teacher(data, variant, "brief")
    counts = {
        theirs: sum(p.numel() for module in ours for p in module.parameters())
        for theirs, ours in {
            "mu_net": (net.actor, net.action),
            "v_net": (net.critic, net.value),
            "actor_critic_trainable": (net,),
        }.items()
    }
    assert counts == {key: data.counts[variant][key] for key in counts}


def _small(**options):
    torch.manual_seed(3)
    sizes: dict[str, Any] = {
        "context_dim": 5,
        "state_dim": 4,
        "width": 8,
        "layers": 2,
        "feedforward": 12,
    }
    net = TransformerTeacher(TransformerTeacherConfig(**(sizes | options))).double()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return net


@pytest.mark.parametrize("options", [{}, {"shared_trunk": True}, {"position_slots": 9}], ids=str)
@pytest.mark.parametrize("slots", [slice(None), slice(1, 2)], ids=str)
def test_samples_equal_single_ones(options, slots):
    assert_samples_equal_single_ones(_small(**options), slots)


def test_the_order_of_nodes_matters_to_position_embeddings_only():
    bodies = single_body(padded_bodies(), 0)
    observation = observations(bodies)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    for slots, equivariant in ((0, True), (9, False)):
        net = _small(position_slots=slots)
        means, values = net(observation, bodies)
        others, other_values = net(observation[:, :, order], reordered(bodies, order))
        assert torch.allclose(others, means[:, :, order], rtol=0, atol=1e-12) == equivariant
        assert torch.allclose(other_values, values, rtol=0, atol=1e-12) == equivariant


@pytest.mark.parametrize("options", [{}, {"shared_trunk": True}, {"position_slots": 7}], ids=str)
def test_gradients_reach_every_parameter(options):
    net = _small(**options)
    bodies, observation = grouped_samples()
    means, values = net(observation, bodies)
    loss = (means.square() * bodies.present[:, None, :, None]).sum() + values.square().sum()
    loss.backward()
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())


def test_first_actions_are_no_larger_than_the_noise():
    torch.manual_seed(0)
    net = TransformerTeacher(TransformerTeacherConfig(context_dim=5, state_dim=30)).double()
    bodies = padded_bodies()
    means, values = net(observations(bodies, state_dim=30), bodies)
    assert means[bodies.present[:, None].expand(means.shape[:3])].std() < 0.5
    assert values.std() < 0.5


def test_refuses_a_body_larger_than_its_positions():
    net = _small(position_slots=6)
    bodies, observation = grouped_samples()
    with pytest.raises(ValueError, match=r"positions for 6 nodes, got a body of 7"):
        net(observation, bodies)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": 0}, "layers: expected at least 1, got 0"),
        ({"width": 9}, "width: expected a multiple of the 2 heads, got 9"),
        ({"position_slots": -1}, "position_slots: expected at least 0, got -1"),
        ({"context_dim": 0, "state_dim": 0}, "expected a sum of at least 1, got 0"),
    ],
)
def test_refuses_bad_settings(options, message):
    with pytest.raises(ValueError, match=message):
        TransformerTeacherConfig(**({"context_dim": 5, "state_dim": 4} | options))
