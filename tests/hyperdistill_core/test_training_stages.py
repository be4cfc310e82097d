"""Whole stages of training at a tiny size: they learn, stop, go on and give the same."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_training import TINY

from hyperdistill_core.checkpoint_file import load_checkpoint, save_checkpoint
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.evaluation.calibration import CalibrateSettings
from hyperdistill_core.evaluation.evaluation import evaluate
from hyperdistill_core.features import context_dim
from hyperdistill_core.nets.hypernetwork import HypernetConfig, Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.distillation import (
    CollectSettings,
)
from hyperdistill_core.training.distillation import DistillSettings
from hyperdistill_core.training.distillation import generalist_controller
from hyperdistill_core.training.ppo import trainer as ppo
from hyperdistill_core.training.ppo import PRESETS, PPOSettings
from hyperdistill_core.training.ppo import TeacherTrainer
from hyperdistill_core.nets.teachers import TEACHERS
from hyperdistill_core.training.ppo.new_teachers import OBSERVATION_DIMS, new_teacher
from hyperdistill_core.training.teacher_file import load_teacher
from hyperdistill_core.training.training_sets import TrainingSet, TrainingSetSettings
from morph_ops.errors import UnknownNameError

pytestmark = pytest.mark.slow


def test_teacher_trains_stops_and_goes_on(pool, tmp_path):
    half = TINY.steps // 2
    TeacherTrainer(pool, replace(TINY, steps=half), tmp_path).train()
    before = load_teacher(tmp_path / "teacher.safetensors")
    again = TeacherTrainer(pool, TINY, tmp_path)
    assert again.steps_done == before[2]["steps"] == half
    again.train()
    network, normalization, meta = load_teacher(tmp_path / "teacher.safetensors")
    assert meta["steps"] == TINY.steps
    assert (normalization.var > 0).all()
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
        settings = replace(TINY, no_progress_steps=1, no_progress_m=100.0, replaced_per_update=0, **changes)
        rows = []
        TeacherTrainer(pool, settings, tmp_path / name).train(report=rows.append)
        assert all(row["ends"] == 3 * 2 * 8 and row["stalls"] + row["falls"] == 1 for row in rows)
        return load_teacher(tmp_path / name / "teacher.safetensors")[0].state_dict()

    plain, paid = trained("plain", alive_bonus=0.0), trained("paid", alive_bonus=5.0)
    assert all(torch.equal(plain[name], tensor) for name, tensor in paid.items())


@pytest.mark.parametrize("kind", ["gnn", "generalist", "specialists"])
def test_a_training_that_was_stopped_goes_on_as_if_it_had_not(pool, tmp_path, kind):
    settings = replace(TINY, teacher=kind, observation="state", steps=5 * 3 * 2 * 8, desired_kl=0.001)
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
@pytest.mark.parametrize("observation", sorted(OBSERVATION_DIMS))
def test_every_kind_of_teacher_trains(pool, tmp_path, kind, observation):
    settings = replace(TINY, teacher=kind, observation=observation, feedforward=8, favor_short=1.0)
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
    settings = replace(TINY, teacher="generalist", observation="state", clock=2)
    trainer = TeacherTrainer(pool, settings, tmp_path, initialize_from=tiny_controller)
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
    assert again.network.config.clock_harmonics == 2


@pytest.mark.parametrize("clock", [0, 1])
@pytest.mark.parametrize("older", [False, True])
def test_a_generalist_that_begins_with_a_deaf_one_learns_to_hear_a_clock(
    pool, tmp_path, clock, older
):
    deaf = replace(TINY, teacher="generalist", observation="state")
    TeacherTrainer(pool, deaf, tmp_path / "deaf").train()
    file = tmp_path / "deaf" / "teacher.safetensors"
    known, _, _ = load_teacher(file)
    if older:  # of before there was a clock
        tensors, meta = load_checkpoint(file, kind="teacher")
        del meta["network"]["clock"]
        save_checkpoint(file, tensors, meta)
    begun = TeacherTrainer(pool, replace(deaf, clock=clock), tmp_path / "new", initialize_from=file)
    assert begun.network.config.clock_harmonics == clock
    tensors = begun.network.state_dict()
    for name, tensor in known.state_dict().items():
        torch.testing.assert_close(tensors[name], tensor)


def test_another_clock_than_what_is_heard_is_refused(pool, tiny_controller, tmp_path):
    settings = replace(TINY, teacher="specialists", observation="state", n_active=len(pool), clock=2)
    with pytest.raises(TrainingError, match="expected 0, as what it begins with hears 0 harmonics"):
        TeacherTrainer(pool, settings, tmp_path, initialize_from=tiny_controller)
    hears = replace(TINY, teacher="generalist", observation="state", clock=1)
    TeacherTrainer(pool, hears, tmp_path / "hears", initialize_from=tiny_controller).train()
    file = tmp_path / "hears" / "teacher.safetensors"
    with pytest.raises(TrainingError, match="expected 1, as what it begins with hears 1 harmonics"):
        TeacherTrainer(pool, replace(hears, clock=2), tmp_path / "new", initialize_from=file)


def test_a_controller_of_another_context_is_no_beginning(pool, tmp_path):
    config = HypernetConfig(context_dim=context_dim("reference"), hidden=8, embed=16)
    other = Controller(
        name="other",
        network=Hypernetwork(config),
        normalization=Normalization(np.zeros(17), np.ones(17)),
        task="flat",
        context="reference",
    )
    other.save(tmp_path / "other.safetensors")
    settings = replace(TINY, teacher="generalist", observation="state")
    with pytest.raises(TrainingError, match="takes the context 'continuous', as trainings have it"):
        TeacherTrainer(pool, settings, tmp_path, initialize_from=tmp_path / "other.safetensors")


def test_who_cannot_hear_a_clock_is_told():
    with pytest.raises(TrainingError, match="expected a generalist or specialists to hear it"):
        PPOSettings(teacher="gnn", clock=1)


def test_a_device_that_is_not_there_is_named(pool, tmp_path):
    with pytest.raises(TrainingError, match="no device 'cuda': torch finds no CUDA here"):
        TeacherTrainer(pool, TINY, tmp_path, device="cuda")


def test_the_paper_preset_is_the_published_network():
    network = new_teacher(PRESETS["paper"], n_max=12)
    own = dict(network.named_parameters())
    assert sum(p.numel() for name, p in own.items() if name.startswith("actor")) > 1_640_000


def test_unknown_kinds_and_views_are_named(pool, tmp_path):
    with pytest.raises(UnknownNameError, match="kind of teacher 'gn'"):
        TeacherTrainer(pool, replace(TINY, teacher="gn"), tmp_path)
    with pytest.raises(UnknownNameError, match="observation 'limbs'"):
        TeacherTrainer(pool, replace(TINY, observation="limbs"), tmp_path)


def test_a_teacher_starts_from_another_on_another_pool(pool, teacher_file, tmp_path):
    smaller = TrainingSet(pool.graphs[:3], pool.origins[:3])
    trainer = TeacherTrainer(smaller, TINY, tmp_path, initialize_from=teacher_file)
    network, normalization, _ = load_teacher(teacher_file)
    assert trainer.steps_done == 0
    for ours, theirs in zip(trainer.network.parameters(), network.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    np.testing.assert_array_equal(trainer.state_moments.normalization().var, normalization.var)
    with pytest.raises(TrainingError, match="another network"):
        TeacherTrainer(pool, replace(TINY, width=16), tmp_path, initialize_from=teacher_file)


def test_another_training_is_not_taken_up(pool, teacher_file):
    with pytest.raises(TrainingError, match="another network"):
        TeacherTrainer(pool, replace(TINY, width=16), teacher_file.parent)
    with pytest.raises(TrainingError, match=r"another gamma \(0.99\)"):
        TeacherTrainer(pool, replace(TINY, gamma=0.9), teacher_file.parent)
    turned = TrainingSet(pool.graphs[::-1], pool.origins[::-1])
    with pytest.raises(TrainingError, match="another pool"):
        TeacherTrainer(turned, TINY, teacher_file.parent)
    with pytest.raises(TrainingError, match="a pool of 4 bodies cannot fill 5"):
        TeacherTrainer(pool, replace(TINY, n_active=5), teacher_file.parent)


def test_a_row_without_its_checkpoint_is_not_kept(pool, tmp_path, monkeypatch):
    def cut_off(trainer, env):
        raise KeyboardInterrupt

    once = replace(TINY, steps=TINY.steps // 2)
    TeacherTrainer(pool, once, tmp_path).train()
    with monkeypatch.context() as patch:
        patch.setattr(TeacherTrainer, "_save", cut_off)
        with pytest.raises(KeyboardInterrupt):
            TeacherTrainer(pool, TINY, tmp_path).train()
    TeacherTrainer(pool, TINY, tmp_path).train()
    with (tmp_path / "log.csv").open() as file:
        assert [row["steps"] for row in csv.DictReader(file)] == ["48", "96"]


def test_a_policy_is_judged_under_the_noise_that_it_acted_with(pool, tmp_path, monkeypatch):
    judged, plain = [], ppo.ppo_losses

    def watched(*batch, scale, **rest):
        judged.append(scale)
        return plain(*batch, scale=scale, **rest)

    monkeypatch.setattr(ppo, "ppo_losses", watched)
    rows = []
    settings = replace(TINY, noise_correlation=0.0, minibatch_steps=8)
    TeacherTrainer(pool, settings, tmp_path).train(report=rows.append)
    acted = [0.9, math.sqrt(0.9 * 0.35)]
    np.testing.assert_allclose([row["action_std"] for row in rows], acted)
    np.testing.assert_allclose(judged, [0.5 / std**2 for std in acted])


def test_the_clock_runs_while_the_moments_are_found(pool, tmp_path, monkeypatch):
    # As many control steps as MuJoCo's time says, from the first one on.
    settings = replace(TINY, teacher="generalist", observation="state", clock=1, replaced_per_update=0)
    seen = []

    def watch(trainer, env, std):
        times = [env.state_dict()[f"{slot}/physics"][:, 0] for slot in range(settings.n_active)]
        seen.append((trainer._elapsed.copy(), np.stack(times) / 0.02))
        return collect_plainly(trainer, env, std)

    collect_plainly = TeacherTrainer._collect
    monkeypatch.setattr(TeacherTrainer, "_collect", watch)
    TeacherTrainer(pool, settings, tmp_path).train()
    counted, simulated = seen[0]
    assert counted.max() > 0
    np.testing.assert_array_equal(counted, simulated.round())


def test_a_lost_network_is_not_kept(pool, tmp_path):
    trainer = TeacherTrainer(pool, TINY, tmp_path)
    next(trainer.network.parameters()).data.fill_(math.nan)
    with pytest.raises(TrainingError, match="weights are no finite numbers"):
        trainer.train()
    assert not (tmp_path / "teacher.safetensors").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_lr": -1e-3}, "max_lr: expected a number above 0, got -0.001"),
        ({"warmup": -0.01}, r"warmup: expected 0 \.\. 1, got -0.01"),
        ({"alive_bonus": math.nan}, "alive_bonus: expected 0 .* got nan"),
        ({"no_progress_m": math.inf}, "no_progress_m: expected a number above 0, got inf"),
        ({"width": 0}, "width: expected at least 1, got 0"),
        ({"horizon": 1, "n_envs": 1, "minibatch_steps": 1}, "at least 2 control steps of a body"),
    ],
)
def test_what_trains_nothing_or_uphill_is_refused(changes, message):
    with pytest.raises(TrainingError, match=message):
        replace(TINY, **changes)


def test_settings_out_of_range_are_named():
    with pytest.raises(TrainingError, match="minibatch_steps: expected the horizon of 8"):
        replace(TINY, minibatch_steps=9)
    with pytest.raises(TrainingError, match="n_workers: expected at least 1, got 0"):
        replace(TINY, n_workers=0)
    with pytest.raises(TrainingError, match="alive_until: expected a number above 0, got 0"):
        replace(TINY, alive_until=0)
    with pytest.raises(TrainingError, match=r"robot_mutants: expected 0 \.\. 1, got 7"):
        TrainingSetSettings(robot_mutants=7)
    with pytest.raises(TrainingError, match="sampled: expected at least 0, got -5"):
        TrainingSetSettings(sampled=-5)
    with pytest.raises(TrainingError, match="episodes: expected at least 1, got 0"):
        CalibrateSettings(episodes=0)
    with pytest.raises(TrainingError, match="every: expected at least 1, got 0"):
        CollectSettings(every=0)
    with pytest.raises(TrainingError, match="held_out: expected 0 or more, less than 1, got 1"):
        DistillSettings(held_out=1)


def test_robots_alone_fill_the_places_that_they_have(pool, tmp_path):
    # The published setting draws nothing but robots, and this pool has two.
    settings = replace(TINY, robot_share=1.0, replaced_per_update=2)
    with pytest.raises(TrainingError, match="2 of the pool's bodies are drawn at robot_share=1"):
        TeacherTrainer(pool, settings, tmp_path / "three")
    rows = []
    TeacherTrainer(pool, replace(settings, n_active=2), tmp_path).train(report=rows.append)
    assert len(rows) == 3


def test_a_teacher_is_evaluated_like_a_controller(pool, teacher_file):
    result = evaluate(pool.graphs[:1], teacher_file, episodes=2, n_workers=1)
    assert result.summary()["bodies"] == 1
    assert np.isfinite(result.scores).all()
