"""The score record and its JSON form."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesign.scoring import ScoreRecord
from morph_ops.identity import body_hash
from tests.helpers.formula_pool import BLANK


def test_terms_and_returns_of_a_record_sum_to_the_score(records, bodies):
    for record, body in zip(records, bodies, strict=True):
        assert record.status == "ok"
        assert record.hash == body_hash(body)
        assert len(record.returns) == len(record.lengths) == len(record.fell) == record.episodes
        assert record.score == pytest.approx(np.mean(record.returns))
        assert record.score == pytest.approx(sum(record.terms.values()))
        low, high = record.ci95
        assert low <= record.score <= high
        assert low < high
        assert record.distance == pytest.approx(record.score * 0.02)
        assert record.controller == "tiny"


def test_a_record_survives_json(records):
    text = json.dumps(records[0].to_dict(), allow_nan=False)
    assert ScoreRecord.from_dict(json.loads(text)) == records[0]


def test_json_has_the_documented_fields(records):
    values = json.loads(json.dumps(records[0].to_dict()))
    kinds = {
        "robot": str, "hash": str, "task": str, "controller": str, "controller_hash": str,
        "episodes": int, "seed": int, "score": float, "ci95": list, "returns": list,
        "lengths": list, "fell": list, "terms": dict, "speed": float, "distance": float,
        "metrics": dict, "duty_factors": list, "warnings": list, "status": str, "steps": int,
        "seconds": float, "variant": int, "criteria": list,
    }  # fmt: skip
    assert {name: type(value) for name, value in values.items()} == kinds


def test_a_record_has_gait_metrics(records, bodies):
    for record, body in zip(records, bodies, strict=True):
        names = {"work", "height", "contact", "symmetry"}
        assert names <= set(record.metrics) <= names | {"raw_cost_of_transport"}
        assert ("raw_cost_of_transport" in record.metrics) == (record.distance > 0)
        assert len(record.duty_factors) == len(body)
        assert max(record.duty_factors) <= record.metrics["contact"] <= 1.0


numbers = st.floats(allow_nan=False, allow_infinity=False)
names = st.text(max_size=5)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(
    st.lists(numbers, max_size=3),
    st.dictionaries(names, numbers, max_size=3),
    st.dictionaries(names, numbers, max_size=3),
    st.lists(names, max_size=2),
)
def test_any_record_survives_json(returns, metrics, criteria, warnings):
    found = {"returns": tuple(returns), "warnings": tuple(warnings), "metrics": metrics}
    record = replace(BLANK, **found).with_criteria(criteria)
    assert ScoreRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record
    assert record.criteria_values == criteria
    assert record.metrics == {**metrics, **criteria}


def test_a_record_without_a_field_is_refused(records):
    values = records[0].to_dict()
    del values["metrics"]
    with pytest.raises(KeyError, match="metrics"):
        ScoreRecord.from_dict(values)
