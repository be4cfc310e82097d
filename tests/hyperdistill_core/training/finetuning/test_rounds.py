"""Rounds of a fine-tuning: few bodies learn much, and an interruption changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.checkpoint_file import load_checkpoint
from hyperdistill_core.errors import CheckpointError
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.finetuning import (
    FineTuneSettings,
    finetune,
    load_specialists,
    score_specialists,
)
from hyperdistill_core.training.finetuning.rounds import Round, join_specialists, plan_rounds
from hyperdistill_core.training.ppo import PPOSettings, TeacherTrainer
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.sampling import sample_body

SETTINGS = FineTuneSettings(
    steps_per_body=32, rounds=2, n_envs=2, horizon=8, episodes=1, checkpoints=2, n_workers=1
)
LONGER = SETTINGS.replace(steps_per_body=96)


@pytest.mark.parametrize(
    ("bodies", "rounds", "expected"),
    [
        (1, 5, [(1, 900)]),
        (2, 5, [(2, 450), (1, 900)]),
        (9, 1, [(9, 900)]),
        (9, 2, [(9, 450), (3, 1350)]),
        (27, 8, [(27, 225), (9, 675), (3, 2025), (1, 6075)]),
    ],
)
def test_every_round_has_as_many_steps(bodies, rounds, expected):
    assert plan_rounds(bodies, 900, rounds) == [Round(*each) for each in expected]
    assert sum(count * steps for count, steps in expected) == 900 * bodies


def test_a_body_learns_for_at_least_one_step():
    assert plan_rounds(9, 1, 3)[0] == Round(9, 1)


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(4)]


@pytest.fixture(scope="module")
def result(bodies, variant_controller, tmp_path_factory):
    """A fine-tuning in two rounds, its folder, and the rows of its log."""
    folder, rows = tmp_path_factory.mktemp("rounds"), []
    return finetune(bodies, variant_controller, SETTINGS, folder, report=rows.append), folder, rows


@pytest.mark.slow
def test_the_better_bodies_learn_on(result, bodies):
    found, folder, rows = result
    assert sorted(found.steps.tolist()) == [16, 16, 48, 48]
    assert [row["steps"] for row in rows] == [64, 128]
    files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("checkpoint-*"))
    assert files == ["checkpoint-2.safetensors", "round-2/checkpoint-2.safetensors"]
    network, _ = load_specialists(folder / "round-2" / "checkpoint-2.safetensors")
    assert network.separate_bodies == 2
    for graph, policy, score in zip(bodies, found.networks, found.trained, strict=True):
        seed = SETTINGS.seed_after
        run = rollout(graph, policy, task=get_task("flat"), episodes=1, seed=seed)
        assert run.score == score


@pytest.mark.slow
def test_a_later_round_starts_from_the_best_learned_networks(bodies, variant_controller, tmp_path):
    settings = SETTINGS.replace(steps_per_body=64, episodes=2)
    found = finetune(bodies, variant_controller, settings, tmp_path)
    files = [tmp_path / f"checkpoint-{number}.safetensors" for number in (1, 2)]
    pairs = [(file, body) for file in files for body in range(4)]
    options = {"task": "flat", "episodes": 2, "seed": settings.selection_seed, "n_workers": 1}
    scores = score_specialists(bodies, pairs, **options).reshape(2, 4)
    learned = np.flatnonzero(found.steps > found.steps.min()).tolist()
    assert set(learned) == set(np.argsort(-scores.max(axis=0))[:2].tolist())
    start, _ = load_specialists(tmp_path / "round-2" / "start.safetensors")
    for place, body in enumerate(learned):
        best, _ = load_specialists(files[int(scores[:, body].argmax())])
        for own, old in zip(start.parameters(), best.parameters(), strict=True):
            np.testing.assert_array_equal(own.detach()[place], old.detach()[body])


@pytest.fixture(scope="module")
def uninterrupted(bodies, variant_controller, tmp_path_factory):
    """A fine-tuning with three updates in each of its two rounds, and the number of updates."""
    rows = []
    folder = tmp_path_factory.mktemp("whole")
    return finetune(bodies, variant_controller, LONGER, folder, report=rows.append), len(rows)


@pytest.mark.slow
@pytest.mark.parametrize("stopped", [1, 2, 3, 5])
def test_an_interruption_changes_nothing(
    uninterrupted, bodies, variant_controller, tmp_path, stopped
):
    rows = []

    def stop(row):
        rows.append(row)
        if len(rows) == stopped:
            raise KeyboardInterrupt("stop")

    found, count = uninterrupted
    assert count == 6
    with pytest.raises(KeyboardInterrupt, match="stop"):
        finetune(bodies, variant_controller, LONGER, tmp_path, report=stop)
    again = finetune(bodies, variant_controller, LONGER, tmp_path)
    np.testing.assert_array_equal(again.trained, found.trained)
    np.testing.assert_array_equal(again.at_the_end, found.at_the_end)
    np.testing.assert_array_equal(again.steps, found.steps)
    for ours, theirs in zip(again.networks, found.networks, strict=True):
        for name, array in theirs.arrays().items():
            np.testing.assert_array_equal(ours.arrays()[name], array, err_msg=name)


@pytest.mark.slow
def test_specialists_start_from_as_many_that_are_large_enough(
    result, bodies, variant_controller, tmp_path
):
    _, folder, _ = result
    settings = PPOSettings(
        teacher="specialists", observation="state", n_active=3, n_envs=2, horizon=8, steps=48
    )
    three = TrainingSet(tuple(bodies[:3]), ("robot",) * 3)
    file, joined = folder / "checkpoint-2.safetensors", tmp_path / "three.safetensors"
    with pytest.raises(CheckpointError, match="another number of bodies"):
        TeacherTrainer(three, settings, tmp_path, initialize_from=file)
    join_specialists([(file, body) for body in (2, 0, 1)], joined)
    _, meta = load_checkpoint(joined, kind="teacher")
    assert meta["network"]["bodies"] == 3
    TeacherTrainer(three, settings, tmp_path, initialize_from=joined)
    few = tuple(sample_body(np.random.default_rng(seed)) for seed in (6, 11, 14))
    small = TrainingSet(few, ("robot",) * 3)
    TeacherTrainer(small, settings, tmp_path / "small", initialize_from=variant_controller).train()
    with pytest.raises(CheckpointError, match="for bodies of up to 9 nodes, got 6"):
        TeacherTrainer(
            three, settings, tmp_path, initialize_from=tmp_path / "small" / "teacher.safetensors"
        )
