"""Robots that were drawn below the ground or high above it begin near it, and say so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest

from hyperdistill_core.tasks import get_task
from morph_ops.geometry import rest_frames
from morph_ops.graph import import_notes, root, torso, with_nodes
from morph_ops.identity import is_same
from morph_ops.io import from_json, mjcf, read_body, to_json
from morph_ops.operators import mutate
from morph_ops.sampling import sample_body


def _lowest(graph) -> float:
    frames = rest_frames(graph)
    return float((np.minimum(frames.start[:, 2], frames.end[:, 2]) - frames.radius).min())


def _at(height: float, folder: Path):
    """A body whose lowest point is at a height, and what its file is read as."""
    body = sample_body(np.random.default_rng(3))
    record = torso(body)
    x, y, z = record.pos
    moved = replace(record, pos=(x, y, z + height - _lowest(body)))
    body = with_nodes(body, [(root(body), moved)])
    mjcf.write(body, folder / "robot.xml")
    return body, read_body(folder / "robot.xml")


@pytest.mark.parametrize("height", [-3.0, -0.08, 1.5, 30.0])
def test_a_robot_far_from_the_ground_is_moved_with_a_note(height, tmp_path):
    before, after = _at(height, tmp_path)
    assert _lowest(after) == pytest.approx(0.2)
    assert torso(after).pos[:2] == torso(before).pos[:2]
    assert import_notes(after) == (
        f"moved by {0.2 - height:+.3g} m, so that its lowest point is 0.2 m above the ground",
    )


@pytest.mark.parametrize("height", [0.0, 0.2, 0.9])
def test_a_robot_near_the_ground_keeps_every_digit(height, tmp_path):
    before, after = _at(height, tmp_path)
    assert is_same(before, after)
    assert import_notes(after) == ()


def test_the_note_belongs_to_the_file_alone(tmp_path):
    _, body = _at(-1.0, tmp_path)
    assert import_notes(from_json(to_json(body))) == ()
    assert import_notes(mutate(body, np.random.default_rng(0))[0]) == ()


@pytest.mark.parametrize(
    ("case", "lift"),
    [("a55", "+3.58"), ("a56", "-29.4"), ("h01_feet_below_floor_-0.2", "+0.78"),
     ("h01_feet_below_floor_0.3", "+0.28")],
)  # fmt: skip
def test_the_reference_cases_stand_above_the_floor_of_the_task(case, lift, reference):
    [file] = sorted((reference / "cases" / "foreign").glob(f"{case}*/robot.xml"))
    graph = read_body(file)
    assert import_notes(graph)[0].startswith(f"moved by {lift} m")
    model = get_task("flat").model(graph)
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    assert data.body(root(graph)).xpos[2] == pytest.approx(0.58, abs=1e-6)
    mujoco.mj_forward(model, data)
    assert data.ncon == 0
