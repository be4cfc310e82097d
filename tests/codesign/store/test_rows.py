"""Candidates and events keep every digit on their way through the database."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from codesign.store import Candidate, Database, Event
from morph_ops.identity import is_same
from morph_ops.sampling import sample_body
from tests.helpers.formula_pool import BLANK

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@settings(derandomize=True, deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 1000),
    returns=st.lists(NUMBERS, min_size=1, max_size=4),
    metrics=st.dictionaries(st.sampled_from(["work", "height", "speed"]), NUMBERS),
    status=st.sampled_from(["ok", "unstable", "failed", "pruned"]),
    variant=st.integers(0, 63),
    parents=st.lists(st.integers(0, 3), max_size=2),
    warning=st.text(max_size=20),
)
def test_candidates_round_trip(
    tmp_path_factory, seed, returns, metrics, status, variant, parents, warning
):
    path = tmp_path_factory.mktemp("rows") / "run.sqlite"
    Database.create(path)
    body = sample_body(np.random.default_rng(seed))
    unscored = Candidate.unscored(
        body,
        number=4,
        generation=1,
        operator="gear",
        parents=tuple(parents),
        first_parent=body if parents else None,
    )
    record = replace(
        BLANK,
        score=returns[0],
        ci95=(returns[0], returns[-1]),
        returns=tuple(returns),
        metrics=metrics,
        criteria=tuple(metrics),
        status=status,
        variant=variant,
        warnings=(warning,),
    )
    written = unscored.scored(record)
    with Database(path) as database:
        database.add(written)
        database.add_reevaluation(4, record)
        [found] = database.candidates()
    assert found.record == written.record
    assert found.reevaluation == record
    assert is_same(found.graph, body)
    for name in ("number", "generation", "operator", "parents", "hash", "diff", "variant"):
        assert getattr(found, name) == getattr(written, name)


@settings(derandomize=True, deadline=None, max_examples=15)
@given(message=st.text(max_size=30), details=st.dictionaries(st.text(max_size=5), NUMBERS))
def test_events_round_trip(tmp_path_factory, message, details):
    path = tmp_path_factory.mktemp("rows") / "run.sqlite"
    Database.create(path)
    event = Event(kind="alarm", name="speed", generation=2, message=message, details=details)
    with Database(path) as database:
        database.add_event(event)
        assert database.events() == [event]
