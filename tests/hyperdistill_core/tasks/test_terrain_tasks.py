"""The default forms of terrain tasks: conventions, and no faults of the public environment."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from hyperdistill_core.features import STATE_DIM, BodyLayout
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import TASKS, TRAINING_TASKS, Forward, get_task
from hyperdistill_core.tasks.forward import ROUGH
from hyperdistill_core.tasks.terrain import (
    Box,
    HeightField,
    HeightMap,
    HeightMaps,
    Obstacles,
    World,
    headings,
)
from morph_ops.graph import torso

VARIED = ("csr", "obstacle", "rough", "vt", "wide-obstacle", "escape")
DEFAULT = (*VARIED, "incline", "ft")


class Constant:
    """The same controls in every state; it keeps the states."""

    def __init__(self, n_controls: int, value: float = 0.3) -> None:
        self._controls = np.full(n_controls, value)
        self.states: list[np.ndarray] = []

    def act(self, state):
        self.states.append(state.copy())
        return np.tile(self._controls, (len(state), 1))


def map_of(world: World) -> HeightMap:
    assert world.height_map is not None
    return world.height_map


def obstacles_of(world: World) -> list[Box]:
    boxes = [geom for geom in world.geoms if isinstance(geom, Box)]
    return [box for box in boxes if box.name.startswith("obstacle")]


def heights_of_rays(model: mujoco.MjModel, points: np.ndarray) -> np.ndarray:
    """Height of the ground below points (n, 2), found by rays from 20 m above."""
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    geom = np.zeros(1, dtype=np.int32)
    down = np.array([0.0, 0.0, -1.0])
    found = [
        20.0 - mujoco.mj_ray(model, data, np.array([*point, 20.0]), down, None, 1, 1, geom)
        for point in points
    ]
    return np.array(found)


@pytest.mark.parametrize("name", DEFAULT)
def test_the_map_shows_what_the_physics_has(name, walker):
    """Rays down to the ground find the heights of the map, in every task and in the world's y."""
    task = get_task(name)
    world = task.world(seed=3, episode=1)
    model = task.model(walker, world)
    width = 40.0 if name == "escape" else 18.0
    low, high = (-40.0, 40.0) if name == "escape" else (6.0, 90.0)
    rng = np.random.default_rng(0)
    cells = np.stack([rng.uniform(low, high, 400), rng.uniform(-width, width, 400)], axis=1)
    points = (np.floor(10 * cells) + 0.5) / 10  # centers of cells
    found = heights_of_rays(model, points)
    seen = map_of(world).at(np.pad(points, ((0, 0), (0, 1))))
    errors = np.abs(seen - found)
    # A map holds the heights at the centers; MuJoCo's triangles differ a little on rough ground.
    assert np.median(errors) < 2e-3
    assert (errors > 0.05).mean() < 0.02


def test_the_reference_map_is_mirrored_against_the_physics(walker):
    task = get_task("escape-reference")
    world = task.world(seed=3, episode=1)
    points = np.random.default_rng(0).uniform(-30.0, 30.0, (300, 2))
    found = heights_of_rays(task.model(walker, world), points)
    as_seen = map_of(world).at(np.pad(points, ((0, 0), (0, 1))))
    mirrored = map_of(world).at(np.pad(points * (1.0, -1.0), ((0, 0), (0, 1))))
    assert np.abs(as_seen - found).mean() > 0.1
    assert np.abs(mirrored - found).mean() < 0.02


@pytest.mark.parametrize("name", DEFAULT)
def test_bodies_start_at_rest_height_above_the_floor_at_the_origin(name, walker):
    task = get_task(name)
    world = task.world(seed=0, episode=0)
    assert world.native_ccd
    model = task.model(walker, world)
    np.testing.assert_array_equal(model.qpos0[:3], torso(walker).pos)
    start = np.array([[0.05, 0.05, 0.0]])
    assert abs(map_of(world).at(start).item()) < 0.05
    assert task.ground_m == 0.0


def test_obstacles_stand_on_the_floor_and_leave_the_start_free():
    for name, gap in (("obstacle", 0.0), ("obstacle-reference", 0.1)):
        task = get_task(name)
        assert isinstance(task, Forward)
        assert isinstance(task.terrain, Obstacles)
        boxes = obstacles_of(task.world(seed=1))
        assert len(boxes) > 40
        for box in boxes:
            assert box.pos[2] - box.size[2] == pytest.approx(task.ground_m + gap)
            assert box.pos[0] - box.size[0] >= 3.0 - 1e-9


def test_margins_are_those_of_the_settings_and_twice_those_in_the_reference():
    def last(name: str) -> float:
        task = get_task(name)
        boxes = [box for seed in range(12) for box in obstacles_of(task.world(seed))]
        return max(box.pos[0] + box.size[0] for box in boxes)

    assert last("obstacle-reference") <= 91.1
    assert 91.2 < last("obstacle") <= 94.1


@pytest.mark.parametrize("name", VARIED)
def test_worlds_depend_on_seed_and_episode_alone(name):
    task = get_task(name)
    again = task.draw_world  # a second drawing does not come from the cache
    one = task.world(seed=5, episode=2)
    heights = map_of(one).heights
    others = [task.world(seed=5, episode=3), task.world(seed=6, episode=2)]
    assert all((map_of(other).heights != heights).any() for other in others)
    assert task.worlds(5, episodes=2, first_episode=1).worlds[1] is one
    sequence = np.random.SeedSequence(5, spawn_key=(2, 2))
    drawn = again(np.random.RandomState(np.random.MT19937(sequence)))
    np.testing.assert_array_equal(map_of(drawn).heights, heights)


def test_a_ground_without_draws_has_one_world():
    assert len(get_task("incline").worlds(0, episodes=5).worlds) == 1
    assert len(get_task("csr").worlds(0, episodes=5).worlds) == 5


@pytest.mark.parametrize("name", ["ft", "ft-reference", "incline"])
def test_a_ground_without_draws_is_drawn_once(name):
    task = get_task(name)
    assert isinstance(task, Forward)
    assert task.world(0, 1) is task.world(3, 2)
    drawn = [task.terrain.draw_world(np.random.RandomState(seed)) for seed in (1, 2)]
    assert drawn[0].geoms == drawn[1].geoms == task.world().geoms
    np.testing.assert_array_equal(map_of(drawn[0]).heights, map_of(task.world()).heights)


def test_the_sets_of_a_body_with_variants_are_kept_for_the_next_one():
    task = get_task("obstacle")
    keys = [(0, 1, 1_000_000), (0, 2, 1_000_001), (0, 2, 1_000_003), (0, 8, 0), (0, 1, 0)]
    sets = [task.worlds(*key) for key in keys]
    assert all(task.worlds(*key) is kept for key, kept in zip(keys, sets, strict=True))


@pytest.mark.parametrize("name", ["csr", "obstacle", "incline"])
def test_both_engines_agree_bitwise(name, walker):
    task = get_task(name)
    layout = BodyLayout.from_graph(walker, task.model(walker))
    short = replace(task, max_steps=60)
    results = [
        rollout(walker, Constant(layout.n_controls), task=short, episodes=3, seed=4, engine=engine)
        for engine in ("batched", "serial")
    ]
    np.testing.assert_array_equal(results[0].returns, results[1].returns)
    np.testing.assert_array_equal(results[0].lengths, results[1].lengths)
    assert len(np.unique(results[0].returns)) == 3


def test_episodes_do_not_depend_on_their_company(walker):
    """The second of three episodes equals the same episode alone."""
    task = replace(get_task("csr"), max_steps=60)
    n_controls = BodyLayout.from_graph(walker, task.model(walker)).n_controls
    three = rollout(walker, Constant(n_controls), task=task, episodes=3, seed=4)
    alone = rollout(walker, Constant(n_controls), task=task, episodes=1, first_episode=1, seed=4)
    assert three.returns[1] == alone.returns[0]


def test_states_hold_z_above_the_ground(walker):
    """At the same place above the slope, z of the state is that above flat ground."""
    policies = []
    for name in ("flat", "incline"):
        task = replace(get_task(name), max_steps=40)
        n_controls = BodyLayout.from_graph(walker, task.model(walker)).n_controls
        policies.append(Constant(n_controls))
        rollout(walker, policies[-1], task=task, episodes=1)
    flat, incline = (np.array(policy.states)[:, 0, 0, 2] for policy in policies)
    assert policies[0].states[0].shape[-1] == STATE_DIM
    assert abs(flat[0] - incline[0]) < 0.03
    assert abs(flat[-1] - incline[-1]) < 0.4


def test_leaving_the_terrain_ends_an_episode_without_a_fall(walker):
    task = get_task("csr")
    y = np.array([[0.0, 18.9, 1.0], [0.0, 19.1, 1.0], [0.0, -19.0, 1.0], [0.0, -18.99, 1.0]])
    assert task.left(y).tolist() == [False, True, True, False]
    assert not get_task("flat").left(y).any()


@pytest.mark.parametrize(("name", "half_width"), [("vt", 50.0), ("ft", 75.0)])
@pytest.mark.parametrize("form", ["", "-reference"])
def test_an_episode_ends_near_a_side_wall(name, half_width, form):
    near = half_width - 1.0
    places = np.array([[0.0, near - 0.01, 1.0], [0.0, near, 1.0], [0.0, -near, 1.0]])
    assert get_task(name + form).left(places).tolist() == [False, True, True]


def test_the_control_cost_counts_the_actions_as_given(walker):
    task = get_task("vt")
    terms = task.all_terms(np.zeros((1, 3)), np.zeros((1, 3)), np.array([[2.0, -1.0]]))
    assert terms["control"].tolist() == [-0.005]
    assert "control" not in get_task("csr").all_terms(
        np.zeros((1, 3)), np.zeros((1, 3)), np.ones((1, 2))
    )


def test_every_task_but_those_for_trainings_has_its_reference_form():
    ends = "-reference"
    default = {name for name in TASKS if not name.endswith(ends)}
    references = {name.removesuffix(ends) for name in TASKS if name.endswith(ends)}
    assert default - references == set(TRAINING_TASKS)
    assert references < default


def test_no_first_height_sample_moves_with_the_heading_of_a_reset(walker):
    """So it does not matter that the public code does not turn them."""
    task, quat = get_task("csr-reference"), np.array([[0.995, 0.005, 0.005, 0.005]])
    world = map_of(task.world())
    position = np.random.default_rng(0).uniform((10.0, -10.0, 1.0), (90.0, 10.0, 1.0), (50, 3))
    yaw = headings(quat)
    assert yaw > 0.01
    turned, unturned = (world.sample(position, np.repeat(angle, 50)) for angle in (yaw, 0.0 * yaw))
    np.testing.assert_array_equal(turned, unturned)


def test_rough_ground_is_that_of_csr_or_of_obstacle():
    rough = get_task("rough")
    boxes = [bool(obstacles_of(rough.world(0, episode))) for episode in range(40)]
    assert 10 <= sum(boxes) <= 30


def test_rough_ground_judges_falls_as_the_tasks_that_have_it(walker):
    rough = get_task("rough")
    worlds = rough.worlds(0, episodes=12).worlds
    expected = [get_task("obstacle" if obstacles_of(w) else "csr") for w in worlds]
    assert rough.fall_heights(walker, worlds).tolist() == [
        task.fall_height(walker) for task in expected
    ]
    terrain = replace(ROUGH.terrain, fall_ratios=(-9.0, 9.0))
    short = replace(ROUGH, max_steps=3, terrain=terrain, fall_ratio=-9.0)
    n_controls = BodyLayout.from_graph(walker, short.model(walker)).n_controls
    result = rollout(walker, Constant(n_controls), task=short, episodes=12)
    assert result.fell.tolist() == [bool(obstacles_of(world)) for world in worlds]
    assert 0 < sum(result.fell) < 12


def test_maps_of_other_sizes_are_read_at_once_as_each_alone():
    rng = np.random.default_rng(0)
    maps = [
        HeightMap(rng.random((30, 50)), row=12, column=5),
        HeightMap(rng.random((24, 70)), row=14, column=20),
    ]
    position = rng.uniform(-4.0, 6.0, (2, 200, 3))
    yaw = rng.uniform(-3.0, 3.0, (2, 200))
    which = np.repeat(np.arange(2)[:, None], 200, axis=1)
    together = HeightMaps(maps)
    for k, alone in enumerate(maps):
        np.testing.assert_array_equal(together.at(which, position)[k], alone.at(position[k]))
        np.testing.assert_array_equal(
            together.sample(which, position, yaw)[k], alone.sample(position[k], yaw[k])
        )


def test_rugged_ground_is_a_height_field_and_flat_ground_a_box():
    world = get_task("csr").world(seed=0)
    kinds = {type(geom) for geom in world.geoms}
    assert kinds == {Box, HeightField}


def test_rough_ground_has_lower_hills_than_csr():
    def highest(name):
        maps = [get_task(name).world(0, episode).height_map for episode in range(24)]
        tops = [float(m.heights.max()) for m in maps if m is not None]
        return [top for top in tops if 0.0 < top < 1.9]  # obstacles are 2 m high

    csr, rough = highest("csr"), highest("rough")
    assert 0.5 < np.mean(csr) < 1.3
    assert np.mean(rough) < 0.95 * np.mean(csr)
