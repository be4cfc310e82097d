"""Reference bodies of a controller, and the percentiles of scores under it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from codesign.scoring import BodyScorer
from codesign.scoring.reference import reference_scores
from hyperdistill_core.controller import Controller
from hyperdistill_core.training.training_sets import TrainingSetSettings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def known(variant_controller, bodies):
    # A controller with random weights moves few bodies: here all of them are accepted.
    any_body = partial(TrainingSetSettings, stable_steps=0, min_steps=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("codesign.scoring.reference.TrainingSetSettings", any_body)
        patch.setattr("hyperdistill_core.training.training_sets.making.BATCH_SIZE", 8)
        return reference_scores(variant_controller, bodies=6, robots=bodies[:1], episodes=1, seed=3)


def test_every_reference_body_has_a_score_for_each_number_of_variants(known, variant_controller):
    n_variants = Controller.load(variant_controller).n_variants
    assert {best_of: len(scores) for best_of, scores in known.scores.items()} == {
        1: 7,
        min(8, n_variants): 7,
    }
    assert known.bodies == "2 sampled, 4 evolved bodies, 1 robots"
    assert all(list(scores) == sorted(scores) for scores in known.scores.values())


def test_a_score_comes_with_its_percentile(known, variant_controller, bodies):
    controller = replace(Controller.load(variant_controller), reference_scores=known)
    record = BodyScorer(controller=controller, episodes=1)(bodies[1])
    assert record.metrics["percentile"] == known.percentile(record.score, best_of=1)
    chosen = BodyScorer(controller=controller, episodes=1, best_of=None)(bodies[1], variant=0)
    assert chosen.metrics["percentile"] == record.metrics["percentile"]
    two = BodyScorer(controller=controller, episodes=1, best_of=2)(bodies[1])
    assert "percentile" not in two.metrics


def test_the_file_of_a_controller_keeps_them(known, variant_controller, tmp_path):
    plain = Controller.load(variant_controller)
    replace(plain, reference_scores=known).save(tmp_path / "known.safetensors")
    read = Controller.load(tmp_path / "known.safetensors")
    assert read.reference_scores == known
    assert read.hash == plain.hash
