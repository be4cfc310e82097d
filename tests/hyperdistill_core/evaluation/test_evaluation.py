"""Evaluations: policies from checkpoints, and figures over bodies."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch

from hyperdistill_core.controller.controller import Controller, ControllerError
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.evaluation import evaluation
from hyperdistill_core.evaluation.checkpoint_policies import CheckpointPolicies
from hyperdistill_core.evaluation.evaluation import (
    Evaluation,
    evaluate,
    paired_ratio,
    select_variants,
)
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.teachers import Generalist
from hyperdistill_core.rollout import Rollout, SeeingPolicy, rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.ppo import TeacherTrainer
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.sampling import sample_body
from tests.helpers.tiny_training import TINY

TASK = get_task("flat")
TEACHER = Path(
    str(resources.files("hyperdistill_core.controller.checkpoints") / "flat-v0/teacher.safetensors")
)


class Scored(Rollout):
    """A rollout of one score, which fell or not."""

    def __init__(self, score: float, *, fell: bool) -> None:
        object.__setattr__(self, "returns", np.array([score]))
        object.__setattr__(self, "fell", np.array([fell]))


@pytest.fixture(scope="module")
def body():
    return sample_body(np.random.default_rng(1))


def test_summary_counts_falls_and_failures():
    scores = [100.0, 300.0, 5.0, 195.0]
    result = Evaluation(tuple(Scored(s, fell=s < 150.0) for s in scores))
    summary = result.summary()
    assert (summary["bodies"], summary["mean"], summary["median"]) == (4, 150.0, 147.5)
    assert (summary["worst"], summary["best"]) == (5.0, 300.0)
    assert (summary["falls"], summary["failure_rate"]) == (0.5, 0.25)
    assert summary["low"] < 150.0 < summary["high"]
    draws = np.random.default_rng(0).choice(scores, size=(2000, 4)).mean(axis=1)
    assert (summary["low"], summary["high"]) == pytest.approx(np.quantile(draws, [0.025, 0.975]))


def test_shares_of_a_mean_that_is_not_positive_mean_nothing():
    negative, positive = np.array([-10.0, -5.0]), np.array([10.0, 20.0])
    summary = Evaluation(tuple(Scored(s, fell=False) for s in negative)).summary()
    assert summary["mean"] == -7.5
    assert math.isnan(summary["failure_rate"])
    assert np.isnan(paired_ratio(negative, positive)).all()
    assert np.isnan(paired_ratio(positive, negative)).all()


def test_one_body_is_its_own_interval():
    assert Evaluation((Scored(7.0, fell=False),)).interval() == (7.0, 7.0)


def test_paired_ratio_draws_bodies_with_both_scores():
    theirs = np.array([10.0, 20.0, 400.0])
    assert paired_ratio(0.5 * theirs, theirs) == pytest.approx((0.5, 0.5, 0.5))
    ratio, low, high = paired_ratio(np.array([30.0, 20.0, 100.0]), theirs)
    assert ratio == pytest.approx(150.0 / 430.0)
    assert low < ratio < high


def test_evaluation_equals_the_rollout_of_each_variant(variant_controller, body):
    controller = Controller.load(variant_controller)
    result = evaluate(
        [body, body], variant_controller, episodes=2, seed=3, variants=[0, 2], n_workers=1
    )
    for variant, found in zip((0, 2), result.rollouts, strict=True):
        policy = controller.for_body(body, TASK.model(body), variant=variant)
        expected = rollout(body, policy, task=TASK, episodes=2, seed=3)
        np.testing.assert_array_equal(found.returns, expected.returns)


def test_a_blind_evaluation_hides_the_ground(body, tmp_path):
    controller = Controller.load("flat-v0")
    network = Generalist.from_hypernetwork(
        Hypernetwork.from_numpy(controller.network), terrain_dim=195
    ).actor
    torch.manual_seed(0)
    torch.nn.init.normal_(network.terrain_head.bias, std=0.3)
    path = tmp_path / "seeing.safetensors"
    replace(controller, network=network.to_numpy()).save(path)
    options = {"task": "incline", "episodes": 1, "seed": 3, "n_workers": 1}
    seeing, blind = (evaluate([body], path, blind=blind, **options) for blind in (False, True))
    task = get_task("incline")
    policy = Controller.load(path).for_body(body, task.model(body)).on_flat_ground()
    expected = rollout(body, policy, task=task, episodes=1, seed=3)
    np.testing.assert_array_equal(blind.rollouts[0].returns, expected.returns)
    assert seeing.scores[0] != blind.scores[0]


def test_a_blind_teacher_acts_as_on_flat_ground(body, seeing_controller, monkeypatch):
    controller, task = Controller.load(seeing_controller), get_task("incline")
    network = Generalist.from_hypernetwork(Hypernetwork.from_numpy(controller.network)).eval()
    policies = CheckpointPolicies((network, controller.normalization))
    monkeypatch.setattr(CheckpointPolicies, "load", lambda _: policies)
    short = replace(task, max_steps=30)
    monkeypatch.setattr(evaluation, "get_task", lambda _: short)
    seeing, blind = (
        evaluation._BodyEvaluator("it", task="it", episodes=1, seed=0, blind=blind)((body, 0))
        for blind in (False, True)
    )
    folded = controller.for_body(body, task.model(body)).on_flat_ground()
    expected = rollout(body, folded, task=short, episodes=1)
    # (the last digits of float32 differ between processors, and contacts amplify them)
    np.testing.assert_allclose(blind.returns, expected.returns, rtol=1e-2)
    assert abs(seeing.returns - expected.returns) > 0.1 * abs(expected.returns)


def test_a_teacher_that_sees_acts_as_its_controller(body, seeing_controller):
    controller, task = Controller.load(seeing_controller), get_task("incline")
    network = Generalist.from_hypernetwork(Hypernetwork.from_numpy(controller.network)).eval()
    policies = CheckpointPolicies((network, controller.normalization))
    policy = policies.for_body(body, task)
    assert isinstance(policy, SeeingPolicy)
    rng = np.random.default_rng(0)
    states, heights = rng.normal(size=(3, len(body), 17)), rng.normal(size=(3, 195))
    expected = controller.for_body(body, task.model(body)).act(states, heights, time=0.2)
    np.testing.assert_allclose(policy.act(states, heights, time=0.2), expected, atol=1e-4)
    short = replace(task, max_steps=50)
    assert rollout(body, policy, task=short, episodes=1).lengths[0] > 1


def test_workers_need_torch_for_teachers_alone():
    code = (
        "import sys; from hyperdistill_core.evaluation.evaluation import CheckpointPolicies;"
        "CheckpointPolicies.load('flat-v0'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.skipif(not TEACHER.exists(), reason="the teacher is in the repository only")
def test_the_teacher_beside_flat_v0_acts(body):
    policies = CheckpointPolicies.load(TEACHER)
    policy = policies.for_body(body, TASK)
    states = np.random.default_rng(0).normal(size=(3, len(body), 17))
    assert policy.act(states).shape == (3, TASK.model(body).nu)
    np.testing.assert_array_equal(policy.act(states), policies.for_body(body, TASK).act(states))


@pytest.mark.skipif(not TEACHER.exists(), reason="the teacher is in the repository only")
def test_a_teacher_has_one_variant(body):
    assert select_variants([body], TEACHER, best_of=1) == [0]
    with pytest.raises(TrainingError, match=r"best_of: expected 1 for a teacher.*got 2"):
        select_variants([body], TEACHER, best_of=2)


def test_unknown_controllers_and_too_many_variants_are_refused(variant_controller, body):
    with pytest.raises(ControllerError, match="no controller 'flat-v9'"):
        evaluate([body], "flat-v9", n_workers=1)
    with pytest.raises(ControllerError, match=r"best_of: expected 1 \.\. 4, .*got 5"):
        select_variants([body], variant_controller, best_of=5)


@pytest.mark.slow
def test_specialists_are_no_policy_for_any_body(tmp_path):
    bodies = tuple(sample_body(np.random.default_rng(seed)) for seed in range(2))
    settings = TINY.replace(teacher="specialists", n_active=2, replaced_per_update=0, steps=1)
    trainer = TeacherTrainer(TrainingSet(bodies, ("sampled",) * 2), settings, tmp_path)
    trainer.train()
    with pytest.raises(TrainingError, match="expected a policy for any body, got a specialists"):
        CheckpointPolicies.load(tmp_path / "teacher.safetensors")
