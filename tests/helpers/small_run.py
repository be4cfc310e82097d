"""A small run, written without a search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from codesign.store import Candidate, Event
from morph_ops.sampling import sample_body
from tests.helpers.formula_pool import BLANK

BODY = sample_body(np.random.default_rng(0))
#: Parents of each candidate.
PARENTS = [(), (), (0,), (2, 1), (3, 0), (3, 3)]


def fill_run(folder):
    """Write six candidates of three generations, one re-evaluation, and alarms."""
    with folder.database() as database:
        database.add_event(Event(kind="started", message="at work"), provenance={"python": "3"})
        for number, parents in enumerate(PARENTS):
            unscored = Candidate.unscored(
                BODY, number=number, generation=number // 2, operator="sample", parents=parents
            )
            terms, metrics = {"forward": number + 0.1}, {"work": 2.0} if number else {}
            record = replace(BLANK, score=number + 0.1, terms=terms, metrics=metrics, status="ok")
            database.add(unscored.scored(record))
        database.add_reevaluation(5, replace(BLANK, score=7.0))
        for generation, kept in enumerate([(0, 1), (0, 2), (2, 5)]):
            alarm = Event(
                kind="alarm", name="speed", generation=generation, number=2,
                message=f"generation {generation}, speed: too fast", details={"numbers": [2]},
            )  # fmt: skip
            state = Event(kind="generation", generation=generation, message="so far")
            database.add_generation(
                generation, membership={"population": kept}, events=[state, alarm]
            )
