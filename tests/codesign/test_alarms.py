"""Every alarm, sounded by bodies that deserve it and by no others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from formula_pool import BLANK

from codesign import config
from codesign.campaign.alarms import SAMPLE, Watch
from codesign.scoring.record import OUT_OF_DISTRIBUTION
from codesign.store import Candidate
from morph_ops.sampling import sample_body

BODIES = [sample_body(np.random.default_rng(seed)) for seed in range(SAMPLE + 2)]
SOUND = {"contact": 0.6, "height": 0.5, "cost_of_transport": 2.0}


def candidate(number, *, body=None, parents=(), score=1.0, generation=0, warnings=(), **known):
    metrics = {**SOUND, **known.pop("metrics", {})}
    record = replace(
        BLANK,
        **{"status": "ok", "speed": 1.0, "distance": 10.0, "score": score, **known},
        metrics=metrics,
        warnings=tuple(warnings),
    )
    graph = BODIES[number % len(BODIES) if body is None else body]
    unscored = Candidate.unscored(graph, number=number, generation=generation, operator="", parents=parents)
    return unscored.scored(record)


def sounded(candidates, *, kept=None, generation=0, role="population", watch=None, **alarms):
    watch = watch or Watch(config.Settings.from_dict({"alarms": alarms}))
    for each in candidates:
        watch.see(each)
    kept = candidates if kept is None else kept
    state, *found = watch.look(generation, born=candidates, membership={role: kept})
    assert state.kind == "generation"
    assert {alarm.kind for alarm in found} <= {"alarm"}
    return {alarm.name: alarm for alarm in found}


def test_different_sound_bodies_sound_no_alarm():
    assert sounded([candidate(number) for number in range(6)]) == {}


@pytest.mark.parametrize(
    ("name", "strange"),
    [
        ("speed", {"speed": 5.1}),
        ("speed", {"speed": -5.1}),
        ("height", {"metrics": {"height": 2.1}}),
        ("flight", {"metrics": {"contact": 0.19}}),
        ("free energy", {"metrics": {"raw_cost_of_transport": 0.019}}),
        ("shaking", {"metrics": {"raw_cost_of_transport": 31.0}}),
    ],
)
def test_suspects_are_named_and_the_best_of_them(name, strange):
    born = [
        candidate(0, score=9.0),
        candidate(1, score=2.0, **strange),
        candidate(2, score=5.0, **strange),
        candidate(3, score=8.0, **strange, status="unstable"),
    ]
    alarms = sounded(born)
    assert list(alarms) == [name]
    assert alarms[name].number == 2
    assert alarms[name].details == {"numbers": [1, 2]}
    assert "2 of 4 bodies are" in alarms[name].message
    assert "the best of them is candidate-00002" in alarms[name].message


@pytest.mark.parametrize(
    "plain",
    [
        {"distance": 0.9, "metrics": {"raw_cost_of_transport": 0.001}},
        {"speed": 0.4, "metrics": {"raw_cost_of_transport": 99.0}},
        {"metrics": {"contact": 0.2, "height": 2.0}, "speed": 5.0},
    ],
)
def test_what_says_nothing_sounds_nothing(plain):
    assert sounded([candidate(0, **plain), candidate(1), candidate(2)]) == {}


def test_metrics_that_are_missing_sound_nothing():
    bare = [replace(c, record=replace(c.result, metrics={})) for c in map(candidate, range(3))]
    assert sounded(bare) == {}


def test_bodies_that_are_nearly_the_same():
    born = [candidate(number, body=3) for number in range(4)]
    assert list(sounded(born)) == ["diversity"]
    assert sounded(born, diversity=0.0) == {}
    # Bodies that only lie in an archive beside a population do not count.
    watch = Watch(config.Settings.from_dict({}))
    others = [candidate(number) for number in range(4, 8)]
    for each in [*born, *others]:
        watch.see(each)
    membership = {"archive": born, "population": others}
    assert [e.kind for e in watch.look(0, born=others, membership=membership)] == ["generation"]


def test_one_ancestor_of_nearly_all_by_first_parents():
    start = [candidate(number) for number in range(3)]
    watch = Watch(config.Settings.from_dict({"alarms": {"lineage": 0.6}}))
    assert sounded(start, watch=watch) == {}
    children = [
        candidate(3, parents=(1, 0), generation=1),
        candidate(4, parents=(3, 2), generation=1),
        candidate(5, parents=(2, 1), generation=1),
    ]
    alarms = sounded(children, watch=watch, generation=1)
    assert list(alarms) == ["lineage"]
    assert (alarms["lineage"].number, alarms["lineage"].details["share"]) == (1, 2 / 3)


def test_convergence_needs_both_stagnation_and_likeness():
    def generations(body, scores):
        watch = Watch(config.Settings.from_dict({"alarms": {"diversity": 0.0, "stagnation": 2, "lineage": 1}}))
        for generation, score in enumerate(scores):
            born = [
                candidate(2 * generation + i, body=body, score=score, generation=generation)
                for i in range(2)
            ]
            yield sorted(sounded(born, watch=watch, generation=generation))

    alarm = ["premature convergence"]
    assert list(generations(3, [5, 4, 3, 5, 6])) == [[], [], alarm, alarm, []]
    assert list(generations(None, [5, 4, 3, 5, 6])) == [[]] * 5


def test_bodies_unlike_those_of_the_training():
    born = [candidate(0), candidate(1, warnings=[f"{OUT_OF_DISTRIBUTION}: mass 99"]), candidate(2)]
    assert sounded(born) == {}
    born[0] = candidate(0, warnings=[f"{OUT_OF_DISTRIBUTION}: mass 99", "copied"])
    alarm = sounded(born)[OUT_OF_DISTRIBUTION]
    assert alarm.details == {"numbers": [0, 1]}
    assert sounded(born, ood=1.0) == {}


def test_the_sample_depends_on_seed_and_generation_alone():
    born = [candidate(number) for number in range(SAMPLE + 2)]
    watch = Watch(config.Settings.from_dict({}))
    for each in born:
        watch.see(each)

    def diversity(generation, kept):
        [state] = watch.look(generation, born=[], membership={"population": kept})
        return state.details["diversity"]

    assert diversity(0, born) == diversity(0, born[::-1])
    assert diversity(0, born) != diversity(1, born)


def test_nobody_kept_is_no_alarm():
    assert sounded([candidate(0), candidate(1)], kept=[]) == {}
