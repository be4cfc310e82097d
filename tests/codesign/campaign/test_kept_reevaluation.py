"""Re-evaluation of kept bodies on a pool whose scores are partly luck."""

from __future__ import annotations

import random
from dataclasses import replace
from statistics import fmean

import pytest

from codesign.campaign.adaptation import Adaptations
from codesign.campaign.kept_reevaluation import ENOUGH
from tests.codesign.campaign.test_adaptation import ALGORITHMS, LearningPool
from tests.helpers.campaigns import require_same, search, small_settings
from tests.helpers.formula_pool import FormulaPool, InterruptionError, outcome


class LuckyPool(FormulaPool):
    """Scores a body by what it is worth and by the luck of its episodes."""

    luck = 5.0
    round_to: int | None = None

    def submit(self, number, graph, **options):
        super().submit(number, graph, **options)
        self.seeds = {**getattr(self, "seeds", {}), number: options.get("seed", 0)}

    def collect(self):
        return [(n, self._lucky(r, self.seeds[n])) for n, r in super().collect()]

    def _lucky(self, record, seed):
        luck = self.luck * random.Random(f"{record.hash}, {seed}").gauss()
        value = record.score + luck
        returns = (value if self.round_to is None else round(value, self.round_to),)
        return replace(
            record, score=returns[0], seed=seed, returns=returns, lengths=(100,), fell=(False,)
        )

    def worth(self, candidate):
        """Score of a candidate without luck."""
        return FormulaPool.record(self, candidate.graph).score


def everything(database):
    events = [replace(e, time="") for e in database.events("generation", "alarm", "reevaluation")]
    records = [(c.record, c.rescored, c.rescored_in) for c in database.candidates()]
    return outcome(database), records, events


def reevaluating(**changes):
    return small_settings(reevaluate_every=1, episodes=1, **changes)


#: Random search keeps no bodies.
KEEPING = {name: own for name, own in ALGORITHMS.items() if name != "random"}


@pytest.mark.parametrize(
    ("algorithm", "round_to"),
    [*((name, None) for name in KEEPING), ("mu_plus_lambda", -1), ("map_elites", -1)],
)
def test_a_run_is_the_same_on_any_workers_and_after_interruptions(
    algorithm, round_to, new_database, monkeypatch
):
    # Rounded scores are often equal: which body is the best must not hang on an order.
    monkeypatch.setattr(LuckyPool, "round_to", round_to)
    settings = reevaluating(algorithm=algorithm, **ALGORITHMS[algorithm])
    require_same(
        settings, new_database, pool=LuckyPool, said=everything, answers=(3, 14, 2, 9, 1, 7)
    )


def test_the_score_is_the_mean_over_all_episodes_of_a_kept_body(new_database):
    settings = reevaluating(algorithm="mu_plus_lambda", generations=14)
    with new_database() as database:
        search(settings, database, pool=LuckyPool())
        candidates, events = database.candidates(), database.events("reevaluation")
    assert len(events) == 14
    again = [c for c in candidates if c.rescored is not None]
    assert {c.rescored.episodes for c in again} >= {2, 3, 4}
    assert max(c.rescored.episodes for c in again) <= ENOUGH
    for candidate in again:
        returns = candidate.rescored.returns
        assert len(set(returns)) == len(returns) == candidate.rescored.episodes
        assert candidate.score == pytest.approx(fmean(returns))
        assert candidate.rescored.returns[0] == candidate.record.returns[0]


def test_a_body_with_enough_episodes_is_not_scored_again(new_database, monkeypatch):
    monkeypatch.setattr("codesign.campaign.kept_reevaluation.ENOUGH", 1)
    plain = small_settings(algorithm="mu_plus_lambda", episodes=1)
    with new_database() as database:
        search(plain, database, pool=LuckyPool())
        expected = outcome(database)
    pool = LuckyPool()
    with new_database() as database:
        search(reevaluating(algorithm="mu_plus_lambda"), database, pool=pool)
        assert outcome(database) == expected
        [message, *_] = {event.message for event in database.events("reevaluation")}
    assert message == "re-evaluation: no kept body needs more episodes"
    assert pool.fresh == []


def test_equal_bodies_count_alike_and_the_best_is_the_best(new_database):
    for seed in range(3):
        settings = reevaluating(algorithm="aging", generations=8, seed=seed, finalists=2, top=1)
        with new_database() as database:
            search(settings, database, pool=LuckyPool())
            moments = [event.details["candidates"] for event in database.events("reevaluation")]
            last, candidates = database.rescores(moments[-1]), database.candidates()[: moments[-1]]
        scores = {}
        for candidate in candidates:
            scores.setdefault((candidate.hash, candidate.variant), set()).add(candidate.score)
        assert all(len(found) == 1 for found in scores.values())
        best = max(candidates, key=lambda candidate: (candidate.score, -candidate.number))
        assert best.number in last


def test_a_body_that_becomes_unstable_falls_to_the_worst(new_database):
    class ShakyPool(LuckyPool):
        def _lucky(self, record, seed):
            record = super()._lucky(record, seed)
            shaky = seed and int(record.hash[:1], 16) < 8
            return replace(record, status="unstable", score=-1e4) if shaky else record

    with new_database() as database:
        search(reevaluating(algorithm="mu_plus_lambda"), database, pool=ShakyPool())
        kept = [n for n, until in database.kept_until().items() if until is None]
        messages = [event.message for event in database.events("reevaluation")]
        scores = [database.candidate(number).score for number in kept]
    assert any("became unstable" in message for message in messages)
    assert min(scores) > -1e4


def test_kept_bodies_owe_less_to_luck(new_database):
    def luck(**changes):
        """By how much the kept bodies of a search are overrated."""
        pool, found = LuckyPool(), []
        for seed in range(2):
            settings = small_settings(
                algorithm="mu_plus_lambda", generations=11, seed=seed, **changes
            )
            with new_database() as database:
                search(settings, database, pool=pool)
                kept = [n for n, until in database.kept_until().items() if until is None]
                found += [database.candidate(n) for n in kept]
        return fmean(candidate.score - pool.worth(candidate) for candidate in found)

    assert 0.0 < luck(reevaluate_every=1) < luck() / 2


def test_an_adapted_controller_comes_first(new_database, tmp_path, monkeypatch):
    def learn(self, adaptation, chosen):
        file = self._file(adaptation)
        file.parent.mkdir(exist_ok=True)
        file.touch()
        return file.stem

    class Pool(LuckyPool, LearningPool):
        gain = 100.0

    from codesign.store import RunFolder

    monkeypatch.setattr(Adaptations, "_learn", learn)
    settings = reevaluating(adaptation={"every": 2, "steps": 1, "bodies": 7}, algorithm="aging")
    folder = RunFolder.create(tmp_path / "run", settings)
    with folder.database() as database:
        search(settings, database, pool=Pool(), folder=folder)
        moments = [event.details["candidates"] for event in database.events("reevaluation")]
        adapted = [adaptation.candidates for adaptation in database.adaptations()]
        best = database.best_in_search(5)
    assert (moments, adapted) == ([6, 18, 30], [12, 24])
    assert {candidate.result.controller for candidate in best} == {"adapted-002"}
    assert {c.rescored_in for c in best if c.rescored} == {2}


def test_control_steps_count(new_database):
    settings = reevaluating(algorithm="mu_plus_lambda")
    with new_database() as database:
        search(settings, database, pool=LuckyPool())
        steps = sum(candidate.record.steps for candidate in database.candidates()[:12])
        steps += database.events("reevaluation")[0].details["steps"]
    settings = settings.replace(stop={"control_steps": steps})
    with new_database() as database:
        with pytest.raises(InterruptionError):
            search(settings, database, pool=LuckyPool(2, answers=15))
        assert search(settings, database, pool=LuckyPool()) is not None
        assert len(database) == 12


def test_what_a_dead_worker_left_changes_nothing(new_database):
    class DyingPool(LuckyPool):
        def _lucky(self, record, seed):
            record = super()._lucky(record, seed)
            return replace(record, status="failed", score=-1e4) if seed else record

    plain = small_settings(algorithm="mu_plus_lambda")
    with new_database() as database:
        search(plain, database, pool=LuckyPool())
        expected = outcome(database)
    with new_database() as database:
        search(reevaluating(algorithm="mu_plus_lambda"), database, pool=DyingPool())
        assert outcome(database) == expected
