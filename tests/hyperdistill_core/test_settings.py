"""The base of all settings: validation, messages, assignments and descriptions."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import Field, field_validator, model_validator

from hyperdistill_core.settings import (
    DefaultText,
    FrozenSettings,
    Names,
    SettingsError,
    Unit,
    assigned,
    changed,
    describe_fields,
    merged,
)
from morph_ops._registry import Registry

GAITS = Registry("gait", {"walk": 1, "trot": 2})


def cores() -> int:
    return 7


class Leg(FrozenSettings):
    length: Annotated[float, Unit("m")] = Field(default=0.5, gt=0.0, description="Length.")
    joints: int = Field(default=2, ge=1, le=4, description="Number of hinges.")


class Walk(FrozenSettings):
    name: str = Field(default="a", description="Name.")
    gait: Annotated[str, Names(GAITS)] = Field(default="walk", description="Gait.")
    order: Annotated[list[str], Names(GAITS)] = Field(default=["walk"], description="Gaits.")
    leg: Leg = Field(default_factory=Leg, description="The legs.")
    tail: Leg | None = Field(default=None, description="The tail.")
    weights: dict[str, float] = Field(default_factory=dict, description="Weights.")
    workers: Annotated[int, DefaultText("all cores")] = Field(
        default_factory=cores, ge=0, description="Workers."
    )
    steps: int = Field(default=10, ge=1, description="Steps.")
    least: int = Field(default=0, description="Least steps.")

    @field_validator("name")
    @classmethod
    def _short(cls, name: str) -> str:
        if len(name) > 3:
            raise ValueError(f"expected up to 3 letters, got {name!r}")
        return name

    @model_validator(mode="after")
    def _ordered(self) -> Walk:
        if self.least > self.steps:
            raise SettingsError.of("least", f"expected at most {self.steps}, got {self.least}")
        return self


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("step=3", "no setting 'step': did you mean 'steps'? Choices: gait, least, leg, name"),
        ("leg.joint=3", "leg: no setting 'joint': did you mean 'joints'? Choices: joints, length"),
        ("steps=0", "steps: expected at least 1, got 0"),
        ("steps=1.5", "steps: expected an integer, got 1.5"),
        ("steps=true", "steps: expected an integer, got True"),
        ("leg.length=0", "leg.length: expected a number above 0, got 0"),
        ("leg.length=inf", "leg.length: expected a finite number, got inf"),
        ("leg.length=long", "leg.length: expected a number, got 'long'"),
        ("leg.joints=5", "leg.joints: expected 1 .. 4, got 5"),
        ("leg=5", "leg: expected a table, got 5"),
        ("tail.joints=0", "tail.joints: expected 1 .. 4, got 0"),
        ("weights=5", "weights: expected a table, got 5"),
        ("weights.a=b", "weights.a: expected a number, got 'b'"),
        ("name=3", "name: expected text, got 3"),
        ("name=long", "name: expected up to 3 letters, got 'long'"),
        ("gait=trott", "gait: no gait 'trott': did you mean 'trot'? Choices: trot, walk"),
        ("order=walk", "order: expected a list, got 'walk'"),
        ("order=['walk', 'run']", "order: no gait 'run'. Choices: trot, walk"),
        ("least=11", "least: expected at most 10, got 11"),
        ("steps", "--set: expected key=value, such as seed=3 or table.key=0.5, got 'steps'"),
        ("leg..joints=1", "--set: expected key=value"),
    ],
)
def test_an_error_names_the_setting_what_was_expected_and_what_was_found(assignment, message):
    with pytest.raises(SettingsError) as caught:
        changed(Walk(), [assignment])
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_all_errors_are_reported_at_once():
    with pytest.raises(SettingsError) as caught:
        Walk.from_dict({"steps": 0, "leg": {"joints": 9}, "nam": 1})
    names = [problem.setting for problem in caught.value.problems]
    assert sorted(names) == ["", "leg.joints", "steps"]
    assert str(caught.value).count("; ") == 2
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_assignments_reach_into_tables_and_later_ones_win():
    walk = changed(Walk(), ["steps=3", "leg.joints=4", "tail.length=1", "steps=5", "gait=trot"])
    assert (walk.steps, walk.leg, walk.gait) == (5, Leg(joints=4), "trot")
    assert walk.tail == Leg(length=1.0)
    assert Walk().steps == 10


def test_values_that_are_not_toml_are_text():
    values = assigned({}, ["a=x y", "b='x y'", "c=1\nd=2", "e=[1, 2]", "f=true", "g="])
    assert values == {"a": "x y", "b": "x y", "c": "1\nd=2", "e": [1, 2], "f": True, "g": ""}


def test_settings_are_immutable_and_keyword_only():
    with pytest.raises(ValueError, match="frozen"):
        Walk().steps = 3  # type: ignore[misc] # the assignment must fail
    with pytest.raises(TypeError, match="positional"):
        Walk("a")  # type: ignore[misc] # the positional argument must fail


def test_a_replaced_copy_is_validated():
    walk = Walk(steps=5).replace(least=5)
    assert (walk.steps, walk.least) == (5, 5)
    with pytest.raises(SettingsError, match="least: expected at most 5, got 6"):
        walk.replace(least=6)


def test_settings_travel_between_processes():
    walk = Walk(steps=5, tail=Leg(), weights={"a": 1.0})
    assert pickle.loads(pickle.dumps(walk)) == walk


@hypothesis_settings(derandomize=True, deadline=None, max_examples=50)
@given(
    st.integers(1, 10**9),
    st.floats(1e-9, 1e9),
    st.dictionaries(st.text(max_size=3), st.floats(-1e9, 1e9), max_size=3),
    st.sampled_from([None, Leg(joints=4)]),
)
def test_settings_survive_a_dictionary(steps, length, weights, tail):
    walk = Walk(steps=steps, leg=Leg(length=length), weights=weights, tail=tail)
    assert Walk.from_dict(walk.to_dict()) == walk


nested = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner), max_leaves=8
)
tables = st.dictionaries(st.sampled_from("abc"), nested)


@hypothesis_settings(derandomize=True, deadline=None, max_examples=50)
@given(tables, tables)
def test_merging_keeps_what_is_not_replaced(base, over):
    result = merged(base, over)
    assert set(result) == set(base) | set(over)
    assert merged(result, over) == result
    assert merged({}, over) == over
    assert merged(base, {}) == base


def test_descriptions_of_fields_are_rows_of_a_table():
    rows = {row.name: row[1:] for row in describe_fields(Walk)}
    assert list(rows)[:5] == ["name", "gait", "order", "leg", "leg.length"]
    assert rows["name"] == ("text", '"a"', "", "", "Name.")
    assert rows["gait"] == ("text", '"walk"', "walk, trot", "", "Gait.")
    assert rows["order"] == ("list of text", '["walk"]', "walk, trot", "", "Gaits.")
    assert rows["leg"] == ("table", "", "", "", "The legs.")
    assert rows["leg.length"] == ("number", "0.5", "above 0", "m", "Length.")
    assert rows["leg.joints"] == ("integer", "2", "1 .. 4", "", "Number of hinges.")
    assert rows["tail"] == ("table or none", "none", "", "", "The tail.")
    assert rows["tail.joints"] == rows["leg.joints"]
    assert rows["weights"] == ("table of numbers", "", "", "", "Weights.")
    assert rows["workers"] == ("integer", "all cores", "at least 0", "", "Workers.")


def test_settings_need_neither_torch_nor_mujoco():
    program = (
        "import sys, hyperdistill_core.settings;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'mujoco', 'networkx')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_numbers_of_numpy_tuples_and_arrays_are_taken_for_what_they_hold():
    class Walk(FrozenSettings):
        steps: int = Field(default=1, description="Steps.")
        speeds: list[float] = Field(default=[1.0], description="Speeds.")
        weights: dict[str, float] = Field(default={}, description="Weights.")

    same: dict[str, Any] = {"steps": np.int64(3), "weights": {"a": np.float32(0.5)}}
    for speeds in ((0.5, np.float64(2.0)), np.array([0.5, 2.0])):
        walk = Walk.from_dict({"speeds": speeds, **same})
        assert walk.to_dict() == {"steps": 3, "speeds": [0.5, 2.0], "weights": {"a": 0.5}}
    with pytest.raises(SettingsError, match="steps: expected an integer"):
        Walk.from_dict({"steps": np.float64(1.5)})
