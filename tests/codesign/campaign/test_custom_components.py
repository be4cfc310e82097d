"""Custom components: operators, algorithms, objectives, descriptors and tasks of users."""

from __future__ import annotations

import pytest

from codesign import config
from codesign.campaign import prepare
from codesign.campaign.descriptors import lookup_descriptor
from codesign.campaign.objectives import lookup_objective
from codesign.campaign.variation import Variation
from codesign.errors import RunError
from codesign.store import RunFolder
from hyperdistill_core.errors import SettingsError
from hyperdistill_core.tasks import get_task
from morph_ops import graph as body_graph
from morph_ops.errors import UnknownNameError
from morph_ops.operators import OPERATORS
from tests.helpers.campaigns import search, small_settings
from tests.helpers.formula_pool import FormulaPool

CUSTOM = "tests.helpers.custom_components"


def test_a_custom_operator(new_database):
    only = {**dict.fromkeys(OPERATORS, 0.0), f"{CUSTOM}:strong": 1.0}
    made = small_settings(rates={"crossover": 0.0, "operators": only})
    assert config.Settings.from_dict(config.parse_toml(config.to_toml(made), source="x")) == made
    with new_database() as database:
        search(made, database)
        children = database.candidates()[6:]
    assert {candidate.operator for candidate in children} == {f"{CUSTOM}:strong"}
    for candidate in children:
        assert len({joint.gear for _, joint in body_graph.joints(candidate.graph)}) <= 1


@pytest.mark.parametrize("name", ["giant", "unwilling"])
def test_an_operator_without_a_valid_child_is_passed_over(name, new_database):
    own = {f"{CUSTOM}:{name}": 1e9}
    with new_database() as database:
        search(small_settings(rates={"operators": own}), database)
        assert not any(name in candidate.operator for candidate in database.candidates())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("failing", ":failing failed: ZeroDivisionError: oh"),
        (
            "forgetful",
            "TypeError: operator .*:forgetful returned None, expected a body",
        ),
    ],
)
def test_an_operator_that_fails_ends_the_run_with_one_line(new_database, name, message):
    own = {f"{CUSTOM}:{name}": 1e9}
    with new_database() as database, pytest.raises(RunError, match=message):
        search(small_settings(rates={"operators": own}), database)


def test_a_custom_algorithm(new_database):
    with new_database() as database:
        search(small_settings(algorithm=f"{CUSTOM}:TwoLatest"), database, pool=FormulaPool(4))
        children = database.candidates()[6:]
    assert all(set(c.parents) <= {c.number - 1, c.number - 2} for c in children)


def test_a_custom_algorithm_with_a_front(new_database):
    with new_database() as database:
        search(
            small_settings(algorithm=f"{CUSTOM}:Front", reevaluation_episodes=2, top=2), database
        )
        assert all(
            list(c.reevaluation.criteria) == ["speed", "cost_of_transport"]
            for c in database.best(2)
        )


def test_a_custom_objective_and_a_custom_descriptor(new_database):
    own = {"objectives": ["score", f"{CUSTOM}:lightness"], "algorithm": "nsga2"}
    with new_database() as database:
        search(small_settings(**own), database)
        for body in database.candidates():
            lightness = lookup_objective(f"{CUSTOM}:lightness").value(body)
            assert body.result.criteria_values == {
                "score": body.score,
                f"{CUSTOM}:lightness": lightness,
            }
    own = {"descriptors": ["limbs", f"{CUSTOM}:first_digit"], "algorithm": "map_elites"}
    with new_database() as database:
        search(small_settings(reevaluation_episodes=2, **own), database)
        finalists = [
            body.reevaluation for body in database.candidates() if body.reevaluation is not None
        ]
        assert finalists
        assert all(list(reevaluation.criteria) == own["descriptors"] for reevaluation in finalists)
    assert not lookup_objective(f"{CUSTOM}:lightness").larger
    assert lookup_descriptor(f"{CUSTOM}:first_digit").high == 1.0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "broken",
            ":broken failed on candidate-00000: KeyError: 'candidate-00000'",
        ),
        (
            "endless",
            ":endless returned inf for candidate-00000: expected a finite number",
        ),
    ],
)
def test_an_objective_that_fails_ends_the_run_with_one_line(name, message, new_database):
    own = {"objectives": ["score", f"{CUSTOM}:{name}"], "algorithm": "nsga2"}
    with new_database() as database, pytest.raises(RunError, match=message):
        search(small_settings(**own), database)


def test_a_custom_task():
    task = get_task(f"{CUSTOM}:short")
    assert (task.name, task.max_steps) == (f"{CUSTOM}:short", 20)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algorithm": f"{CUSTOM}:Nothing"}, "nothing called Nothing in "),
        ({"algorithm": "no_such_module:A"}, "cannot import no_such_module"),
        ({"algorithm": "two words:A"}, "expected package.module:name"),
        (
            {"objectives": ["speed", f"{CUSTOM}:nothing"]},
            "no objective 'tests.helpers.custom_components:nothing'",
        ),
        (
            {"descriptors": ["limbs", f"{CUSTOM}:no"]},
            "no descriptor 'tests.helpers.custom_components:no'",
        ),
        (
            {"islands": ["aging", f"{CUSTOM}:TwoLatest"]},
            "no island .* Choices: aging, mu",
        ),
        (
            {"rates": {"operators": {f"{CUSTOM}:none": 1.0}}},
            "no operator 'tests.helpers.custom_components:none'",
        ),
    ],
)
def test_missing_components_are_refused_before_anything_runs(changes, message):
    with pytest.raises((SettingsError, UnknownNameError), match=message):
        prepare(small_settings(**changes))


def test_a_run_opens_without_its_custom_components(tmp_path):
    operators = {"no_such_module:turn": 1.0}
    made = small_settings(algorithm="no_such_module:A", rates={"operators": operators})
    with RunFolder.create(tmp_path / "run", made):
        pass
    assert RunFolder(tmp_path / "run").settings == made


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: get_task(f"{CUSTOM}:constant"), "expected a Task, got int"),
        (lambda: lookup_objective(f"{CUSTOM}:constant"), "expected a function of a candidate"),
        (lambda: lookup_descriptor(f"{CUSTOM}:strong"), "expected a function under @descriptor"),
        (
            lambda: Variation(small_settings(rates={"operators": {f"{CUSTOM}:constant": 1.0}})),
            "expected an operator",
        ),
    ],
)
def test_components_of_another_kind_are_refused(call, message):
    with pytest.raises(UnknownNameError, match=message):
        call()
