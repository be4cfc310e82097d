from __future__ import annotations

from dataclasses import replace

import pytest
from formula_pool import BLANK

from codesign import config
from codesign.cli.plan import estimate, max_parallelism, show_plan
from codesign.scoring import ScoringPool

SMALL = {"population": 4, "generations": 9, "in_flight": 4, "episodes": 2, "reevaluation_episodes": 0}


def _record(*lengths, seconds, trial=0):
    return replace(BLANK, lengths=lengths, steps=sum(lengths) + trial, seconds=seconds)


def test_the_estimate_is_of_episodes_as_long_as_the_probes_and_of_whole_ones():
    settings = config.build({**SMALL, "finalists": 5, "reevaluation_episodes": 8})
    records = [_record(100, 300, seconds=2.0), _record(200, 200, seconds=6.0)]
    # 80 episodes of the search and 40 of finalists, 200 control steps of 10 ms each.
    assert estimate(settings, records, parallelism=1) == pytest.approx((240.0, 1200.0))
    assert estimate(settings, records, parallelism=4) == pytest.approx((60.0, 300.0))
    assert estimate(settings, [_record(seconds=1.0)], parallelism=1) == (0.0, 0.0)


def test_trials_count_once_a_body_and_not_for_finalists():
    settings = config.build({**SMALL, "finalists": 5, "reevaluation_episodes": 8, "best_of": 4})
    records = [_record(100, 300, trial=400, seconds=4.0), _record(200, 200, trial=0, seconds=8.0)]
    # 40 bodies of 600 control steps, 40 episodes of finalists of 200, 10 ms each.
    least, most = estimate(settings, records, parallelism=1)
    assert least == pytest.approx(240.0 + 80.0)
    # 4 x 400, 3 x 2 x 1000 and 2 x 2 x 1000 control steps of a trial at most.
    assert most == pytest.approx(40 * (2000 + 11600) * 0.01 + 40 * 1000 * 0.01)


@pytest.mark.parametrize(
    ("algorithm", "most"),
    [("aging", 16), ("mu_plus_lambda", 64), ("random", 64)],
)
def test_no_more_bodies_are_scored_at_once_than_the_algorithm_breeds(algorithm, most):
    settings = config.build({"algorithm": algorithm, "population": 64, "in_flight": 16})
    assert max_parallelism(settings, 1000) == most
    assert max_parallelism(settings, 3) == 3
    assert max_parallelism(settings, 0) == 1


def test_the_plan_tells_settings_size_and_time(capsys):
    settings = config.build({**SMALL, "workers": 0, "racing": {}, "episodes": 4})
    show_plan(settings)
    *shown, size, time = capsys.readouterr().out.splitlines()
    assert "generations = 9" in shown
    assert size == "40 candidates of 4 episodes, 0 finalists of 0, this process"
    assert "if bodies fall as soon as the first 4, " in time
    assert time.endswith("; less by what racing saves")


def test_one_worker_process_is_called_so(capsys):
    show_plan(config.build({**SMALL, "workers": 1, "episodes": 1}))
    assert "finalists of 0, 1 worker process\n" in capsys.readouterr().out


def test_a_plan_for_a_cluster_counts_the_threads_of_its_workers(capsys, monkeypatch):
    seen = {}

    def note(settings, records, *, parallelism):
        seen["parallelism"] = parallelism
        return 1.0, 2.0

    monkeypatch.setattr("codesign.cli.plan.estimate", note)
    local = {"kind": "local", "workers": 1, "options": {"threads_per_worker": 3}}
    show_plan(config.build({**SMALL, "population": 8, "workers": 8, "cluster": local}))
    assert seen == {"parallelism": 3}
    assert "3 threads of " in capsys.readouterr().out


def test_bodies_that_carry_variants_are_probed_under_them(monkeypatch, variant_controller):
    seen = []
    plain = ScoringPool.map

    def noted(pool, graphs, **known):
        seen.append(known["variants"])
        return plain(pool, graphs, **known)

    monkeypatch.setattr(ScoringPool, "map", noted)
    common = {**SMALL, "workers": 0, "controller": str(variant_controller)}
    show_plan(config.build({**common, "variants": 4}))
    show_plan(config.build({**common, "best_of": 2}))
    carried, tried = seen
    assert len(set(carried)) > 1
    assert tried is None, "a trial finds it"
