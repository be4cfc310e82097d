"""Trainings that are initialized from a controller or another teacher."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from hyperdistill_core.checkpoint_file import load_checkpoint, save_checkpoint
from hyperdistill_core.controller.controller import Controller, ControllerError
from hyperdistill_core.errors import CheckpointError, TrainingError
from hyperdistill_core.features import context_dim
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers import Generalist
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.distillation import generalist_controller
from hyperdistill_core.training.ppo import TeacherTrainer
from hyperdistill_core.training.teacher_file import load_teacher
from hyperdistill_core.training.training_sets import TrainingSet
from tests.helpers.tiny_training import TINY

pytestmark = pytest.mark.slow


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_generalist_from_a_controller_gains_height_samples(
    training_set, tiny_controller, tmp_path
):
    """It first acts as the controller did, whatever it sees, and then learns to see."""
    settings = TINY.replace(
        teacher="generalist", observation="state", task="csr", height_samples=195
    )
    trainer = TeacherTrainer(training_set, settings, tmp_path, initialize_from=tiny_controller)
    graph = training_set.graphs[0]
    model = get_task("flat").model(graph)
    rng = np.random.default_rng(0)
    states, heights = rng.normal(size=(3, len(graph), 17)), rng.normal(size=(3, 195))
    network = trainer.network
    assert isinstance(network, Generalist)
    trainer.train()
    controller = generalist_controller(tmp_path / "teacher.safetensors", training_set, name="x")
    assert (controller.task, controller.network.config.terrain_dim) == ("csr", 195)
    loaded = Controller.load(tiny_controller)
    start = Generalist.from_hypernetwork(Hypernetwork.from_numpy(loaded.network), terrain_dim=195)
    before = replace(loaded, network=start.actor.to_numpy()).for_body(graph, model)
    blind = loaded.for_body(graph, model)
    seeing = [before.act(states, heights), before.act(states, -heights), blind.act(states)]
    np.testing.assert_allclose(seeing[0], seeing[1], atol=1e-6)
    np.testing.assert_allclose(seeing[0], seeing[2], atol=1e-6)
    after = controller.for_body(graph, model)
    assert np.abs(after.act(states, heights) - after.act(states, -heights)).max() > 0.0
    path = tmp_path / "x.safetensors"
    controller.save(path)
    other = settings.replace(height_samples=1410)
    with pytest.raises(TrainingError, match="target: expected 195 height samples"):
        TeacherTrainer(training_set, other, tmp_path / "other", initialize_from=path)
    own = settings.replace(teacher="specialists", height_samples=0, n_active=len(training_set))
    specialists = TeacherTrainer(training_set, own, tmp_path / "own", initialize_from=path).network
    assert (specialists.kind, specialists.terrain_dim) == ("specialists", 195)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_generalist_from_a_controller_gains_a_clock_phase_input(
    training_set, tiny_controller, tmp_path
):
    settings = TINY.replace(teacher="generalist", observation="state", clock_harmonics=2)
    trainer = TeacherTrainer(training_set, settings, tmp_path, initialize_from=tiny_controller)
    graph = training_set.graphs[0]
    model = get_task("flat").model(graph)
    states = np.random.default_rng(0).normal(size=(3, len(graph), 17))

    def act(time):
        checkpoint = tmp_path / "teacher.safetensors"
        controller = generalist_controller(checkpoint, training_set, name="x")
        controller.save(tmp_path / "x.safetensors")
        policy = Controller.load(tmp_path / "x.safetensors").for_body(graph, model)
        return policy.act(states, time=time)

    network = trainer.network
    assert isinstance(network, Generalist)
    initial = network.actor.state_dict()
    start = Controller.load(tiny_controller).with_context(settings.context)
    for name, array in start.network.arrays.items():
        torch.testing.assert_close(initial[name], torch.tensor(array))
    assert not network.actor.clock_head.weight.any()
    trainer.train()
    assert np.abs(act(0.1) - act(0.4)).max() > 1e-6
    again = TeacherTrainer(training_set, settings.replace(steps=settings.steps + 1), tmp_path)
    assert again.network.clock_harmonics == 2


@pytest.mark.parametrize("clock", [0, 1])
@pytest.mark.parametrize("older", [False, True])
def test_a_generalist_from_one_without_clock_phase_gains_that_input(
    training_set, tmp_path, clock, older
):
    settings = TINY.replace(teacher="generalist", observation="state")
    TeacherTrainer(training_set, settings, tmp_path / "first").train()
    file = tmp_path / "first" / "teacher.safetensors"
    first, _, _ = load_teacher(file)
    if older:  # a checkpoint from before there was a clock phase input
        tensors, meta = load_checkpoint(file, kind="teacher")
        del meta["network"]["clock_harmonics"]
        save_checkpoint(file, tensors, meta)
    settings = settings.replace(clock_harmonics=clock)
    second = TeacherTrainer(training_set, settings, tmp_path / "new", initialize_from=file)
    assert second.network.clock_harmonics == clock
    tensors = second.network.state_dict()
    for name, tensor in first.state_dict().items():
        torch.testing.assert_close(tensors[name], tensor)


def test_other_harmonics_are_refused(training_set, tiny_controller, tmp_path):
    settings = TINY.replace(
        teacher="specialists",
        observation="state",
        n_active=len(training_set),
        clock_harmonics=2,
    )
    with pytest.raises(TrainingError, match=r"clock_harmonics: expected 0 as in .* got 2"):
        TeacherTrainer(training_set, settings, tmp_path, initialize_from=tiny_controller)
    clocked = TINY.replace(teacher="generalist", observation="state", clock_harmonics=1)
    folder = tmp_path / "clocked"
    TeacherTrainer(training_set, clocked, folder, initialize_from=tiny_controller).train()
    file, settings = folder / "teacher.safetensors", clocked.replace(clock_harmonics=2)
    with pytest.raises(TrainingError, match=r"clock_harmonics: expected 1 as in .* got 2"):
        TeacherTrainer(training_set, settings, tmp_path / "new", initialize_from=file)


def test_a_controller_with_another_context_is_refused(training_set, tmp_path):
    config = HypernetConfig(context_dim=context_dim("reference"), hidden=8, embed=16)
    other = Controller(
        name="other",
        network=Hypernetwork(config).to_numpy(),
        normalization=Normalization(np.zeros(17), np.ones(17)),
        task="flat",
        context="reference",
    )
    other.save(file := tmp_path / "other.safetensors")
    settings = TINY.replace(teacher="generalist", observation="state")
    with pytest.raises(ControllerError, match="the context 'extended' or continuous, got 'ref"):
        TeacherTrainer(training_set, settings, tmp_path, initialize_from=file)


def test_a_generalist_keeps_the_context_of_its_settings(training_set, tiny_controller, tmp_path):
    settings = TINY.replace(teacher="generalist", observation="state", context="continuous")
    TeacherTrainer(training_set, settings, tmp_path, initialize_from=tiny_controller).train()
    made = generalist_controller(tmp_path / "teacher.safetensors", training_set, name="x")
    assert made.context == "continuous"
    with pytest.raises(CheckpointError, match="was made with another context"):
        TeacherTrainer(training_set, settings.replace(context="extended"), tmp_path)


def test_a_teacher_is_initialized_from_another(training_set, teacher_file, tmp_path):
    smaller = TrainingSet(training_set.graphs[:3], training_set.origins[:3])
    trainer = TeacherTrainer(smaller, TINY, tmp_path, initialize_from=teacher_file)
    network, normalization, _ = load_teacher(teacher_file)
    assert trainer.steps_done == 0
    for ours, theirs in zip(trainer.network.parameters(), network.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    np.testing.assert_array_equal(trainer.state_moments.normalization().var, normalization.var)
    with pytest.raises(TrainingError, match="another network"):
        TeacherTrainer(training_set, TINY.replace(width=16), tmp_path, initialize_from=teacher_file)
