"""Rounds of a fine-tuning: few bodies learn much, and an interruption changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.checkpoint_file import load_checkpoint
from hyperdistill_core.errors import CheckpointError
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.finetuning import FineTuneSettings, finetune, load_specialists
from hyperdistill_core.training.finetuning.rounds import Round, keep_specialists, plan_rounds
from hyperdistill_core.training.ppo import PPOSettings, TeacherTrainer
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.sampling import sample_body

SETTINGS = FineTuneSettings(
    steps_per_body=32, rounds=2, n_envs=2, horizon=8, episodes=1, checkpoints=2, n_workers=1
)


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
def test_a_later_round_starts_where_its_bodies_were(result):
    found, folder, _ = result
    learned = np.flatnonzero(found.steps > found.steps.min()).tolist()
    before, _ = load_specialists(folder / "checkpoint-2.safetensors")
    start, _ = load_specialists(folder / "round-2" / "start.safetensors")
    for own, old in zip(start.parameters(), before.parameters(), strict=True):
        np.testing.assert_array_equal(own.detach(), old.detach()[learned])


@pytest.mark.slow
@pytest.mark.parametrize("stopped", [1, 2])
def test_an_interruption_changes_nothing(result, bodies, variant_controller, tmp_path, stopped):
    found, _, _ = result
    rows = []

    def stop(row):
        rows.append(row)
        if len(rows) == stopped:
            raise KeyboardInterrupt("stop")

    with pytest.raises(KeyboardInterrupt, match="stop"):
        finetune(bodies, variant_controller, SETTINGS, tmp_path, report=stop)
    again = finetune(bodies, variant_controller, SETTINGS, tmp_path)
    np.testing.assert_array_equal(again.trained, found.trained)
    np.testing.assert_array_equal(again.at_the_end, found.at_the_end)
    np.testing.assert_array_equal(again.steps, found.steps)


@pytest.mark.slow
def test_specialists_start_from_as_many_specialists_only(result, bodies, tmp_path):
    _, folder, _ = result
    settings = PPOSettings(
        teacher="specialists", observation="state", n_active=3, n_envs=2, horizon=8, steps=48
    )
    three = TrainingSet(tuple(bodies[:3]), ("robot",) * 3)
    file = folder / "checkpoint-2.safetensors"
    with pytest.raises(CheckpointError, match="another number of bodies"):
        TeacherTrainer(three, settings, tmp_path, initialize_from=file)
    keep_specialists(file, [2, 0, 1], tmp_path / "three.safetensors")
    _, meta = load_checkpoint(tmp_path / "three.safetensors", kind="teacher")
    assert meta["network"]["bodies"] == 3
    TeacherTrainer(three, settings, tmp_path, initialize_from=tmp_path / "three.safetensors")
