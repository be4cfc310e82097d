"""Calibrations: networks are scored, fine-tuned and scored again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from hyperdistill_core.checkpoint_file import load_checkpoint, save_checkpoint
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import CheckpointError, SettingsError, TrainingError
from hyperdistill_core.evaluation.calibration import CalibrateSettings, calibrate
from hyperdistill_core.evaluation.evaluation import evaluate, select_variants
from hyperdistill_core.features import STATE_DIM, context_dim
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.finetuning import (
    MANIFEST,
    score_specialists,
    specialist_policy,
)
from hyperdistill_core.training.ppo import TeacherTrainer
from hyperdistill_core.training.teacher_file import load_teacher
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.sampling import sample_body

pytestmark = pytest.mark.slow
TINY = CalibrateSettings(steps_per_body=2 * 8 * 3, n_envs=2, horizon=8, episodes=2, n_workers=1)


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(3)]


@pytest.fixture(scope="module")
def controller(tmp_path_factory):
    torch.manual_seed(0)
    network = Hypernetwork(HypernetConfig(context_dim=context_dim("continuous"), hidden=16))
    heads: list[Any] = [network.input_head, network.output_head, *network.hidden_heads]
    for head in heads:
        torch.nn.init.normal_(head.weight.weight, std=0.05)
    rng = np.random.default_rng(5)
    normalization = Normalization(rng.normal(size=STATE_DIM), rng.uniform(0.5, 2.0, STATE_DIM))
    path = tmp_path_factory.mktemp("controller") / "x.safetensors"
    Controller(
        name="x",
        network=network.to_numpy(),
        normalization=normalization,
        task="flat",
        context="continuous",
    ).save(path)
    return path


def _start(bodies, controller, folder):
    training_set = TrainingSet(tuple(bodies), ("robot",) * len(bodies))
    return TeacherTrainer(training_set, TINY.ppo(len(bodies)), folder, initialize_from=controller)


def test_specialists_start_as_the_generated_networks(bodies, controller, tmp_path):
    trainer = _start(bodies, controller, tmp_path)
    task = get_task("flat")
    loaded = Controller.load(controller)
    for number, graph in enumerate(bodies):
        ours = specialist_policy(
            trainer.network, trainer.state_moments.normalization(), number, graph, "flat"
        )
        theirs = loaded.for_body(graph, task.model(graph))
        states = np.random.default_rng(number).normal(size=(4, len(graph), STATE_DIM))
        np.testing.assert_allclose(ours.act(states), theirs.act(states), rtol=1e-5, atol=1e-5)


def test_best_of_scores_and_trains_the_best_variant(bodies, controller, tmp_path):
    factors = 1.0 + 0.5 * np.random.default_rng(1).normal(size=(4, context_dim("continuous")))
    factors[0] = 1.0
    path = tmp_path / "variants.safetensors"
    replace(Controller.load(controller), variants=factors.astype(np.float32)).save(path)
    variants = select_variants(bodies, path, best_of=4, n_workers=1)
    assert any(variants)
    result = calibrate(bodies, path, TINY.replace(best_of=4), tmp_path / "out")
    before = evaluate(bodies, path, episodes=2, variants=variants, n_workers=1).scores
    np.testing.assert_array_equal(result.zero_shot, before)
    training_set = TrainingSet(tuple(bodies), ("robot",) * len(bodies))
    settings = TINY.ppo(len(bodies))
    trainer = TeacherTrainer(
        training_set, settings, tmp_path / "start", initialize_from=path, variants=variants
    )
    task, loaded = get_task("flat"), Controller.load(path)
    for number, graph in enumerate(bodies):
        ours = specialist_policy(
            trainer.network, trainer.state_moments.normalization(), number, graph, "flat"
        )
        theirs = loaded.for_body(graph, task.model(graph), variant=variants[number])
        states = np.random.default_rng(number).normal(size=(4, len(graph), STATE_DIM))
        np.testing.assert_allclose(ours.act(states), theirs.act(states), rtol=1e-4, atol=1e-4)
    with pytest.raises(CheckpointError, match="another budget, seed, controller or bodies"):
        calibrate(bodies, path, TINY, tmp_path / "out")


def test_calibration_scores_trains_and_scores_again(bodies, controller, tmp_path):
    rows = []
    first = calibrate(bodies, controller, TINY, tmp_path, report=rows.append)
    assert [row["steps"] for row in rows] == [2 * 8 * 3, 4 * 8 * 3, 6 * 8 * 3]
    assert first.zero_shot.shape == first.trained.shape == first.at_the_end.shape == (3,)
    _, normalization, meta = load_teacher(tmp_path / "teacher.safetensors")
    assert meta["network"]["hidden"] == 16
    np.testing.assert_array_equal(
        normalization.mean, Controller.load(controller).normalization.mean
    )
    # A second call only scores.
    again = calibrate(bodies, controller, TINY, tmp_path, report=rows.append)
    assert len(rows) == 3
    np.testing.assert_array_equal(again.trained, first.trained)


def test_a_body_keeps_its_best_checkpoint(bodies, controller, tmp_path):
    settings = TINY.replace(checkpoints=3)
    calibrate(bodies, controller, settings, tmp_path)
    checkpoints = [tmp_path / f"checkpoint-{number}.safetensors" for number in (1, 2, 3)]
    assert all(path.exists() for path in checkpoints)
    # The second body's network is zeroed at the end, the first body's at the start and in between.
    for path, body in ((checkpoints[2], 1), (checkpoints[0], 0), (checkpoints[1], 0)):
        tensors, meta = load_checkpoint(path, kind="teacher")
        for name in tensors:
            tensors[name][body] = 0.0
        save_checkpoint(path, tensors, meta)
    result = calibrate(bodies, controller, settings, tmp_path)
    start = [evaluate(bodies, controller, episodes=2, seed=seed).scores for seed in (0, 1, 2)]
    np.testing.assert_array_equal(result.zero_shot, start[0])
    every = [(path, body) for path in checkpoints for body in range(3)]
    usual = {"task": "flat", "episodes": 2, "n_workers": 1}
    selection, fresh = (
        np.array([start[n], *score_specialists(bodies, every, seed=n, **usual).reshape(3, 3)])
        for n in (1, 2)
    )
    network, normalization, _ = load_teacher(checkpoints[1])
    for body, graph in enumerate(bodies):
        policy = specialist_policy(network, normalization, body, graph, "flat")
        alone = rollout(graph, policy, task=get_task("flat"), episodes=2, seed=2)
        assert fresh[2, body] == alone.score
    np.testing.assert_array_equal(result.at_the_end, fresh[-1])
    np.testing.assert_array_equal(result.trained, fresh[selection.argmax(axis=0), range(3)])
    assert len(set(selection.argmax(axis=0))) > 1, "else this test shows little"


def test_a_folder_belongs_to_one_calibration(bodies, controller, tmp_path):
    alone = calibrate(bodies, controller, TINY, tmp_path)
    again = calibrate(bodies, controller, TINY.replace(n_workers=2), tmp_path)
    np.testing.assert_array_equal(again.trained, alone.trained)
    np.testing.assert_array_equal(again.at_the_end, alone.at_the_end)
    longer = TINY.replace(steps_per_body=2 * TINY.steps_per_body)
    with pytest.raises(CheckpointError, match="another budget, seed, controller or bodies"):
        calibrate(bodies, controller, longer, tmp_path)
    (tmp_path / MANIFEST).unlink()
    with pytest.raises(CheckpointError, match="another budget, seed, controller or bodies"):
        calibrate(bodies, controller, TINY, tmp_path)


def test_a_checkpoint_that_a_kill_left_out_is_written_again(bodies, controller, tmp_path):
    whole = calibrate(bodies, controller, TINY.replace(checkpoints=3), tmp_path)
    last = tmp_path / "checkpoint-3.safetensors"
    kept = last.read_bytes()
    last.unlink()
    again = calibrate(bodies, controller, TINY.replace(checkpoints=3), tmp_path)
    assert last.read_bytes() == kept
    np.testing.assert_array_equal(again.trained, whole.trained)


def test_no_checkpoint_is_refused():
    with pytest.raises(SettingsError, match="checkpoints: expected at least 1, got 0"):
        TINY.replace(checkpoints=0)


def test_two_bodies_are_refused(bodies, controller, tmp_path):
    with pytest.raises(TrainingError, match="a ranking needs at least 3 bodies, got 2"):
        calibrate(bodies[:2], controller, TINY, tmp_path)


def test_specialists_train_on_all_bodies_at_once(bodies, tmp_path):
    training_set = TrainingSet(tuple(bodies), ("robot",) * 3)
    settings = TINY.ppo(3).replace(n_active=2)
    with pytest.raises(TrainingError, match=r"n_active.* 3 .*got 2"):
        TeacherTrainer(training_set, settings, tmp_path)
