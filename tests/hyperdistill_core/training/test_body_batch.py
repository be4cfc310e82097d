"""A batch of bodies acts as each body alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.evaluation.single_body_policy import SingleBodyPolicy
from hyperdistill_core.features import PRIVILEGED_DIM, STATE_DIM, clock_phase, context_dim
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers import MessagePassing, MessagePassingConfig
from hyperdistill_core.nets.teachers.generalist import Generalist, GeneralistConfig
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import (
    BodyBatch,
    BodyInputs,
    ObservationEncoder,
    StudentPolicy,
    TeacherPolicy,
    observe,
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
    policy = TeacherPolicy(network, normalization, BodyBatch(inputs, n_max=n_max))
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
    config = HypernetConfig(context_dim=context_dim("extended"), hidden=16, clock_harmonics=clock)
    network = Hypernetwork(config)
    for head in (network.input_head, network.output_head, *network.hidden_heads):
        torch.nn.init.normal_(head.get_parameter("weight.weight"), std=0.05)
    if clock:
        torch.nn.init.normal_(network.clock_head.weight, std=0.3)
    controller = Controller(
        name="x",
        network=network.to_numpy(),
        normalization=normalization,
        task="flat",
        context="extended",
    )
    inputs = [BodyInputs.of(graph, task) for graph in bodies]
    n_max = max(map(len, bodies))
    states = np.random.default_rng(0).normal(size=(len(bodies), 3, n_max, STATE_DIM))
    batch = BodyBatch(inputs, n_max=n_max)
    # One time for each body.
    times = np.linspace(0.02, 0.9, len(bodies))
    time = np.repeat(times[:, None], 3, axis=1)
    together = StudentPolicy(network, normalization, batch).means(states, time)
    generalist = Generalist.from_hypernetwork(network)
    taught = TeacherPolicy(generalist, normalization, batch).means(states, time)
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
        np.testing.assert_allclose(taught[row][:, slots], alone, atol=1e-4)
        assert not taught[row, :, len(graph) :].any(), "means of missing nodes are zero"


def test_a_batch_holds_what_networks_know_of_its_bodies(bodies):
    inputs = [BodyInputs.of(graph, get_task("flat")) for graph in bodies]
    batch = BodyBatch(inputs, n_max=12)
    assert len(batch) == len(batch.bodies) == 4
    assert batch.context is batch.bodies.context
    np.testing.assert_array_equal(batch.bodies.present, batch.present)
    assert batch.bodies.counts.tolist() == [len(graph) for graph in bodies]
    assert not batch.context[~batch.bodies.present].any()
    packed = np.concatenate([body.context for body in inputs])
    np.testing.assert_array_equal(batch.bodies.packed_context, packed)
    assert list(batch.bodies.parents) == [body.parents for body in inputs]
    for row, body in enumerate(inputs):
        np.testing.assert_array_equal(batch.joints[row, : len(body.parents)], body.joint_mask)
    assert not batch.joints[~batch.present].any()


def test_existing_rows_are_those_of_the_nodes_of_some_bodies(bodies):
    batch = BodyBatch([BodyInputs.of(graph, get_task("flat")) for graph in bodies], n_max=12)
    features = np.random.default_rng(0).normal(size=(4, 3, 12, 5)).astype(np.float32)
    rows = [states[:, : len(graph)] for states, graph in zip(features, bodies, strict=True)]
    of_all = np.concatenate([row.reshape(-1, 5) for row in rows])
    np.testing.assert_array_equal(batch.existing(features), of_all)
    of_some = np.concatenate([row.reshape(-1, 5) for row in rows[1:3]])
    np.testing.assert_array_equal(batch.existing(features[1:3], slice(1, 3)), of_some)


def test_observations_are_normalized_and_zero_where_a_body_has_no_node(normalization):
    states = np.random.default_rng(0).normal(size=(2, 3, 4, STATE_DIM))
    present = np.arange(4) < np.array([[4], [1]])
    observed = observe(normalization, states, present)
    assert observed.dtype == np.float32
    assert not observed[1, :, 1:].any()
    for body, n in ((0, 4), (1, 1)):
        expected = normalization.observe(states[body, :, :n])
        np.testing.assert_allclose(observed[body, :, :n], expected, rtol=1e-6)


@pytest.mark.parametrize("privileged", [False, True])
def test_an_encoder_observes_some_bodies_as_all(bodies, privileged):
    width = PRIVILEGED_DIM if privileged else STATE_DIM
    rng = np.random.default_rng(5)
    normalization = Normalization(rng.normal(size=width), rng.uniform(0.01, 2.0, width))
    network = MessagePassing(MessagePassingConfig(context_dim=25, state_dim=width, width=8))
    batch = BodyBatch([BodyInputs.of(graph, get_task("flat")) for graph in bodies], n_max=12)
    encoder = ObservationEncoder(network, normalization, batch)
    states = rng.normal(scale=4.0, size=(4, 3, 12, STATE_DIM)).astype(np.float32)
    before = states.copy()
    observation, phase = encoder(states, np.zeros((4, 3)))
    np.testing.assert_array_equal(states, before, "the states stay as they are")
    assert phase is None
    assert observation.dtype == torch.float32
    expected = observe(normalization, batch.features(states, width), batch.present)
    assert np.abs(expected).max() == normalization.clip
    np.testing.assert_allclose(observation, expected, rtol=1e-4, atol=1e-5)
    assert not observation.transpose(1, 2)[~batch.bodies.present].any()
    for slots in (slice(2), slice(1, 4)):
        some, _ = encoder(states[slots], np.zeros((4, 3))[slots], slots)
        torch.testing.assert_close(some, observation[slots], rtol=0, atol=0)


def test_an_encoder_gives_the_clock_phase_of_each_simulation(bodies, normalization):
    network = Generalist(GeneralistConfig(context_dim=25, hidden=8, clock_harmonics=2))
    batch = BodyBatch([BodyInputs.of(graph, get_task("flat")) for graph in bodies], n_max=12)
    time = np.random.default_rng(0).uniform(0.0, 3.0, size=(4, 3))
    states = np.zeros((4, 3, 12, STATE_DIM), np.float32)
    encoder = ObservationEncoder(network, normalization, batch)
    observation, phase = encoder(states, time)
    assert observation.shape == (4, 3, 12, STATE_DIM), "the phase is not part of a node's row"
    assert phase is not None
    assert phase.dtype == torch.float32
    np.testing.assert_allclose(phase, clock_phase(time, 2), rtol=1e-6, atol=1e-6)
    _, some = encoder(states[1:], time[1:], slice(1, 4))
    assert some is not None
    torch.testing.assert_close(some, phase[1:], rtol=0, atol=0)
