"""The estimate of a campaign's time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codesign.api.planning import estimate, max_parallelism, plan
from codesign.config import Settings
from codesign.scoring import ScoringPool
from tests.helpers.formula_pool import BLANK

SMALL = {
    "population": 4,
    "generations": 9,
    "in_flight": 4,
    "episodes": 2,
    "reevaluation_episodes": 0,
}


def settings(**changes):
    return Settings.from_dict({**SMALL, **changes})


def record(*lengths, seconds, selection=0):
    return replace(BLANK, lengths=lengths, steps=sum(lengths) + selection, seconds=seconds)


def test_estimate_uses_the_length_of_the_probes_and_whole_episodes():
    made = settings(finalists=5, reevaluation_episodes=8)
    records = [record(100, 300, seconds=2.0), record(200, 200, seconds=6.0)]
    # 80 episodes of the search and 40 of finalists, 200 control steps of 10 ms each.
    assert estimate(made, records, parallelism=1) == pytest.approx((240.0, 1200.0))
    assert estimate(made, records, parallelism=4) == pytest.approx((60.0, 300.0))
    assert estimate(made, [record(seconds=1.0)], parallelism=1) == (0.0, 0.0)


def test_selection_counts_once_for_each_body_and_not_for_finalists():
    made = settings(finalists=5, reevaluation_episodes=8, best_of=4)
    records = [
        record(100, 300, selection=400, seconds=4.0),
        record(200, 200, selection=0, seconds=8.0),
    ]
    # 40 bodies of 600 control steps, 40 episodes of finalists of 200, 10 ms each.
    least, most = estimate(made, records, parallelism=1)
    assert least == pytest.approx(240.0 + 80.0)
    # At most 4 x 400, 3 x 2 x 1000 and 2 x 2 x 1000 control steps of a selection.
    assert most == pytest.approx(40 * (2000 + 11600) * 0.01 + 40 * 1000 * 0.01)


@pytest.mark.parametrize(
    ("algorithm", "most"), [("aging", 16), ("mu_plus_lambda", 64), ("random", 64)]
)
def test_parallelism_is_bounded_by_what_the_algorithm_waits_for(algorithm, most):
    made = Settings(algorithm=algorithm, population=64, in_flight=16)
    assert max_parallelism(made, 1000) == most
    assert max_parallelism(made, 3) == 3
    assert max_parallelism(made, 0) == 1


def test_a_plan_for_a_cluster_counts_the_threads_of_its_workers(monkeypatch, tiny_controller):
    seen = {}

    def note(settings, records, *, parallelism):
        seen["parallelism"] = parallelism
        return 1.0, 2.0

    monkeypatch.setattr("codesign.api.planning.estimate", note)
    local = {"kind": "local", "workers": 1, "options": {"threads_per_worker": 3}}
    made = plan(settings(population=8, workers=8, cluster=local, controller=str(tiny_controller)))
    assert seen == {"parallelism": 3}
    assert "3 threads of " in made.location
    assert (made.min_s, made.max_s) == (1.0, 2.0)


def test_probes_have_the_variants_that_they_carry(monkeypatch, variant_controller):
    seen = []
    plain = ScoringPool.map

    def noted(pool, graphs, **known):
        seen.append(known["variants"])
        return plain(pool, graphs, **known)

    monkeypatch.setattr(ScoringPool, "map", noted)
    common = {"workers": 0, "controller": str(variant_controller)}
    plan(settings(**common, variants=4))
    plan(settings(**common, best_of=2))
    carried, selected = seen
    assert len(set(carried)) > 1
    assert selected is None, "the selection finds it"
