"""Elites: one body a cell, and none that was merely lucky in the search."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codesign.campaign import Elites, find_elites, run
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.store import AdaptationResult, Event
from tests.helpers.formula_pool import FormulaPool

SETTINGS = Settings(population=12, generations=2, reevaluation_episodes=0, algorithm="random")


class FreshPool(FormulaPool):
    """Scores of bodies over fresh episodes, as a table by number; others are as in the search."""

    def __init__(self, scores=(), **known):
        super().__init__(**known)
        self._scores = dict(scores)
        self.options = []

    def submit(self, number, graph, **options):
        self.options.append(options)
        super().submit(number, graph, **options)

    def collect(self):
        [(number, record)] = super().collect()
        score = self._scores.get(number, record.score)
        status = "failed" if score is None else "ok"
        return [(number, replace(record, score=-1.0 if score is None else score, status=status))]


@pytest.fixture
def searched(database):
    """A database of 36 scored bodies."""
    run(SETTINGS, database=database, pool=FormulaPool())
    return database


def elites(database, pool, *, descriptors=("limbs",), bins=5, **options):
    return find_elites(
        database, SETTINGS, pool, criteria={}, descriptors=descriptors, bins=bins, **options
    )


def by_cell(database):
    """Candidates of each of five cells of numbers of limbs from 1 to 11, best first."""
    cells = {}
    for candidate in database.distinct():
        limbs = len(candidate.graph) - 1
        cells.setdefault(min((limbs - 1) // 2, 4), []).append(candidate)
    return cells


def test_every_filled_cell_has_its_best_body(searched):
    pool, seen = FreshPool(), []
    found = elites(searched, pool, on_body=seen.append)
    expected = by_cell(searched)
    assert [elite.cell for elite in found.elites] == sorted((cell,) for cell in expected)
    for elite in found.elites:
        [cell] = elite.cell
        assert elite.candidate.number == expected[cell][0].number
        assert elite.position == (len(elite.candidate.graph) - 1,)
        assert elite.name == f"cell-{cell:02d}"
    assert seen == list(range(1, len(expected) + 1))
    assert found.coverage == len(expected) / 5
    assert found.qd_score == pytest.approx(sum(own[0].score for own in expected.values()))
    assert found.search_qd_score == found.qd_score
    # Fresh episodes, the same for all, under the variant of the search.
    assert {(o["seed"], o["episodes"], o["variant"]) for o in pool.options} == {(1_000_003, 4, 0)}


def test_a_lucky_body_gives_way_to_the_next(searched):
    cell, own = max(by_cell(searched).items(), key=lambda pair: len(pair[1]))
    first, second, third = own[:3]
    found = elites(searched, FreshPool({first.number: 0.0, second.number: 0.1}))
    [elite] = [each for each in found.elites if each.cell == (cell,)]
    assert elite.candidate.number == third.number
    assert elite.score == third.score
    assert found.search_qd_score - found.qd_score == pytest.approx(first.score - third.score)
    # One that still beats the next one's score of the search stays without further rollouts.
    pool = FreshPool({first.number: (first.score + second.score) / 2})
    elites(searched, pool)
    assert second.number not in pool.fresh


def test_at_most_four_bodies_of_a_cell_are_tried(searched):
    cell, own = max(by_cell(searched).items(), key=lambda pair: len(pair[1]))
    assert len(own) > 4
    scores = {candidate.number: -10.0 * place for place, candidate in enumerate(own, start=1)}
    pool = FreshPool(scores)
    found = elites(searched, pool)
    [elite] = [each for each in found.elites if each.cell == (cell,)]
    assert elite.candidate.number == own[0].number
    assert [c.number for c in own if c.number in pool.fresh] == [c.number for c in own[:4]]
    assert found.qd_score == pytest.approx(sum(max(0.0, e.score) for e in found.elites))


def test_bodies_that_do_not_simulate_any_more_are_no_elites(searched):
    expected = by_cell(searched)
    for cell, own in expected.items():
        found = elites(searched, FreshPool({each.number: None for each in own}))
        assert [elite.cell for elite in found.elites] == sorted(
            {(c,) for c in expected} - {(cell,)}
        )
        for elite in found.elites:
            assert elite.candidate.reevaluation is not None
            assert elite.candidate.reevaluation.status == "ok"


def test_bodies_of_earlier_controllers_are_counted(searched):
    assert elites(searched, FreshPool()).left_out == 0
    everyone = searched.distinct()
    kept = everyone[:3]
    adapted = AdaptationResult(1, 12, True, 1.0, 2.0, "abc", 100)
    event = Event(kind="adaptation", message="adaptation 1")
    searched.add_adaptation(adapted, {c.number: c.result for c in kept}, event)
    found = elites(searched, FreshPool())
    assert {elite.candidate.number for elite in found.elites} <= {c.number for c in kept}
    assert found.left_out == len(everyone) - 3


def test_another_controller_than_that_of_the_search_is_refused(searched):
    with pytest.raises(UsageError, match="not the one that this run started with"):
        elites(searched, FreshPool(controller_hash="other"))


def test_a_finalist_is_not_scored_again(database):
    settings = SETTINGS.replace(reevaluation_episodes=4, finalists=36, top=1)
    run(settings, database=database, pool=FormulaPool())
    pool = FreshPool()
    assert elites(database, pool).elites
    assert pool.fresh == []


def test_two_descriptors_make_a_grid(searched):
    found = elites(searched, FreshPool(), descriptors=("limbs", "mass"), bins=4)
    assert all(len(elite.cell) == 2 for elite in found.elites)
    assert found.ranges == ((1.0, 11.0), (0.0, 60.0))
    for elite in found.elites:
        for axis, (cell, value) in enumerate(zip(elite.cell, elite.position, strict=True)):
            low, high = found.bounds(axis, cell)
            assert low <= value <= high
    assert 0.0 < found.coverage < 1.0


def test_bounds_are_round_numbers():
    found = Elites(("height",), ((0.0, 1.5),), 10, (), ())
    assert [found.bounds(0, cell)[0] for cell in (0, 3, 9)] == [0.0, 0.45, 1.35]
