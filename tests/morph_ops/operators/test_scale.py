"""Scaling of a foreign robot's own nodes: true physics, within the factors of the space."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from hyperdistill_core.tasks import get_task
from morph_ops.errors import BodyError, OperatorError
from morph_ops.graph import limb, limbs, parent, physics, root, start_height, torso
from morph_ops.identity import body_hash, is_same
from morph_ops.io import from_json, mjcf, to_json
from morph_ops.io.mjcf.foreign.scaling import rescaled
from morph_ops.operators import grow_limb, mutate, scale_own
from morph_ops.physics import Scale
from morph_ops.space import UNIMAL
from morph_ops.unimal import at_rest_height
from morph_ops.validity import keeps_own_nodes
from tests.morph_ops.io.mjcf.foreign.robots import quadruped

#: Names of the legs end in fl, fr, bl and br.
OTHER_SIDE = {"l": "r", "r": "l"}
SPACE = replace(UNIMAL, own_sizes=(0.8, 1.0, 1.25), own_gears=(0.5, 1.0), own_densities=(1.0, 2.0))


@pytest.fixture(scope="module")
def robot(tmp_path_factory):
    file = tmp_path_factory.mktemp("robot") / "robot.xml"
    # Left and right are mirror images.
    file.write_text(quadruped().replace(' euler="0 0 30"', "").replace(' 10">', ' 0">'))
    return mjcf.read(file)


def test_a_robot_of_another_size_is_similar(robot):
    everything = {name: Scale(size=1.25, density=2.0) for name in robot}
    large = rescaled(robot, everything)
    before, after = mjcf.to_model(robot), mjcf.to_model(large)
    np.testing.assert_allclose(after.body_mass, before.body_mass * 1.25**3 * 2.0, rtol=1e-12)
    np.testing.assert_allclose(after.body_inertia, before.body_inertia * 1.25**5 * 2.0, rtol=1e-9)
    np.testing.assert_allclose(after.geom_size, before.geom_size * 1.25, rtol=1e-12)
    np.testing.assert_allclose(after.body_pos[2:], before.body_pos[2:] * 1.25, rtol=1e-12)
    np.testing.assert_allclose(after.jnt_pos, before.jnt_pos * 1.25, rtol=1e-12)
    np.testing.assert_array_equal(after.actuator_gainprm, before.actuator_gainprm)
    np.testing.assert_allclose(torso(large).radius, torso(robot).radius * 1.25)
    for name in limbs(robot):
        np.testing.assert_allclose(limb(large, name).end, np.array(limb(robot, name).end) * 1.25)
        np.testing.assert_allclose(limb(large, name).pos, np.array(limb(robot, name).pos) * 1.25)


def test_a_robot_of_another_size_begins_and_falls_as_much_higher(tmp_path):
    key = f'<keyframe><key qpos="0 0 0.3 1 0 0 0 {" ".join(["0.1 0.9 -1.2"] * 4)}"/></keyframe>'
    (tmp_path / "robot.xml").write_text(quadruped(more=key))
    robot, task = mjcf.read(tmp_path / "robot.xml"), get_task("flat")
    large = at_rest_height(rescaled(robot, {name: Scale(size=1.25) for name in robot}))
    np.testing.assert_allclose(task.fall_height(large), 1.25 * task.fall_height(robot))
    model = task.model(large)
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    mujoco.mj_kinematics(model, data)
    np.testing.assert_allclose(data.body("trunk").xpos[2], start_height(large))


def test_torques_are_those_of_one_node(robot):
    name = next(name for name in limbs(robot) if limb(robot, name).joints)
    strong = rescaled(robot, {name: Scale(gear=2.0)})
    before, after = mjcf.to_model(robot), mjcf.to_model(strong)
    own = {joint.name for joint in limb(robot, name).joints}
    for number in range(before.nu):
        joint = before.joint(before.actuator_trnid[number, 0]).name
        factor = 2.0 if joint in own else 1.0
        np.testing.assert_allclose(
            after.actuator_gainprm[number], factor * before.actuator_gainprm[number]
        )
    np.testing.assert_array_equal(after.body_mass, before.body_mass)
    gears = [joint.gear for joint in limb(strong, name).joints]
    assert gears == [2.0 * joint.gear for joint in limb(robot, name).joints]


def test_factors_are_against_the_file(robot):
    name = limbs(robot)[0]
    twice = rescaled(rescaled(robot, {name: Scale(size=1.25)}), {name: Scale(size=0.8)})
    once = rescaled(robot, {name: Scale(size=0.8)})
    np.testing.assert_allclose(
        mjcf.to_model(twice).body_mass, mjcf.to_model(once).body_mass, rtol=1e-12
    )
    back = rescaled(twice, {name: Scale()})
    own = physics(back)
    assert own is not None
    assert own.scales == ()


def test_children_are_scaled_in_pairs_and_stand(robot):
    seen: set[str] = set()
    before = to_json(robot)
    for seed in range(12):
        child = scale_own(robot, np.random.default_rng(seed), space=SPACE)
        own = physics(child)
        assert own is not None
        seen |= {what for _, scale in own.scales for what in ("size", "gear", "density")
                 if getattr(scale, what) != 1.0}  # fmt: skip
        names = {name for name, _ in own.scales}
        assert names == {name[:-1] + OTHER_SIDE.get(name[-1], name[-1]) for name in names}
        assert is_same(from_json(to_json(child)), child)
        assert body_hash(child) != body_hash(robot)
        assert not keeps_own_nodes(robot, child)
        model = get_task("flat").model(child)
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        assert min((contact.dist for contact in data.contact), default=0.0) > -1e-6
        again = scale_own(robot, np.random.default_rng(seed), space=SPACE)
        assert is_same(again, child)
    assert seen == {"size", "gear", "density"}
    assert to_json(robot) == before


def test_what_the_space_does_not_name_stays(robot):
    gears = replace(UNIMAL, own_gears=(0.5, 1.0, 2.0))
    for seed in range(6):
        own = physics(scale_own(robot, np.random.default_rng(seed), space=gears))
        assert own is not None
        assert {(scale.size, scale.density) for _, scale in own.scales} == {(1.0, 1.0)}
    with pytest.raises(OperatorError, match="no own nodes that may be scaled"):
        scale_own(robot, np.random.default_rng(0))
    rng = np.random.default_rng(0)
    names = {mutate(robot, rng)[1] for _ in range(10)}
    assert names == {"grow_limb"}
    assert "scale_own" in {mutate(robot, rng, space=gears)[1] for _ in range(10)}


def test_grown_limbs_move_along(robot):
    grown = grow_limb(robot, np.random.default_rng(1))
    own = physics(grown)
    assert own is not None
    new = next(name for name in limbs(grown) if name not in own.nodes)
    host = parent(grown, new)
    assert host is not None
    large = rescaled(grown, {host: Scale(size=1.25)})
    np.testing.assert_allclose(limb(large, new).pos, np.array(limb(grown, new).pos) * 1.25)
    assert limb(large, new).end == limb(grown, new).end


def test_a_robot_with_spatial_tendons_keeps_its_sizes(robot):
    own = physics(robot)
    assert own is not None
    tied = robot.copy()
    tied.graph["physics"] = replace(
        own, mjcf=own.mjcf.replace("</mujoco>", "<tendon><spatial/></tendon></mujoco>")
    )
    sizes = replace(UNIMAL, own_sizes=(0.8, 1.0))
    with pytest.raises(OperatorError, match="no own nodes that may be scaled"):
        scale_own(tied, np.random.default_rng(0), space=sizes)


def test_only_own_nodes_have_scales(robot):
    with pytest.raises(BodyError, match="no own node 'no'"):
        rescaled(robot, {"no": Scale()})
    data = to_json(rescaled(robot, {root(robot): Scale(size=1.25)}))
    with pytest.raises(BodyError, match=r"physics\.scales: expected own nodes and factors above 0"):
        from_json(data.replace('"size": 1.25', '"size": -1.25'))
