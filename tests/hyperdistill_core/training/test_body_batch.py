"""A batch of bodies acts as each body alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.evaluation.checkpoint_policies import SingleBodyPolicy
from hyperdistill_core.features import PRIVILEGED_DIM, STATE_DIM, context_dim
from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers import MessagePassing
from hyperdistill_core.nets.teachers.generalist import Generalist
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import (
    BodyBatch,
    BodyInputs,
    StudentPolicy,
    TeacherPolicy,
)
from hyperdistill_core.training.ppo import PPOSettings, new_teacher
from morph_ops.sampling import sample_body


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(4)]


@pytest.fixture
def normalization():
    rng = np.random.default_rng(5)
    return Normalization(rng.normal(size=STATE_DIM), rng.uniform(0.5, 2.0, STATE_DIM))


def test_a_teacher_acts_for_a_batch_as_for_each_body(bodies):
    task = get_task("flat")
    torch.manual_seed(0)
    network = new_teacher(PPOSettings(width=16, layers=2), n_max=12)
    assert isinstance(network, MessagePassing)
    torch.nn.init.normal_(network.action.weight)
    inputs = [BodyInputs.of(graph, task) for graph in bodies]
    n_max = max(map(len, bodies)) + 1
    states = np.random.default_rng(0).normal(size=(len(bodies), 3, n_max, STATE_DIM))
    normalization = Normalization(np.full(PRIVILEGED_DIM, 0.1), np.full(PRIVILEGED_DIM, 2.0))
    policy = TeacherPolicy(network, normalization, BodyBatch(inputs, n_max=n_max), 3)
    together = policy.means(states, np.zeros((len(bodies), 3)))
    for row, (body, graph) in enumerate(zip(inputs, bodies, strict=True)):
        control = SingleBodyPolicy(network, normalization, body)
        alone = control.act(states[row, :, : len(graph)])
        slots = np.zeros((n_max, 2), dtype=bool)
        slots[: len(graph)] = body.joint_mask
        np.testing.assert_allclose(together[row][:, slots], alone, atol=1e-5)
        assert np.abs(alone).max() > 0.1


@pytest.mark.parametrize("clock", [0, 2])
def test_a_batch_acts_as_the_controllers_of_its_bodies(bodies, normalization, clock):
    task = get_task("flat")
    torch.manual_seed(0)
    config = HypernetConfig(context_dim=context_dim("continuous"), hidden=16, clock_harmonics=clock)
    network = Hypernetwork(config)
    for head in (network.input_head, network.output_head, *network.hidden_heads):
        torch.nn.init.normal_(head.get_parameter("weight.weight"), std=0.05)
    if clock:
        torch.nn.init.normal_(network.clock_head.weight, std=0.3)
    controller = Controller(
        name="x", network=network, normalization=normalization, task="flat", context="continuous"
    )
    inputs = [BodyInputs.of(graph, task) for graph in bodies]
    n_max = max(map(len, bodies))
    states = np.random.default_rng(0).normal(size=(len(bodies), 3, n_max, STATE_DIM))
    batch = BodyBatch(inputs, n_max=n_max)
    # One time for each body, in the packed layout as in the padded one.
    times = np.linspace(0.02, 0.9, len(bodies))
    time = np.repeat(times[:, None], 3, axis=1)
    together = StudentPolicy(network, normalization, batch).means(states, time)
    generalist = Generalist.from_hypernetwork(network)
    packed = TeacherPolicy(generalist, normalization, batch, 3).means(states, time)
    for row, (body, graph) in enumerate(zip(inputs, bodies, strict=True)):
        seen, now = states[row, :, : len(graph)], times[row]
        control = controller.for_body(graph, task.model(graph))
        alone = control.act(seen, time=now)
        teacher = SingleBodyPolicy(generalist, normalization, body)
        assert teacher.clock_harmonics == control.clock_harmonics == clock
        np.testing.assert_allclose(teacher.act(seen, time=now), alone, atol=1e-4)
        if clock:
            assert np.abs(control.act(seen, time=now + 0.3) - alone).max() > 1e-2
        slots = np.zeros((n_max, 2), dtype=bool)
        slots[: len(graph)] = body.joint_mask
        np.testing.assert_allclose(together[row][:, slots], alone, atol=1e-4)
        np.testing.assert_allclose(packed[row][:, slots], alone, atol=1e-4)
