"""Costs by formula against the counters of torch."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.features import context_dim
from hyperdistill_core.nets import cost
from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers.message_passing import MessagePassing, MessagePassingConfig
from hyperdistill_core.nets.teachers.modumorph import ModuMorph, ModuMorphConfig
from hyperdistill_core.nets.teachers.transformer_teacher import (
    TransformerTeacher,
    TransformerTeacherConfig,
)
from hyperdistill_core.nets.transformer import TransformerBlock

N = 5
CONFIG = HypernetConfig(context_dim=7, hidden=12, hidden_layers=2, embed=8, feedforward=20)
WITH_HEIGHTS = replace(CONFIG, terrain_dim=30, terrain_embed=6)
WITH_CLOCK = replace(CONFIG, clock_harmonics=2)
BODY = BodyTensors(torch.zeros(1, N, 7), torch.ones(1, N, dtype=torch.bool), [[0, 0, 1, 1, 0]])
OBSERVATION = torch.zeros(1, 1, N, 17)


def _count(run, *modules):
    """Parameters of modules and multiply-adds of a call, counted by torch."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        run()
    parameters = sum(p.numel() for module in modules for p in module.parameters())
    return cost.Cost(parameters, counter.get_total_flops() // 2)


@pytest.mark.parametrize("config", [CONFIG, WITH_HEIGHTS, WITH_CLOCK])
def test_hypernetwork(config):
    net = Hypernetwork(config)
    context = torch.zeros(1, N, 7)
    counted = _count(lambda: net.generate(context), net)
    encoder = sum(p.numel() for name, p in net.named_parameters() if "terrain_encoder" in name)
    expected = cost.hypernetwork_cost(config, N)
    assert counted == replace(expected, parameters=expected.parameters + encoder)


@pytest.mark.parametrize("config", [CONFIG, WITH_HEIGHTS, WITH_CLOCK])
def test_generated_network(config):
    net = Hypernetwork(config)
    generated = net.generate(torch.zeros(1, N, 7))

    def step():
        code = net.terrain_encoder(torch.zeros(1, 1, 30)) if config.terrain_dim else None
        phase = torch.zeros(1, 1, 4) if config.clock_harmonics else None
        generated.act(torch.zeros(1, 1, N, 17), code, phase)

    counted = _count(step, *([net.terrain_encoder] if config.terrain_dim else []))
    arrays = [
        generated.input_weight,
        generated.input_bias,
        *generated.hidden_weights,
        *generated.hidden_biases,
    ]
    arrays += [generated.output_weight, generated.output_bias]
    arrays += [
        rows for rows in (generated.clock_weight, generated.terrain_weight) if rows is not None
    ]
    expected = cost.generated_cost(config, N)
    assert counted.multiply_adds == expected.multiply_adds
    assert counted.parameters + sum(array.numel() for array in arrays) == expected.parameters


@pytest.mark.parametrize("config", [CONFIG, WITH_HEIGHTS, WITH_CLOCK])
def test_body_mlp(config):
    width = context_dim("continuous")
    controller = Controller(
        name="small",
        network=Hypernetwork(replace(config, context_dim=width)).to_numpy(),
        normalization=Normalization(np.zeros(17), np.ones(17)),
        task="flat",
        context="continuous",
    )
    mlp = controller.body_mlp(np.zeros((N, width)), np.array([2, 5, 6]))
    expected = cost.body_mlp_cost(config, N, 3)
    assert mlp.parameters == expected.parameters
    products = [*mlp.weights, *(weight for weight, _ in mlp.terrain)]
    assert sum(weight.size for weight in products) == expected.multiply_adds


@pytest.mark.parametrize("shared_trunk", [True, False])
def test_message_passing(shared_trunk):
    config = MessagePassingConfig(context_dim=7, width=16, layers=3, shared_trunk=shared_trunk)
    net = MessagePassing(config)
    counted = _count(lambda: net.means(OBSERVATION, BODY), net.actor, net.action)
    assert counted == cost.message_passing_cost(config, N)


def test_transformer_block():
    block = TransformerBlock(8, heads=2, feedforward=20)
    tokens = torch.zeros(1, N, 8)
    assert _count(lambda: block(tokens), block) == cost.transformer_block_cost(8, 20, N)


@pytest.mark.parametrize("shared_trunk", [True, False])
@pytest.mark.parametrize("position_slots", [0, 7])
def test_transformer_teacher(shared_trunk, position_slots):
    config = TransformerTeacherConfig(
        context_dim=7,
        state_dim=17,
        width=8,
        layers=3,
        feedforward=20,
        shared_trunk=shared_trunk,
        position_slots=position_slots,
    )
    net = TransformerTeacher(config)
    counted = _count(lambda: net.means(OBSERVATION, BODY), net.actor, net.action)
    assert counted == cost.transformer_cost(config, N)


def test_modumorph():
    config = ModuMorphConfig(context_dim=7, state_dim=17, width=8, layers=3, feedforward=20)
    actor = ModuMorph(config).actor
    modulation = actor.modulate(BODY.context)
    step = _count(lambda: actor.act(modulation, OBSERVATION), actor.blocks)
    assert step == cost.modumorph_step_cost(config, N)
    counted = _count(lambda: actor(OBSERVATION, BODY), actor)
    assert counted == step + cost.modumorph_context_cost(config, N)


def test_published_counts(reference):
    """Parameter counts of the public code, and the ratio of compute of Xiong 2024."""
    config = HypernetConfig(context_dim=53)
    student, teacher = (
        json.loads((reference / "golden" / folder / "params.json").read_text())["param_counts"]
        for folder in ("hnmlp", "teacher")
    )
    assert cost.hypernetwork_cost(config, 12).parameters == student["mu_net"]
    assert cost.generated_cost(config, 12).parameters == student["base_mlp_12_slots"]
    for body in student["base_mlp"].values():
        n, joints = body["limbs"], body["joints"]
        assert cost.generated_cost(config, n).parameters == body["total_as_generated"]
        assert cost.body_mlp_cost(config, n, joints).parameters == body["total_folded"]
    config_of = {
        "nope": TransformerTeacherConfig(context_dim=0, state_dim=52),
        "learntpe": TransformerTeacherConfig(context_dim=0, state_dim=52, position_slots=12),
    }
    for variant, counts in teacher.items():
        assert cost.transformer_cost(config_of[variant], 12).parameters == counts["mu_net"]
    teacher_cost = cost.transformer_cost(config_of["nope"], 12)
    student_cost = cost.generated_cost(config, 12)
    assert teacher_cost.multiply_adds / student_cost.multiply_adds == pytest.approx(160, abs=1)
    # Counters that add one for every bias of the student give a smaller ratio.
    assert teacher_cost.multiply_adds / student_cost.parameters == pytest.approx(156, abs=1)
