"""Gait metrics against known motions and against plain MuJoCo."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.rollout import rollout
from hyperdistill_core.rollout.gait import GRAVITY, delayed
from hyperdistill_core.tasks import Flat, get_task
from morph_ops.graph import joints
from morph_ops.io import read_body
from morph_ops.sampling import sample_body

TASK = replace(get_task("flat"), max_steps=60)


class Push:
    """The same controls at every step, some beyond their range."""

    def __init__(self, n_controls):
        self.ctrl = np.linspace(-2.0, 2.0, n_controls)

    def act(self, state):
        return np.tile(self.ctrl, (len(state), 1))


@pytest.fixture(scope="module")
def body():
    return next(
        graph
        for graph in (sample_body(np.random.default_rng(seed)) for seed in range(20))
        if len(list(joints(graph))) > 3
    )


@pytest.fixture(scope="module")
def pushed(body):
    policy = Push(len(list(joints(body))))
    return rollout(
        body, policy, task=TASK, episodes=3, seed=1, record_trajectory=True, measure_gait=True
    )


def test_work_is_torque_times_angle(body, pushed):
    model = TASK.model(body)
    expected = np.zeros(3)
    for episode, length in enumerate(pushed.lengths):
        for step in range(length):
            for motor, (joint, _) in enumerate(model.actuator_trnid):
                address = model.jnt_qposadr[joint]
                before, after = pushed.qpos[step : step + 2, episode, address]
                policy = np.clip(pushed.ctrl[step, episode, motor], -1.0, 1.0)
                torque = policy * model.actuator_gear[motor, 0]
                expected[episode] += abs(torque * (after - before))
    np.testing.assert_allclose(pushed.gait.work, expected, rtol=1e-12)
    assert (expected > 0).all()


LIMITED = """<mujoco><compiler angle="radian"/><worldbody><body name="trunk" pos="0 0 0.5">
<freejoint/><geom type="box" size="0.2 0.1 0.05"/><body name="leg"><joint name="hip" axis="0 1 0"
range="-1 1" actuatorfrcrange="-3 2"/><geom type="capsule" fromto="0 0 0 0 0 -0.3" size="0.03"/>
</body></body></worldbody><actuator>{motors}</actuator></mujoco>"""


@pytest.mark.parametrize("gears", [(50,), (30, 20), (40, -4)])
def test_work_is_that_of_the_torque_that_a_joint_takes(gears, tmp_path):
    motors = "".join(f'<motor joint="hip" gear="{gear}" ctrlrange="-1 1"/>' for gear in gears)
    (tmp_path / "robot.xml").write_text(LIMITED.format(motors=motors))
    policy = Push(1)
    policy.ctrl[:] = 1.0
    result = rollout(
        read_body(tmp_path / "robot.xml"), policy, task=TASK, episodes=1, record_trajectory=True,
        measure_gait=True,
    )  # fmt: skip
    assert result.gait is not None
    assert result.qpos is not None
    angles = result.qpos[: result.lengths[0] + 1, 0, 7]
    # An action of one is torque in the positive sense for each motor, and all go beyond the limit.
    assert result.gait.work[0] == pytest.approx(2.0 * np.abs(np.diff(angles)).sum())


def test_a_control_acts_after_the_delay_of_its_actuator():
    motors = '<motor joint="hip"/><motor joint="hip" delay="0.04" nsample="9"/>'
    motors += '<motor joint="hip" delay="9" nsample="900"/>'
    model = mujoco.MjModel.from_xml_string(LIMITED.format(motors=motors))
    ctrl = np.repeat(np.arange(1.0, 5.0)[:, None, None], 3, axis=2)
    acting = delayed(ctrl, model, 0.02)[:, 0]
    assert acting.T.tolist() == [[1, 2, 3, 4], [0, 0, 1, 2], [0, 0, 0, 0]]


def test_work_begins_after_the_delay(tmp_path):
    motors = '<motor joint="hip" gear="2" ctrlrange="-1 1" delay="0.1" nsample="20"/>'
    (tmp_path / "robot.xml").write_text(LIMITED.format(motors=motors))
    policy = Push(1)
    policy.ctrl[:] = 1.0
    task = replace(TASK, max_steps=5)
    robot = read_body(tmp_path / "robot.xml")
    result = rollout(robot, policy, task=task, episodes=1, measure_gait=True)
    assert result.gait is not None
    assert result.gait.work[0] == 0.0


def test_nodes_on_the_ground_are_those_in_contact(body, pushed):
    model = TASK.model(body)
    data = mujoco.MjData(model)
    layout = BodyLayout.from_graph(body, model)
    floor = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, "floor")
    starts = TASK.initial_states(model, seed=1, episodes=3)
    shares = np.zeros((3, len(body)))
    for episode, length in enumerate(pushed.lengths):
        mujoco.mj_resetData(model, data)
        data.qpos[:], data.qvel[:] = (start[episode] for start in starts)
        mujoco.mj_forward(model, data)
        for step in range(length):
            data.ctrl[:] = pushed.ctrl[step, episode]
            for _ in range(TASK.physics_steps):
                mujoco.mj_step(model, data)
            pairs = data.contact.geom[: data.ncon]
            others = pairs[(pairs == floor).any(axis=1)].sum(axis=1) - floor
            touched = set(model.geom_bodyid[others])
            shares[episode] += [body_id in touched for body_id in layout.body_ids]
    shares /= pushed.lengths[:, None]
    np.testing.assert_allclose(pushed.gait.duty_factors, shares, atol=1e-12)
    assert pushed.gait.duty_factors.max() > 0.3
    contact = pushed.gait.contact
    assert (contact >= pushed.gait.duty_factors.max(axis=1)).all()
    assert (contact <= 1.0).all()


def test_mass_height_and_cost_of_transport(body, pushed):
    gait, model = pushed.gait, TASK.model(body)
    assert gait.mass == pytest.approx(model.body_mass.sum())
    heights = [
        pushed.qpos[1 : length + 1, episode, 2].mean()
        for episode, length in enumerate(pushed.lengths)
    ]
    np.testing.assert_allclose(gait.height, heights, atol=0.02)
    distance = np.array([1.0, 2.0, -0.5])
    expected = gait.work.sum() / (gait.mass * GRAVITY * 2.5)
    assert gait.cost_of_transport(distance) == pytest.approx(expected)
    assert gait.cost_of_transport(-distance) == np.inf


def test_gait_metrics_change_nothing_else(body, pushed):
    policy = Push(len(list(joints(body))))
    plain = rollout(body, policy, task=TASK, episodes=3, seed=1)
    np.testing.assert_array_equal(plain.returns, pushed.returns)
    assert plain.gait is None
    serial = rollout(
        body, policy, task=TASK, episodes=3, seed=1, engine="serial", measure_gait=True
    )
    assert serial.gait is not None
    np.testing.assert_array_equal(serial.gait.duty_factors, pushed.gait.duty_factors)
    assert serial.qpos is None


def test_heights_of_the_reference_task_begin_at_its_floor(body):
    task = replace(get_task("flat-reference"), max_steps=20)
    policy = Push(len(list(joints(body))))
    result = rollout(body, policy, task=task, episodes=1, measure_gait=True)
    assert result.gait is not None
    assert 0.0 < result.gait.height[0] < 1.5
    assert result.gait.contact[0] > 0.0


def test_an_unstable_rollout_has_no_gait_metrics(body):
    policy = Push(len(list(joints(body))))
    policy.ctrl[:] = np.nan
    result = rollout(body, policy, task=TASK, episodes=2, measure_gait=True)
    assert result.unstable
    assert result.gait is None


class Swing:
    """All motors swing once in ``period_s``, with noise; with no period the controls rest."""

    clock_harmonics = 1

    def __init__(self, n_controls, period_s):
        self.n_controls, self.period_s = n_controls, period_s
        self.rng = np.random.default_rng(0)

    def act(self, state, *, time=None):
        assert time is not None
        size = np.sin(2.0 * np.pi * time / self.period_s) if self.period_s else 0.0
        return size + 0.2 * size * self.rng.normal(size=(len(state), self.n_controls))


@pytest.mark.parametrize("period_s", [0.3, 0.7, None])
def test_the_period_is_that_of_the_motion(body, period_s):
    policy = Swing(len(list(joints(body))), period_s)
    # Nobody falls here, so that the motion lasts.
    task = replace(get_task("flat"), max_steps=300)
    motion = rollout(body, policy, task=_Floating(**vars(task)), episodes=2, measure_gait=True)
    assert motion.gait is not None
    if period_s is None:
        assert np.isnan(motion.gait.period).all()
    else:
        np.testing.assert_allclose(motion.gait.period, period_s, atol=0.021)


class _Floating(Flat):
    """The flat task without falls."""

    def fall_height(self, graph):
        return -np.inf


@pytest.mark.parametrize(
    "motors",
    [
        '<motor tendon="cable" ctrlrange="-1 1"/>',
        '<intvelocity joint="hip" kp="5" actrange="-1 1" ctrlrange="-1 1"/>',
        '<general joint="hip" gainprm="5 0 1" gaintype="affine" ctrlrange="-1 1"/>',
    ],
)
def test_the_work_of_actuators_that_are_no_motors_is_not_known(motors, tmp_path):
    text = LIMITED.format(motors=motors)
    tendon = '<tendon><fixed name="cable"><joint joint="hip" coef="1"/></fixed></tendon>'
    (tmp_path / "robot.xml").write_text(text.replace("<actuator>", f"{tendon}<actuator>"))
    robot = read_body(tmp_path / "robot.xml")
    task = replace(TASK, max_steps=5)
    result = rollout(robot, Push(1), task=task, episodes=1, measure_gait=True)
    assert result.gait is not None
    assert np.isnan(result.gait.work).all()
    assert np.isnan(result.gait.cost_of_transport(np.array([1.0])))
