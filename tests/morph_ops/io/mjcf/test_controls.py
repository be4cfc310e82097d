"""Motors with other control ranges: an action of -1..1 spans them, with the torques of the file."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from morph_ops.graph import import_notes, joints, limb, limbs, physics, torso, with_nodes
from morph_ops.io import mjcf, read_body
from morph_ops.io.mjcf.source import CONTROLS_TEXT
from morph_ops.sampling import sample_body


def _read(folder, *, lift=0.0, **motor):
    """A sampled body of which all motors have this gear and range, and its file."""
    body = sample_body(np.random.default_rng(11))
    changed = [
        (name, replace(limb(body, name), joints=tuple(replace(j, **motor) for j in own)))
        for name in limbs(body)
        for own in [limb(body, name).joints]
    ]
    body = with_nodes(body, changed)
    x, y, z = torso(body).pos
    body = with_nodes(body, [("torso/0", replace(torso(body), pos=(x, y, z + lift)))])
    file = folder / "robot.xml"
    text = mjcf.to_xml(body)
    file.write_text(text.replace(f'name="{CONTROLS_TEXT}"', 'name="other"'))
    return read_body(file), mujoco.MjModel.from_xml_path(str(file))


def _largest(model, control):
    """Torques of all hinges under one control of all motors."""
    data = mujoco.MjData(model)
    data.ctrl[:] = control
    mujoco.mj_forward(model, data)
    return data.qfrc_actuator[6:].copy()


@pytest.mark.parametrize(
    ("gear", "ctrl_range", "ends", "note"),
    [
        (50.0, (-2.0, 2.0), (-2.0, 2.0), "an action of -1..1 spans the whole control range"),
        (-50.0, (-1.0, 1.0), (1.0, -1.0), "a positive action turns forward under a gear below 0"),
        (50.0, (0.0, 1.0), (0.0, 1.0), "an action of -1..1 is a torque"),
        (-30.0, (-0.5, 2.0), (2.0, -0.5), "an action of -1..1 is a torque"),
    ],
)
def test_an_action_spans_the_range_of_its_motor(gear, ctrl_range, ends, note, tmp_path):
    body, theirs = _read(tmp_path, gear=gear, ctrl_range=ctrl_range)
    ours = mjcf.to_model(body)
    for action, control in zip((-1.0, 1.0), ends, strict=True):
        torques = _largest(ours, action)
        assert torques == pytest.approx(_largest(theirs, control))
        assert torques.size
        assert (np.sign(torques) * action >= 0.0).all()
    assert any(line.startswith(note) for line in import_notes(body))


def test_both_changes_and_the_move_are_noted(tmp_path):
    body, _ = _read(tmp_path, gear=-50.0, ctrl_range=(-2.0, 2.0), lift=20.0)
    assert [line.split(":")[0] for line in import_notes(body)[:2]] == [
        "an action of -1..1 spans the whole control range",
        "a positive action turns forward under a gear below 0",
    ]
    assert import_notes(body)[2].startswith("moved by ")
    assert {(j.gear, j.ctrl_range) for _, j in joints(body)} == {(100.0, (-1.0, 1.0))}
    assert physics(body) is None


def test_the_usual_motors_stay_as_they_are(tmp_path):
    body, _ = _read(tmp_path, gear=50.0, ctrl_range=(-1.0, 1.0))
    assert import_notes(body) == ()
