"""The world of an exported design has the physics of its scores, and the script its returns."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import mujoco
import numpy as np
import pytest

from codesign.exporting import Design, DesignRollout, export_designs, run_standalone
from codesign.exporting.world_arrays import ground_arrays
from hyperdistill_core.controller import Controller
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from morph_ops.io import mjcf
from morph_ops.io.files import robot_files
from tests.codesign.exporting.conftest import HOPPING, SEED
from tests.morph_ops.io.mjcf.foreign.robots import quadruped

#: What decides the physics of a model, and what a body can touch.
PHYSICS = (
    *("body_pos", "body_quat", "body_mass", "body_inertia", "body_ipos", "qpos0", "dof_damping"),
    *("geom_type", "geom_pos", "geom_quat", "geom_size", "geom_friction", "geom_condim"),
    *("geom_contype", "geom_conaffinity", "geom_priority", "geom_solref", "geom_solimp"),
    *("hfield_size", "hfield_data", "mesh_face", "key_qpos"),
)
TASKS = ("csr", "obstacle", "incline", "push-box-incline", "manipulation-ball")


def exported(graph, controller, out, **options):
    """The folder of a design."""
    made = DesignRollout(controller=controller, seed=SEED, episodes=2, **options)
    design = Design(name="it", graph=graph)
    export_designs([design], out, formats=["mjcf", "npz"], rollout=made)
    return out / "it"


def same_physics(model, expected):
    """Check an exported model against one of a task."""
    assert model.opt.disableflags == expected.opt.disableflags
    for name in PHYSICS:
        found, wanted = getattr(model, name), getattr(expected, name)
        np.testing.assert_array_equal(found, wanted, err_msg=name)


def world_model(folder):
    """The model in the folder of a design."""
    return mujoco.MjModel.from_xml_path(str(folder / "it.world.xml"))


@pytest.mark.parametrize("name", TASKS)
def test_the_world_has_the_physics_of_the_task(name, body, tiny_controller, tmp_path):
    folder = exported(body, tiny_controller, tmp_path / "out", task=name)
    task = get_task(name)
    same_physics(world_model(folder), task.model(body, task.world(SEED, 0)))
    assert (folder / "it.world.npz").exists()
    assert [file.name for file in robot_files(folder)] == ["it.xml"]


@pytest.mark.parametrize("name", ["csr", "rough", "obstacle-reference"])
def test_every_episode_has_the_ground_of_its_own(name, body, tiny_controller, tmp_path):
    folder = exported(body, tiny_controller, tmp_path / "out", task=name)
    _, world, _ = run_standalone.load(folder / "it.world.xml")
    task, episodes = get_task(name), run_standalone.worlds_of(folder / "it.world.xml", world)
    for number, (model, own) in enumerate(episodes):
        expected = task.world(SEED, number)
        same_physics(model, task.model(body, expected))
        assert own["fall_height"] == task.fall_heights(body, [expected])[0]
        assert expected.height_map is not None
        np.testing.assert_array_equal(own["heights"], expected.height_map.heights)
    assert number == 1
    assert task.world(SEED, 0).geoms != expected.geoms


def heights(model, points):
    """Heights of the ground by rays from above."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    down, hit = np.array([0.0, 0.0, -1.0]), np.zeros(1, np.int32)
    ray = partial(mujoco.mj_ray, model, data, vec=down, flg_static=1, bodyexclude=1, geomid=hit)
    return [20.0 - ray(pnt=np.array([x, y, 20.0]), geomgroup=None) for x, y in points]


def test_the_ground_of_a_published_form_is_as_high(body, tiny_controller, tmp_path):
    """MuJoCo moves heights to 0 .. 1, and those of the published floor begin higher."""
    folder = exported(body, tiny_controller, tmp_path / "out", task="csr-reference")
    task = get_task("csr-reference")
    points = np.random.default_rng(0).uniform((0.0, -15.0), (100.0, 15.0), size=(200, 2))
    found = heights(mujoco.MjModel.from_xml_path(str(folder / "it.world.xml")), points)
    expected = heights(task.model(body, task.world(SEED, 0)), points)
    assert np.ptp(expected) > 0.2
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_a_scene_comes_along(body, tiny_controller, tmp_path):
    """Every episode has its ground, so the script simulates all of them."""
    scene = str(Path(__file__).parents[3] / "examples" / "stairs.xml")
    folder = exported(body, tiny_controller, tmp_path / "out", task=scene)
    same_physics(world_model(folder), get_task(scene).model(body))
    world = mujoco.MjModel.from_xml_path(str(next(folder.glob("*.world.xml"))))
    assert np.allclose(world.geom("scene-1").rgba, (0.72, 0.68, 0.62, 1.0))
    assert world.geom_matid[world.geom("scene-0").id] == world.material("floor").id
    record = (folder / "it.record.json").read_text("utf-8")
    assert '"task": "stairs.xml#' in record
    policy = Controller.load(tiny_controller).for_body(body, get_task(scene).model(body))
    expected = rollout(body, policy, task=get_task(scene), episodes=2, seed=SEED)
    distance, _, returns = run_standalone.simulate(folder / "it.world.xml")
    np.testing.assert_allclose(returns, expected.returns, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(distance, expected.distance, rtol=1e-6, atol=1e-9)


def test_a_robot_from_elsewhere_touches_the_world(tiny_controller, tmp_path):
    (tmp_path / "robot.xml").write_text(quadruped())
    graph = mjcf.read(tmp_path / "robot.xml")
    folder = exported(graph, tiny_controller, tmp_path / "out", task="obstacle")
    task = get_task("obstacle")
    same_physics(world_model(folder), task.model(graph, task.world(SEED, 0)))


@pytest.mark.parametrize(
    ("name", "blind"),
    [("csr", False), ("csr", True), ("incline", False), ("csr-reference", False), ("flat", False)],
)
def test_the_script_has_the_returns_of_the_scores(name, blind, walker, seeing_controller, tmp_path):
    folder = exported(walker, seeing_controller, tmp_path / "out", task=name, blind=blind)
    task = replace(get_task(name), max_steps=400)
    policy = Controller.load(seeing_controller).for_body(walker, task.model(walker))
    policy = policy.on_flat_ground() if blind else policy
    expected = rollout(walker, policy, task=task, episodes=2, seed=SEED)
    arrays = dict(np.load(folder / "it.npz"))
    assert ("terrain_weight_0" in arrays, arrays["samples"].shape) == (
        (False, (0, 2)) if blind else (True, (195, 2))
    )
    arrays["max_seconds"] = np.array(8.0)
    np.savez(folder / "it.npz", allow_pickle=False, **arrays)
    file = "it.xml" if name == "flat" else "it.world.xml"
    distance, seconds, returns = run_standalone.simulate(folder / file)
    np.testing.assert_allclose(returns, expected.returns, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(seconds, expected.lengths * 0.02, atol=1e-9)
    np.testing.assert_allclose(distance, expected.distance, rtol=1e-6, atol=1e-9)


def test_each_of_several_tasks_has_a_world(walker, tiny_controller, tmp_path):
    names = ("flat", "csr", "patrol")
    folder = exported(walker, tiny_controller, tmp_path / "out", tasks=names)
    worlds = sorted(file.name for file in folder.glob("*.world.xml"))
    assert worlds == ["it.csr.world.xml", "it.patrol.world.xml"]
    assert [file.name for file in robot_files(folder)] == ["it.xml"]
    record = json.loads((folder / "it.record.json").read_text("utf-8"))
    goals = [list(goal) for goal in get_task("patrol").world(SEED).goals]
    assert record["task"] == "flat"
    assert record["worlds"]["patrol"] == {"file": "it.patrol.world.xml", "goals": goals}
    arrays = dict(np.load(folder / "it.npz"))
    np.savez(folder / "it.npz", allow_pickle=False, **arrays | {"max_seconds": np.array(2.0)})
    for name, file in zip(names, ("it.xml", *worlds), strict=True):
        assert run_standalone.is_complete(folder / file)
        task = replace(get_task(name), max_steps=100)
        policy = Controller.load(tiny_controller).for_body(walker, task.model(walker))
        expected = rollout(walker, policy, task=task, episodes=2, seed=SEED)
        distance, seconds, returns = run_standalone.simulate(folder / file)
        np.testing.assert_allclose(returns, expected.returns, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(seconds, expected.lengths * 0.02, atol=1e-9)
        np.testing.assert_allclose(distance, expected.distance, rtol=1e-6, atol=1e-9)
    readme = " ".join((folder / "README.md").read_text("utf-8").split())
    for part in (
        "| the robot on the ground of its first episode of csr; any MuJoCo loads it |",
        "`it.csr.world.xml` is the ground of the first episode of the task csr,",
        "python run_standalone.py it.csr.world.xml python -m mujoco.viewer --mjcf=it.patrol",
        "python run_standalone.py it.patrol.world.xml python -m mujoco.viewer --mjcf=it.xml",
        "On the task patrol the axes of the state are turned about z",
    ):
        assert part in readme


@pytest.mark.parametrize("name", ["incline-reference", "manipulation-ball"])
def test_on_flat_ground_a_design_stands_on_it(name, walker, tiny_controller, tmp_path):
    folder = exported(walker, tiny_controller, tmp_path / "out", task=name)
    task = get_task(name)
    policy = Controller.load(tiny_controller).for_body(walker, task.model(walker))
    flat = replace(get_task("flat"), fall_ratio=task.fall_ratio)
    expected = rollout(walker, policy, task=flat, episodes=2, seed=SEED)
    distance, seconds, _ = run_standalone.simulate(folder / "it.xml")
    np.testing.assert_allclose(seconds, expected.lengths * 0.02, atol=1e-9)
    np.testing.assert_allclose(distance, expected.distance, rtol=1e-6, atol=1e-9)


def test_goals_are_sites_and_in_the_record(body, tiny_controller, tmp_path):
    folder = exported(body, tiny_controller, tmp_path / "out", task="patrol")
    goals = [list(goal) for goal in get_task("patrol").world().goals]
    model = mujoco.MjModel.from_xml_path(str(folder / "it.world.xml"))
    assert [model.site(f"task-goal-{number}").pos.tolist() for number in (1, 2)] == goals
    assert json.loads((folder / "it.record.json").read_text("utf-8"))["goals"] == goals


def test_the_script_sees_a_goal_far_ahead(walker, controller_that_sees, tmp_path):
    controller = controller_that_sees(3)
    folder = exported(walker, controller, tmp_path / "out", task="flat")
    task = get_task("flat")
    policy = Controller.load(controller).for_body(walker, task.model(walker))
    expected = rollout(walker, policy, task=task, episodes=2, seed=SEED)
    distance, *_ = run_standalone.simulate(folder / "it.xml")
    np.testing.assert_allclose(distance, expected.distance, rtol=1e-6, atol=1e-9)
    assert "It also sees where to go: 3 numbers" in (folder / "README.md").read_text("utf-8")


def test_the_height_samples_are_those_of_our_rollouts(walker):
    """Any place, any heading, and up to the places beyond the ground."""
    from codesign.exporting.standalone import sample_places

    rng = np.random.default_rng(0)
    task = get_task("csr")
    worlds = task.worlds(SEED, 1)
    world = ground_arrays(walker, task, worlds.worlds[0])
    model = task.model(walker, worlds.worlds[0])
    data, design = mujoco.MjData(model), {"samples": sample_places(1410)}
    for _ in range(20):
        data.qpos[:3] = rng.uniform((-10.0, -25.0, 0.0), (115.0, 25.0, 2.0))
        data.qpos[3:7] = rng.normal(size=4)
        mujoco.mj_kinematics(model, data)
        own = (np.zeros(1, int), data.xpos[1][None])
        expected = worlds.height_samples(*own, data.xquat[1][None], 1410)[0]
        np.testing.assert_array_equal(run_standalone.height_samples(data, design, world), expected)
        assert run_standalone.ground_m(world, data.xpos[1]) == worlds.ground(*own)


def test_a_task_that_the_script_does_not_know_is_refused(body, tiny_controller, tmp_path):
    folder = exported(body, tiny_controller, tmp_path / "out", task=HOPPING)
    assert not run_standalone.is_complete(folder / "it.world.xml")
    assert run_standalone.is_complete(folder / "it.xml")
