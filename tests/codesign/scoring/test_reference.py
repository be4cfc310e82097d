"""Reference bodies of a controller, and the percentiles of scores under it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar

import pytest

from codesign.errors import RunError
from codesign.scoring import BodyScorer
from codesign.scoring.reference import reference_scores
from hyperdistill_core.controller import Controller
from hyperdistill_core.training.training_sets import TrainingSetSettings, make_training_set
from tests.helpers.formula_pool import BLANK


@pytest.fixture(scope="module")
def known(variant_controller, bodies):
    # A controller with random weights moves few bodies: here all evolved ones are accepted.
    any_body = partial(TrainingSetSettings, stable_steps=0, min_steps=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("codesign.scoring.reference.TrainingSetSettings", any_body)
        patch.setattr("hyperdistill_core.training.training_sets.making.BATCH_SIZE", 8)
        return reference_scores(variant_controller, bodies=6, robots=bodies[:1], episodes=1, seed=3)


@pytest.mark.slow
def test_every_reference_body_has_a_score_for_each_number_of_variants(known, variant_controller):
    n_variants = Controller.load(variant_controller).n_variants
    assert {best_of: len(scores) for best_of, scores in known.scores.items()} == {
        1: 7,
        min(8, n_variants): 7,
    }
    assert known.bodies == "2 sampled, 4 evolved bodies, 1 robots"
    assert all(list(scores) == sorted(scores) for scores in known.scores.values())


class NoPool:
    """A pool that gives every body the same score, and notes its task."""

    tasks: ClassVar[set[str]] = set()

    def __init__(self, *, task, **others):
        self.tasks.add(task)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def map(self, graphs):
        return [replace(BLANK, score=1.0, status="ok") for _ in graphs]

    def scores_and_lengths(self, graphs):
        raise AssertionError("the search of these tests makes no bodies")


@pytest.fixture
def asked(monkeypatch):
    """Settings of the bodies, and whether they were to be scored; nothing evolves."""
    found = []

    def noted(settings, *, score=None, report=None):
        found.append((settings, score is not None))
        sampled = settings.sampled or settings.evolved
        return make_training_set(
            settings.replace(evolved=0, founders=0, sampled=sampled, stable_steps=0)
        )

    monkeypatch.setattr(NoPool, "tasks", set())
    monkeypatch.setattr("codesign.scoring.reference.ScoringPool", NoPool)
    monkeypatch.setattr("codesign.scoring.reference.make_training_set", noted)
    return found


def test_sampled_bodies_are_taken_as_they_come(asked, variant_controller):
    """A body that falls at once, or that no controller moves, is what chance makes, too."""
    made = reference_scores(variant_controller, bodies=6)
    [sampled] = [each for each in asked if each[0].sampled]
    [evolved] = [each for each in asked if each[0].evolved]
    assert (sampled[0].sampled, sampled[0].stable_steps, sampled[1]) == (2, 0, False)
    assert (evolved[0].evolved, evolved[0].sampled, evolved[1]) == (16, 0, True)
    assert made.bodies == "2 sampled, 4 evolved bodies"
    assert {len(scores) for scores in made.scores.values()} == {6}


@pytest.mark.parametrize(("task", "expected"), [(None, "incline"), ("csr", "csr")])
def test_the_task_is_that_of_the_controller_unless_another_is_given(
    asked, variant_controller, tmp_path, task, expected
):
    file = tmp_path / "climbs.safetensors"
    replace(Controller.load(variant_controller), task="incline").save(file)
    assert reference_scores(file, bodies=6, task=task).task == expected
    assert {settings.task for settings, _ in asked} == NoPool.tasks == {expected}


@pytest.mark.usefixtures("asked")
def test_bodies_that_could_not_be_scored_are_no_reference(variant_controller, monkeypatch):
    lost = replace(BLANK, warnings=("the worker died",))
    monkeypatch.setattr(NoPool, "map", lambda self, graphs: [lost for _ in graphs])
    with pytest.raises(RunError, match="6 of 6 reference bodies could not be scored: the worker d"):
        reference_scores(variant_controller, bodies=6)


@pytest.mark.slow
def test_a_score_comes_with_its_percentile(known, variant_controller, bodies):
    controller = replace(Controller.load(variant_controller), reference_scores=known)
    record = BodyScorer(controller=controller, episodes=1)(bodies[1])
    assert record.metrics["percentile"] == known.percentile(record.score, best_of=1)
    several = BodyScorer(controller=controller, episodes=1, best_of=None)
    # (a variant that is given was selected before)
    expected = known.percentile(record.score, best_of=controller.n_variants)
    assert several(bodies[1], variant=0).metrics["percentile"] == expected
    two = BodyScorer(controller=controller, episodes=1, best_of=2)(bodies[1])
    assert "percentile" not in two.metrics


@pytest.mark.slow
def test_the_file_of_a_controller_keeps_them(known, variant_controller, tmp_path):
    plain = Controller.load(variant_controller)
    replace(plain, reference_scores=known).save(tmp_path / "known.safetensors")
    read = Controller.load(tmp_path / "known.safetensors")
    assert read.reference_scores == known
    assert read.hash == plain.hash
