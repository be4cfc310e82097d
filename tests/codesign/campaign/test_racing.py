"""Racing in campaigns: thresholds of the algorithms, and duplicates of pruned bodies."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median

import numpy as np
import pytest

from codesign import config
from codesign.campaign import Algorithm, run
from codesign.campaign.algorithms import Aging, new_algorithm
from codesign.errors import RunError, UsageError
from codesign.store import Candidate
from morph_ops.sampling import sample_body
from tests.codesign.campaign.algorithms.test_algorithms import candidate, scores, settings, tell_all
from tests.helpers.formula_pool import FormulaPool, InterruptionError, outcome


@pytest.mark.parametrize("wanted", [{"finalists": 3, "top": 2}, {"finalists": 2, "top": 3}])
def test_the_threshold_of_random_is_the_worst_finalist(wanted):
    algorithm = new_algorithm(settings("random", **wanted))
    values = scores(10)
    tell_all(algorithm, [replace(candidate(n, s), hash=f"{n}") for n, s in enumerate(values)])
    tell_all(algorithm, [candidate(10, 99.0, status="pruned")])
    best = int(np.argmax(values))
    duplicate = replace(candidate(11, values[best]), hash=f"{best}", duplicate_of=best)
    tell_all(algorithm, [duplicate])
    tell_all(
        algorithm, [replace(duplicate, number=12, variant=3, record=candidate(12, 99.0).record)]
    )
    tell_all(
        algorithm, [replace(duplicate, number=13, variant=2, record=candidate(13, 98.0).record)]
    )
    assert algorithm.threshold(14) == sorted(values)[-3], "a body counts once, by its best score"
    assert algorithm.threshold(5) is None, "of the first population"


def test_the_threshold_of_mu_plus_lambda_is_the_worst_survivor():
    algorithm = new_algorithm(settings("mu_plus_lambda"))
    values = scores(12)
    tell_all(algorithm, [candidate(n, s) for n, s in enumerate(values)])
    assert algorithm.threshold(12) == sorted(values)[-6]
    assert new_algorithm(settings("mu_plus_lambda")).threshold(0) is None


def test_the_threshold_of_aging_is_the_median_and_pruned_bodies_are_below_it():
    algorithm = new_algorithm(settings("aging"))
    values = [5.0, 1.0, 4.0, 2.0, 6.0, 3.0]
    tell_all(algorithm, [candidate(n, s) for n, s in enumerate(values)])
    assert algorithm.threshold(6) == median(values) == 3.5
    # The best leaves, and the pruned one counts as below all: 1, 2, 3, 4, 6 and it.
    tell_all(algorithm, [candidate(6, 50.0, status="pruned")])
    assert algorithm.threshold(7) == 2.5


def test_an_aging_population_of_which_half_was_pruned_has_no_threshold():
    algorithm = new_algorithm(settings("aging"))
    tell_all(algorithm, [candidate(n, 1.0) for n in range(3)])
    tell_all(algorithm, [candidate(n, 1.0, status="pruned") for n in range(3, 6)])
    assert algorithm.threshold(6) is None


def test_the_threshold_of_islands_is_that_of_the_island():
    names = ["aging", "mu_plus_lambda"]
    islands = new_algorithm(settings("islands", islands=names, population=12))
    values = scores(24)
    tell_all(islands, [candidate(n, s) for n, s in enumerate(values)])
    assert islands.threshold(24) == median(values[0::2][-6:])
    assert islands.threshold(25) == sorted(values[1::2])[-6]


def test_algorithms_with_a_threshold_are_those_that_may_race():
    for name in config.ALGORITHMS:
        algorithm = new_algorithm(settings(name, population=16, finalists=3))
        tell_all(algorithm, [candidate(n, s, height=0.1) for n, s in enumerate(scores(32))])
        assert (algorithm.threshold(32) is not None) == (name in config.RACING), name


class WithoutThreshold(Aging):
    threshold = Algorithm.threshold


class InfiniteThreshold(Aging):
    def threshold(self, number):
        return math.inf if number >= 6 else None


def test_a_custom_algorithm_must_have_a_threshold_to_race():
    named = f"{__name__}:WithoutThreshold"
    assert isinstance(new_algorithm(settings(named)), WithoutThreshold)
    with pytest.raises(UsageError, match=rf"racing: .* with a method threshold, {named} has none"):
        new_algorithm(settings(named, racing={}))


def test_an_infinite_threshold_is_an_error(new_database):
    wild = settings(
        "tests.codesign.campaign.test_racing:InfiniteThreshold", racing={}, generations=2
    )
    with pytest.raises(RunError, match="InfiniteThreshold set the threshold of candidate 6 to inf"):
        run(wild, database=new_database(), pool=FormulaPool())


class RacingPool(FormulaPool):
    """Prunes every body that scores below the threshold."""

    def submit(self, number, graph, *, threshold=None, **fresh):
        super().submit(number, graph, threshold=threshold, **fresh)
        self.low = getattr(self, "low", set())
        if threshold is not None and self.record(graph).score < threshold:
            self.low.add(number)

    def collect(self):
        return [
            (n, replace(r, status="pruned", score=r.score - 1.0) if n in self.low else r)
            for n, r in super().collect()
        ]


class EqualBodies(Algorithm):
    """Always the same body; the threshold is too high for the first two."""

    def needs(self, number):
        return 0

    def tell(self, candidate):
        pass

    def ask(self, number):
        return None

    def threshold(self, number):
        return 1e6 if number < 2 else 0.5


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_a_duplicate_of_a_pruned_body_races_for_itself(workers, new_database, monkeypatch):
    graph = sample_body(np.random.default_rng(5))

    def sample(self, number, *, taken):
        return Candidate.unscored(graph, number=number, generation=number // 4, operator="sample")

    monkeypatch.setattr("codesign.campaign.variation.Variation.sample", sample)
    equal = settings(
        f"{__name__}:EqualBodies",
        racing={},
        population=4,
        generations=1,
        candidates=7,
        reevaluation_episodes=0,
    )
    database = new_database()
    pool = RacingPool(workers, seed=workers)
    run(equal, database=database, pool=pool)
    found = [(c.number, c.result.status, c.duplicate_of) for c in database.candidates()]
    assert found == [
        (0, "pruned", None),
        (1, "pruned", None),
        (2, "ok", None),
        *((n, "ok", 2) for n in range(3, 7)),
    ]
    assert sorted(pool.simulated) == [0, 1, 2]


@pytest.mark.parametrize("algorithm", config.RACING)
def test_races_are_the_same_on_any_workers_and_after_an_interruption(algorithm, new_database):
    raced = settings(
        algorithm,
        population=8,
        generations=4,
        islands=["aging", "mu_plus_lambda"],
        finalists=4,
        top=1,
        reevaluation_episodes=0,
        migrate_every=4,
        racing={},
    )
    results = []
    for workers in (1, 5):
        database = new_database()
        run(raced, database=database, pool=RacingPool(workers, seed=workers))
        results.append(outcome(database))
        counts = database.counts()
    database = new_database()
    for answers in (3, 9, 7):
        with pytest.raises(InterruptionError):
            run(raced, database=database, pool=RacingPool(3, seed=answers, answers=answers))
    run(raced, database=database, pool=RacingPool(2))
    assert results[0] == results[1] == outcome(database)
    assert counts["pruned"] > 0, "else this test shows nothing"
    assert all(c.result.status == "ok" for c in database.best(10))
