"""A recording agrees with the rollout that it shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codesign.errors import RunError
from codesign.replay import record
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from morph_ops.graph import joints
from morph_ops.io import read_body
from morph_ops.sampling import sample_body

TASK = get_task("flat")


class Swing:
    """All motors swing together; half of them at half their torque."""

    def __init__(self, graph):
        self.n_controls = len(list(joints(graph)))
        self.step = 0

    def act(self, state):
        self.step += 1
        share = np.where(np.arange(self.n_controls) % 2, 0.5, 1.0)
        return np.tile(np.sin(self.step / 5.0) * share, (len(state), 1))


@pytest.fixture
def body():
    return sample_body(np.random.default_rng(3))


def test_a_recording_has_the_numbers_of_the_first_episode_of_a_score(body):
    one = record(body, Swing(body), task=TASK, name="swing", seed=5)
    result = rollout(body, Swing(body), task=TASK, episodes=1, seed=5, measure_gait=True)
    assert one.steps == result.lengths[0]
    assert one.score == pytest.approx(result.returns[0], rel=1e-12)
    assert one.fell == result.fell[0]
    assert one.distance == pytest.approx(result.distance[0], abs=0.05)
    assert one.speed == pytest.approx(result.speed[0], abs=0.05)
    assert result.gait is not None
    touching = one.contacts[1:].mean(axis=0)
    np.testing.assert_allclose(touching, result.gait.duty_factors[0], atol=0.05)


def test_efforts_are_shares_of_what_motors_can_give(body):
    one = record(body, Swing(body), task=TASK, name="swing")
    with_motors = {node for node, _ in joints(body)}
    for number, node in enumerate(one.nodes):
        most = one.efforts[:, number].max()
        assert 0.45 < most <= 1.0 if node in with_motors else most == 0.0


@pytest.mark.parametrize("delay", [0, 3])
def test_efforts_are_shares_of_what_a_joint_takes(delay, tmp_path):
    (tmp_path / "robot.xml").write_text(
        f"""<mujoco><compiler angle="radian"/><worldbody><body name="trunk" pos="0 0 0.5">
        <freejoint/><geom type="box" size="0.2 0.1 0.05"/><body name="leg"><joint name="hip"
        axis="0 1 0" range="-1 1" actuatorfrcrange="-5 5"/><geom type="capsule" size="0.03"
        fromto="0 0 0 0 0 -0.3"/></body></body></worldbody><actuator><motor joint="hip" gear="50"
        ctrlrange="-1 1" nsample="20" delay="{delay * TASK.control_dt}"/></actuator></mujoco>"""
    )
    robot = read_body(tmp_path / "robot.xml")

    class Half:
        def act(self, state):
            return np.full((len(state), 1), 0.05)

    one = record(robot, Half(), task=TASK, name="half")
    np.testing.assert_allclose(one.efforts[:delay, 1], 0.0)
    np.testing.assert_allclose(one.efforts[delay:-1, 1], 0.5)


def test_an_unstable_simulation_has_no_recording(body, monkeypatch):
    class Wild:
        def act(self, state):
            return np.full((len(state), len(list(joints(body)))), np.nan)

    with pytest.raises(RunError, match="wild: no replay: its simulation is unstable"):
        record(body, Wild(), task=TASK, name="wild")


def test_a_recording_is_in_the_world_of_its_seed(body):
    task = replace(get_task("manipulation-ball"), max_steps=3)
    one = record(body, Swing(body), task=task, name="swing", seed=5)
    ball = task.world(5).object
    assert ball is not None
    np.testing.assert_array_equal(one.model.body("object").pos, ball.pos)
    np.testing.assert_array_equal(one.qpos[0, -7:], ball.pose)
    assert one.contacts.shape == (4, len(body))
