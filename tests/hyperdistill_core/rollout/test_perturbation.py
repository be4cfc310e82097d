"""Perturbations change one thing each, on every robot, in both engines alike."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from hyperdistill_core.rollout import ENGINES, Perturbation, rollout
from hyperdistill_core.rollout.perturbation import SensorNoise, push_directions
from hyperdistill_core.tasks import get_task

FLAT = get_task("flat")
SHORT = replace(FLAT, max_steps=90)
#: Two sliding joints and a hinge at the torso, a servo and a motor with a limited force.
PLANAR = """
<mujoco>
  <worldbody>
    <body name="torso">
      <joint name="x" type="slide" axis="1 0 0"/>
      <joint name="z" type="slide" axis="0 0 1"/>
      <joint name="pitch" axis="0 1 0" damping="0.5"/>
      <geom size="0.1" friction="0.8"/>
      <body pos="0 0 -0.2">
        <joint name="hip" axis="0 1 0" damping="1" actuatorfrcrange="-3 3"/>
        <geom size="0.1"/>
      </body>
    </body>
  </worldbody>
  <tendon>
    <fixed actuatorfrcrange="-4 4"><joint joint="hip" coef="1"/></fixed>
  </tendon>
  <actuator>
    <position joint="hip" kp="10"/>
    <motor joint="pitch" gear="7" forcelimited="true" forcerange="-2 2"/>
  </actuator>
</mujoco>
"""
ARRAYS = {
    "torque": ("actuator_gainprm", "actuator_biasprm", "actuator_forcerange", "jnt_actfrcrange",
               "tendon_actfrcrange"),
    "mass": ("body_mass", "body_inertia"),
    "damping": ("dof_damping",),
    "friction": ("geom_friction",),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_each_factor_changes_its_own_quantities(name):
    before, after = (mujoco.MjModel.from_xml_string(PLANAR) for _ in range(2))
    replace(Perturbation(), **{name: 1.5}).change(after)
    for other, arrays in ARRAYS.items():
        for array in arrays:
            old, new = (getattr(model, array) for model in (before, after))
            # Friction has three numbers; the first is that of sliding.
            columns = (slice(None), 0) if array == "geom_friction" else slice(None)
            factor = 1.5 if name == other else 1.0
            np.testing.assert_allclose(new[columns], factor * old[columns], err_msg=array)


def test_a_heavier_body_is_the_body_with_heavier_parts():
    changed = mujoco.MjModel.from_xml_string(PLANAR)
    Perturbation(mass=1.5).change(changed)
    spec = mujoco.MjSpec.from_string(PLANAR)
    for geom in spec.geoms:
        geom.density *= 1.5
    compiled = spec.compile()
    for array in ("body_mass", "body_inertia", "body_subtreemass", "dof_invweight0"):
        np.testing.assert_allclose(getattr(changed, array), getattr(compiled, array), err_msg=array)


def test_a_servo_is_weaker_at_the_same_angle():
    forces = []
    for torque in (1.0, 0.5):
        model = mujoco.MjModel.from_xml_string(PLANAR)
        Perturbation(torque=torque).change(model)
        data = mujoco.MjData(model)
        data.qpos[3], data.ctrl[:] = 0.3, (1.0, 1.0)
        mujoco.mj_forward(model, data)
        forces.append(data.actuator_force.copy())
    np.testing.assert_allclose(forces[0], [10.0 * (1.0 - 0.3), 1.0])
    np.testing.assert_allclose(forces[1], 0.5 * forces[0])


def test_a_push_moves_whatever_can_move_at_the_torso():
    model = mujoco.MjModel.from_xml_string(PLANAR)
    expected = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert push_directions(model, 1).tolist() == expected


def test_pushes_are_alike_in_both_engines_and_in_any_batch(walker, walker_policy):
    pushed = Perturbation(push=1.0, push_interval=0.2)
    first, second = (
        rollout(
            walker, walker_policy, task=SHORT, episodes=3, engine=engine,
            record_trajectory=True, perturbation=pushed,
        )
        for engine in ENGINES
    )  # fmt: skip
    np.testing.assert_array_equal(first.qpos, second.qpos)
    alone = rollout(
        walker, walker_policy, task=SHORT, episodes=1, first_episode=2, perturbation=pushed
    )
    assert alone.returns[0] == pytest.approx(first.returns[2], rel=1e-6)
    without = rollout(walker, walker_policy, task=SHORT, episodes=3, record_trajectory=True)
    before = round(0.2 / FLAT.control_dt)
    assert without.qpos is not None
    assert first.qpos is not None
    np.testing.assert_array_equal(without.qpos[: before + 1], first.qpos[: before + 1])
    moved = np.abs(first.qpos[before + 1, :, :2] - without.qpos[before + 1, :, :2]).max(axis=1)
    assert (moved > 0.004).all()


def test_sensor_noise_depends_on_the_seed_and_the_episode_alone(walker, walker_policy):
    noisy = Perturbation(sensor_noise=0.3).sensing(np.full(17, 0.5))

    def returns(*, episodes=4, first_episode=0, **options):
        result = rollout(
            walker, walker_policy, task=SHORT, episodes=episodes, first_episode=first_episode,
            **options,
        )  # fmt: skip
        return result.returns

    four = returns(perturbation=noisy)
    np.testing.assert_array_equal(four, returns(perturbation=noisy, engine="serial"))
    np.testing.assert_allclose(four[3:], returns(perturbation=noisy, episodes=1, first_episode=3))
    assert np.abs(four - returns()).min() > 0.0
    assert np.abs(four - returns(perturbation=noisy, seed=1)).min() > 0.0


def test_sensor_noise_has_the_deviation_of_each_feature():
    deviation = np.arange(17.0)
    noise = SensorNoise(deviation, seed=0, episodes=range(50))
    noisy = noise.added(np.ones((50, 20, 17)), rows=np.arange(50))
    np.testing.assert_allclose(noisy.std(axis=(0, 1)), deviation, rtol=0.1)
    assert Perturbation(sensor_noise=0.1).sensing(deviation).sensor_deviation[3] == 3.0
