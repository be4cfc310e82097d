"""Lists of the bodies of a run, and the cards of the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from codesign.api import load_run
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.scoring import BodyScorer, load_controller
from codesign.scoring.several_tasks import Scale, combined
from codesign.store import Candidate, RunFolder
from codesign.studio.browsing import Shelf, open_candidate
from codesign.studio.cards import Picture, gallery, score_card, warnings_card
from codesign.studio.opening import find_source
from codesign.studio.walking import Estimate
from hyperdistill_core.tasks import get_task, pinned_task
from morph_ops.sampling import sample_body
from tests.helpers.formula_pool import BLANK


@pytest.fixture
def shelf(small_run):
    return Shelf(load_run(small_run.path))


def test_the_lists_hold_bodies_that_can_be_opened(shelf):
    assert shelf.lists[0] == "best designs"
    best = shelf.numbers("best designs")
    assert best
    entry = shelf.entry(best[0])
    assert entry.number == best[0]
    assert "generation" in entry.text
    assert entry.picture().startswith("<svg")


def test_the_family_of_a_body(shelf, small_run):
    run = load_run(small_run.path)
    tree = run.phylogeny()
    child = max(tree, key=tree.in_degree)
    ancestors = shelf.numbers("ancestors of the opened body", opened=child)
    assert set(tree.predecessors(child)) <= set(ancestors)
    for parent in tree.predecessors(child):
        assert child in shelf.numbers("children of the opened body", opened=parent)
    assert shelf.numbers("ancestors of the opened body") == []


def test_what_the_search_kept_is_a_list(shelf):
    kept = [name for name in shelf.lists if name in ("population", "archive", "Pareto front")]
    assert kept
    assert all(shelf.numbers(name) for name in kept)


def test_an_entry_says_where_its_body_comes_from(shelf):
    texts = [shelf.entry(number).text for number in range(6)]
    assert texts[0] == "generation 0, random body"
    assert any("child of " in text for text in texts)
    assert not any("_" in text for text in texts)


@pytest.fixture
def learned_run(tmp_path, tiny_controller):
    """A run whose finalist has a network of its own, and the number of that finalist."""
    settings = Settings(population=2, episodes=1, controller=str(tiny_controller), top=1)
    folder = RunFolder.create(tmp_path / "run", settings)
    bodies = [sample_body(np.random.default_rng(seed)) for seed in range(2)]
    body = bodies[1]
    controller = load_controller(tiny_controller)
    network = controller.for_body(body, get_task("flat").model(body))
    with folder.database() as database:
        for number in range(2):
            graph = bodies[number]
            new = Candidate.unscored(graph, number=number, generation=0, operator="sample")
            record = BodyScorer(controller=tiny_controller, episodes=1)(graph)
            database.add(new.scored(record))
        learned = replace(record, score=99.0, variant=3, metrics={"best_of_score": 70.0})
        database.add_reevaluation(1, record)
        database.add_finetunings({1: learned})
        folder.networks.mkdir()
        network.save_npz(folder.network(database.candidate(1)))
    return load_run(folder.path)


def test_a_finalist_walks_by_the_network_that_it_learned(learned_run):
    opened = open_candidate(learned_run, 1, task="flat", own=True)
    assert opened.tuned is not None
    assert (opened.tuned.before, opened.tuned.after) == (70.0, 99.0)
    assert (opened.number, opened.variant) == (1, 3)
    assert opened.controller == learned_run.settings.controller
    assert Shelf(learned_run).entry(1).score == "99"
    assert "learned on" in Shelf(learned_run).entry(1).text
    # Not on another task, not under another controller, and not one that did not learn.
    assert open_candidate(learned_run, 1, task="csr", own=True).tuned is None
    other = open_candidate(learned_run, 1, task="flat", own=False)
    assert (other.tuned, other.controller) == (None, None)
    assert open_candidate(learned_run, 0, task="flat", own=True).tuned is None


def test_a_studio_of_a_run_begins_with_its_best_network(learned_run):
    source, setting = find_source(learned_run.path)
    assert source.own
    assert source.opened is not None
    assert source.opened.tuned is not None
    assert source.opened.tuned.after == 99.0
    assert setting.controller == learned_run.settings.controller
    source, setting = find_source(learned_run.path, controller="flat-v0")
    assert source.opened is not None
    assert (source.own, source.opened.tuned, setting.controller) == (False, None, "flat-v0")


@pytest.fixture
def several(tmp_path, body):
    """A run on two tasks with one body."""
    settings = Settings(tasks=["flat", "ft-reference"], aggregate="min", controller="flat-v0")
    folder = RunFolder.create(tmp_path / "several", settings)
    parts = [
        replace(BLANK, task=task, score=score, status="ok", returns=(score,))
        for task, score in (("flat", 812.0), ("ft-reference", 350.0))
    ]
    scales = dict.fromkeys(settings.tasks, Scale(mean=500.0, deviation=100.0))
    record = combined(parts, scales=scales, aggregate="min")
    with folder.database() as database:
        new = Candidate.unscored(body, number=0, generation=0, operator="sample")
        database.add(new.scored(record))
    return load_run(folder.path)


def test_the_gallery_says_what_the_scores_on_several_tasks_are(several, shelf):
    found = Shelf(several)
    assert found.score_is == "least of the normalized scores"
    entry = found.entry(0)
    assert entry.score == "70"
    assert entry.shown == "70: 812 (162), 350 (70)"
    assert entry.said == "70: 812 (162) on flat, 350 (70) on ft-reference"
    assert (shelf.score_is, list(shelf.tasks)) == ("score", [])
    assert shelf.entry(0).shown == shelf.entry(0).said == shelf.entry(0).score


def test_the_tasks_of_the_run_can_be_chosen(several, tmp_path, monkeypatch):
    offered_tasks = pytest.importorskip("codesign.studio.view_tab").offered_tasks
    assert offered_tasks("flat", several)[:2] == ("flat", "ft-reference")
    assert "ft-reference" not in offered_tasks("flat", None)
    custom = "tests.helpers.custom_components:sideways"
    scene = pinned_task(str(Path(__file__).parents[3] / "examples" / "stairs.xml"))
    run = RunFolder.create(tmp_path / "own", Settings(tasks=["flat", scene, custom]))
    found = offered_tasks("flat", load_run(run.path))
    assert found[:3] == ("flat", scene, custom)
    # The run of somebody else is read, and none of its code runs.
    monkeypatch.setattr("codesign.store.own_run.started_by_user", lambda *_: False)
    assert offered_tasks("flat", load_run(run.path))[:3] == ("flat", scene, "csr")


def test_a_list_that_is_not_there_is_refused(shelf):
    with pytest.raises(UsageError, match="expected one of best designs"):
        shelf.numbers("x' OR '1'='1")
    with pytest.raises(UsageError, match="no candidate 999"):
        shelf.entry(999)


def estimate(body, episodes, **changes):
    record = BodyScorer(controller="flat-v0", episodes=episodes)(body)
    known = {"number": 1, "variant": 0, "percentile": None, "final": False}
    return Estimate(record=record, **known | changes)


def test_a_score_has_its_interval_once_there_are_four_episodes(body):
    one, four = estimate(body, 1), estimate(body, 4)
    sizes = {"mass": 1.0, "limbs": 3}
    assert "about" in score_card(one, **sizes)
    patrol = score_card(one, task="patrol", episode=2, **sizes)
    assert "patrol, episode 3" in patrol
    assert "100 points are one meter nearer to the next goal" in patrol
    assert "\N{PLUS-MINUS SIGN}" in score_card(four, **sizes)
    assert "better than 64% of robots" in score_card(estimate(body, 4, percentile=64.2), **sizes)


def test_cards_are_as_high_with_a_score_as_without(body):
    sizes = {"mass": 1.0, "limbs": 3}
    cards = [
        score_card(None, **sizes),
        score_card(None, trouble="it fell apart", **sizes),
        score_card(estimate(body, 4), **sizes),
        score_card(estimate(body, 4), stale=True, **sizes),
    ]
    assert len({card.count("<span") for card in cards}) == 1


def test_what_a_file_wrote_is_no_markup(body):
    line = "import: <img src=x onerror=alert(1)>"
    assert "<img" not in warnings_card([line, line[8:]])
    assert "<img" not in score_card(None, mass=1.0, limbs=1, trouble=line)
    picture = Picture(press='"><img', label='"><img', svg="<svg/>", text="<img", help='"><img')
    assert "<img" not in gallery([picture])
