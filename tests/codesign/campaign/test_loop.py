"""The loop on a pool that scores by a formula: any order of arrival, interrupted anywhere."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from codesign import config
from codesign.campaign import missing_reevaluations, run
from codesign.campaign.reevaluation import FRESH_EPISODES
from codesign.campaign.seeds import selection
from codesign.errors import RunError, UsageError
from codesign.scoring import ScoreRecord
from codesign.store import Database
from morph_ops.validity.invariants import violations
from tests.helpers.formula_pool import FormulaPool, InterruptionError, outcome


class FailingPool(FormulaPool):
    def record(self, graph):
        return ScoreRecord.failed(
            worst_score=-1.0, hash="h", warnings=("ValueError: no",), **self._known
        )


ALGORITHMS = {
    "aging": {},
    "random": {},
    "mu_plus_lambda": {},
    "nsga2": {"objectives": ["score", "mass", "actuators"]},
    "map_elites": {"descriptors": ["limbs", "mass"], "bins": 4},
    "novelty": {"descriptors": ["size", "mass"], "neighbors": 3},
    "islands": {
        "population": 8,
        "islands": ["aging", "mu_plus_lambda"],
        "migrate_every": 5,
        "candidates": 36,
    },
}


def settings_of(algorithm):
    # Two mutations that change little make equal bodies likely.
    rates = {"crossover": 0.3, "operators": dict.fromkeys(config.Rates().operators, 0.2)}
    rates["operators"] |= {"density": 3.0}
    return config.Settings.from_dict(
        {
            "population": 6,
            "generations": 5,
            "in_flight": 4,
            "seed": 2,
            "tournament": 3,
            "rates": rates,
            "reevaluation_episodes": 0,
            "algorithm": algorithm,
            **ALGORITHMS[algorithm],
        }
    )


@pytest.fixture(scope="module", params=ALGORITHMS)
def settings(request):
    """Settings of a campaign of 36 candidates, for each algorithm."""
    return settings_of(request.param)


@pytest.fixture(scope="module")
def aging():
    """The same for one algorithm, for tests that no algorithm makes a difference to."""
    return settings_of("aging")


def history(database):
    """Membership and events at the end of each generation, without the time."""
    events = [replace(e, time="") for e in database.events("generation", "alarm")]
    return {e.generation: database.membership(e.generation) for e in events}, events


@pytest.fixture(scope="module")
def whole_database(settings, tmp_path_factory):
    """The database of a run that nothing interrupts; do not write to it."""
    path = tmp_path_factory.mktemp("run") / "run.sqlite"
    Database.create(path)
    with Database(path) as opened:
        run(settings, database=opened, pool=FormulaPool())
    with Database(path, read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def whole_run(whole_database):
    return outcome(whole_database), history(whole_database)


@pytest.fixture(scope="module")
def expected(whole_run):
    return whole_run[0]


def test_every_candidate_has_its_place(expected, settings):
    assert [row[0] for row in expected] == list(range(settings.total))
    for number, generation, operator, parents, *_ in expected:
        assert generation == number // settings.population
        assert (operator == "sample") == (parents == ())
        assert all(parent < number for parent in parents)
        if settings.algorithm == "aging":
            assert all(number - settings.population - 4 < parent for parent in parents)
        if operator.startswith("crossover") and settings.algorithm != "islands":
            assert len(set(parents)) == 2
    later = [row for row in expected if row[0] >= settings.population]
    fresh = [row for row in later if row[2] == "sample"]
    assert len(fresh) == (len(later) if settings.algorithm == "random" else 0)


@pytest.mark.parametrize(("workers", "seed"), [(2, 1), (3, 2), (8, 3)])
def test_order_of_arrival_changes_nothing(whole_run, settings, database, workers, seed):
    pool = FormulaPool(workers, seed=seed)
    run(settings, database=database, pool=pool)
    assert (outcome(database), history(database)) == whole_run
    assert pool.most_busy == min(workers, settings.population)


def test_interrupted_after_any_answer(whole_run, settings, database):
    alarms = []
    known = {"database": database, "on_event": alarms.append}
    for answers in (0, 1, 5, 2, 9, 1):
        with pytest.raises(InterruptionError):
            run(settings, pool=FormulaPool(3, seed=answers, answers=answers), **known)
    run(settings, pool=FormulaPool(2), **known)
    assert (outcome(database), history(database)) == whole_run
    assert alarms == database.events("alarm", "generation")


def test_membership_is_written_at_the_end_of_each_generation(whole_run, settings):
    membership, events = whole_run[1]
    size, ends = settings.population, range(-(-settings.total // settings.population))
    assert [e.generation for e in events if e.kind == "generation"] == list(ends)
    for generation in ends:
        born = min(size * (generation + 1), settings.total)
        roles = membership[generation]
        assert all(number < born for numbers in roles.values() for number in numbers)
        if settings.algorithm == "random":
            assert roles == {}
        elif settings.algorithm == "aging":
            assert roles == {"population": list(range(born - size, born))}
        elif settings.algorithm == "map_elites":
            assert list(roles) == ["archive"]
        elif settings.algorithm == "nsga2":
            assert set(roles["front"]) <= set(roles["population"])
            assert len(roles["population"]) == size
        elif settings.algorithm == "islands":
            assert sorted(roles) == ["island 0", "island 1"]
        elif settings.algorithm == "novelty":
            assert sorted(roles) == ["archive", "population"]
        else:
            assert list(map(len, roles.values())) == [size]
    if settings.algorithm == "mu_plus_lambda":
        scores = {row[0]: row[6] for row in whole_run[0]}
        best = sorted(scores, key=lambda number: -scores[number])[:size]
        assert min(scores[n] for n in membership[5]["population"]) == scores[best[-1]]


def test_a_diff_is_against_the_first_parent(expected):
    for _, _, operator, parents, *_, diff in expected:
        if not parents:
            assert diff is None
        elif operator == "density":
            fields = {name for part in diff["changed"].values() for name in part}
            assert "density" in fields
        elif operator == "grow_limb":
            assert diff["added"]
            assert "removed" not in diff


def test_equal_bodies_are_simulated_once(expected, settings, database):
    pool = FormulaPool(2)
    run(settings, database=database, pool=pool)
    found = database.candidates()
    copies = [candidate for candidate in found if candidate.duplicate_of is not None]
    if settings.algorithm == "aging":
        assert copies, "the settings no longer make a body twice: choose another seed"
    assert set(pool.simulated) == {c.number for c in found} - {c.number for c in copies}
    assert len({found[number].hash for number in pool.simulated}) == len(pool.simulated)
    for copy in copies:
        first = found[copy.duplicate_of]
        assert (copy.hash, copy.score) == (first.hash, first.score)
        assert copy.result.warnings == (f"score copied from {first.name}, the same body",)
        assert copy.result.robot == copy.name


def test_the_search_climbs(expected, settings):
    if settings.algorithm not in ("aging", "mu_plus_lambda", "islands"):
        pytest.skip("this algorithm does not climb by the score alone")
    start = [row[6] for row in expected[:6]]
    end = [row[6] for row in expected[-6:]]
    assert max(end) > max(start)
    assert sum(end) > sum(start)


def test_bodies_stay_valid(whole_database):
    assert [violations(candidate.graph) for candidate in whole_database.candidates()] == [[]] * 36


def test_a_budget_inside_a_generation(settings, database):
    few = settings.model_copy(update={"candidates": 8})
    run(few, database=database, pool=FormulaPool())
    assert len(database) == 8


def test_selection_leaves_the_callers_random_numbers_alone():
    random.seed(1)
    before = random.getstate()
    with selection(0, 5):
        first = random.random()
    assert random.getstate() == before
    with selection(0, 5):
        assert random.random() == first
    with selection(0, 6):
        assert random.random() != first


def test_failures_do_not_stop_a_run_unless_nothing_works(aging, database):
    with pytest.raises(RunError, match="no starting body could be simulated: ValueError: no"):
        run(aging, database=database, pool=FailingPool())


def test_failures_end_a_run_though_later_candidates_are_done_first(aging, database):
    class LastFirst(FailingPool):
        def collect(self):
            number = max(self.pending)
            return [(number, self.record(self.pending.pop(number)[0]))]

    with pytest.raises(RunError, match="no starting body could be simulated"):
        run(aging, database=database, pool=LastFirst(3))


def test_another_controller_is_refused(aging, database):
    with pytest.raises(InterruptionError):
        run(aging, database=database, pool=FormulaPool(answers=3))
    with pytest.raises(UsageError, match="expected hash abc, got def"):
        run(aging, database=database, pool=FormulaPool(controller_hash="def"))
    assert len(database) == 3


def test_another_controller_does_not_score_finalists(aging, database):
    made = aging.model_copy(update={"reevaluation_episodes": 2})
    run(aging, database=database, pool=FormulaPool())
    with pytest.raises(UsageError, match="expected hash abc, got def"):
        run(made, database=database, pool=FormulaPool(controller_hash="def"))
    assert len(missing_reevaluations(database, made)) == len(
        database.best_in_search(made.finalists)
    )


def test_an_algorithm_that_needs_too_many_candidates_is_refused(aging, database, monkeypatch):
    made = aging.model_copy(update={"algorithm": "tests.helpers.custom_components:TwoLatest"})
    monkeypatch.setattr(
        "tests.helpers.custom_components.TwoLatest.needs", lambda self, number: number + 1
    )
    with pytest.raises(
        RunError, match=r"needs 1 candidates .* expected needs\(0\) to be at most 0"
    ):
        run(made, database=database, pool=FormulaPool())


class VariantPool(FormulaPool):
    """Every body has a variant of its own."""

    def record(self, graph):
        record = super().record(graph)
        return replace(record, variant=int(record.hash[:4], 16) % 5)


@pytest.mark.parametrize("best_of", [1, 3])
def test_variants_of_the_parents_are_preferred(settings, database, best_of):
    pool = VariantPool()
    run(settings.model_copy(update={"best_of": best_of}), database=database, pool=pool)
    known = {c.number: c for c in database.candidates()}
    several = 0
    for number in pool.simulated:
        parents = [known[parent].result.variant for parent in known[number].parents]
        assert pool.preferred_variants[number] == (
            tuple(dict.fromkeys(parents)) if best_of > 1 else ()
        )
        several += len(pool.preferred_variants[number]) > 1
    assert bool(several) == (best_of > 1 and settings.algorithm != "random")


def test_progress_counts_up(aging, database):
    seen = []
    run(aging, database=database, pool=FormulaPool(), on_progress=seen.append)
    assert [progress.done for progress in seen] == list(range(1, 37))
    best = [progress.best.score for progress in seen]
    assert best == sorted(best)


def test_progress_of_finalists_counts_up(aging, database):
    made = aging.model_copy(update={"reevaluation_episodes": 2, "finalists": 5, "top": 5})
    seen = []
    run(
        made,
        database=database,
        pool=VariantPool(),
        on_reevaluation=lambda *counts: seen.append(counts),
    )
    assert seen == [(done, 5) for done in range(6)]
    run(
        made,
        database=database,
        pool=VariantPool(),
        on_reevaluation=lambda *counts: seen.append(counts),
    )
    assert seen[6:] == [(0, 0)], "all are there already"


def test_finalists_are_reevaluated_and_ranked_by_that(aging, database):
    class Turned(VariantPool):
        """In fresh episodes the worse are the better."""

        def record(self, graph):
            record = super().record(graph)
            return replace(record, score=-record.score) if self.asked else record

    made = aging.model_copy(update={"reevaluation_episodes": 7, "finalists": 4, "top": 2})
    pool = Turned(2, answers=aging.total + 1)
    with pytest.raises(InterruptionError):
        run(made, database=database, pool=pool)
    pool = Turned(2)
    run(made, database=database, pool=pool)
    assert not pool.simulated
    assert pool.asked == {"seed": made.seed + FRESH_EPISODES, "episodes": 7}
    in_search = database.best_in_search(4)
    again = {c.number for c in database.candidates() if c.reevaluation is not None}
    assert again == {c.number for c in in_search}
    assert len(again) == 4
    for candidate in in_search[-1:]:  # the others were scored before the cut
        assert pool.variants[candidate.number] == candidate.result.variant, "that of the search"
    best = database.best(5)
    assert [c.number for c in best[:4]] == [c.number for c in in_search[3::-1]]
    assert best[0].reevaluation.robot == best[0].name
    assert missing_reevaluations(database, made) == []


def test_failures_end_a_run_with_fewer_candidates_than_the_population(database):
    few = config.Settings(population=8, in_flight=4, candidates=3, reevaluation_episodes=0)
    with pytest.raises(RunError, match="no starting body could be simulated"):
        run(few, database=database, pool=FailingPool())


def test_a_finalist_that_could_not_be_scored_waits_for_the_next_time(aging, database):
    class OneDies(VariantPool):
        def record(self, graph):
            record = super().record(graph)
            dies = self.asked and not len(self.fresh) % 4
            return replace(record, status="failed", warnings=("no answer",)) if dies else record

    made = aging.model_copy(update={"reevaluation_episodes": 7, "finalists": 4, "top": 2})
    with pytest.raises(RunError, match=r"1 of 4 finalists .*: no answer\. .* larger time_limit"):
        run(made, database=database, pool=OneDies())
    assert len(missing_reevaluations(database, made)) == 1
    assert len(database.reevaluated()) == 3
    run(made, database=database, pool=VariantPool())
    assert not missing_reevaluations(database, made)
