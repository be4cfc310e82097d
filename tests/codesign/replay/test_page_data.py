"""The numbers of a page are those of the recording."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from codesign.replay import record
from codesign.replay.ground import Ground
from codesign.replay.page_data import (
    MOST_POSE_BYTES,
    frames_of,
    lanes,
    on_ground,
    robot_data,
    stride_of,
    terrain_data,
)
from hyperdistill_core.tasks import get_task
from morph_ops.graph import joints
from morph_ops.sampling import sample_body

from .conftest import recording_of


def decoded(text, kind, *shape):
    return np.frombuffer(base64.b64decode(text), kind).reshape(shape)


@pytest.fixture(scope="module")
def recording(recordings):
    return recordings[0]


@pytest.fixture(scope="module", params=[1, 2])
def stride(request):
    return request.param


@pytest.fixture(scope="module")
def bodies(recording):
    return list(range(1, recording.model.nbody))


@pytest.fixture(scope="module")
def data(recording, bodies, stride):
    made = robot_data(recording, bodies, number=3, place=1.5, stride=stride)
    return json.loads(json.dumps(made, allow_nan=False))


def test_poses_are_exact_to_a_tenth_of_a_millimeter(recording, bodies, data, stride):
    frames, count = data["frames"], len(bodies)
    torso = decoded(data["torso"], "<f4", frames, 3)
    offsets = decoded(data["offsets"], "<i2", frames, count, 3) * data["unit"]
    turns = decoded(data["turns"], "<i2", frames, count, 4) / 32767
    state = mujoco.MjData(recording.model)
    for row, step in enumerate(frames_of(recording.steps, stride)):
        state.qpos[:] = recording.qpos[step]
        mujoco.mj_kinematics(recording.model, state)
        assert torso[row, None] + offsets[row] == pytest.approx(state.xpos[1:], abs=1e-4)
        assert turns[row] == pytest.approx(state.xquat[1:], abs=1e-4)


def test_scores_efforts_and_contacts_are_those_of_the_frames(recording, data, stride):
    steps, nodes = frames_of(recording.steps, stride), len(recording.nodes)
    scores = decoded(data["scores"], "<f4", len(steps))
    assert scores[0] == 0.0
    assert scores[-1] == pytest.approx(recording.score, rel=1e-5)
    contacts = decoded(data["contacts"], "u1", len(steps), nodes)
    assert np.array_equal(contacts, recording.contacts[steps])
    efforts = decoded(data["efforts"], "u1", len(steps), nodes) / 255
    assert efforts[0] == pytest.approx(recording.efforts[0], abs=0.003)
    touches = decoded(data["touches"], "<i2", len(steps), nodes, 3) * data["unit"]
    step, node = np.argwhere(recording.contacts[steps])[0]
    point = recording.contact_points[steps[step], node] - recording.torso[steps[step]]
    assert touches[step, node] == pytest.approx(point, abs=1e-4)


def test_names_and_colors(recording, data):
    assert data["meshes"][0] == "/r3/body-1"
    assert [data["nodes"][node] for node in data["nodeOfMesh"]] == [
        recording.model.body(body).name for body in range(1, recording.model.nbody)
    ]
    assert all(color.startswith("#") for color in (data["color"], *data["colors"]))


def test_long_rows_of_robots_have_fewer_frames(recording):
    assert stride_of([recording]) == 1
    long = replace(recording, rewards=np.zeros(MOST_POSE_BYTES // 10))
    assert stride_of([long]) > 1


def test_the_last_state_is_a_frame():
    assert frames_of(4, 2).tolist() == [0, 2, 4]
    assert frames_of(5, 2).tolist() == [0, 2, 4, 5]
    assert frames_of(1, 3).tolist() == [0, 1]


def swerving(recording, drift):
    """The episode along ten meters, with a drift to the left in the first half of them (m)."""
    qpos, torso = recording.qpos.copy(), recording.torso.copy()
    for rows in (qpos, torso):
        rows[:, 0] = np.linspace(0.0, 10.0, len(rows))
        rows[:, 1] = drift * np.minimum(np.linspace(0.0, 2.0, len(rows)), 1.0)
    return replace(recording, qpos=qpos, torso=torso)


def test_robots_stand_side_by_side(recordings):
    places = lanes(recordings)
    assert places[0] == 0.0
    assert all(1.0 <= step <= 2.0 for step in np.diff(places))


def test_lanes_are_as_wide_as_robots_swerve(recording):
    straight, left = swerving(recording, 0.0), swerving(recording, 1.5)
    near = lanes([straight, straight])[1]
    assert lanes([left, straight], in_row=True)[1] == pytest.approx(near + 1.5, abs=0.2)
    assert lanes([straight, left])[1] <= near
    assert lanes([left, left])[1] == pytest.approx(near, abs=0.4), "neither crosses the other"


def test_robots_that_swerve_far_stand_on_their_side(recording):
    straight, left, right = (swerving(recording, drift) for drift in (0.0, 3.0, -3.0))
    places = lanes([left, straight, right])
    assert places[0] == 0.0 > places[1] > places[2] > -6.0
    assert lanes([left, straight, right], in_row=True) == [0.0, 3.5, 7.0]


def test_many_lanes_fit_a_window(recording):
    left, right = swerving(recording, 9.0), swerving(recording, -9.0)
    assert lanes([left, right] * 6, in_row=True)[-1] <= 12.0


class Still:
    """No motor moves."""

    def __init__(self, graph):
        self.n_controls = len(list(joints(graph)))

    def act(self, state):
        return np.zeros((len(state), self.n_controls))


def test_the_ground_below_a_way_is_that_of_the_world():
    graph, task = sample_body(np.random.default_rng(0)), get_task("incline")
    one = record(graph, Still(graph), task=replace(task, max_steps=2), name="robot")
    low, high = on_ground(one, np.array([[0.0, 0.0], [5.0, 0.0]]))
    assert low[:2].tolist() == [0.0, 0.0]
    assert low[2] == pytest.approx(one.ground_m, abs=0.05)
    assert high[2] > low[2] + 0.1


def test_meters_lie_on_the_ground_beside_the_outer_lanes():
    uphill = recording_of(0, steps=2, task="incline")
    data = terrain_data([uphill, uphill], [Ground(uphill)] * 2, [0.0, -2.0])
    at = -1 - data["first"]
    for row in data["levels"]:
        assert row[at] == pytest.approx(-np.tan(np.radians(10.0)), abs=1e-3)
