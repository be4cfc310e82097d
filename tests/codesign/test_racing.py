"""Racing: who is stopped, and that all others are scored as without it."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median

import numpy as np
import pytest
from formula_pool import BLANK, CutOffError, FormulaPool, outcome
from test_algorithms import candidate, scores, settings, told

from codesign import config
from codesign.campaign import Algorithm, run
from codesign.campaign.algorithms import ALGORITHMS, new_algorithm
from codesign.campaign.algorithms.steady import Aging
from codesign.config import Racing
from codesign.errors import RunError, UsageError
from codesign.scoring import BodyScorer, ScoringPool, race_for_top
from codesign.scoring.racing import SCREENING, Pruned, UpperBound, race, upper_bound
from codesign.store import Candidate
from hyperdistill_core.rollout import Rollout
from hyperdistill_core.tasks import get_task
from morph_ops.errors import UnknownNameError
from morph_ops.sampling import sample_body

TASK = get_task("flat")


def result(rewards, *, fell=False, unstable=False):
    """A rollout of one episode for each list of rewards."""
    lengths = np.array([len(row) for row in rewards])
    padded = np.zeros((lengths.max(), len(rewards)))
    for episode, row in enumerate(rewards):
        padded[: len(row), episode] = row
    returns = padded.sum(axis=0)
    return Rollout(
        returns=returns,
        terms={"forward": returns},
        lengths=lengths,
        fell=np.broadcast_to(fell, lengths.shape),
        distance=returns,
        speed=returns / lengths,
        unstable=unstable,
        seconds=0.0,
        rewards=padded,
    )


def test_a_body_that_goes_on_does_so_at_the_speed_of_its_best_half():
    slow_then_fast = result([[0.0, 1.0, 2.0, 1.0]])
    assert upper_bound(slow_then_fast, 10, 0.5) == UpperBound(4.0 + 6 * 1.5, 0.0)


def test_the_doubt_about_episodes_that_ended_shrinks_with_their_number():
    fallen = result([[1.0, 1.0]], fell=True)
    assert upper_bound(fallen, 10, 0.6) == UpperBound(2.0, 0.6)
    whole = result([[1.0] * 10, [2.0] * 10, [0.0] * 10, [1.0] * 10])
    assert upper_bound(whole, 10, 0.6) == UpperBound(10.0, 0.3)
    assert not UpperBound(10.0, 0.3).is_below(14.0)
    assert UpperBound(10.0, 0.3).is_below(15.0)


def test_an_episode_that_fell_among_others_counts_as_it_is():
    both = result([[1.0, 1.0], [2.0, 2.0]], fell=np.array([True, False]))
    assert upper_bound(both, 10, 0.5) == UpperBound((2.0 + 20.0) / 2, 0.0)


class Runs:
    """Rollouts that were asked for; ``speed`` is the reward of a step."""

    def __init__(self, speed, **known):
        self.speed, self.known, self.asked = speed, known, []

    def __call__(self, *, task, episodes, record_trajectory, measure_gait):
        assert record_trajectory != measure_gait, "a short episode is recorded, whole ones are measured"
        self.asked.append((episodes, task.max_steps))
        return result([[self.speed] * task.max_steps] * episodes, **self.known)


@pytest.mark.parametrize(
    ("speed", "bar", "asked"),
    [
        (0.5, 501.0, [(1, 100)]),  # stopped after the short episode: 500 at best
        (0.5, 499.0, [(1, 100), (2, 1000)]),  # may reach it, and does so after all
        (-0.5, 0.0, []),  # no bar above 0 stops anybody
    ],
)
def test_a_race_ends_as_soon_as_the_bar_is_out_of_reach(speed, threshold, asked):
    runs = Runs(speed)
    ended = race(runs, TASK, Racing(), threshold, 4)
    assert runs.asked == asked
    if len(asked) == 1:
        assert isinstance(ended, Pruned)
        assert ended.bound.score == pytest.approx(500.0)
    elif asked:
        assert isinstance(ended, Rollout)
        assert len(ended.returns) == 2, "the whole episodes, to go on from"
    else:
        assert ended is None


def test_whole_episodes_stop_who_fell_too_early():
    runs = Runs(1.0, fell=True)  # one episode of 100 says little, two of them more
    assert race(runs, replace(TASK, max_steps=120), Racing(episodes=0), 190.0, 4) is None
    lost = race(runs, replace(TASK, max_steps=120), Racing(), 190.0, 4)
    assert isinstance(lost, Pruned)
    assert len(lost.rollout.returns) == 2


def test_stages_as_long_as_the_score_itself_are_left_out():
    runs = Runs(0.0)
    assert race(runs, replace(TASK, max_steps=100), Racing(), 400.0, 2) is None
    assert runs.asked == []


def test_a_body_that_blows_up_is_left_to_the_whole_score():
    assert race(Runs(0.0, unstable=True), TASK, Racing(), 400.0, 4) is None


@pytest.fixture(scope="module")
def body():
    return sample_body(np.random.default_rng(1))


def scorer(controller, **changes):
    return BodyScorer(controller=controller, episodes=4, seed=5, **changes)


def unhurried(record):
    return replace(record, seconds=0.0)


def test_who_can_reach_the_bar_is_scored_as_without_racing(tiny_controller, body):
    alone = scorer(tiny_controller)(body)
    raced = scorer(tiny_controller, racing=Racing(steps=1000, margin=1e9))
    assert alone.status == "ok"
    assert unhurried(raced(body)) == unhurried(alone)
    assert unhurried(raced(body, threshold=1.0)) == unhurried(alone), "no step is run twice"
    assert unhurried(scorer(tiny_controller)(body, threshold=1e9)) == unhurried(alone)


def test_who_cannot_is_stopped_and_says_so(tiny_controller, body):
    record = scorer(tiny_controller, racing=Racing(steps=20))(body, threshold=1e9)
    assert record.status == "pruned"
    assert record.episodes == len(record.returns) == 1
    assert record.lengths[0] <= 20
    assert record.score == pytest.approx(record.returns[0])
    assert record.steps == record.lengths[0]
    at_best = record.metrics["upper_bound"]
    reason = f"of up to 20 control steps: {at_best:.1f} at best, of 1000000000.0 needed"
    assert record.warnings[-1] == f"stopped after 1 episode(s) {reason}"


@pytest.mark.slow
def test_workers_race_as_this_process_does(tiny_controller, body):
    here = scorer(tiny_controller, racing=Racing())(body, threshold=1e9)
    with ScoringPool(
        workers=1, controller=tiny_controller, episodes=4, seed=5, racing=Racing()
    ) as pool:
        pool.submit("it", body, threshold=1e9)
        [(_, there)] = pool.collect()
    assert unhurried(there) == unhurried(here)


class Heats:
    """A pool whose bodies are numbers: their scores. A look promises 100 more."""

    def __init__(self, failed=()):
        self.failed, self.thresholds, self.in_full = failed, [], []

    def map(self, graphs, *, threshold=None, variants=None):
        self.thresholds.append(threshold)
        return [self.record(score, threshold) for score in graphs]

    def record(self, score, threshold):
        if score in self.failed:
            return BLANK
        if threshold is not None and score + 50.0 < threshold:
            promised = score + (100.0 if threshold == SCREENING else 50.0)
            reach = {"upper_bound": promised, "confidence_margin": 0.0}
            return replace(BLANK, status="pruned", metrics=reach, steps=1)
        self.in_full.append(score)
        return replace(BLANK, score=score, status="ok", steps=1)


def test_a_body_that_fell_early_races_where_that_leaves_doubt():
    class Pool(Heats):
        def record(self, score, threshold):
            record = super().record(score, threshold)
            if threshold == SCREENING and score == 30.0:  # it fell, with 30 of what it takes
                return replace(record, metrics={"upper_bound": 30.0, "confidence_margin": 0.7})
            return record

    values = [*map(float, range(100, 140)), 30.0, 20.0]
    fell, pool = values.index(30.0), Pool()
    assert race_for_top(values, pool, top=5)[fell].status == "pruned"
    assert pool.thresholds.count(SCREENING) == 1
    low = [*map(float, range(40, 80)), 30.0]
    pool = Pool()
    race_for_top(low, pool, top=5)  # the bar is 75: 30 and 0.7 of it are more
    assert 30.0 in pool.in_full


@pytest.mark.parametrize("top", [0, -1])
def test_the_best_are_at_least_one(top):
    with pytest.raises(ValueError, match=f"top: expected at least 1, got {top}"):
        race_for_top([1.0], Heats(), top=top)


def test_the_best_of_many_are_found_and_few_are_scored_in_full():
    values = [float(v) for v in np.random.default_rng(0).permutation(400)]
    heats = Heats(failed=[7.0])
    records = race_for_top(values, heats, top=5)
    best = sorted((r.score for r in records if r.status == "ok"), reverse=True)[:5]
    assert best == [399.0, 398.0, 397.0, 396.0, 395.0]
    assert len(heats.in_full) < 100
    assert records[values.index(7.0)] is BLANK
    assert {r.steps for r in records if r.status == "ok"} == {2}, "the look counts too"
    assert [r.status for r in records].count("pruned") == 400 - len(heats.in_full) - 1
    assert heats.thresholds[:2] == [SCREENING, None], "no bar before anybody has a score"


def test_bodies_that_get_nowhere_are_all_scored():
    records = race_for_top([-300.0, -200.0, -400.0], Heats(), top=2)
    assert [r.score for r in records] == [-300.0, -200.0, -400.0]


@pytest.mark.slow
def test_the_best_are_the_same_on_any_workers(tiny_controller):
    graphs = [sample_body(np.random.default_rng(n)) for n in range(20)]
    found = []
    for workers in (0, 2):
        with ScoringPool(
            workers=workers, controller=tiny_controller, episodes=2, racing=Racing(steps=10)
        ) as pool:
            found.append([unhurried(r) for r in race_for_top(graphs, pool, top=1)])
    assert found[0] == found[1]
    assert {"ok", "pruned"} <= {r.status for r in found[0]}
    best = max((r for r in found[0] if r.status == "ok"), key=lambda r: r.score)
    alone = BodyScorer(controller=tiny_controller, episodes=2)(graphs[found[0].index(best)])
    assert best.returns == alone.returns


@pytest.mark.parametrize("wanted", [{"finalists": 3, "top": 2}, {"finalists": 2, "top": 3}])
def test_random_asks_for_the_worst_that_would_be_scored_again(wanted):
    algorithm = new_algorithm(settings("random", **wanted))
    values = scores(10)
    told(algorithm, [replace(candidate(n, s), hash=f"{n}") for n, s in enumerate(values)])
    told(algorithm, [candidate(10, 99.0, status="pruned")])
    best = int(np.argmax(values))
    twin = replace(candidate(11, values[best]), hash=f"{best}", duplicate_of=best)
    told(algorithm, [twin])
    told(algorithm, [replace(twin, number=12, variant=3, record=candidate(12, 99.0).record)])
    told(algorithm, [replace(twin, number=13, variant=2, record=candidate(13, 98.0).record)])
    assert algorithm.threshold(14) == sorted(values)[-3], "a body counts once, by its best score"
    assert algorithm.threshold(5) is None, "of the first population"


def test_mu_plus_lambda_asks_for_the_worst_survivor():
    algorithm = new_algorithm(settings("mu_plus_lambda"))
    values = scores(12)
    told(algorithm, [candidate(n, s) for n, s in enumerate(values)])
    assert algorithm.threshold(12) == sorted(values)[-6]
    assert new_algorithm(settings("mu_plus_lambda")).threshold(0) is None


def test_aging_asks_for_the_median_and_who_was_stopped_is_below_it():
    algorithm = new_algorithm(settings("aging"))
    values = [5.0, 1.0, 4.0, 2.0, 6.0, 3.0]
    told(algorithm, [candidate(n, s) for n, s in enumerate(values)])
    assert algorithm.threshold(6) == median(values) == 3.5
    # The best leaves, and the stopped one counts as below all: 1, 2, 3, 4, 6 and it.
    told(algorithm, [candidate(6, 50.0, status="pruned")])
    assert algorithm.threshold(7) == 2.5


def test_an_aging_population_of_which_half_was_stopped_has_no_bar():
    algorithm = new_algorithm(settings("aging"))
    told(algorithm, [candidate(n, 1.0) for n in range(3)])
    told(algorithm, [candidate(n, 1.0, status="pruned") for n in range(3, 6)])
    assert algorithm.threshold(6) is None


def test_islands_ask_for_what_the_island_does():
    names = ["aging", "mu_plus_lambda"]
    islands = new_algorithm(settings("islands", islands=names, population=12))
    values = scores(24)
    told(islands, [candidate(n, s) for n, s in enumerate(values)])
    assert islands.threshold(24) == median(values[0::2][-6:])
    assert islands.threshold(25) == sorted(values[1::2])[-6]


def test_algorithms_that_set_a_bar_are_those_that_may_race():
    for name in ALGORITHMS:
        algorithm = new_algorithm(settings(name, population=16, finalists=3))
        told(algorithm, [candidate(n, s, height=0.1) for n, s in enumerate(scores(32))])
        assert (algorithm.threshold(32) is not None) == (name in config.RACING), name


def test_racing_with_an_algorithm_that_needs_whole_records_is_refused():
    with pytest.raises(UsageError, match=r"racing: expected an algorithm .* got nsga2"):
        config.build({"algorithm": "nsga2", "racing": {}})


class OwnWithoutBar(Aging):
    threshold = Algorithm.threshold


class OwnWithWildBar(Aging):
    def threshold(self, number):
        return math.inf if number >= 6 else None


def test_an_own_algorithm_races_with_a_bar_alone():
    named = "test_racing:OwnWithoutBar"
    assert isinstance(new_algorithm(settings(named)), OwnWithoutBar)
    with pytest.raises(UsageError, match=rf"racing: .* with a method bar, {named} has none"):
        new_algorithm(settings(named, racing={}))


def test_a_bar_out_of_this_world_is_an_error(new_database):
    wild = settings("test_racing:OwnWithWildBar", racing={}, generations=2)
    with pytest.raises(RunError, match="OwnWithWildBar set the bar inf for candidate 6"):
        run(wild, database=new_database(), pool=FormulaPool())


def test_a_mistyped_racing_setting_gets_a_hint():
    with pytest.raises(UnknownNameError, match="no racing setting 'step': did you mean 'steps'"):
        config.build({"racing": {"step": 3}})


class RacingPool(FormulaPool):
    """Stops whoever scores below the bar."""

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


class TwinsAlgorithm(Algorithm):
    """Always the same body; its bar is too high for the first two."""

    def needs(self, number):
        return 0

    def tell(self, candidate):
        pass

    def ask(self, number):
        return None

    def membership(self):
        return {}

    def threshold(self, number):
        return 1e6 if number < 2 else 0.5


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_a_twin_of_a_stopped_body_races_for_itself(workers, new_database, monkeypatch):
    graph = sample_body(np.random.default_rng(5))

    def sample(self, number, *, taken):
        return Candidate.unscored(graph, number=number, generation=number // 4, operator="sample")

    monkeypatch.setattr("codesign.campaign.variation.Breeder.sample", sample)
    twins = settings(
        "test_racing:TwinsAlgorithm",
        racing={},
        population=4,
        generations=1,
        candidates=7,
        reevaluation_episodes=0,
    )
    database = new_database()
    pool = RacingPool(workers, seed=workers)
    run(twins, database=database, pool=pool)
    found = [(c.number, c.result.status, c.duplicate_of) for c in database.candidates()]
    assert found == [
        (0, "pruned", None),
        (1, "pruned", None),
        (2, "ok", None),
        *((n, "ok", 2) for n in range(3, 7)),
    ]
    assert sorted(pool.simulated) == [0, 1, 2]


@pytest.mark.parametrize("algorithm", config.RACING)
def test_races_are_the_same_on_any_workers_and_after_a_stop(algorithm, new_database):
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
        with pytest.raises(CutOffError):
            run(raced, database=database, pool=RacingPool(3, seed=answers, answers=answers))
    run(raced, database=database, pool=RacingPool(2))
    assert results[0] == results[1] == outcome(database)
    assert counts["pruned"] > 0, "else this test shows nothing"
    assert all(c.result.status == "ok" for c in database.best(10))
