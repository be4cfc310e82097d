"""Adaptation of the controller on a pool that scores by a formula: what it changes, and when."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from codesign.campaign import run
from codesign.campaign.adaptation import Adaptations
from codesign.campaign.algorithms import new_algorithm
from codesign.config import Settings
from codesign.errors import RunError, UsageError
from codesign.store import RunFolder
from tests.helpers.campaigns import search, small_settings
from tests.helpers.formula_pool import FormulaPool, InterruptionError, outcome

ALGORITHMS = {
    "aging": {},
    "random": {},
    "mu_plus_lambda": {},
    "nsga2": {"objectives": ["score", "mass"]},
    "map_elites": {"descriptors": ["limbs", "mass"], "bins": 4},
    "novelty": {"descriptors": ["size", "mass"], "neighbors": 3},
    "islands": {"population": 8, "islands": ["aging", "mu_plus_lambda"], "migrate_every": 5},
}


class LearningPool(FormulaPool):
    """Scores higher, or lower, under every controller that was adapted."""

    gain = 10.0

    def use_controller(self, controller):
        if controller != "c" and not Path(controller).exists():
            raise UsageError(f"no controller {controller}")
        self.controller = controller

    def record(self, graph):
        record = super().record(graph)
        if self.controller == "c":
            return record
        name = Path(self.controller).stem
        score = record.score + self.gain * int(name[-3:])
        return replace(
            record, score=score, ci95=(score, score), controller=name, controller_hash=name
        )


@pytest.fixture(autouse=True)
def learned(monkeypatch):
    """Numbers of the bodies that learned, by adaptation; nothing really learns."""
    bodies = {}

    def learn(self, adaptation, chosen):
        bodies[adaptation] = [candidate.number for candidate in chosen]
        file = self._file(adaptation)
        file.parent.mkdir(exist_ok=True)
        file.touch()
        return file.stem

    monkeypatch.setattr(Adaptations, "_learn", learn)
    return bodies


def adapted(**changes) -> Settings:
    return small_settings(adaptation={"every": 2, "steps": 1, "bodies": 7}, **changes)


@pytest.fixture
def folder(tmp_path):
    """Makes run folders for settings."""

    def make(settings, name="run"):
        return RunFolder.create(tmp_path / name, settings)

    return make


def evolve(settings, folder, pool=None):
    """Everything that a finished run says about scores, rescores and events."""
    with folder.database() as database:
        run(settings, folder=folder, database=database, pool=pool or LearningPool())
        return everything(database)


def everything(database):
    candidates = database.candidates()
    events = [replace(e, time="") for e in database.events("generation", "alarm", "adaptation")]
    records = [(c.adaptation, c.record, c.rescored) for c in candidates]
    return outcome(database), records, database.adaptations(), events


def test_without_adaptation_nothing_learns(folder, learned):
    settings = small_settings()
    evolve(settings, folder(settings))
    assert learned == {}


def test_later_candidates_are_scored_under_the_new_controller(folder, learned):
    settings = adapted(algorithm="aging")
    with folder(settings).database() as database:
        search(settings, database, pool=LearningPool(), folder=folder(settings, "files"))
        candidates, adaptations = database.candidates(), database.adaptations()
        first = database.rescores(12)
    assert [(a.number, a.candidates, a.kept) for a in adaptations] == [(1, 12, True), (2, 24, True)]
    assert [c.adaptation for c in candidates] == [0] * 12 + [1] * 12 + [2] * 12
    names = {c.number: c.record.controller for c in candidates}
    assert {names[n] for n in range(12)} == {"c"}
    assert {names[n] for n in range(24, 36)} == {"adapted-002"}
    assert set(range(6, 12)) <= set(first), "the population is scored anew"
    assert all(first[n].score == pytest.approx(candidates[n].record.score + 10.0) for n in first)
    assert len(learned[1]) == len(set(learned[1])) == 7
    gain = adaptations[0].score_after - adaptations[0].score_before
    assert gain == pytest.approx(10.0)


def test_as_many_bodies_are_compared_as_learn_from_the_best_to_the_worst(folder):
    pool, settings = LearningPool(), adapted(algorithm="aging")
    with folder(settings).database() as database:
        search(settings, database, pool=pool, folder=folder(settings, "files"))
        first, scores = database.rescores(12), {c.number: c.score for c in database.candidates()}
    half = len(pool.fresh) // 4
    assert half == 7, "two adaptations, under two controllers each"
    compared = sorted(pool.fresh[:half], key=lambda number: -scores[number])
    anew = sorted(first, key=lambda number: -scores[number])
    assert len(anew) > half
    assert (compared[0], compared[-1]) == (anew[0], anew[-1])
    assert pool.fresh[:half] == pool.fresh[half : 2 * half]


def test_the_best_are_of_the_last_controller(folder):
    settings = adapted()
    with folder(settings).database() as database:
        search(settings, database, pool=LearningPool(), folder=folder(settings, "files"))
        best = database.best(50)
        assert {candidate.result.controller for candidate in best} == {"adapted-002"}
        assert [c.score for c in best] == sorted((c.score for c in best), reverse=True)
        assert len({candidate.hash for candidate in best}) == len(best)


@pytest.mark.parametrize("gain", [10.0, -1.0])
def test_control_steps_of_adaptations_count(gain, folder, monkeypatch):
    monkeypatch.setattr(LearningPool, "gain", gain)
    settings = adapted(algorithm="aging")
    with folder(settings).database() as database:
        search(settings, database, pool=LearningPool(), folder=folder(settings, "files"))
        first = sum(candidate.record.steps for candidate in database.candidates()[:12])
        [spent, _] = [adaptation.steps for adaptation in database.adaptations()]
    assert spent > 0
    settings = settings.replace(stop={"control_steps": first + spent})
    made = folder(settings, "stopped")
    with made.database() as database:
        reason = search(settings, database, pool=LearningPool(), folder=made)
        assert reason is not None
        assert reason.startswith("the search has simulated ")
        assert database.adaptations()[0].steps == spent
        count = len(database)
    assert 12 < count < settings.total
    with made.database() as database:
        assert search(settings, database, pool=LearningPool(), folder=made) == reason
        assert len(database) == count


def test_a_controller_that_does_worse_changes_nothing(folder, monkeypatch):
    monkeypatch.setattr(LearningPool, "gain", -1.0)
    plain = small_settings(algorithm="mu_plus_lambda")
    expected, *_ = evolve(plain, folder(plain))
    settings = adapted(algorithm="mu_plus_lambda")
    made = folder(settings, "adapted")
    found, records, adaptations, events = evolve(settings, made)
    assert found == expected
    assert [a.kept for a in adaptations] == [False, False]
    assert {number for number, _, _ in records} == {0}
    assert not list(made.path.glob("controllers/*"))
    messages = [event.message for event in events if event.kind == "adaptation"]
    assert all("goes on with the controller that it had" in message for message in messages)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_any_workers_and_any_interruption(folder, algorithm):
    settings = adapted(algorithm=algorithm, **ALGORITHMS[algorithm])
    whole = evolve(settings, folder(settings))
    assert evolve(settings, folder(settings, "many"), LearningPool(5, seed=1)) == whole
    stopped = folder(settings, "stopped")
    for answers in (3, 14, 2, 9, 1, 7):
        pool = LearningPool(3, seed=answers, answers=answers)
        with stopped.database() as database, pytest.raises(InterruptionError):
            run(settings, folder=stopped, database=database, pool=pool)
    assert evolve(settings, stopped, LearningPool(2)) == whole


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_algorithms_take_new_scores(folder, algorithm):
    settings = small_settings(algorithm=algorithm, **ALGORITHMS[algorithm])
    with folder(settings).database() as database:
        search(settings, database)
        told = database.candidates()[: 2 * settings.population]
    ask = new_algorithm(settings)
    for candidate in told:
        ask.tell(candidate)
    before = {c.number: c for of in ask.membership().values() for c in of}
    ask.rescore(
        {n: replace(c, rescored=replace(c.result, score=1e3 + n)) for n, c in before.items()}
    )
    after = [c for of in ask.membership().values() for c in of]
    assert {c.number for c in after} <= set(before)
    assert all(candidate.score == 1e3 + candidate.number for candidate in after)


def test_a_missing_controller_is_one_line(folder):
    settings = adapted()
    made = folder(settings)
    with made.database() as database, pytest.raises(InterruptionError):
        run(settings, folder=made, database=database, pool=LearningPool(answers=55))
    made.adapted_controller(1).unlink()
    with pytest.raises(UsageError, match="lacks a controller that it adapted: no controller"):
        evolve(settings, made)


def test_a_controller_that_cannot_score_ends_the_run(folder, monkeypatch):
    class BrokenPool(LearningPool):
        def record(self, graph):
            record = super().record(graph)
            if self.controller == "c":
                return record
            return replace(record, status="failed", warnings=("OSError: no such file",))

    settings = adapted()
    with pytest.raises(
        RunError, match=r"under the controller .*adapted-001.*: OSError: no such file"
    ):
        evolve(settings, folder(settings), BrokenPool())


@pytest.mark.parametrize(("gain", "kept"), [(10.0, True), (0.0, False)])
def test_luck_of_the_search_decides_nothing(folder, monkeypatch, gain, kept):
    class LuckyPool(LearningPool):
        """The episodes of the search are lucky ones, under one controller or under both."""

        lucky = ("c",) if kept else ("c", "adapted-001", "adapted-002")

        def collect(self):
            luck = 50.0 * (Path(self.controller).stem in self.lucky and "seed" not in self.asked)
            return [(n, replace(r, score=r.score + luck)) for n, r in super().collect()]

    monkeypatch.setattr(LearningPool, "gain", gain)
    settings = adapted()
    _, _, adaptations, _ = evolve(settings, folder(settings), LuckyPool())
    assert [adaptation.kept for adaptation in adaptations] == [kept, kept]
    assert adaptations[0].score_after - adaptations[0].score_before == pytest.approx(gain)


def test_novelty_is_that_of_the_new_behavior(folder):
    settings = small_settings(algorithm="novelty", descriptors=["height", "contact"], neighbors=3)
    with folder(settings).database() as database:
        search(small_settings(), database)
        told = [at_height(candidate, 0.4) for candidate in database.candidates()[:6]]
    ask = new_algorithm(settings)
    for candidate in told:
        ask.tell(candidate)
    assert first_parents(ask).count(4) < 20
    rescored = [replace(each, rescored=each.record) for each in told]
    rescored[4] = replace(told[4], rescored=at_height(told[4], 1.4).record)
    ask.rescore({each.number: each for each in rescored})
    assert 4 in {each.number for each in ask.archive}
    assert first_parents(ask).count(4) > 50, "it stands out under the new controller alone"


def at_height(candidate, height):
    metrics = {"height": height, "contact": 0.5}
    return replace(candidate, record=replace(candidate.record, metrics=metrics))


def first_parents(ask, draws=100):
    random.seed(0)
    return [ask.ask(10)[0].number for _ in range(draws)]


def test_rules_and_statistics_forget_the_controller_before(folder, monkeypatch):
    monkeypatch.setattr(LearningPool, "gain", 1e6)
    settings = adapted(rates={"adaptive": True}, stop={"score": 1e5})
    made = folder(settings)
    with made.database() as database:
        reason = run(settings, folder=made, database=database, pool=LearningPool())
        best = [c for c in database.candidates() if c.number >= 12]
    assert reason is not None
    assert "the target is 100000" in reason
    assert {candidate.adaptation for candidate in best} == {1}


def test_finalists_of_the_controller_before_are_dropped(folder):
    settings = adapted(reevaluation_episodes=2, finalists=3, top=3)
    made = folder(settings)
    with made.database() as database:
        with pytest.raises(InterruptionError):
            run(settings, folder=made, database=database, pool=LearningPool(answers=30))
        # As a search does that its time limit ends.
        for candidate in database.best_in_search(2):
            database.add_reevaluation(candidate.number, candidate.result)
        assert len(database.reevaluated()) == 2
        run(settings, folder=made, database=database, pool=LearningPool())
        again = [database.candidate(number) for number, _ in database.reevaluated()]
    assert len(again) == 3
    assert {candidate.reevaluation.controller for candidate in again} == {"adapted-002"}


def test_bodies_that_fail_afterwards_count_like_the_worst(folder, monkeypatch):
    class SpoiledPool(LearningPool):
        def record(self, graph):
            record = super().record(graph)
            if self.controller != "c" and int(record.hash[:1], 16) < 8:
                return replace(record, status="unstable", score=-1e4)
            return record

    settings = adapted()
    _, _, adaptations, _ = evolve(settings, folder(settings), SpoiledPool())
    assert all(adaptation.score_after > -100.0 for adaptation in adaptations)


def test_nothing_learns_where_no_body_simulates(folder, learned):
    class UnstablePool(LearningPool):
        def record(self, graph):
            return replace(super().record(graph), status="unstable", score=-1e4)

    settings = adapted()
    _, _, adaptations, events = evolve(settings, folder(settings), UnstablePool())
    assert learned == {}
    assert [adaptation.kept for adaptation in adaptations] == [False, False]
    assert any("no body simulates that could learn" in event.message for event in events)


def test_what_learns_needs_a_folder(database):
    for changes in ({"adaptation": True}, {"finetune_steps": 1}):
        with pytest.raises(ValueError, match="expected a run folder for what learns"):
            search(small_settings(**changes), database)
