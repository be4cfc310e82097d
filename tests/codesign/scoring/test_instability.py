"""Likely causes of unstable simulations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from codesign.scoring import score
from codesign.scoring.instability import likely_cause
from hyperdistill_core.tasks import get_task
from morph_ops.graph import limb, limbs, with_nodes
from morph_ops.sampling import sample_body


def _with_hinges(body, **changes):
    records = [(name, limb(body, name)) for name in limbs(body)]
    return with_nodes(
        body,
        [
            (name, replace(record, joints=tuple(replace(j, **changes) for j in record.joints)))
            for name, record in records
        ],
    )


def test_a_strong_motor_without_armature_is_named():
    body = sample_body(np.random.default_rng(0))
    model = get_task("flat").model
    assert "smaller gears, or more armature" in likely_cause(body, model(body))
    bare = _with_hinges(body, armature=0.0, gear=3000.0)
    cause = likely_cause(bare, model(bare))
    assert "gains" in cause
    assert "give it an armature" in cause


def test_the_record_of_an_unstable_body_says_why():
    body = _with_hinges(sample_body(np.random.default_rng(0)), armature=0.0, gear=1e7)
    [record] = score([body], controller="flat-v2", episodes=1, best_of=1)
    assert record.status == "unstable"
    assert record.warnings[-1].startswith("the simulation became unstable: hinge ")
