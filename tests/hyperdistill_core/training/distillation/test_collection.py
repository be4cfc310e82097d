"""Collecting expert data at a tiny size."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import SettingsError, TrainingError
from hyperdistill_core.features import context_dim
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers.generalist import Generalist
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import BodyInputs
from hyperdistill_core.training.distillation import (
    ExpertData,
    Student,
    TrainedTeacher,
    collect,
    collection,
    load_teachers,
)
from hyperdistill_core.training.finetuning import specialist_policy
from hyperdistill_core.training.ppo import TeacherTrainer
from hyperdistill_core.training.teacher_file import load_teacher
from hyperdistill_core.training.training_sets import TrainingSet
from tests.helpers.tiny_training import FEW, TINY

pytestmark = pytest.mark.slow


def test_an_interrupted_collection_continues(training_set, teacher, tmp_path):
    data = ExpertData(tmp_path)
    first = TrainingSet(training_set.graphs[:3], training_set.origins[:3])
    collect(first, data, FEW, teachers=[teacher])
    assert [segment.body for segment in data.segments] == [0, 1, 2]
    collect(training_set, data, FEW, teachers=[teacher])
    assert [segment.body for segment in data.segments] == [0, 1, 2, 3]
    assert all(segment.transitions == 2 * 4 for segment in data.segments)
    states, _, means = data.reader()(data.segments[3])
    assert states.shape[1] == means.shape[1] == len(training_set.graphs[3])
    assert np.abs(means).max() > 0.05
    before = data.transitions
    for settings, teachers in (
        (FEW, [teacher] * 2),
        (FEW.replace(task="flat-reference"), [teacher]),
    ):
        with pytest.raises(TrainingError, match=r"^(teachers|task): expected .* as in"):
            collect(training_set, data, settings, teachers=teachers)
    assert data.transitions == before


def test_the_best_teacher_of_each_body_labels_it(training_set, teacher, tmp_path):
    idle = copy.deepcopy(teacher.network)
    with torch.no_grad():
        for parameter in (idle.action.weight, idle.action.bias):
            parameter.zero_()
    pair = [TrainedTeacher(idle, teacher.normalization), teacher]
    data = ExpertData(tmp_path)
    collect(training_set, data, FEW.replace(horizon=40), teachers=pair)
    chosen = [data.teacher_of(body) for body in range(4)]
    read = data.reader()
    for segment in data.segments:
        assert segment.teacher == chosen[segment.body]
        assert read(segment)[2].any() == bool(segment.teacher)
    # The same teacher labels a body where the student acts.
    student = Student(_hypernetwork(), Normalization(np.zeros(17), np.ones(17)), "continuous")
    collect(training_set, data, FEW, teachers=pair, student=student, round_=1)
    assert [s.teacher for s in data.segments if s.round == 1] == chosen
    for segment in data.segments[4:]:
        assert data.reader()(segment)[2].any() == bool(segment.teacher)


def test_the_teacher_with_the_largest_reward_labels(training_set, teacher, tmp_path, monkeypatch):
    run_policies, heights = collection.run_policies, []
    # Two groups of two bodies, two teachers each.
    rewards = iter(np.array([[1.0, 0.0], [0.0, 3.0], [0.0, 5.0], [2.0, 1.0]]))

    def scripted(env, *given):
        heights.append(env.state[:, :, 0, 2].copy())
        run = run_policies(env, *given)
        heights.append(env.state[:, :, 0, 2].copy())
        return replace(run, rewards=next(rewards))

    monkeypatch.setattr(collection, "run_policies", scripted)
    data = ExpertData(tmp_path)
    collect(training_set, data, FEW.replace(horizon=30), teachers=[teacher, teacher])
    assert [data.teacher_of(body) for body in range(4)] == [0, 1, 1, 0]
    first, end, second = heights[:3]
    np.testing.assert_allclose(second, first, atol=0.02)
    assert np.abs(end - first).max() > 0.04, "else this test shows little"


@pytest.mark.parametrize("clock", [0, 2])
def test_every_variant_of_a_controller_is_a_teacher(training_set, tmp_path, clock):
    network = Generalist.from_hypernetwork(_hypernetwork(), clock_harmonics=clock).actor
    torch.manual_seed(1)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    factors = 1.0 + 0.5 * np.random.default_rng(0).normal(size=(3, 25)).astype(np.float32)
    factors[0] = 1.0
    controller = Controller(
        name="read",
        network=network.to_numpy(),
        normalization=Normalization(np.zeros(17), np.ones(17)),
        task="flat",
        context="continuous",
        variants=factors,
    )
    controller.save(tmp_path / "read.safetensors")
    teachers, [description] = load_teachers([tmp_path / "read.safetensors"])
    assert description == {"controller": "read", "hash": controller.hash, "variants": 3}
    data = ExpertData(tmp_path / "data")
    collect(training_set, data, FEW.replace(horizon=40), teachers=teachers)
    assert {segment.teacher for segment in data.segments} - {0}
    task = get_task("flat")
    for segment in data.segments:
        graph = training_set.graphs[segment.body]
        control = controller.for_body(graph, task.model(graph), variant=segment.teacher)
        states, elapsed, means = data.reader()(segment)
        assert len(set(elapsed.tolist())) > 1
        slots = BodyInputs.of(graph, task).joint_mask
        expected = [
            control.act(state[None].astype(np.float64), time=float(steps) * task.control_dt)[0]
            for state, steps in zip(states, elapsed, strict=True)
        ]
        np.testing.assert_allclose(means[:, slots], expected, rtol=2e-3, atol=2e-2)


def test_specialists_teach_the_training_set_that_they_were_trained_on(training_set, tmp_path):
    settings = TINY.replace(
        teacher="specialists", observation="state", n_active=len(training_set), steps=64
    )
    TeacherTrainer(training_set, settings, tmp_path).train()
    network, normalization, meta = load_teacher(tmp_path / "teacher.safetensors")
    teacher = TrainedTeacher(network, normalization, meta["training_set"])
    data = ExpertData(tmp_path / "data")
    collect(training_set, data, FEW, teachers=[teacher])
    assert [segment.body for segment in data.segments] == [0, 1, 2, 3]
    for segment in data.segments:
        body = segment.body
        control = specialist_policy(network, normalization, body, training_set.graphs[body], "flat")
        states, _, means = data.reader()(segment)
        slots = BodyInputs.of(training_set.graphs[body], get_task("flat")).joint_mask
        expected = control.act(states.astype(np.float64))
        np.testing.assert_allclose(means[:, slots], expected, atol=2e-3)
    smaller = TrainingSet(training_set.graphs[:3], training_set.origins[:3])
    turned = TrainingSet(training_set.graphs[::-1], training_set.origins[::-1])
    for other in (smaller, turned):
        with pytest.raises(TrainingError, match="its 4 specialists were trained on, got another"):
            collect(other, ExpertData(tmp_path / "other"), FEW, teachers=[teacher])
    with pytest.raises(TrainingError, match="has data of another training set: its body 0"):
        collect(turned, data, FEW, teachers=[TrainedTeacher(network, normalization, turned.hash)])


def _hypernetwork() -> Hypernetwork:
    return Hypernetwork(HypernetConfig(context_dim=context_dim("continuous"), hidden=8, embed=16))


def test_settings_out_of_range_are_named():
    with pytest.raises(SettingsError, match="every: expected at least 1, got 0"):
        FEW.replace(every=0)


def test_teachers_that_see_are_refused(seeing_controller):
    with pytest.raises(TrainingError, match=r"without height samples, .* got one with 195"):
        load_teachers([seeing_controller])
