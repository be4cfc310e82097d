"""Limbs that grow on robots from elsewhere: the robot itself stays as it is."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from hyperdistill_core.tasks import get_task
from morph_ops.errors import OperatorError
from morph_ops.graph import limbs, own_nodes, physics, torso
from morph_ops.identity import body_hash, is_same
from morph_ops.io import from_json, mjcf, to_json
from morph_ops.operators import density, grow_limb, mutate
from morph_ops.validity import keeps_own_nodes, violations
from tests.morph_ops.io.mjcf.foreign.robots import quadruped


@pytest.fixture(scope="module")
def robot(tmp_path_factory):
    file = tmp_path_factory.mktemp("robot") / "robot.xml"
    file.write_text(quadruped())
    return mjcf.read(file)


@pytest.fixture(scope="module")
def grown(robot):
    return grow_limb(robot, np.random.default_rng(1))


def test_new_limbs_hang_on_the_robot_and_have_motors(robot, grown):
    new = [name for name in limbs(grown) if name not in own_nodes(grown)]
    assert new
    assert keeps_own_nodes(robot, grown)
    assert physics(grown) == physics(robot)
    before, after = mjcf.to_model(robot), mjcf.to_model(grown)
    assert after.nbody == before.nbody + len(new)
    assert after.nu == after.njnt - 1 == before.nu + (after.njnt - before.njnt)
    for name in robot:
        one, other = before.body(name), after.body(name)
        assert one.mass == other.mass
        np.testing.assert_array_equal(one.inertia, other.inertia)
    ranges = np.rad2deg(after.jnt_range[before.njnt :])
    assert set(np.abs(ranges[after.jnt_limited[before.njnt :] > 0]).ravel()) <= {0, 30, 45, 60, 90}
    assert body_hash(grown) != body_hash(robot)
    assert is_same(from_json(to_json(grown)), grown)


def test_a_grown_robot_stands_on_its_lowest_point(robot):
    task = get_task("flat")
    for seed in range(5):
        grown = grow_limb(robot, np.random.default_rng(seed))
        assert torso(grown).pos[2] >= torso(robot).pos[2]
        model = task.model(grown)
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        floor = model.geom("floor").id
        depths = [c.dist for c in data.contact if floor in (c.geom1, c.geom2)]
        assert min(depths, default=0.0) > -1e-6


def test_operators_change_grown_limbs_alone(robot):
    rng, body, operators = np.random.default_rng(0), robot, set()
    for _ in range(12):
        body, operator = mutate(body, rng)
        operators.add(operator)
        assert keeps_own_nodes(robot, body)
        assert not [line for line in violations(body) if "ranges: limb/" in line]
    assert {"grow_limb", "delete_limb"} <= operators
    with pytest.raises(OperatorError, match="whose physics the robot brings along"):
        density(robot, rng)


def test_a_grown_robot_is_written_as_one(grown, tmp_path):
    mjcf.write(grown, tmp_path / "grown.xml", scene=True)
    model = mujoco.MjModel.from_xml_path(str(tmp_path / "grown.xml"))
    ours = mjcf.to_model(grown)
    assert model.nu == ours.nu
    np.testing.assert_allclose(model.body_mass, ours.body_mass, rtol=1e-9)
    np.testing.assert_allclose(model.jnt_range, ours.jnt_range, rtol=1e-9)
    np.testing.assert_allclose(model.actuator_gear, ours.actuator_gear)
