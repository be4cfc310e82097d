"""The estimate of a campaign's time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codesign.api.plan_parts import (
    CONTROLLER_RATE,
    NETWORKS_RATE,
    adaptations,
    finalists,
    measured,
    parts_of,
)
from codesign.api.planning import max_parallelism, plan
from codesign.campaign import screen
from codesign.config import Settings
from codesign.scoring import ScoringPool
from hyperdistill_core.errors import SettingsError
from morph_ops.identity import body_hash
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


def estimate(made, records, *, parallelism, **screening):
    """The parts of a run by name: bodies, and least and most control steps and seconds."""
    probes = measured(made, records, parallelism=parallelism, **screening)
    return {} if probes is None else {part.name: part for part in parts_of(made, probes)}


def seconds(parts):
    found = parts.values()
    return sum(part.min_s for part in found), sum(part.max_s for part in found)


def test_estimate_uses_the_length_of_the_probes_and_whole_episodes():
    made = settings(finalists=5, reevaluation_episodes=8)
    records = [record(100, 300, seconds=2.0), record(200, 200, seconds=6.0)]
    # 80 episodes of the search and 40 of finalists, 200 control steps of 10 ms each.
    parts = estimate(made, records, parallelism=1)
    assert set(parts) == {"search", "re-evaluation"}
    assert (parts["search"].min_steps, parts["search"].max_steps) == (16_000, 80_000)
    assert seconds(parts) == pytest.approx((240.0, 1200.0))
    assert seconds(estimate(made, records, parallelism=4)) == pytest.approx((60.0, 300.0))
    assert estimate(made, [record(seconds=1.0)], parallelism=1) == {}


def test_selection_counts_once_for_each_body_and_not_for_finalists():
    made = settings(finalists=5, reevaluation_episodes=8, best_of=4)
    records = [
        record(100, 300, selection=400, seconds=4.0),
        record(200, 200, selection=0, seconds=8.0),
    ]
    # 40 bodies of 600 control steps, 40 episodes of finalists of 200, 10 ms each.
    least, most = seconds(estimate(made, records, parallelism=1))
    assert least == pytest.approx(240.0 + 80.0)
    # At most 4 x 400, 3 x 2 x 1000 and 2 x 2 x 1000 control steps of a selection.
    assert most == pytest.approx(40 * (2000 + 11600) * 0.01 + 40 * 1000 * 0.01)


def test_screening_takes_what_a_small_one_took():
    made = settings(screened=400)
    part = estimate(
        made, [record(200, 200, seconds=4.0)], parallelism=1, screened=32, short_steps=60.0,
        short_s=0.1,
    )["screening"]  # fmt: skip
    assert (part.bodies, part.min_steps, part.max_steps) == ("400", 24_000, 40_000)
    assert (part.min_s, part.max_s) == pytest.approx((40.0, 40.0 + 160.0))


def test_what_learns_counts_with_the_scores_that_it_needs():
    made = settings(
        finalists=3, reevaluation_episodes=8, finetune_steps=9_000, adaptation={"every": 3}
    )
    parts = estimate(made, [record(500, 500, seconds=10.0)], parallelism=1)
    controller, networks = parts["learning of the controller"], parts["learning of finalists"]
    # The finalists are at least as many as the designs.
    assert finalists(made) == 5
    # Four updates of 64 control steps, in which the critic of 96 bodies learns alone, come on top.
    critic = 4 * 64 * 4 * 96
    assert (controller.bodies, controller.min_steps) == ("3 times", 3 * 600_000 + critic)
    assert controller.max_steps == 3 * (600_000 + critic)
    assert controller.min_s == controller.min_steps / CONTROLLER_RATE
    assert (networks.bodies, networks.max_steps) == ("5", 45_000)
    assert networks.max_s == 45_000 / NETWORKS_RATE
    # Each time four kept bodies and five finalists, under both controllers, two episodes each; once
    # more where the search goes on with the new one.
    scored = parts["scores under both"]
    assert (scored.bodies, scored.min_steps) == ("54 .. 81", 54_000)
    # 13,200 control steps of a selection and 8 episodes, in episodes that are half as long.
    assert parts["best-of-8 of finalists"].min_steps == 5 * (6_600 + 4_000)
    # Rounds of 5, 2 and 1 bodies with two checkpoints each, and 4 x 5 generated and best networks.
    assert parts["scores of what they learned"].max_steps == (16 + 20) * 2 * 1000 + 5 * 8 * 1000


def test_an_archive_may_keep_every_body():
    made = settings(algorithm="novelty", adaptation={"every": 3}, finalists=1, top=1)
    parts = estimate(made, [record(500, 500, seconds=10.0)], parallelism=1)
    assert parts["scores under both"].bodies == "30 .. 216"
    made = settings(adaptation={"every": 3, "bodies": 5}, finalists=1, top=1, population=8)
    parts = estimate(made, [record(500, 500, seconds=10.0)], parallelism=1)
    # As many as learn are compared, and all nine are scored anew.
    times = (parts["learning of the controller"].bodies).split()[0]
    assert parts["scores under both"].bodies == f"{10 * int(times)} .. {19 * int(times)}"


def test_kept_bodies_get_fresh_episodes_until_they_have_enough():
    def bodies(**changes):
        made = settings(finalists=3, **changes)
        parts = estimate(made, [record(500, 500, seconds=1.0)], parallelism=1)
        part = parts["re-evaluation of kept bodies"]
        assert part.max_steps == 2 * 1000 * int(part.bodies.split(" .. ")[1].replace(",", ""))
        return part.bodies

    # Nine times four kept bodies and five finalists; an archive may keep all 40.
    assert bodies(reevaluate_every=1) == "28 .. 81"
    assert bodies(reevaluate_every=3, algorithm="novelty") == "3 .. 120"
    assert bodies(reevaluate_every=1, algorithm="map_elites") == "7 .. 280"
    assert bodies(reevaluate_every=1, adaptation={"every": 3}) == "0 .. 81"
    made = settings(reevaluate_every=10)
    assert set(estimate(made, [record(500, seconds=1.0)], parallelism=1)) == {"search"}


def test_children_of_broods_have_one_short_episode_each():
    made = settings(brood=3, racing={"steps": 50})
    part = estimate(made, [record(500, 500, seconds=10.0)], parallelism=1)[
        "short episodes of children"
    ]
    assert (part.bodies, part.min_steps, part.max_steps) == ("108", 5_400, 5_400)
    part = estimate(made, [record(20, 30, seconds=10.0)], parallelism=1)[
        "short episodes of children"
    ]
    assert (part.min_steps, part.max_steps) == (108 * 25, 5_400)


def test_a_budget_of_control_steps_bounds_the_search():
    records = [record(500, 500, seconds=10.0)]
    whole = estimate(settings(), records, parallelism=1)["search"]
    made = settings(stop={"control_steps": 9_000}, reevaluate_every=1)
    parts = estimate(made, records, parallelism=1)
    assert sum(part.max_steps for part in parts.values()) == pytest.approx(9_000, abs=2)
    assert parts["search"].bodies == "at most 40"
    assert parts["search"].min_s < whole.min_s
    made = settings(stop={"control_steps": 10_000_000})
    assert estimate(made, records, parallelism=1)["search"] == whole


def test_a_controller_that_would_never_learn_is_refused():
    assert adaptations(settings(adaptation={"every": 9})) == 1
    with pytest.raises(SettingsError, match=r"adaptation.every: expected at most 9, .* got 10"):
        settings(adaptation={"every": 10})


def test_probes_of_a_screened_run_are_screened(monkeypatch, tiny_controller):
    seen = []
    plain = ScoringPool.map

    def noted(pool, graphs, **known):
        seen.extend(map(body_hash, graphs))
        return plain(pool, graphs, **known)

    monkeypatch.setattr(ScoringPool, "map", noted)
    made = settings(screened=16, workers=0, episodes=1, controller=str(tiny_controller))
    planned = plan(made)
    assert (planned.probes, planned.screened) == (4, 16)
    with ScoringPool.of_campaign(made) as pool:
        assert seen == [body_hash(founder.graph) for founder in screen(made, pool)]


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
        return measured(settings, records, parallelism=parallelism)

    monkeypatch.setattr("codesign.api.planning.measured", note)
    local = {"kind": "local", "workers": 1, "options": {"threads_per_worker": 3}}
    made = plan(settings(population=8, workers=8, cluster=local, controller=str(tiny_controller)))
    assert seen == {"parallelism": 3}
    assert "3 threads of " in made.location
    assert 0.0 < made.min_s <= made.max_s


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


def test_a_run_that_ends_with_its_starting_population_has_no_children():
    made = settings(brood=3, candidates=2)
    parts = estimate(made, [record(500, 500, seconds=10.0)], parallelism=1)
    assert parts["short episodes of children"].max_steps == 0
