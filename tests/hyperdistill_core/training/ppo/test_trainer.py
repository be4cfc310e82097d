"""Whole trainings at a tiny size: they learn, stop, continue and give the same."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
import torch

from hyperdistill_core.checkpoint_file import load_checkpoint
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.evaluation.checkpoint_policies import CheckpointPolicies
from hyperdistill_core.nets.teachers import TEACHERS
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.ppo import RolloutCollector, TeacherTrainer, TrainerState, update
from hyperdistill_core.training.ppo.new_teachers import OBSERVATION_DIMS
from hyperdistill_core.training.teacher_file import load_teacher
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.errors import UnknownNameError
from tests.helpers.tiny_training import TINY

pytestmark = pytest.mark.slow


def test_a_teacher_trains_stops_and_continues(training_set, tmp_path):
    half = TINY.steps // 2
    TeacherTrainer(training_set, TINY.replace(steps=half), tmp_path).train()
    before = load_teacher(tmp_path / "teacher.safetensors")
    again = TeacherTrainer(training_set, TINY, tmp_path)
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


def test_an_episode_without_progress_ends_without_the_bonus(training_set, tmp_path):
    def trained(name, **changes):
        # No body moves a hundred meters in a control step, so every episode ends at once.
        settings = TINY.replace(
            no_progress_steps=1, no_progress_m=100.0, replaced_per_update=0, **changes
        )
        rows = []
        TeacherTrainer(training_set, settings, tmp_path / name).train(report=rows.append)
        assert all(row["episodes"] == 3 * 2 * 8 for row in rows)
        assert all(row["no_progress"] + row["falls"] == 1 for row in rows)
        return load_teacher(tmp_path / name / "teacher.safetensors")[0].state_dict()

    plain, paid = trained("plain", alive_bonus=0.0), trained("paid", alive_bonus=5.0)
    assert all(torch.equal(plain[name], tensor) for name, tensor in paid.items())


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("gnn", {}),
        ("generalist", {}),
        ("generalist", {"task": "csr", "height_samples": 195, "clock_harmonics": 1}),
        ("specialists", {"task": "csr", "height_samples": 195}),
        ("generalist", {"task": "goals", "target": "goal"}),
    ],
)
def test_a_training_that_was_stopped_continues_as_if_it_had_not(
    training_set, tmp_path, kind, changes
):
    settings = TINY.replace(
        teacher=kind, observation="state", steps=5 * 3 * 2 * 8, desired_kl=0.001, **changes
    )
    if kind == "specialists":
        settings = settings.replace(n_active=len(training_set))
    TeacherTrainer(training_set, settings, tmp_path / "whole").train()

    def stop(row):
        if row["steps"] >= 2 * 3 * 2 * 8:
            raise KeyboardInterrupt("stop")

    with pytest.raises(KeyboardInterrupt, match="stop"):
        TeacherTrainer(training_set, settings, tmp_path / "parts").train(report=stop)
    TeacherTrainer(training_set, settings, tmp_path / "parts").train()
    whole, parts = (
        load_checkpoint(tmp_path / name / "teacher.safetensors", kind="teacher")
        for name in ("whole", "parts")
    )
    assert whole[1] | {"seconds": 0} == parts[1] | {"seconds": 0}
    assert whole[0].keys() == parts[0].keys()
    for name, array in whole[0].items():
        np.testing.assert_array_equal(array, parts[0][name], err_msg=name)


@pytest.mark.parametrize("kind", sorted(TEACHERS))
@pytest.mark.parametrize("observation", sorted(OBSERVATION_DIMS))
def test_every_kind_of_teacher_trains(training_set, tmp_path, kind, observation):
    settings = TINY.replace(teacher=kind, observation=observation, feedforward=8, favor_short=1.0)
    if kind == "specialists":
        settings = settings.replace(n_active=len(training_set), steps=2 * len(training_set) * 2 * 8)
    trainer = TeacherTrainer(training_set, settings, tmp_path)
    before = [parameter.detach().clone() for parameter in trainer.network.parameters()]
    trainer.train()
    network, _, meta = load_teacher(tmp_path / "teacher.safetensors")
    assert (meta["network"]["kind"], meta["steps"]) == (kind, settings.steps)
    for old, new in zip(before, network.parameters(), strict=True):
        assert not torch.equal(old, new)
    if kind != "specialists":
        graph, task = training_set.graphs[0], get_task(settings.task)
        policy = CheckpointPolicies.load(tmp_path / "teacher.safetensors").for_body(graph, task)
        assert np.isfinite(rollout(graph, policy, task=task, episodes=1).score)


@pytest.mark.parametrize("average_last", [0.0, 0.5])
def test_a_training_results_in_the_mean_of_its_last_weights(training_set, tmp_path, average_last):
    settings = TINY.replace(steps=4 * TINY.steps // 2, average_last=average_last)
    trainer = TeacherTrainer(training_set, settings, tmp_path)
    seen = []

    def keep(row):
        seen.append([weight.detach().clone() for weight in trainer.network.parameters()])

    trainer.train(report=keep)
    assert len(seen) == 4
    # The weights after the second update are those of half the training.
    last = seen[1:] if average_last else seen[3:]
    network, _, _ = load_teacher(tmp_path / "teacher.safetensors")
    for number, weight in enumerate(network.parameters()):
        mean = torch.stack([weights[number] for weights in last]).mean(dim=0)
        torch.testing.assert_close(weight, mean)


@pytest.mark.parametrize("warmup", [0.0, 0.5])
def test_a_training_by_the_clock_learns_from_the_first_update_on(training_set, tmp_path, warmup):
    rows = []
    settings = TINY.replace(minutes=1e-4, warmup=warmup)
    TeacherTrainer(training_set, settings, tmp_path).train(report=rows.append)
    assert len(rows) == 1
    assert rows[0]["lr"] > 0.0


def test_a_missing_device_is_named(training_set, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TrainingError, match=r"device: expected cpu, .* got 'cuda'"):
        TeacherTrainer(training_set, TINY, tmp_path, device="cuda")


def test_an_unknown_kind_of_teacher_is_named(training_set, tmp_path):
    with pytest.raises(UnknownNameError, match="kind of teacher 'gn'"):
        TeacherTrainer(training_set, TINY.replace(teacher="gn"), tmp_path)


def test_another_training_is_not_continued(training_set, teacher_file):
    with pytest.raises(TrainingError, match="another network"):
        TeacherTrainer(training_set, TINY.replace(width=16), teacher_file.parent)
    with pytest.raises(TrainingError, match=r"another gamma \(0.99\)"):
        TeacherTrainer(training_set, TINY.replace(gamma=0.9), teacher_file.parent)
    turned = TrainingSet(training_set.graphs[::-1], training_set.origins[::-1])
    with pytest.raises(TrainingError, match="another training set"):
        TeacherTrainer(turned, TINY, teacher_file.parent)
    with pytest.raises(TrainingError, match=r"n_active: expected at most the 4 bodies .* got 5"):
        TeacherTrainer(training_set, TINY.replace(n_active=5), teacher_file.parent)


def test_a_row_without_its_checkpoint_is_dropped(training_set, tmp_path, monkeypatch):
    def interrupt(state, path):
        raise KeyboardInterrupt

    once = TINY.replace(steps=TINY.steps // 2)
    TeacherTrainer(training_set, once, tmp_path).train()
    with monkeypatch.context() as patch:
        patch.setattr(TrainerState, "save", interrupt)
        with pytest.raises(KeyboardInterrupt):
            TeacherTrainer(training_set, TINY, tmp_path).train()
    TeacherTrainer(training_set, TINY, tmp_path).train()
    with (tmp_path / "log.csv").open() as file:
        assert [row["steps"] for row in csv.DictReader(file)] == ["48", "96"]


def test_a_policy_is_judged_under_the_noise_that_it_acted_with(training_set, tmp_path, monkeypatch):
    scales, ppo_losses = [], update.ppo_losses

    def watch(*batch, scale, **rest):
        scales.append(scale)
        return ppo_losses(*batch, scale=scale, **rest)

    monkeypatch.setattr(update, "ppo_losses", watch)
    rows = []
    settings = TINY.replace(final_action_std=0.35, minibatches=1)
    TeacherTrainer(training_set, settings, tmp_path).train(report=rows.append)
    stds = [0.9, math.sqrt(0.9 * 0.35)]
    np.testing.assert_allclose([row["action_std"] for row in rows], stds)
    np.testing.assert_allclose(scales, [0.5 / std**2 for std in stds])


def test_the_clock_runs_during_the_warm_up(training_set, tmp_path, monkeypatch):
    # The counters have as many control steps as MuJoCo's time, from the first rollout on.
    settings = TINY.replace(
        teacher="generalist", observation="state", clock_harmonics=1, replaced_per_update=0
    )
    seen = []

    def watch(collector, env, *bodies, **options):
        times = [env.state_dict()[f"{slot}/physics"][:, 0] for slot in range(settings.n_active)]
        seen.append((collector.episodes.elapsed.copy(), np.stack(times) / 0.02))
        return collect(collector, env, *bodies, **options)

    collect = RolloutCollector.collect
    monkeypatch.setattr(RolloutCollector, "collect", watch)
    TeacherTrainer(training_set, settings, tmp_path).train()
    counted, simulated = seen[0]
    assert counted.max() > 0
    np.testing.assert_array_equal(counted, simulated.round())


def test_a_network_with_infinite_weights_is_not_stored(training_set, tmp_path):
    trainer = TeacherTrainer(training_set, TINY, tmp_path)
    next(trainer.network.parameters()).data.fill_(math.nan)
    with pytest.raises(TrainingError, match="network: expected finite weights"):
        trainer.train()
    assert not (tmp_path / "teacher.safetensors").exists()


def test_robots_alone_fill_as_many_slots_as_there_are_robots(training_set, tmp_path):
    # The published settings draw robots alone, and this training set has two.
    settings = TINY.replace(robot_share=1.0, replaced_per_update=2)
    with pytest.raises(TrainingError, match=r"at most 2, .* with robot_share=1"):
        TeacherTrainer(training_set, settings, tmp_path / "three")
    rows = []
    TeacherTrainer(training_set, settings.replace(n_active=2), tmp_path).train(report=rows.append)
    assert len(rows) == 3


def test_specialists_need_all_bodies_active(training_set, tmp_path):
    settings = TINY.replace(teacher="specialists", observation="state")
    with pytest.raises(TrainingError, match=r"n_active: expected all 4 bodies .* got 3"):
        TeacherTrainer(training_set, settings, tmp_path)
