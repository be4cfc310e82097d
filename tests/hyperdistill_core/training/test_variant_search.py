"""Search for controller variants that complement each other."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import SettingsError, TrainingError
from hyperdistill_core.training.training_sets import TrainingSet
from hyperdistill_core.training.variant_search import (
    VariantSearchSettings,
    add_variants,
    complementary,
)
from morph_ops.sampling import sample_body


def test_variants_that_complement_each_other_are_kept():
    scores = np.array(
        [[10.0, 9.0, 0.0, 9.5], [10.0, 9.0, 1.0, 9.9], [0.5, 0.6, 1.0, -5.0], [-3.0, -2.0, 0.5, -9]]
    )
    assert complementary(scores, 1) == [0]
    assert complementary(scores, 2) == [0, 2]
    # After the second nothing is left to gain: the first of equals.
    assert complementary(scores, 3) == [0, 2, 1]
    assert complementary(scores, 3, first=2) == [0, 1, 2]


@pytest.mark.slow
def test_variants_are_added_to_a_controller(tiny_controller):
    graphs = tuple(sample_body(np.random.default_rng(seed)) for seed in range(3))
    settings = VariantSearchSettings(variants=3, drawn=5, bodies=2, episodes=1, n_workers=1, seed=4)
    reports = []
    training_set = TrainingSet(graphs, ("sampled",) * 3)
    made = add_variants(
        tiny_controller, training_set, settings, report=lambda *now: reports.append(now)
    )
    assert made.variants is not None
    assert made.variants.shape == (3, 25)
    assert (made.variants[0] == 1.0).all()
    assert reports == [(1, 2), (2, 2)]
    record = made.provenance["variants"]
    means = record["mean of the best of the first"]
    assert means == sorted(means)
    assert record["kept"][0] == 0
    assert made.hash == add_variants(tiny_controller, training_set, settings).hash
    other_seed = settings.replace(seed=5)
    assert add_variants(tiny_controller, training_set, other_seed).hash != made.hash


@pytest.mark.slow
def test_more_variants_are_added_to_those_that_exist(variant_controller, tmp_path):
    training_set = TrainingSet((sample_body(np.random.default_rng(0)),), ("sampled",))
    settings = VariantSearchSettings(variants=5, drawn=7, episodes=1, n_workers=1, more=True)
    before = Controller.load(variant_controller)
    made = add_variants(variant_controller, training_set, settings)
    assert before.variants is not None
    assert made.variants is not None
    np.testing.assert_array_equal(made.variants[:4], before.variants)
    assert made.variants.shape == (5, before.variants.shape[1])
    assert made.variants[4].tolist() not in before.variants.tolist()
    again = add_variants(variant_controller, training_set, settings.replace(more=False))
    assert again.variants is not None
    assert not np.array_equal(again.variants[1], before.variants[1]), "replaced"
    made.save(path := tmp_path / "made.safetensors")
    eight = add_variants(path, training_set, settings.replace(variants=8, drawn=12)).variants
    assert eight is not None
    assert len(np.unique(eight, axis=0)) == 8, "the same seed draws others"
    with pytest.raises(TrainingError, match="expected more than the 4 that the controller has"):
        add_variants(variant_controller, training_set, settings.replace(variants=4))


def test_more_variants_than_drawn_are_refused():
    with pytest.raises(SettingsError, match="variants: expected at most drawn=4, got 5"):
        VariantSearchSettings(variants=5, drawn=4)
