"""Fine-tuning at a tiny size: scores before and after, and the best network of each body."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.evaluation.evaluation import evaluate
from hyperdistill_core.nets.numpy_hypernetwork import NumpyHypernetwork
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.finetuning import (
    FineTuneSettings,
    finetune,
    load_specialists,
    score_specialists,
    specialist_policy,
)
from morph_ops.sampling import sample_body

pytestmark = pytest.mark.slow
SETTINGS = FineTuneSettings(
    steps_per_body=2 * 8 * 2, n_envs=2, horizon=8, episodes=2, checkpoints=2, n_workers=1
)


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(2)]


@pytest.fixture(scope="module")
def result(bodies, variant_controller, tmp_path_factory):
    """A fine-tuning with variants, its folder, and the rows of its log."""
    folder, rows = tmp_path_factory.mktemp("finetune"), []
    found = finetune(
        bodies, variant_controller, SETTINGS, folder, variants=[1, 3], report=rows.append
    )
    return found, folder, rows


def test_every_body_gets_the_budget_and_its_checkpoints(result):
    _, folder, rows = result
    assert [row["steps"] for row in rows] == [2 * 8 * 2, 2 * 2 * 8 * 2]
    names = sorted(path.name for path in folder.glob("checkpoint-*"))
    assert names == ["checkpoint-1.safetensors", "checkpoint-2.safetensors"]


def test_scores_before_are_those_of_the_variants(result, bodies, variant_controller):
    before = evaluate(bodies, variant_controller, episodes=2, variants=[1, 3], n_workers=1)
    np.testing.assert_array_equal(result[0].zero_shot, before.scores)


def test_the_networks_have_the_scores_after(result, bodies):
    found, _, _ = result
    for graph, network, score in zip(bodies, found.networks, found.trained, strict=True):
        seed = SETTINGS.seed_after
        run = rollout(graph, network, task=get_task("flat"), episodes=2, seed=seed)
        assert run.score == score


def test_specialists_are_scored_as_their_policies(result, bodies):
    _, folder, _ = result
    file = folder / "checkpoint-2.safetensors"
    options = {"task": "flat", "episodes": 2, "seed": 5}
    scores = score_specialists(bodies, [(file, 1), (file, 0)], **options, n_workers=1)
    network, normalization = load_specialists(file)
    for body, score in zip((1, 0), scores, strict=True):
        policy = specialist_policy(network, normalization, body, bodies[body], "flat")
        run = rollout(bodies[body], policy, task=get_task("flat"), episodes=2, seed=5)
        assert run.score == score
    assert score_specialists(bodies, [], **options, n_workers=1).shape == (0,)


def test_a_finished_fine_tuning_only_scores_again(result, bodies, variant_controller):
    found, folder, _ = result
    rows = []
    again = finetune(
        bodies, variant_controller, SETTINGS, folder, variants=[1, 3], report=rows.append
    )
    assert rows == []
    np.testing.assert_array_equal(again.trained, found.trained)
    np.testing.assert_array_equal(again.at_the_end, found.at_the_end)


def test_a_network_that_sees_is_fine_tuned_with_its_eyes(bodies, seeing_controller, tmp_path):
    """Interrupted or not: the checkpoints are the same, and the best network sees."""
    graph, settings = bodies[0], SETTINGS.replace(task="incline", episodes=1)
    found = finetune([graph], seeing_controller, settings, tmp_path / "whole")

    def stop(row):
        raise KeyboardInterrupt("stop")

    with pytest.raises(KeyboardInterrupt, match="stop"):
        finetune([graph], seeing_controller, settings, tmp_path / "parts", report=stop)
    again = finetune([graph], seeing_controller, settings, tmp_path / "parts")
    assert found.networks[0].terrain_dim == 195
    for name, array in found.networks[0].arrays().items():
        np.testing.assert_array_equal(array, again.networks[0].arrays()[name], err_msg=name)
    file = "checkpoint-2.safetensors"
    learned, resumed = (
        specialist_policy(*load_specialists(tmp_path / name / file), 0, graph, "incline")
        for name in ("whole", "parts")
    )
    model = get_task("incline").model(graph)
    generated = Controller.load(seeing_controller).for_body(graph, model)
    for (ours, _), (theirs, _) in zip(learned.terrain, generated.terrain, strict=True):
        assert 1e-5 < np.abs(ours - theirs).max() < 0.1
    rng = np.random.default_rng(0)
    states, heights = rng.normal(size=(2, len(graph), 17)), rng.normal(size=(2, 195))
    seen, flat = (learned.act(states, each, time=0.2) for each in (heights, 0.0 * heights))
    assert np.abs(seen - flat).max() > 0.01
    np.testing.assert_array_equal(resumed.act(states, heights, time=0.2), seen)


def scaled(controller, factor, path):
    """File of a controller whose networks have action means of another size."""
    made = Controller.load(controller)
    arrays = {
        name: array * factor if name.startswith("output_head.") else array
        for name, array in made.network.arrays.items()
    }
    replace(made, network=NumpyHypernetwork(made.network.config, arrays)).save(path)
    return path


def test_a_network_that_no_training_improved_is_the_generated_one(
    bodies, variant_controller, tmp_path
):
    # With a learning rate of nearly zero all candidates are equal, and the first one wins.
    settings = SETTINGS.replace(max_lr=1e-30)
    small = scaled(variant_controller, 0.05, tmp_path / "small.safetensors")
    found = finetune(bodies, small, settings, tmp_path / "tuned")
    controller = Controller.load(small)
    for graph, network in zip(bodies, found.networks, strict=True):
        generated = controller.for_body(graph, get_task("flat").model(graph))
        states = np.random.default_rng(0).normal(size=(3, len(graph), 17))
        np.testing.assert_allclose(network.act(states), generated.act(states), atol=1e-5)


def test_action_means_far_beyond_the_controls_are_scaled_before_training(
    bodies, variant_controller, tmp_path
):
    settings = SETTINGS.replace(max_lr=1e-30, checkpoints=1)
    large = scaled(variant_controller, 100.0, tmp_path / "large.safetensors")
    finetune(bodies, large, settings, tmp_path / "tuned")
    network, normalization = load_specialists(tmp_path / "tuned" / "checkpoint-1.safetensors")
    task, controller = get_task("flat"), Controller.load(large)
    for number, graph in enumerate(bodies):
        policy = specialist_policy(network, normalization, number, graph, "flat")
        model = task.model(graph)
        generated = controller.for_body(graph, model)
        states = np.random.default_rng(0).normal(size=(64, len(graph), 17))
        ours, theirs = policy.act(states), generated.act(states)
        assert np.abs(theirs).mean() > 20.0
        assert 0.1 < np.abs(ours).mean() < 5.0
        # The direction of every control stays.
        np.testing.assert_allclose(
            ours / np.abs(ours).mean(), theirs / np.abs(theirs).mean(), rtol=1e-3, atol=1e-3
        )
