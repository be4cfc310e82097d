"""Parents, populations and archives, against the definition of each algorithm."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from codesign import config
from codesign.campaign.algorithms import new_algorithm
from codesign.campaign.objectives import (
    WORST_MERIT,
    lookup_objective,
)
from codesign.config import ALGORITHMS
from codesign.store import Candidate
from morph_ops.sampling import sample_body
from tests.helpers.formula_pool import BLANK

BODIES = [sample_body(np.random.default_rng(seed)) for seed in range(12)]


def candidate(number, score, *, status="ok", **metrics):
    graph = BODIES[number % len(BODIES)]
    record = replace(BLANK, score=score, speed=score / 10, status=status, metrics=metrics)
    return Candidate.unscored(graph, number=number, generation=0, operator="sample").scored(record)


def settings(algorithm, **changes):
    return config.Settings.from_dict(
        {"algorithm": algorithm, "population": 6, "in_flight": 4, **changes}
    )


def tell_all(algorithm, candidates):
    for each in candidates:
        algorithm.tell(each)
    return algorithm


def scores(number, seed=0):
    return np.random.default_rng(seed).permutation(number).astype(float)


def drawn(algorithm, number, times=200):
    """Numbers of all first and second parents that come up."""
    random.seed(0)
    pairs = [algorithm.ask(number) for _ in range(times)]
    assert all(first is not second for first, second in pairs)
    return {parent.number for pair in pairs for parent in pair}


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_needs_never_decrease_and_are_below_the_number(name):
    algorithm = new_algorithm(settings(name, population=16))
    needs = [algorithm.needs(number) for number in range(200)]
    assert needs == sorted(needs)
    assert all(need <= number for number, need in enumerate(needs))
    assert set(needs[:16]) == {0}


@pytest.mark.parametrize("name", sorted(set(ALGORITHMS) - {"random"}))
def test_the_first_population_has_no_parents(name):
    algorithm = new_algorithm(settings(name, population=16))
    assert algorithm.ask(15) is None


def test_random_has_no_parents():
    algorithm = tell_all(new_algorithm(settings("random")), [candidate(n, 1.0) for n in range(20)])
    assert algorithm.ask(20) is None


def test_aging_keeps_the_latest():
    aging = tell_all(new_algorithm(settings("aging")), [candidate(n, -n) for n in range(20)])
    assert [c.number for c in aging.population] == list(range(14, 20))
    assert drawn(aging, 23) <= set(range(14, 20))


def test_the_best_of_parents_and_children_survive():
    values = scores(18)
    algorithm = new_algorithm(settings("mu_plus_lambda"))
    tell_all(algorithm, [candidate(n, values[n]) for n in range(18)])
    assert [c.score for c in algorithm.population] == [17, 16, 15, 14, 13, 12]


def test_no_survivor_of_nsga2_is_dominated_by_another_body():
    rng = np.random.default_rng(3)
    algorithm = new_algorithm(settings("nsga2", objectives=["score", "cost_of_transport"]))
    everyone = [
        candidate(n, rng.normal(), raw_cost_of_transport=rng.uniform(1, 5)) for n in range(12)
    ]
    everyone[3] = candidate(3, 99.0, status="unstable", raw_cost_of_transport=0.0)
    tell_all(algorithm, everyone)

    def merits(c):
        return [lookup_objective(name).merit(c) for name in ("score", "cost_of_transport")]

    def is_dominated(c):
        return any(
            all(a >= b for a, b in zip(merits(other), merits(c), strict=True))
            and merits(other) != merits(c)
            for other in everyone
        )

    front = {c.number for c in everyone if not is_dominated(c)}
    kept = {c.number for c in algorithm.population}
    assert {c.number for c in algorithm.membership()["front"]} == front & kept
    assert front <= kept or kept <= front
    assert 3 not in kept
    assert merits(everyone[3]) == [WORST_MERIT, WORST_MERIT]
    assert drawn(algorithm, 12) <= kept


def test_map_elites_keeps_the_best_of_every_cell():
    algorithm = new_algorithm(settings("map_elites", descriptors=["contact", "symmetry"], bins=3))
    rng = np.random.default_rng(1)
    everyone = [
        candidate(n, rng.normal(), contact=rng.uniform(), symmetry=rng.uniform(-0.5, 1.5))
        for n in range(40)
    ]
    tell_all(algorithm, [*everyone, candidate(40, 99.0, status="failed")])
    best = {}
    for each in everyone:
        metrics = each.result.metrics
        cell = tuple(
            min(int(3 * min(max(metrics[name], 0.0), 1.0)), 2) for name in ("contact", "symmetry")
        )
        if cell not in best or each.score > best[cell].score:
            best[cell] = each
    assert drawn(algorithm, 41, times=400) == {each.number for each in best.values()}
    assert len(algorithm.archive) == len(best)


def test_novelty_prefers_bodies_far_from_all_others():
    algorithm = new_algorithm(
        settings("novelty", descriptors=["contact"], neighbors=2, tournament=6)
    )
    contacts = [0.5, 0.51, 0.52, 0.5, 0.51, 0.99]
    tell_all(algorithm, [candidate(n, -n, contact=contact) for n, contact in enumerate(contacts)])
    random.seed(0)
    firsts = [parents[0].number for _ in range(50) if (parents := algorithm.ask(9))]
    assert max(set(firsts), key=firsts.count) in (0, 5)
    assert firsts.count(5) > 10


def test_islands_are_apart_but_for_migrants():
    islands = new_algorithm(
        settings("islands", population=8, islands=["aging", "aging"], migrate_every=6)
    )
    values = [100 + n if n % 2 else n for n in range(12)]
    tell_all(islands, [candidate(n, values[n]) for n in range(10)])
    assert all(number % 2 == 0 for number in drawn(islands, 20))
    tell_all(islands, [candidate(n, values[n]) for n in (10, 11)])
    # The best odd one came in place of the worst even one, and the other way round.
    assert {number for number in drawn(islands, 20) if number % 2} == {11}
    assert {number for number in drawn(islands, 21) if number % 2 == 0} == {10}


def test_an_island_waits_for_its_own_candidates():
    islands = new_algorithm(
        settings("islands", population=12, islands=["mu_plus_lambda", "aging", "aging"])
    )
    # Island 0 has generations of 4, of its own candidates 0, 3, 6 and 9.
    assert [islands.needs(number) for number in (9, 12, 21, 24)] == [0, 10, 10, 22]
