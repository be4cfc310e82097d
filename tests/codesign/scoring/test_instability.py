"""Likely causes of unstable simulations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from codesign.scoring import score
from codesign.scoring.instability import likely_cause
from hyperdistill_core.tasks import get_task
from morph_ops.graph import limb, limbs, with_nodes
from morph_ops.io import read_body
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


SLIDER = """<mujoco><worldbody><body name="trunk" pos="0 0 0.5"><freejoint/>
<geom type="box" size="0.2 0.1 0.1"/><body name="finger"><joint name="grip" type="slide"
axis="0 1 0"/><geom type="box" size="0.02 0.02 0.02"/></body></body></worldbody>
<actuator><motor joint="grip" gear="{}" ctrllimited="true" ctrlrange="-1 1"/></actuator></mujoco>"""


def test_a_sliding_joint_is_named_as_one(tmp_path):
    (tmp_path / "robot.xml").write_text(SLIDER.format(50))
    body = read_body(tmp_path / "robot.xml")
    cause = likely_cause(body, get_task("flat").model(body))
    assert "sliding joint 'grip' gains 1.56 m/s" in cause
    assert "within a physics step at full force; give it an armature, such as 0.1" in cause
    assert "kg, or a smaller gear" in cause
    assert "rad" not in cause
    assert "m^2" not in cause


def test_the_record_of_an_unstable_body_says_why():
    body = _with_hinges(sample_body(np.random.default_rng(0)), armature=0.0, gear=1e7)
    [record] = score([body], controller="flat-v2", episodes=1, best_of=1)
    assert record.status == "unstable"
    assert record.warnings[-1].startswith("the simulation became unstable: hinge ")
