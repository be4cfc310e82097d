"""Starts, limits, locked limbs, stopping, adaptive rates and parts of the user's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from formula_pool import BLANK, CutOffError, FormulaPool, outcome

from codesign import config
from codesign.campaign import prepare, read_start, run
from codesign.campaign.objectives import get_descriptor, get_objective
from codesign.campaign.operator_statistics import OperatorStatistics
from codesign.campaign.variation import Variation
from codesign.errors import RunError, UsageError
from codesign.store import Candidate, Database, RunFolder
from hyperdistill_core.tasks import get_task
from morph_ops import graph as body_graph
from morph_ops.errors import BodyError, UnknownNameError
from morph_ops.geometry import total_mass
from morph_ops.identity import body_hash, is_same
from morph_ops.io.files import write_body
from morph_ops.locks import LockedNodes
from morph_ops.operators import OPERATORS, gear, grow_limb
from morph_ops.sampling import sample_body

SMALL = {"population": 6, "generations": 5, "in_flight": 4, "seed": 2, "reevaluation_episodes": 0}


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.syspath_prepend(__file__.rpartition("/")[0])


@pytest.fixture
def new_database(tmp_path):
    def make(name="run"):
        path = tmp_path / f"{name}.sqlite"
        Database.create(path)
        return Database(path)

    return make


@pytest.fixture
def robots(tmp_path):
    folder = tmp_path / "robots"
    folder.mkdir()
    for seed in range(3):
        write_body(sample_body(np.random.default_rng(seed)), folder / f"{seed}.json")
    return folder


def settings(**changes):
    return config.build({**SMALL, **changes})


def search(made, database, *, start=(), pool=None):
    return run(made, database=database, pool=pool or FormulaPool(), start=start)


# stopping


@pytest.mark.parametrize("algorithm", ["aging", "mu_plus_lambda", "random", "islands"])
@pytest.mark.parametrize("stop", ["score", "stagnation"])
def test_an_early_end_does_not_depend_on_the_order_of_arrival(stop, algorithm, new_database):
    own = {"population": 8, "islands": ["aging"] * 2} if algorithm == "islands" else {}
    own["generations"] = 3
    whole = settings(algorithm=algorithm, **own)
    with new_database("whole") as database:
        search(whole, database)
        target = max(candidate.score for candidate in database.candidates()[:15])
    stops = {"score": {"score": target}, "stagnation": {"stagnation": 4}}
    made = settings(algorithm=algorithm, stop=stops[stop], **own)
    with new_database("one") as database:
        reason = search(made, database)
        expected, end = outcome(database), database.ending()
    assert reason is not None
    assert end == (len(expected), reason)
    assert 4 < len(expected) < made.total
    with new_database("many") as database:
        for answers in (1, 2):
            with pytest.raises(CutOffError):
                search(made, database, pool=FormulaPool(8, seed=1, answers=answers))
        assert search(made, database, pool=FormulaPool(3, seed=2)) == reason
        assert outcome(database) == expected
        assert database.total(made) == len(expected)


def test_the_target_is_the_first_score_that_reaches_it(new_database):
    with new_database("whole") as database:
        search(settings(in_flight=1), database)
        scores = [candidate.score for candidate in database.candidates()]
    target = max(scores[:15])
    with new_database() as database:
        reason = search(settings(in_flight=1, stop={"score": target}), database)
        end = database.candidates()[-1]
    assert end.number == max(scores.index(target), 5)  # the starting bodies are bred at once
    assert reason.startswith(f"candidate-{scores.index(target):05d} scored {target:.1f}, asked: ")


def test_time_is_up_and_the_run_can_go_on(new_database, monkeypatch):
    made = settings(stop={"minutes": 1.0})
    clock = iter([0.0, *[10.0] * 9, *[61.0] * 9])
    monkeypatch.setattr("codesign.campaign.loop.time.monotonic", lambda: next(clock, 0.0))
    with new_database() as database:
        assert search(made, database, pool=FormulaPool(2)) == "1 minutes have passed"
        assert 0 < len(database) < made.total
        assert database.ending() is None
        assert search(made, database) is None
        assert len(database) == made.total


# limits

LIMITS = {"mass": 9.0, "limbs": 4, "actuators": 5, "size": 1.0}


def values(graph):
    from morph_ops.geometry import extent

    return {
        "mass": total_mass(graph),
        "limbs": len(graph) - 1,
        "actuators": len(list(body_graph.joints(graph))),
        "size": extent(graph).max(),
    }


@pytest.mark.parametrize("name", LIMITS)
def test_no_body_is_beyond_a_limit(name, new_database):
    with new_database("free") as database:
        search(settings(), database)
        free = [values(candidate.graph)[name] for candidate in database.candidates()]
    assert max(free) > LIMITS[name], "the limit is no limit here: choose a lower one"
    with new_database("bound") as database:
        search(settings(limits={name: LIMITS[name]}), database)
        bound = [values(candidate.graph)[name] for candidate in database.candidates()]
    assert max(bound) <= LIMITS[name]


def test_limits_that_nothing_meets(new_database):
    with new_database() as database, pytest.raises(UsageError, match="none of 200 sampled bodies"):
        search(settings(limits={"mass": 0.1}), database)


# starts


def test_a_folder_starts_the_search_and_mutants_fill_it(robots, new_database):
    made = settings(start=str(robots))
    start = read_start(made)
    with new_database() as database:
        search(made, database, start=start)
        found = database.candidates()
    assert [c.operator for c in found[:3]] == ["start"] * 3
    assert all(is_same(c.graph, f.graph) for c, f in zip(found[:3], start, strict=True))
    assert all(c.operator.startswith("start+") for c in found[3:6])
    assert all(c.parents for c in found[6:])


def test_a_run_starts_the_search_with_its_best(tmp_path):
    old = settings()
    folder = RunFolder.create(tmp_path / "old", old)
    with folder.database() as database:
        search(old, database)
        best = database.best(6)
    start = read_start(settings(start=str(folder.path)))
    assert [body_hash(founder.graph) for founder in start] == [c.hash for c in best]


def test_a_run_keeps_the_bodies_that_it_starts_from(robots, tmp_path):
    made = settings(start=str(robots))
    start = read_start(made)
    folder = RunFolder.create(tmp_path / "run", made, start=start)
    for file in robots.iterdir():
        file.unlink()
    robots.rmdir()
    again = RunFolder(folder.path).start()
    assert all(is_same(a.graph, b.graph) for a, b in zip(again, start, strict=True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"limits": {"limbs": 1}},
            r"0\.json cannot start the search: limbs \d+, expected at most 1",
        ),
        ({"locked": ["limb/77"]}, "no limb 'limb/77': expected one of limb/0"),
        (
            {"locked": ["limb/0"]},
            "starting body 1: its limbs limb/0 are not those of starting body 0",
        ),
    ],
)
def test_starts_that_do_not_fit(changes, message, robots):
    with pytest.raises((UsageError, BodyError), match=message):
        read_start(settings(start=str(robots), **changes))


def test_no_robots_to_start_from(tmp_path):
    with pytest.raises(BodyError, match="no robots"):
        read_start(settings(start=str(tmp_path)))
    with pytest.raises(UsageError, match="expected a folder of robots or of a run, got"):
        read_start(settings(start=str(tmp_path / "none")))


# locked limbs


def test_locked_limbs_stay_as_they_are(robots, new_database):
    for file in sorted(robots.iterdir())[1:]:
        file.unlink()
    made = settings(start=str(robots), locked=["limb/0"], generations=9)
    start = read_start(made)
    fixed = LockedNodes.of(start[0].graph, ["limb/0"])
    with new_database() as database:
        search(made, database, start=start)
        found = database.candidates()
    assert all(fixed.is_in(candidate.graph) for candidate in found)
    assert len({candidate.hash for candidate in found}) > 20
    assert len({len(candidate.graph) for candidate in found}) > 1


def test_a_fixed_part_is_blind_to_names_and_to_what_grows_on_it():
    body = sample_body(np.random.default_rng(4))
    names = body_graph.limbs(body)
    fixed = LockedNodes.of(body, names)
    grown = grow_limb(body, np.random.default_rng(0))
    assert fixed.is_in(grown)
    assert not LockedNodes.of(grown, body_graph.limbs(grown)).is_in(body)
    assert not fixed.is_in(gear(body, np.random.default_rng(1)))


def test_two_equal_locked_limbs_need_two(tmp_path):
    body = sample_body(np.random.default_rng(4))
    first = body_graph.limbs(body)[0]
    doubled = body.copy()
    doubled = body_graph.add_limb(
        doubled, body_graph.root(body), "limb/90", body_graph.limb(body, first)
    )
    fixed = LockedNodes.of(doubled, [first, "limb/90"])
    assert fixed.is_in(doubled)
    assert not fixed.is_in(body)


# adaptive rates


def told(number, score, operator="sample", parents=(), status="ok"):
    record = replace(BLANK, score=score, status=status)
    graph = body_graph.new_body(body_graph.Torso(pos=(0.0, 0.0, 0.5), radius=0.1, density=900.0))
    unscored = Candidate.unscored(graph, number=number, generation=0, operator=operator, parents=parents)
    return unscored.scored(record)


def test_mutations_that_pay_gain_weight():
    record = OperatorStatistics({"grow_limb": 2.0, "gear": 1.0, "dof": 1.0})
    assert record.weights == {"grow_limb": 2.0, "gear": 1.0, "dof": 1.0}
    record.tell(told(0, 5.0))
    for number in range(1, 41):
        good = number % 2 == 0
        operator = "crossover+gear" if good else "grow_limb"
        record.tell(told(number, 6.0 if good else 5.0, operator, (0,)))
    weights = record.weights
    assert weights["gear"] == 1.0
    assert 0.4 < weights["dof"] < 0.6
    assert weights["grow_limb"] == pytest.approx(0.2)


def test_a_mutation_that_is_switched_off_is_no_measure_of_the_others():
    record = OperatorStatistics({"gear": 1.0, "dof": 1.0, "density": 0.0})
    record.tell(told(0, 5.0))
    for number in range(1, 101):
        # Seldom does either succeed, gear more often.
        good = number % 20 == 0
        record.tell(told(number, 6.0 if good else 4.0, ("dof", "gear")[number % 2 == 0], (0,)))
    assert record.weights["gear"] == 1.0
    assert record.weights["dof"] < 0.5
    assert record.weights["density"] == 0.0


def test_what_racing_stopped_is_no_measure_of_an_operator():
    record = OperatorStatistics({"gear": 1.0, "dof": 1.0})
    record.tell(told(0, 5.0))
    record.tell(told(1, 9.0, "gear", (0,), status="pruned"))  # a try without success
    lost = record.weights
    assert lost["gear"] < lost["dof"]
    record.tell(told(2, 99.0, "gear", (1,)))  # its parent has no score to be beaten
    assert record.weights == lost


def test_adaptive_rates_change_what_is_bred_and_nothing_else_does(new_database):
    outcomes = []
    for name, adaptive, workers in (("a", True, 1), ("b", True, 5), ("c", False, 1)):
        made = settings(rates={"adaptive": adaptive}, generations=9)
        with new_database(name) as database:
            search(made, database, pool=FormulaPool(workers, seed=7))
            outcomes.append(outcome(database))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0] != outcomes[2]
    assert outcomes[0][:6] == outcomes[2][:6]


# parts of the user's own


def test_an_operator_of_ones_own(new_database):
    only = {**dict.fromkeys(OPERATORS, 0.0), "own_parts:strong": 1.0}
    made = settings(rates={"crossover": 0.0, "operators": only})
    assert config.build(config.parse(config.to_toml(made), source="x")) == made
    with new_database() as database:
        search(made, database)
        unscored = database.candidates()[6:]
    assert {candidate.operator for candidate in unscored} == {"own_parts:strong"}
    for candidate in unscored:
        assert len({joint.gear for _, joint in body_graph.joints(candidate.graph)}) <= 1


@pytest.mark.parametrize("name", ["giant", "unwilling"])
def test_an_operator_without_a_valid_child_is_passed_over(name, new_database):
    own = {f"own_parts:{name}": 1e9}
    with new_database() as database:
        search(settings(rates={"operators": own}), database)
        assert not any(name in candidate.operator for candidate in database.candidates())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("failing", "own_parts:failing failed: ZeroDivisionError: oh"),
        ("forgetful", "TypeError: own_parts:forgetful gave None, expected a body"),
    ],
)
def test_an_operator_that_fails_ends_the_run_with_one_line(new_database, name, message):
    own = {f"own_parts:{name}": 1e9}
    with new_database() as database, pytest.raises(RunError, match=message):
        search(settings(rates={"operators": own}), database)


def test_an_algorithm_of_ones_own(new_database):
    with new_database() as database:
        search(settings(algorithm="own_parts:Twins"), database, pool=FormulaPool(4))
        unscored = database.candidates()[6:]
    assert all(set(c.parents) <= {c.number - 1, c.number - 2} for c in unscored)


def test_a_front_of_ones_own(new_database):
    with new_database() as database:
        search(settings(algorithm="own_parts:Front", reevaluation_episodes=2, top=2), database)
        assert all(list(c.reevaluation.criteria) == ["speed", "cost_of_transport"] for c in database.best(2))


def test_an_objective_and_a_descriptor_of_ones_own(new_database):
    own = {"objectives": ["score", "own_parts:lightness"], "algorithm": "nsga2"}
    with new_database("nsga2") as database:
        search(settings(**own), database)
        for body in database.candidates():
            lightness = get_objective("own_parts:lightness").value(body)
            assert body.result.criteria_values == {"score": body.score, "own_parts:lightness": lightness}
    own = {"descriptors": ["limbs", "own_parts:first_digit"], "algorithm": "map_elites"}
    with new_database("map") as database:
        search(settings(reevaluation_episodes=2, **own), database)
        finals = [body.reevaluation for body in database.candidates() if body.reevaluation is not None]
        assert finals
        assert all(list(reevaluation.criteria) == own["descriptors"] for reevaluation in finals)
    assert not get_objective("own_parts:lightness").larger
    assert get_descriptor("own_parts:first_digit").high == 1.0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", "own_parts:broken failed on candidate-00000: KeyError: 'candidate-00000'"),
        ("endless", "own_parts:endless gave inf for candidate-00000: expected a finite number"),
    ],
)
def test_an_objective_that_fails_ends_the_run_with_one_line(name, message, new_database):
    own = {"objectives": ["score", f"own_parts:{name}"], "algorithm": "nsga2"}
    with new_database() as database, pytest.raises(RunError, match=message):
        search(settings(**own), database)


def test_a_task_of_ones_own():
    task = get_task("own_parts:short")
    assert (task.name, task.max_steps) == ("own_parts:short", 20)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algorithm": "own_parts:Nothing"}, "nothing called Nothing in own_parts"),
        ({"algorithm": "no_such_module:A"}, "cannot import no_such_module"),
        ({"algorithm": "own parts:A"}, "expected package.module:name"),
        ({"objectives": ["speed", "own_parts:nothing"]}, "no objective 'own_parts:nothing'"),
        ({"descriptors": ["limbs", "own_parts:no"]}, "no descriptor 'own_parts:no'"),
        ({"islands": ["aging", "own_parts:Twins"]}, "expected one of aging, mu_plus_lambda"),
        ({"rates": {"operators": {"own_parts:none": 1.0}}}, "no operator 'own_parts:none'"),
    ],
)
def test_parts_that_are_not_there_are_refused_before_anything_runs(changes, message):
    with pytest.raises((UsageError, UnknownNameError), match=message):
        prepare(settings(**changes))


def test_who_only_reads_a_run_needs_no_parts_of_its_own(tmp_path):
    operators = {"no_such_module:turn": 1.0}
    made = settings(algorithm="no_such_module:A", rates={"operators": operators})
    with RunFolder.create(tmp_path / "run", made):
        pass
    assert RunFolder(tmp_path / "run").settings == made


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: get_task("own_parts:constant"), "expected a Task, got int"),
        (lambda: get_objective("own_parts:constant"), "expected a function of a candidate"),
        (lambda: get_descriptor("own_parts:strong"), "expected a function under @descriptor"),
        (
            lambda: Variation(settings(rates={"operators": {"own_parts:constant": 1.0}})),
            "expected an operator",
        ),
    ],
)
def test_parts_of_another_kind_are_refused(call, message):
    with pytest.raises(UnknownNameError, match=message):
        call()
