"""Collecting expert data and distilling it, at a tiny size."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_training import FEW, SMALL, TINY

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import CheckpointError, TrainingError
from hyperdistill_core.evaluation.evaluation import evaluate
from hyperdistill_core.features import context_dim
from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers.generalist import Generalist
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import BodyInputs
from hyperdistill_core.training.distillation import collection
from hyperdistill_core.training.distillation import (
    Student,
    TrainedTeacher,
    collect,
    load_teachers,
)
from hyperdistill_core.training.distillation import Distiller, control_error
from hyperdistill_core.training.distillation import ExpertData
from hyperdistill_core.training.distillation import distill, student_controller
from hyperdistill_core.training.finetuning import specialist_policy
from hyperdistill_core.training.ppo import TeacherTrainer
from hyperdistill_core.training.teacher_file import load_teacher
from hyperdistill_core.training.training_sets import TrainingSet

pytestmark = pytest.mark.slow


def test_collection_goes_on_where_it_stopped(pool, teacher, tmp_path):
    data = ExpertData(tmp_path)
    collect(TrainingSet(pool.graphs[:3], pool.origins[:3]), data, FEW, teachers=[teacher])
    assert [segment.body for segment in data.segments] == [0, 1, 2]
    collect(pool, data, FEW, teachers=[teacher])
    assert [segment.body for segment in data.segments] == [0, 1, 2, 3]
    assert all(segment.transitions == 2 * 4 for segment in data.segments)
    states, _, means = data.reader()(data.segments[3])
    assert states.shape[1] == means.shape[1] == len(pool.graphs[3])
    assert np.abs(means).max() > 0.05
    before = data.transitions
    for settings, teachers in (
        (FEW, [teacher] * 2),
        (replace(FEW, task="flat-reference"), [teacher]),
    ):
        with pytest.raises(TrainingError, match=r"was collected with (teachers|task)"):
            collect(pool, data, settings, teachers=teachers)
    assert data.transitions == before


def test_every_body_is_labelled_by_its_best_teacher(pool, teacher, tmp_path):
    lazy = copy.deepcopy(teacher.network)
    with torch.no_grad():
        for parameter in (lazy.action.weight, lazy.action.bias):
            parameter.zero_()
    pair = [TrainedTeacher(lazy, teacher.normalization), teacher]
    data = ExpertData(tmp_path)
    collect(pool, data, replace(FEW, horizon=40), teachers=pair)
    chosen = [data.teacher_of(body) for body in range(4)]
    read = data.reader()
    for segment in data.segments:
        assert segment.teacher == chosen[segment.body]
        assert read(segment)[1].any() == bool(segment.teacher)
    # Who labels stays, whoever acts.
    student = Student(_hypernetwork(), Normalization(np.zeros(17), np.ones(17)))
    collect(pool, data, FEW, teachers=pair, student=student, round_=1)
    assert [s.teacher for s in data.segments if s.round == 1] == chosen
    for segment in data.segments[4:]:
        assert data.reader()(segment)[2].any() == bool(segment.teacher)


def test_the_teacher_that_gets_furthest_labels(pool, teacher, tmp_path, monkeypatch):
    plain, heights = collecting._run, []
    # Two groups of two bodies, two teachers each.
    worth = iter(np.array([[1.0, 0.0], [0.0, 3.0], [0.0, 5.0], [2.0, 1.0]]))

    def scripted(env, *given):
        heights.append(env.state[:, :, 0, 2].copy())
        done = plain(env, *given)
        heights.append(env.state[:, :, 0, 2].copy())
        return replace(done, rewards=next(worth))

    monkeypatch.setattr(collecting, "_run", scripted)
    data = ExpertData(tmp_path)
    collect(pool, data, replace(FEW, horizon=30), teachers=[teacher, teacher])
    assert [data.teacher_of(body) for body in range(4)] == [0, 1, 1, 0]
    first, moved, second = heights[:3]
    np.testing.assert_allclose(second, first, atol=0.02)
    assert np.abs(moved - first).max() > 0.04, "else this test shows little"


@pytest.mark.parametrize("clock", [0, 2])
def test_every_variant_of_a_controller_is_a_teacher(pool, tmp_path, clock):
    network = Generalist.from_hypernetwork(_hypernetwork(), clock_harmonics=clock).actor
    torch.manual_seed(1)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    factors = 1.0 + 0.5 * np.random.default_rng(0).normal(size=(3, 25)).astype(np.float32)
    factors[0] = 1.0
    controller = Controller(
        name="read",
        network=network,
        normalization=Normalization(np.zeros(17), np.ones(17)),
        task="flat",
        context="continuous",
        variants=factors,
    )
    controller.save(tmp_path / "read.safetensors")
    teachers, [made] = load_teachers([tmp_path / "read.safetensors"])
    assert made == {"controller": "read", "hash": controller.hash, "variants": 3}
    data = ExpertData(tmp_path / "data")
    collect(pool, data, replace(FEW, horizon=40), teachers=teachers)
    assert {segment.teacher for segment in data.segments} - {0}
    task = get_task("flat")
    for segment in data.segments:
        graph = pool.graphs[segment.body]
        control = controller.for_body(graph, task.model(graph), variant=segment.teacher)
        states, elapsed, means = data.reader()(segment)
        assert len(set(elapsed.tolist())) > 1
        slots = BodyInputs.of(graph, task).joint_mask
        expected = [
            control.act(state[None].astype(np.float64), time=float(steps) * task.control_dt)[0]
            for state, steps in zip(states, elapsed, strict=True)
        ]
        np.testing.assert_allclose(means[:, slots], expected, rtol=2e-3, atol=2e-2)


def test_specialists_teach_the_pool_they_learned_on(pool, tmp_path):
    settings = replace(TINY, teacher="specialists", observation="state", n_active=len(pool), steps=64)
    TeacherTrainer(pool, settings, tmp_path).train()
    network, normalization, meta = load_teacher(tmp_path / "teacher.safetensors")
    teacher = TrainedTeacher(network, normalization, meta["pool"])
    data = ExpertData(tmp_path / "data")
    collect(pool, data, FEW, teachers=[teacher])
    assert [segment.body for segment in data.segments] == [0, 1, 2, 3]
    for segment in data.segments:
        body = segment.body
        control = specialist_policy(network, normalization, body, pool.graphs[body], "flat")
        states, _, means = data.reader()(segment)
        slots = BodyInputs.of(pool.graphs[body], get_task("flat")).joint_mask
        expected = control.act(states.astype(np.float64))
        np.testing.assert_allclose(means[:, slots], expected, atol=2e-3)
    smaller = TrainingSet(pool.graphs[:3], pool.origins[:3])
    turned = TrainingSet(pool.graphs[::-1], pool.origins[::-1])
    for other in (smaller, turned):
        with pytest.raises(TrainingError, match="4 specialists cannot teach another pool"):
            collect(other, ExpertData(tmp_path / "other"), FEW, teachers=[teacher])
    with pytest.raises(TrainingError, match="has data of another pool: its body 0"):
        collect(turned, data, FEW, teachers=[TrainedTeacher(network, normalization, turned.hash)])


def _hypernetwork() -> Hypernetwork:
    return Hypernetwork(HypernetConfig(context_dim=context_dim("continuous"), hidden=8, embed=16))


def test_beyond_the_limit_is_no_error():
    means = torch.tensor([0.5, 1.5, 1.5, -3.0, -3.0, 1.5])
    wanted = torch.tensor([0.2, 1.0, 0.9, -1.0, 1.0, -1.0])
    errors = control_error(means, wanted)
    torch.testing.assert_close(errors, torch.tensor([0.3, 0.0, 0.6, 0.0, -4.0, 2.5]))


def test_student_learns_what_the_teacher_says(pool, teacher, tmp_path):
    data = ExpertData(tmp_path / "data")
    collect(pool, data, FEW, teachers=[teacher])
    rows = []
    distiller = Distiller(data, SMALL, tmp_path / "out")
    distiller.train(report=rows.append)
    first = rows[0]["loss"]
    assert rows[-1]["updates"] == 300
    assert math.isfinite(rows[-1]["validation_loss"])
    assert rows[-1]["loss"] < 0.7 * first
    with pytest.raises(CheckpointError, match=r"made with another seed \(0\)"):
        Distiller(data, replace(SMALL, seed=1), tmp_path / "out")
    assert Distiller(data, replace(SMALL, updates=400), tmp_path / "out").updates_done == 300


def test_a_student_begins_as_a_controller(pool, teacher, tmp_path):
    data = ExpertData(tmp_path / "data")
    collect(pool, data, FEW, teachers=[teacher])
    first = Distiller(data, replace(SMALL, updates=5), tmp_path / "first")
    first.train()
    began_with = student_controller(first, pool, name="first", provenance={})
    # The sizes are the controller's, whatever the settings say.
    settings = replace(SMALL, hidden=8, embed=8, dropout=0.3)
    second = Distiller(data, settings, tmp_path / "second", initialize_from=began_with)
    assert second.network.config == replace(began_with.network.config, dropout=0.3)
    assert second.normalization == began_with.normalization
    assert second.validate() == pytest.approx(first.validate(), rel=1e-5)


def test_an_unknown_aggregation_is_named(pool, teacher, tmp_path):
    data = ExpertData(tmp_path / "data")
    collect(pool, data, FEW, teachers=[teacher])
    settings = replace(SMALL, aggregation="median")
    with pytest.raises(TrainingError, match="expected one of sum, limb_mean, got 'median'"):
        Distiller(data, settings, tmp_path / "out")


@pytest.mark.parametrize("own", [{}, {"context": "reference"}, {"clock": 2}])
def test_distillation_with_dagger_gives_a_controller(pool, teacher, tmp_path, own):
    settings = replace(SMALL, updates=20, **own)
    data = ExpertData(tmp_path / "data")
    collect(pool, data, FEW, teachers=[teacher])
    lines = []
    distiller = distill(
        pool,
        data,
        [teacher],
        settings=settings,
        dagger=FEW,
        rounds=1,
        folder=tmp_path / "out",
        report=lines.append,
    )
    assert {segment.round for segment in data.segments} == {0, 1}
    assert any(line.startswith("round 1: 4 of 4") for line in lines)
    path = tmp_path / "x-v0.safetensors"
    student_controller(distiller, pool, name="x-v0", provenance={"seed": 0}).save(path, half=True)
    loaded = Controller.load(path)
    assert loaded.provenance == {"seed": 0}
    assert (loaded.context, loaded.network.config.clock_harmonics) == (
        settings.context,
        settings.clock,
    )
    assert loaded.warnings(pool.graphs[0]) == []
    result = evaluate(pool.graphs[:2], path, episodes=2, n_workers=1)
    assert result.scores.shape == (2,)
    low, high = result.interval()
    assert low <= result.scores.mean() <= high
    # Done is done: nothing more is collected or learned.
    again = distill(
        pool, data, [teacher], settings=settings, dagger=FEW, rounds=1, folder=tmp_path / "out"
    )
    assert again.updates_done == 20
    if loaded.context == "reference":
        with pytest.raises(TrainingError, match="expected 'reference' as controller x-v0 takes"):
            Distiller(data, SMALL, tmp_path / "other", initialize_from=loaded)
