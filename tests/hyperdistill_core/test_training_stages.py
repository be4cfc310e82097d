"""Whole stages of training at a tiny size: they learn, stop, go on and give the same."""

from __future__ import annotations

import copy
import csv
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from hyperdistill_core.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.features import context_dim
from hyperdistill_core.nets.generalist import Generalist
from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork
from hyperdistill_core.nets.mlp import Normalisation
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training import collect as collecting
from hyperdistill_core.training.calibrate import body_mlp
from hyperdistill_core.training.collect import (
    CollectSettings,
    Student,
    Teacher,
    collect,
    load_teachers,
)
from hyperdistill_core.training.crowd import BodyInputs
from hyperdistill_core.training.distill import Distiller, DistillSettings, control_error
from hyperdistill_core.training.evaluate import evaluate
from hyperdistill_core.training.expert import ExpertData
from hyperdistill_core.training.pool import Pool
from hyperdistill_core.training.ppo import TeacherTrainer
from hyperdistill_core.training.settings import PRESETS, PPOSettings
from hyperdistill_core.training.student import distil, generalist_controller, to_controller
from hyperdistill_core.training.teacher import TEACHERS, VIEWS, load_teacher, new_network
from hyperdistill_core.weights_file import load_checkpoint, save_checkpoint
from morph_ops.choices import UnknownChoiceError
from morph_ops.space import sample_body

pytestmark = pytest.mark.slow

TINY = PPOSettings(
    steps=2 * 3 * 2 * 8,
    n_active=3,
    n_envs=2,
    horizon=8,
    rotate=1,
    epochs=1,
    width=8,
    layers=1,
    n_workers=1,
)
FEW = CollectSettings(n_active=2, n_envs=2, horizon=8, every=2, n_workers=1)
SMALL = DistillSettings(updates=300, n_bodies=4, n_states=8, hidden=16, embed=16, held_out=0.25)


@pytest.fixture(scope="module")
def pool():
    graphs = tuple(sample_body(np.random.default_rng(seed)) for seed in range(4))
    return Pool(graphs, ("robot", "robot", "sampled", "mutant"))


@pytest.fixture(scope="module")
def teacher_file(pool, tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher")
    TeacherTrainer(pool, TINY, folder).train()
    return folder / "teacher.safetensors"


@pytest.fixture(scope="module")
def teacher(teacher_file):
    network, normalisation, _ = load_teacher(teacher_file)
    # A teacher after two updates hardly moves: make it say something worth learning.
    torch.manual_seed(0)
    torch.nn.init.normal_(network.action.weight)
    return Teacher(network, normalisation)


def test_teacher_trains_stops_and_goes_on(pool, tmp_path):
    half = TINY.steps // 2
    TeacherTrainer(pool, replace(TINY, steps=half), tmp_path).train()
    before = load_teacher(tmp_path / "teacher.safetensors")
    again = TeacherTrainer(pool, TINY, tmp_path)
    assert again.steps_done == before[2]["steps"] == half
    again.train()
    network, normalisation, meta = load_teacher(tmp_path / "teacher.safetensors")
    assert meta["steps"] == TINY.steps
    assert (normalisation.var > 0).all()
    changed = [
        not torch.equal(a, b)
        for a, b in zip(network.parameters(), before[0].parameters(), strict=True)
    ]
    assert all(changed)
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert [float(row["steps"]) for row in rows] == [half, TINY.steps]


def test_an_episode_without_way_ends_without_the_bonus(pool, tmp_path):
    def trained(name, **changes):
        # Nobody comes a hundred metres forward in a control step, so none goes on.
        settings = replace(TINY, stall_steps=1, stall_m=100.0, rotate=0, **changes)
        rows = []
        TeacherTrainer(pool, settings, tmp_path / name).train(report=rows.append)
        assert all(row["ends"] == 3 * 2 * 8 and row["stalls"] + row["falls"] == 1 for row in rows)
        return load_teacher(tmp_path / name / "teacher.safetensors")[0].state_dict()

    plain, paid = trained("plain", alive_bonus=0.0), trained("paid", alive_bonus=5.0)
    assert all(torch.equal(plain[name], tensor) for name, tensor in paid.items())


@pytest.mark.parametrize("kind", ["gnn", "generalist", "specialists"])
def test_a_training_that_was_stopped_goes_on_as_if_it_had_not(pool, tmp_path, kind):
    settings = replace(TINY, teacher=kind, view="state", steps=5 * 3 * 2 * 8, target_kl=0.001)
    if kind == "specialists":
        settings = replace(settings, n_active=len(pool))
    TeacherTrainer(pool, settings, tmp_path / "whole").train()

    def stop(row):
        if row["steps"] >= 2 * 3 * 2 * 8:
            raise KeyboardInterrupt("stop")

    with pytest.raises(KeyboardInterrupt, match="stop"):
        TeacherTrainer(pool, settings, tmp_path / "parts").train(report=stop)
    TeacherTrainer(pool, settings, tmp_path / "parts").train()
    whole, parts = (
        load_checkpoint(tmp_path / name / "teacher.safetensors", kind="teacher")
        for name in ("whole", "parts")
    )
    assert whole[1] | {"seconds": 0} == parts[1] | {"seconds": 0}
    assert whole[0].keys() == parts[0].keys()
    for name, tensor in whole[0].items():
        assert torch.equal(tensor, parts[0][name]), name


@pytest.mark.parametrize("kind", sorted(TEACHERS))
@pytest.mark.parametrize("view", sorted(VIEWS))
def test_every_kind_of_teacher_trains(pool, tmp_path, kind, view):
    settings = replace(TINY, teacher=kind, view=view, feedforward=8, favour_short=1.0)
    if kind == "specialists":
        settings = replace(settings, n_active=len(pool), steps=2 * len(pool) * 2 * 8)
    trainer = TeacherTrainer(pool, settings, tmp_path)
    before = [parameter.detach().clone() for parameter in trainer.network.parameters()]
    trainer.train()
    network, _, meta = load_teacher(tmp_path / "teacher.safetensors")
    assert (meta["network"]["kind"], meta["steps"]) == (kind, settings.steps)
    for old, new in zip(before, network.parameters(), strict=True):
        assert not torch.equal(old, new)
    if kind != "specialists":
        assert evaluate(pool.graphs[:1], tmp_path / "teacher.safetensors", episodes=1, n_workers=1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_generalist_that_begins_with_a_controller_learns_to_hear_a_clock(
    pool, tiny_controller, tmp_path
):
    settings = replace(TINY, teacher="generalist", view="state", clock=2)
    trainer = TeacherTrainer(pool, settings, tmp_path, start_from=tiny_controller)
    graph = pool.graphs[0]
    model = get_task("flat").model(graph)
    states = np.random.default_rng(0).normal(size=(3, len(graph), 17))

    def acted(checkpoint, time):
        controller = generalist_controller(checkpoint, pool, name="x")
        controller.save(tmp_path / "x.safetensors")
        return (
            Controller.load(tmp_path / "x.safetensors")
            .for_body(graph, model)
            .act(states, time=time)
        )

    begun = trainer.network.actor.state_dict()
    for name, tensor in Controller.load(tiny_controller).network.state_dict().items():
        torch.testing.assert_close(begun[name], tensor)
    assert not trainer.network.actor.clock_head.weight.any()
    trainer.train()
    early, late = (acted(tmp_path / "teacher.safetensors", time) for time in (0.1, 0.4))
    assert np.abs(early - late).max() > 1e-6
    again = TeacherTrainer(pool, replace(settings, steps=settings.steps + 1), tmp_path)
    assert again.network.config.clock == 2


@pytest.mark.parametrize("clock", [0, 1])
@pytest.mark.parametrize("older", [False, True])
def test_a_generalist_that_begins_with_a_deaf_one_learns_to_hear_a_clock(
    pool, tmp_path, clock, older
):
    deaf = replace(TINY, teacher="generalist", view="state")
    TeacherTrainer(pool, deaf, tmp_path / "deaf").train()
    file = tmp_path / "deaf" / "teacher.safetensors"
    known, _, _ = load_teacher(file)
    if older:  # of before there was a clock
        tensors, meta = load_checkpoint(file, kind="teacher")
        del meta["network"]["clock"]
        save_checkpoint(file, tensors, meta)
    begun = TeacherTrainer(pool, replace(deaf, clock=clock), tmp_path / "new", start_from=file)
    assert begun.network.config.clock == clock
    tensors = begun.network.state_dict()
    for name, tensor in known.state_dict().items():
        torch.testing.assert_close(tensors[name], tensor)


def test_another_clock_than_what_is_heard_is_refused(pool, tiny_controller, tmp_path):
    settings = replace(TINY, teacher="specialists", view="state", n_active=len(pool), clock=2)
    with pytest.raises(TrainingError, match="expected 0, as what it begins with hears 0 harmonics"):
        TeacherTrainer(pool, settings, tmp_path, start_from=tiny_controller)


def test_who_cannot_hear_a_clock_is_told():
    with pytest.raises(TrainingError, match="expected a generalist or specialists to hear it"):
        PPOSettings(teacher="gnn", clock=1)


def test_a_device_that_is_not_there_is_named(pool, tmp_path):
    with pytest.raises(TrainingError, match="no device 'cuda': torch finds no CUDA here"):
        TeacherTrainer(pool, TINY, tmp_path, device="cuda")


def test_the_paper_preset_is_the_published_network():
    network = new_network(PRESETS["paper"], limbs=12)
    own = dict(network.named_parameters())
    assert sum(p.numel() for name, p in own.items() if name.startswith("actor")) > 1_640_000


def test_unknown_kinds_and_views_are_named(pool, tmp_path):
    with pytest.raises(UnknownChoiceError, match="kind of teacher 'gn'"):
        TeacherTrainer(pool, replace(TINY, teacher="gn"), tmp_path)
    with pytest.raises(UnknownChoiceError, match="view 'limbs'"):
        TeacherTrainer(pool, replace(TINY, view="limbs"), tmp_path)


def test_a_teacher_starts_from_another_on_another_pool(pool, teacher_file, tmp_path):
    smaller = Pool(pool.graphs[:3], pool.origins[:3])
    trainer = TeacherTrainer(smaller, TINY, tmp_path, start_from=teacher_file)
    network, normalisation, _ = load_teacher(teacher_file)
    assert trainer.steps_done == 0
    for ours, theirs in zip(trainer.network.parameters(), network.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    np.testing.assert_array_equal(trainer.state_moments.normalisation().var, normalisation.var)
    with pytest.raises(TrainingError, match="another network"):
        TeacherTrainer(pool, replace(TINY, width=16), tmp_path, start_from=teacher_file)


def test_another_training_is_not_taken_up(pool, teacher_file):
    with pytest.raises(TrainingError, match="another network"):
        TeacherTrainer(pool, replace(TINY, width=16), teacher_file.parent)
    with pytest.raises(TrainingError, match=r"another gamma \(0.99\)"):
        TeacherTrainer(pool, replace(TINY, gamma=0.9), teacher_file.parent)
    turned = Pool(pool.graphs[::-1], pool.origins[::-1])
    with pytest.raises(TrainingError, match="another pool"):
        TeacherTrainer(turned, TINY, teacher_file.parent)
    with pytest.raises(TrainingError, match="a pool of 4 bodies cannot fill 5"):
        TeacherTrainer(pool, replace(TINY, n_active=5), teacher_file.parent)


def test_settings_out_of_range_are_named():
    with pytest.raises(TrainingError, match="minibatch_steps: expected the horizon of 8"):
        replace(TINY, minibatch_steps=9)
    with pytest.raises(TrainingError, match="n_workers: expected at least 1, got 0"):
        replace(TINY, n_workers=0)
    with pytest.raises(TrainingError, match="alive_until: expected more than 0, got 0"):
        replace(TINY, alive_until=0)
    with pytest.raises(TrainingError, match="every: expected at least 1, got 0"):
        CollectSettings(every=0)
    with pytest.raises(TrainingError, match="held_out: expected 0 or more, less than 1, got 1"):
        DistillSettings(held_out=1)


def test_robots_alone_fill_the_places_that_they_have(pool, tmp_path):
    # The published setting draws nothing but robots, and this pool has two.
    settings = replace(TINY, robot_share=1.0, rotate=2)
    with pytest.raises(TrainingError, match="2 of the pool's bodies are drawn at robot_share=1"):
        TeacherTrainer(pool, settings, tmp_path / "three")
    rows = []
    TeacherTrainer(pool, replace(settings, n_active=2), tmp_path).train(report=rows.append)
    assert len(rows) == 3


def test_collection_goes_on_where_it_stopped(pool, teacher, tmp_path):
    data = ExpertData(tmp_path)
    collect(Pool(pool.graphs[:3], pool.origins[:3]), data, FEW, teachers=[teacher])
    assert [segment.body for segment in data.segments] == [0, 1, 2]
    collect(pool, data, FEW, teachers=[teacher])
    assert [segment.body for segment in data.segments] == [0, 1, 2, 3]
    assert all(segment.transitions == 2 * 4 for segment in data.segments)
    states, _, means = data.reader()(data.segments[3])
    assert states.shape[1] == means.shape[1] == len(pool.graphs[3])
    assert np.abs(means).max() > 0.05


def test_every_body_is_labelled_by_its_best_teacher(pool, teacher, tmp_path):
    lazy = copy.deepcopy(teacher.network)
    with torch.no_grad():
        for parameter in (lazy.action.weight, lazy.action.bias):
            parameter.zero_()
    pair = [Teacher(lazy, teacher.normalisation), teacher]
    data = ExpertData(tmp_path)
    collect(pool, data, replace(FEW, horizon=40), teachers=pair)
    chosen = [data.teacher_of(body) for body in range(4)]
    read = data.reader()
    for segment in data.segments:
        assert segment.teacher == chosen[segment.body]
        assert read(segment)[1].any() == bool(segment.teacher)
    # Who labels stays, whoever acts.
    student = Student(_hypernetwork(), Normalisation(np.zeros(17), np.ones(17)))
    collect(pool, data, FEW, teachers=pair, student=student, round_=1)
    assert [s.teacher for s in data.segments if s.round == 1] == chosen
    for segment in data.segments[4:]:
        assert data.reader()(segment)[2].any() == bool(segment.teacher)


def test_the_teacher_that_gets_furthest_labels(pool, teacher, tmp_path, monkeypatch):
    plain, heights = collecting._run, []
    # Two groups of two bodies, two teachers each.
    worth = iter(np.array([[1.0, 0.0], [0.0, 3.0], [0.0, 5.0], [2.0, 1.0]]))

    def scripted(fleet, *given):
        heights.append(fleet.state[:, :, 0, 2].copy())
        done = plain(fleet, *given)
        heights.append(fleet.state[:, :, 0, 2].copy())
        return replace(done, rewards=next(worth))

    monkeypatch.setattr(collecting, "_run", scripted)
    data = ExpertData(tmp_path)
    collect(pool, data, replace(FEW, horizon=30), teachers=[teacher, teacher])
    assert [data.teacher_of(body) for body in range(4)] == [0, 1, 1, 0]
    first, moved, second = heights[:3]
    np.testing.assert_allclose(second, first, atol=0.02)
    assert np.abs(moved - first).max() > 0.04, "else this test shows little"


@pytest.mark.parametrize("clock", [0, 2])
def test_every_reading_of_a_controller_is_a_teacher(pool, tmp_path, clock):
    network = Generalist.from_hypernetwork(_hypernetwork(), clock=clock).actor
    torch.manual_seed(1)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    factors = 1.0 + 0.5 * np.random.default_rng(0).normal(size=(3, 25)).astype(np.float32)
    factors[0] = 1.0
    controller = Controller(
        name="read",
        network=network,
        normalisation=Normalisation(np.zeros(17), np.ones(17)),
        task="flat",
        context="continuous",
        readings=factors,
    )
    controller.save(tmp_path / "read.safetensors")
    teachers, [made] = load_teachers([tmp_path / "read.safetensors"])
    assert made == {"controller": "read", "hash": controller.hash, "readings": 3}
    data = ExpertData(tmp_path / "data")
    collect(pool, data, replace(FEW, horizon=40), teachers=teachers)
    assert {segment.teacher for segment in data.segments} - {0}
    task = get_task("flat")
    for segment in data.segments:
        graph = pool.graphs[segment.body]
        control = controller.for_body(graph, task.model(graph), reading=segment.teacher)
        states, elapsed, means = data.reader()(segment)
        assert len(set(elapsed.tolist())) > 1
        slots = BodyInputs.of(graph, task).joint_mask
        expected = [
            control.act(state[None].astype(np.float64), time=float(steps) * task.control_dt)[0]
            for state, steps in zip(states, elapsed, strict=True)
        ]
        np.testing.assert_allclose(means[:, slots], expected, rtol=2e-3, atol=2e-2)


def test_specialists_teach_the_pool_they_learned_on(pool, tmp_path):
    settings = replace(TINY, teacher="specialists", view="state", n_active=len(pool), steps=64)
    TeacherTrainer(pool, settings, tmp_path).train()
    network, normalisation, meta = load_teacher(tmp_path / "teacher.safetensors")
    teacher = Teacher(network, normalisation, meta["pool"])
    data = ExpertData(tmp_path / "data")
    collect(pool, data, FEW, teachers=[teacher])
    assert [segment.body for segment in data.segments] == [0, 1, 2, 3]
    for segment in data.segments:
        body = segment.body
        control = body_mlp(network, normalisation, body, pool.graphs[body], "flat")
        states, _, means = data.reader()(segment)
        slots = BodyInputs.of(pool.graphs[body], get_task("flat")).joint_mask
        expected = control.act(states.astype(np.float64))
        np.testing.assert_allclose(means[:, slots], expected, atol=2e-3)
    smaller = Pool(pool.graphs[:3], pool.origins[:3])
    turned = Pool(pool.graphs[::-1], pool.origins[::-1])
    for other in (smaller, turned):
        with pytest.raises(TrainingError, match="4 specialists cannot teach another pool"):
            collect(other, ExpertData(tmp_path / "other"), FEW, teachers=[teacher])
    with pytest.raises(TrainingError, match="has data of another pool: its body 0"):
        collect(turned, data, FEW, teachers=[Teacher(network, normalisation, turned.hash)])


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


def test_a_student_begins_as_a_controller(pool, teacher, tmp_path):
    data = ExpertData(tmp_path / "data")
    collect(pool, data, FEW, teachers=[teacher])
    first = Distiller(data, replace(SMALL, updates=5), tmp_path / "first")
    first.train()
    began_with = to_controller(first, pool, name="first", provenance={})
    # The sizes are the controller's, whatever the settings say.
    settings = replace(SMALL, hidden=8, embed=8, dropout=0.3)
    second = Distiller(data, settings, tmp_path / "second", start_from=began_with)
    assert second.network.config == replace(began_with.network.config, dropout=0.3)
    assert second.normalisation == began_with.normalisation
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
    distiller = distil(
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
    to_controller(distiller, pool, name="x-v0", provenance={"seed": 0}).save(path, half=True)
    loaded = Controller.load(path)
    assert loaded.provenance == {"seed": 0}
    assert (loaded.context, loaded.network.config.clock) == (
        settings.context,
        settings.clock,
    )
    assert loaded.warnings(pool.graphs[0]) == []
    result = evaluate(pool.graphs[:2], path, episodes=2, n_workers=1)
    assert result.scores.shape == (2,)
    low, high = result.interval()
    assert low <= result.scores.mean() <= high
    # Done is done: nothing more is collected or learned.
    again = distil(
        pool, data, [teacher], settings=settings, dagger=FEW, rounds=1, folder=tmp_path / "out"
    )
    assert again.updates_done == 20
    if loaded.context == "reference":
        with pytest.raises(TrainingError, match="expected 'reference' as controller x-v0 takes"):
            Distiller(data, SMALL, tmp_path / "other", start_from=loaded)


def test_a_teacher_is_evaluated_like_a_controller(pool, teacher_file):
    result = evaluate(pool.graphs[:1], teacher_file, episodes=2, n_workers=1)
    assert result.summary()["bodies"] == 1
    assert np.isfinite(result.scores).all()
