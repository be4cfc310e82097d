"""Every alarm, for bodies that raise it and for no others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codesign import config
from codesign.campaign.alarms import SAMPLE_SIZE, Monitor
from codesign.scoring.record import OUT_OF_DISTRIBUTION
from codesign.store import Candidate
from morph_ops.sampling import sample_body
from tests.helpers.formula_pool import BLANK

BODIES = [sample_body(np.random.default_rng(seed)) for seed in range(SAMPLE_SIZE + 2)]
PLAUSIBLE = {"contact": 0.6, "height": 0.5, "raw_cost_of_transport": 2.0}


def candidate(number, *, body=None, parents=(), score=1.0, generation=0, warnings=(), **known):
    metrics = {**PLAUSIBLE, **known.pop("metrics", {})}
    record = replace(
        BLANK,
        **{"status": "ok", "speed": 1.0, "distance": 10.0, "score": score, **known},
        metrics=metrics,
        warnings=tuple(warnings),
    )
    graph = BODIES[number % len(BODIES) if body is None else body]
    unscored = Candidate.unscored(
        graph, number=number, generation=generation, operator="", parents=parents
    )
    return unscored.scored(record)


def alarms_of(candidates, *, kept=None, generation=0, role="population", monitor=None, **alarms):
    monitor = monitor or Monitor(config.Settings.from_dict({"alarms": alarms}))
    for each in candidates:
        monitor.tell(each)
    kept = candidates if kept is None else kept
    state, *found = monitor.end_generation(
        generation, candidates=candidates, membership={role: kept}
    )
    assert state.kind == "generation"
    assert {alarm.kind for alarm in found} <= {"alarm"}
    return {alarm.name: alarm for alarm in found}


def test_different_plausible_bodies_raise_no_alarm():
    assert alarms_of([candidate(number) for number in range(6)]) == {}


@pytest.mark.parametrize(
    ("name", "strange"),
    [
        ("speed", {"speed": 5.1}),
        ("speed", {"speed": -5.1}),
        ("height", {"metrics": {"height": 2.1}}),
        ("flight", {"metrics": {"contact": 0.19}}),
        ("implausible energy", {"metrics": {"raw_cost_of_transport": 0.019}}),
        ("shaking", {"metrics": {"raw_cost_of_transport": 31.0}}),
    ],
)
def test_an_alarm_names_the_suspects_and_the_best_of_them(name, strange):
    candidates = [
        candidate(0, score=9.0),
        candidate(1, score=2.0, **strange),
        candidate(2, score=5.0, **strange),
        candidate(3, score=8.0, **strange, status="unstable"),
    ]
    alarms = alarms_of(candidates)
    assert list(alarms) == [name]
    assert alarms[name].number == 2
    assert alarms[name].details == {"numbers": [1, 2]}
    assert "2 of 4 bodies are" in alarms[name].message
    assert "the best is candidate-00002" in alarms[name].message


@pytest.mark.parametrize(
    "plain",
    [
        {"distance": 0.9, "metrics": {"raw_cost_of_transport": 0.001}},
        {"speed": 0.4, "metrics": {"raw_cost_of_transport": 99.0}},
        {"metrics": {"contact": 0.2, "height": 2.0}, "speed": 5.0},
    ],
)
def test_values_that_mean_nothing_raise_no_alarm(plain):
    assert alarms_of([candidate(0, **plain), candidate(1), candidate(2)]) == {}


def test_missing_metrics_raise_no_alarm():
    bare = [replace(c, record=replace(c.result, metrics={})) for c in map(candidate, range(3))]
    assert alarms_of(bare) == {}


def test_bodies_that_are_nearly_the_same():
    candidates = [candidate(number, body=3) for number in range(4)]
    assert list(alarms_of(candidates)) == ["diversity"]
    assert alarms_of(candidates, diversity=0.0) == {}
    # Bodies that only lie in an archive beside a population do not count.
    monitor = Monitor(config.Settings.from_dict({}))
    others = [candidate(number) for number in range(4, 8)]
    for each in [*candidates, *others]:
        monitor.tell(each)
    membership = {"archive": candidates, "population": others}
    assert [
        e.kind for e in monitor.end_generation(0, candidates=others, membership=membership)
    ] == ["generation"]


def test_one_ancestor_of_nearly_all_by_first_parents():
    start = [candidate(number) for number in range(3)]
    monitor = Monitor(config.Settings.from_dict({"alarms": {"lineage": 0.6}}))
    assert alarms_of(start, monitor=monitor) == {}
    children = [
        candidate(3, parents=(1, 0), generation=1),
        candidate(4, parents=(3, 2), generation=1),
        candidate(5, parents=(2, 1), generation=1),
    ]
    alarms = alarms_of(children, monitor=monitor, generation=1)
    assert list(alarms) == ["lineage"]
    assert (alarms["lineage"].number, alarms["lineage"].details["share"]) == (1, 2 / 3)


def test_convergence_is_stagnation_of_bodies_that_are_alike():
    def generations(body, scores):
        monitor = Monitor(
            config.Settings.from_dict({"alarms": {"diversity": 0.0, "stagnation": 2, "lineage": 1}})
        )
        for generation, score in enumerate(scores):
            candidates = [
                candidate(2 * generation + i, body=body, score=score, generation=generation)
                for i in range(2)
            ]
            yield sorted(map(str, alarms_of(candidates, monitor=monitor, generation=generation)))

    alarm = ["premature convergence"]
    assert list(generations(3, [5, 4, 3, 5, 6])) == [[], [], alarm, alarm, []]
    assert list(generations(None, [5, 4, 3, 5, 6])) == [[]] * 5


def test_bodies_out_of_distribution():
    candidates = [
        candidate(0),
        candidate(1, warnings=[f"{OUT_OF_DISTRIBUTION}: mass 99"]),
        candidate(2),
    ]
    assert alarms_of(candidates) == {}
    candidates[0] = candidate(0, warnings=[f"{OUT_OF_DISTRIBUTION}: mass 99", "copied"])
    alarm = alarms_of(candidates)[OUT_OF_DISTRIBUTION]
    assert alarm.details == {"numbers": [0, 1]}
    assert alarms_of(candidates, ood=1.0) == {}


def test_the_sample_depends_on_seed_and_generation_alone():
    candidates = [candidate(number) for number in range(SAMPLE_SIZE + 2)]
    monitor = Monitor(config.Settings.from_dict({}))
    for each in candidates:
        monitor.tell(each)

    def diversity(generation, kept):
        [state] = monitor.end_generation(generation, candidates=[], membership={"population": kept})
        return state.details["diversity"]

    assert diversity(0, candidates) == diversity(0, candidates[::-1])
    assert diversity(0, candidates) != diversity(1, candidates)


def test_no_kept_bodies_raise_no_alarm():
    assert alarms_of([candidate(0), candidate(1)], kept=[]) == {}
