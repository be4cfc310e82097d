"""Broods on a pool that scores by a formula: the best of several children is the candidate."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean

import pytest

from hyperdistill_core.errors import SettingsError
from tests.codesign.campaign.test_adaptation import ALGORITHMS
from tests.helpers.campaigns import require_same, search, small_settings
from tests.helpers.formula_pool import FormulaPool, outcome


def brooding(**changes):
    return small_settings(brood=3, **changes)


@pytest.mark.parametrize(
    ("algorithm", "variants"), [("aging", 3), ("nsga2", 1), ("map_elites", 1), ("islands", 1)]
)
def test_a_run_is_the_same_on_any_workers_and_after_interruptions(
    algorithm, variants, new_database
):
    settings = brooding(algorithm=algorithm, variants=variants, **ALGORITHMS[algorithm])
    require_same(settings, new_database, said=outcome, answers=(3, 9, 2, 9, 1, 5))


def test_candidates_with_parents_come_from_broods(new_database):
    pool = FormulaPool()
    with new_database() as database:
        search(brooding(), database, pool=pool)
        candidates = database.candidates()
    assert {pool.broods[c.number] for c in candidates if not c.parents} == {1}
    assert {pool.broods[c.number] for c in candidates if c.parents} <= {2, 3}
    assert all(c.duplicate_of is None for c in candidates if c.parents)
    assert all(c.hash == c.result.hash for c in candidates)
    assert all(c.diff is not None for c in candidates if c.parents)


def test_the_best_children_score_more(new_database):
    means = {}
    for brood in (1, 6):
        with new_database() as database:
            search(small_settings(algorithm="aging", brood=brood), database)
            means[brood] = fmean(c.score for c in database.candidates() if c.parents)
    assert means[6] > means[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": ["flat", "csr"]}, "brood: expected 1 on several tasks, got 3"),
        ({"task": "patrol"}, "brood: expected a task that rewards moving along x, got patrol"),
        ({"algorithm": "random"}, "brood: expected 1 with the algorithm random"),
    ],
)
def test_where_no_short_episode_chooses(changes, message):
    with pytest.raises(SettingsError, match=message):
        brooding(**changes)


def test_children_differ_from_earlier_ones_where_variants_are_selected(new_database):
    class Third(FormulaPool):
        def collect(self):
            [(number, record)] = super().collect()
            return [(number, replace(record, variant=3))]

    # Two mutations that change little make equal children likely.
    rates = {"crossover": 0.0, "operators": {"density": 1.0}}
    found = {}
    for best_of, pool in ((1, FormulaPool()), (8, Third())):
        with new_database() as database:
            search(brooding(best_of=best_of, rates=rates), database, pool=pool)
            found[best_of] = [candidate.hash for candidate in database.candidates()]
    assert found[8] == found[1]
