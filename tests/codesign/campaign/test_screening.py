"""Screening on a pool that scores by a formula."""

from __future__ import annotations

from dataclasses import replace

import pytest

import codesign
from codesign.campaign import screen
from codesign.campaign.screening import most_screening_steps
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.scoring.racing import SCREENING
from hyperdistill_core.errors import SettingsError
from morph_ops.identity import body_hash
from tests.helpers.formula_pool import FormulaPool


class ScreeningPool(FormulaPool):
    """Prunes every body, with an upper bound."""

    failing = 0

    def record(self, graph):
        record = super().record(graph)
        if int(record.hash[:2], 16) < self.failing:
            return replace(record, status="failed", warnings=("no",))
        return replace(record, status="pruned", metrics={"upper_bound": record.score})


def settings(**changes):
    return Settings.from_dict({"population": 6, "screened": 30, "seed": 3, **changes})


def hashes(founders):
    return [body_hash(founder.graph) for founder in founders]


@pytest.mark.parametrize(
    ("changes", "each"),
    [
        ({}, 100),
        ({"racing": {"steps": 40}}, 40),
        # As long as an episode: then the whole episodes of the second stage, or all of them.
        ({"racing": {"steps": 1000}}, 2 * 1000),
        ({"racing": {"steps": 1000, "episodes": 0}, "episodes": 3}, 3 * 1000),
    ],
)
def test_most_control_steps_are_those_of_the_first_stage(changes, each):
    assert most_screening_steps(settings(**changes)) == 30 * each
    assert most_screening_steps(settings(**changes).replace(screened=0)) == 0


def test_a_budget_that_screening_alone_may_take_is_refused():
    with pytest.raises(SettingsError, match=r"stop.control_steps: expected more than screened x 1"):
        settings(stop={"control_steps": 3000})
    assert settings(stop={"control_steps": 3001}).stop.control_steps == 3001


def test_the_best_of_all_sampled_bodies_are_kept():
    pool = ScreeningPool()
    founders = screen(settings(), pool)
    assert len(founders) == len(set(hashes(founders))) == 6
    assert set(pool.thresholds.values()) == {SCREENING}
    assert sorted(pool.simulated) == list(range(30))
    kept = [pool.record(founder.graph).score for founder in founders]
    assert kept == sorted(kept, reverse=True)
    more = screen(settings(population=30), ScreeningPool())
    scores = sorted((pool.record(founder.graph).score for founder in more), reverse=True)
    assert kept == scores[:6]


def test_any_number_of_workers_keeps_the_same():
    expected = hashes(screen(settings(), ScreeningPool()))
    assert hashes(screen(settings(), ScreeningPool(7, seed=4))) == expected
    assert hashes(screen(settings(seed=4), ScreeningPool())) != expected


def test_bodies_carry_variants():
    founders = screen(settings(variants=16), ScreeningPool())
    assert len({founder.variant for founder in founders}) > 1


def test_too_few_bodies_that_simulate_are_one_line(monkeypatch):
    monkeypatch.setattr(ScreeningPool, "failing", 256)
    with pytest.raises(UsageError, match="at least 6 bodies that can be simulated, got 0 of 30"):
        screen(settings(), ScreeningPool())


def test_short_tasks_give_complete_scores():
    expected = hashes(screen(settings(), ScreeningPool()))
    assert hashes(screen(settings(), FormulaPool())) == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"screened": 5}, "at least population = 6, got 5"),
        ({"start": "robots"}, "with bodies of your own in start"),
        ({"tasks": ["flat", "csr"]}, "on several tasks"),
    ],
)
def test_settings_that_do_not_fit(changes, message):
    with pytest.raises(SettingsError, match=message):
        settings(**changes)


@pytest.mark.slow
def test_a_run_starts_with_the_screened_bodies(tiny_controller, tmp_path):
    made = settings(
        controller=str(tiny_controller),
        generations=1,
        episodes=1,
        reevaluation_episodes=0,
        workers=0,
        top=1,
    )
    run = codesign.evolve(made, out=tmp_path / "run")
    assert [run.candidate(number).operator for number in range(6)] == ["start"] * 6
    assert len(list((run.path / "start").glob("[0-9]*.json"))) == 6
    assert run.status.state == "finished"
