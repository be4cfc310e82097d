"""Terrain tasks against numbers recorded from the public code of Gupta 2021 and Gupta 2022."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
from numpy.random import RandomState

from hyperdistill_core.features import BodyLayout, StateReader, context_features
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import Forward, Task, get_task
from hyperdistill_core.tasks.episodes import Episodes
from hyperdistill_core.tasks.navigation import Goals
from hyperdistill_core.tasks.terrain import Box, HeightField, World, Worlds, headings
from morph_ops.io import mjcf

EXACT: dict[str, Any] = {"atol": 1e-9, "rtol": 0.0}
ROBOTS = ("mvt-5506-14-2-17-07-59-45", "floor-1409-0-12-01-12-30-07")
#: Recorded tasks, and what they are called here.
TASKS = {
    "csr": "csr-reference",
    "obstacle": "obstacle-reference",
    "incline": "incline-reference",
    "escape": "escape-reference",
    "exploration": "exploration-reference",
    "derl_ft": "ft-reference",
    "derl_vt": "vt-reference",
    "derl_obstacle": "wide-obstacle-reference",
    "derl_incline": "incline-reference",
    "derl_escape": "escape-reference",
    "derl_exploration": "exploration-reference",
    "derl_patrol": "patrol-reference",
    "derl_point_nav": "point-nav-reference",
    "derl_mvt": "mvt-reference",
    "derl_push_box_incline": "push-box-incline-reference",
    "derl_manipulation_ball": "manipulation-ball-reference",
}
#: Control cost of the tasks of Gupta 2021, and the ones whose form here is that of Xiong 2024.
DERL_COST = 1e-3
WITHOUT_COST = ("derl_incline", "derl_escape", "derl_exploration")
SLOTS = 12
#: Ending of rollouts without MuJoCo's native collision detection.
OLD_CONTACTS = "@nonativeccd"
FIELDS = ("xpos", "xquat", "subtree_com", "cdof", "qpos", "qvel")


@dataclass(frozen=True)
class Golden:
    """A recording: what was drawn and what happened."""

    meta: dict[str, Any]
    arrays: dict[str, Any]

    @property
    def rollouts(self) -> list[str]:
        """Names of the rollouts."""
        names = {name.split("/")[0] for name in self.arrays if name.endswith("/qpos")}
        return sorted(names - {"probe"})

    def of_rollout(self, name: str) -> dict[str, Any]:
        """Arrays of one rollout."""
        prefix = f"{name}/"
        return {
            key.removeprefix(prefix): values
            for key, values in self.arrays.items()
            if key.startswith(prefix)
        }

    def controls(self, name: str) -> Any:
        """(50, 24) controls by joint slot."""
        extra = self.meta["extra_rollouts"].get(name.removesuffix(OLD_CONTACTS), self.meta)
        return RandomState(extra["ctrl_seed"]).uniform(-1.2, 1.2, (50, 2 * SLOTS))


@pytest.fixture(params=[(task, robot) for task in TASKS for robot in ROBOTS], ids=" ".join)
def recorded(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param


@pytest.fixture
def golden(reference: Path, recorded: tuple[str, str]) -> Golden:
    task, robot = recorded
    path = reference / "golden_terrain" / task / f"{robot}__s0"
    with np.load(f"{path}.npz") as arrays:
        return Golden(json.loads(Path(f"{path}.json").read_text()), dict(arrays))


@pytest.fixture
def body(reference: Path, recorded: tuple[str, str]):
    (path,) = (reference / "unimal100").glob(f"*/{recorded[1]}.xml")
    return mjcf.read(path)


@pytest.fixture
def task(recorded: tuple[str, str]) -> Task:
    task = get_task(TASKS[recorded[0]])
    return replace(task, control_cost=DERL_COST) if recorded[0] in WITHOUT_COST else task


@pytest.fixture
def world(task: Task, golden: Golden) -> World:
    return task.draw_world(RandomState(golden.meta["reset_seed"]))


def test_the_drawn_geoms(golden, world):
    geoms = golden.meta["geoms"]
    if world.object is not None:
        *geoms, last = geoms
        np.testing.assert_allclose(world.object.pos, last["body_pos"], **EXACT)
        np.testing.assert_allclose(world.goals[0], golden.meta["goal_pos"], **EXACT)
    for expected, geom in zip(geoms, world.geoms, strict=True):
        # The bowl of the public environment is called "foor/0".
        assert geom.name == expected["name"].replace("foor", "floor")
        if isinstance(geom, HeightField):
            field = golden.meta["hfields"][expected["hfield_id"]]
            assert [geom.half_x, geom.half_y, geom.top, geom.BASE_M] == field["size"]
            assert geom.shares.shape == (field["nrow"], field["ncol"])
            np.testing.assert_allclose((geom.x, 0.0, 0.0), expected["pos"], **EXACT)
        else:
            assert isinstance(geom, Box)
            center = expected["body_pos"] if geom.own_body else expected["pos"]
            np.testing.assert_allclose(geom.pos, center, **EXACT)
            np.testing.assert_allclose(geom.size, expected["size"], **EXACT)
            np.testing.assert_allclose(geom.quat, expected.get("quat", (1, 0, 0, 0)), **EXACT)


def test_the_heights(golden, world):
    if world.height_map is None:
        assert "hfield_array" not in golden.arrays
        return
    heights = world.height_map.heights
    if "hfield_array" in golden.arrays:
        np.testing.assert_allclose(heights, golden.arrays["hfield_array"], **EXACT)
    else:  # the array of the bowl is recorded in parts
        np.testing.assert_allclose(heights[::8, ::8], golden.arrays["heights_sub8"], **EXACT)
        total = golden.meta["bowl"]["checks"]["heights_m"]["sum"]
        assert heights.sum() == pytest.approx(total, abs=1e-6)
    if "hfield_data" in golden.arrays:
        shares = [geom.shares.ravel() for geom in world.geoms if isinstance(geom, HeightField)]
        np.testing.assert_array_equal(np.concatenate(shares), golden.arrays["hfield_data"])


def test_the_model(golden, body, task, world):
    model, meta = task.model(body, world), golden.meta
    np.testing.assert_allclose(model.qpos0, golden.arrays["qpos_loaded"], **EXACT)
    assert (model.nq, model.nbody, model.ngeom) == (meta["nq"], meta["nbody"], meta["ngeom"])
    assert task.fall_height(body) == meta["fall_threshold"]
    assert model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_NATIVECCD
    if world.object is not None:
        geom, expected = model.geom("object"), meta["geom_defaults"] | meta["geoms"][-1]
        assert model.body("object").mass == pytest.approx(expected["mass"], abs=1e-9)
        for name in ("size", "friction", "condim", "priority", "solref", "solimp"):
            np.testing.assert_allclose(getattr(geom, name), expected[name], **EXACT)
    if "roll/context" in golden.arrays:
        context = context_features(body, model, kind="reference")
        padded = np.zeros((SLOTS, context.shape[1]))
        padded[: len(context)] = context
        np.testing.assert_allclose(padded.ravel(), golden.arrays["roll/context"], **EXACT)


def test_episodes_end_at_the_recorded_side_edges(golden, task):
    if golden.meta.get("code") != "derl":
        pytest.skip("the ends of these tasks are recorded as probes")
    default = get_task(task.name.removesuffix("-reference"))
    edges = [each.edge if isinstance(each, Forward) else math.inf for each in (task, default)]
    ends = "TerminateOnTerrainEdge" in golden.meta["wrappers_outer_to_inner"]
    expected = golden.meta["settings"]["SIZE"][1] if ends else math.inf
    assert edges == [expected, expected]


def test_every_step(golden, body, task, world):
    """Physics, states, rewards, heights and ends over all rollouts of 50 control steps."""
    worlds, one = Worlds([world]), np.zeros(1, np.intp)
    fall_height = task.fall_height(body)
    for name in golden.rollouts:
        recording = golden.of_rollout(name)
        model = task.model(body, replace(world, native_ccd=not name.endswith(OLD_CONTACTS)))
        layout = BodyLayout.from_graph(body, model)
        torso = int(layout.body_ids[0])
        physics = SerialPhysics(model, recording["qpos"][:1], recording["qvel"][:1])
        reader = StateReader(layout, 1, world_y=True)
        before = physics.xpos[:, torso].copy()
        compare_heights(world, physics, torso, recording, 0)
        episodes = task.episodes(body, model, physics)
        if episodes is not None:
            episodes.begin(one, [world])
            compare_observations(episodes, recording, 0)
        for step, controls in enumerate(golden.controls(name)[:, layout.actions]):
            physics.ctrl[:] = controls
            physics.step(one, task.physics_steps)
            after, seen = physics.xpos[:, torso].copy(), step + 1
            ground = worlds.ground(one, after)
            np.testing.assert_allclose(physics.qpos[0], recording["qpos"][seen], **EXACT)
            np.testing.assert_allclose(physics.qvel[0], recording["qvel"][seen], **EXACT)
            terms = task.all_terms(before, after, controls[None], episodes)
            reward = np.sum(list(terms.values()), axis=0).item()
            assert reward == pytest.approx(recording["reward"][step], abs=1e-9)
            assert task.height(after, ground) == recording["torso_height"][seen]
            done = task.fell(after, fall_height, ground) | task.left(after)
            assert done.item() == recording["done"][step]
            if golden.meta.get("code") != "derl" and "proprioceptive" in recording:
                state = reader.read(**{field: getattr(physics, field) for field in FIELDS})
                expected = recording["proprioceptive"][seen][: state.size]
                np.testing.assert_allclose(state.ravel(), expected, **EXACT)
            compare_heights(world, physics, torso, recording, seen)
            if episodes is not None:
                compare_observations(episodes, recording, seen)
            before = after
        if "visitation_final" in recording and episodes is not None:
            visited = np.flatnonzero(episodes.kept["visited"][0])
            np.testing.assert_array_equal(visited, np.flatnonzero(recording["visitation_final"]))


def compare_heights(
    world: World, physics: SerialPhysics, torso: int, recording: dict[str, Any], row: int
) -> None:
    """Compare height samples with a row of a recording.

    The public code does not turn those of the reset, whose heading is too small to matter.
    """
    every = 5 if "hfield_every5" in recording else 1
    expected = recording.get("hfield" if every == 1 else "hfield_every5")
    if expected is None or row % every:
        return
    assert world.height_map is not None
    position, quat = physics.xpos[:, torso], physics.xquat[:, torso]
    samples = world.height_map.sample(position, headings(quat))[0]
    atol = 1e-9 if every == 1 else 1e-6
    np.testing.assert_allclose(samples, expected[row // every], atol=atol, rtol=0.0)


def compare_observations(episodes: Episodes, recording: dict[str, Any], row: int) -> None:
    """Compare vectors to goal and object with a row of a recording, and the next goal."""
    for name, values in episodes.observations().items():
        expected = recording.get({"object": "obj"}.get(name, name))
        if expected is not None:
            np.testing.assert_allclose(values[0], expected[row], **EXACT)
    if isinstance(episodes, Goals) and row:
        np.testing.assert_allclose(episodes.goal[0], recording["goal_after"][row - 1], **EXACT)


def test_probes(golden, body, task, world):
    """Poses at cell borders, in corners, with all headings, and tilted beyond the vertical."""
    if "probe/qpos" not in golden.arrays:
        pytest.skip("no probes were recorded for this task")
    qpos = golden.arrays["probe/qpos"]
    model = task.model(body, world)
    physics = SerialPhysics(model, qpos, np.zeros((len(qpos), model.nv)))
    torso = int(BodyLayout.from_graph(body, model).body_ids[0])
    position, which = physics.xpos[:, torso], np.zeros(len(qpos), np.intp)
    ground = Worlds([world]).ground(which, position)
    inside = np.abs(position[:, 1]) < 20.0
    np.testing.assert_array_equal(
        task.height(position, ground)[inside], golden.arrays["probe/torso_height"][inside]
    )
    if isinstance(task, Forward):
        np.testing.assert_array_equal(task.left(position), golden.arrays["probe/near_edge"])
    samples = world.height_map.sample(position, headings(physics.xquat[:, torso]))
    expected = golden.arrays["probe/hfield"]
    if expected.dtype == np.float32:
        # Beyond the bowl the public environment wraps around; a map here goes on as at its border.
        near = (np.abs(position[:, :2]) < 50.0 - 6.0).all(axis=1)
        np.testing.assert_allclose(samples[near], expected[near], atol=1e-6, rtol=0.0)
    else:
        np.testing.assert_allclose(samples, expected, **EXACT)
