"""Tasks that keep something of an episode: their default forms, rewards, observations, engines."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import mujoco
import networkx as nx
import numpy as np
import pytest

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.rollout import rollout
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import Delivery, Episodes, Task, get_task
from hyperdistill_core.tasks.terrain import World
from morph_ops.io.mjcf.foreign import read_foreign
from tests.morph_ops.io.mjcf.foreign.robots import quadruped

OBJECT_TASKS = ("mvt", "push-box-incline", "manipulation-ball")
GOAL_TASKS = ("exploration", "patrol", "point-nav", *OBJECT_TASKS)


class Sway:
    """Controls that depend on the state."""

    def __init__(self, n_controls: int) -> None:
        self._n = n_controls

    def act(self, state):
        angles = state.reshape(len(state), -1)[:, -self._n :]
        return np.tanh(1.0 + 3.0 * angles)


def begun(task: Task, graph: nx.DiGraph, episodes: int = 1) -> tuple[SerialPhysics, Episodes]:
    """Simulations in their initial states, and what the task keeps of their episodes."""
    worlds = task.worlds(0, episodes)
    model = task.model(graph)
    physics = SerialPhysics(model, *task.initial_states(model, seed=0, episodes=episodes))
    of_each = worlds.of_numbers(worlds.of_episodes(episodes))
    kept = task.begin(graph, model, physics, of_each)
    assert kept is not None
    return physics, kept


def walk(kept: Episodes, *places: tuple[float, float]) -> list[dict[str, float]]:
    """Terms of the steps of a torso from place to place."""
    points = [np.array([[x, y, 0.5]]) for x, y in places]
    return [
        {name: values.item() for name, values in kept.terms(before, after).items()}
        for before, after in pairwise(points)
    ]


def placed(world: World) -> tuple[float, ...]:
    """Positions of a world's object and goal."""
    assert world.object is not None
    return (*world.object.pos, *world.goals[0])


@pytest.mark.parametrize("name", ["exploration", "point-nav"])
def test_an_arena_has_its_middle_at_the_origin(name, walker):
    task = get_task(name)
    world = task.world(seed=3, episode=1)
    assert world.start == (0.0, 0.0, 0.0)
    assert world.native_ccd
    model = task.model(walker, world)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    for direction in ((1.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)):
        start, geom = np.array([0.0, 0.0, 1.9]), np.zeros(1, np.int32)
        distance = mujoco.mj_ray(model, data, start, np.array(direction), None, 1, 1, geom)
        assert distance == pytest.approx(50.0)
    assert world.height_map is not None
    sides = np.array([[49.95, 0.0, 0.0], [50.05, 0.0, 0.0], [0.0, -50.05, 0.0], [0.0, 0.0, 0.0]])
    assert world.height_map.at(sides).tolist() == [0.0, 2.0, 2.0, 0.0]


def test_each_square_counts_once(walker):
    _, kept = begun(get_task("exploration"), walker)
    terms = walk(kept, (0.2, 0.2), (0.3, 0.2), (1.1, 0.2), (0.3, 0.3), (-0.1, 0.2), (0.1, -0.1))
    assert [term["explore"] for term in terms] == [1.0, 1.0, 0.0, 1.0, 1.0]
    kept.begin(np.array([0]), [get_task("exploration").world()])
    assert walk(kept, (0.2, 0.2), (0.3, 0.2)) == [{"explore": 1.0}]


def test_a_patrol_goes_to_and_fro(walker):
    _, kept = begun(get_task("patrol"), walker)
    terms = walk(kept, (0.0, 0.0), (9.0, 0.0), (9.6, 0.0), (9.0, 0.0), (0.4, 0.3))
    assert [term["approach"] for term in terms] == pytest.approx([900.0, 60.0, 60.0, 850.0])
    assert [term["arrive"] for term in terms] == [0.0, 10.0, 0.0, 10.0]


@pytest.mark.parametrize(("name", "late"), [("patrol", False), ("patrol-reference", True)])
def test_the_public_environment_shows_a_goal_one_step_too_long(name, late, walker):
    task = get_task(name)
    physics, kept = begun(task, walker)
    first = kept.observations()["goal"]
    np.testing.assert_allclose(first[0, :2], (10.0, 0.0), atol=0.2)
    start = task.world().start[0]
    walk(kept, (start, 0.0), (start + 9.9, 0.0))
    after = kept.observations()["goal"]
    np.testing.assert_array_equal(after == first, np.full((1, 3), late))
    walk(kept, (start + 9.9, 0.0), (start + 8.9, 0.0))
    np.testing.assert_allclose(kept.observations()["goal"][0, :2], 0.0, atol=0.02)
    assert physics.qpos[0, 0] == pytest.approx(start, abs=0.01)


def test_a_single_goal_counts_at_every_step(walker):
    task = get_task("point-nav")
    _, kept = begun(task, walker)
    ((x, y, _),) = task.world(0, 0).goals
    assert [step["arrive"] for step in walk(kept, *[(x + 0.3, y)] * 3)] == [10.0, 10.0]


def test_a_goal_that_asks_to_stay_counts_until_then(walker):
    task = replace(get_task("goals"), stay=3)
    _, kept = begun(task, walker)
    (x, y, _), following = task.world(0, 0).goals[:2]
    steps = walk(kept, *[(x + 0.3, y)] * 4)
    assert [step["arrive"] for step in steps] == [10.0, 10.0, 10.0]
    offset = kept.goal_offset()
    assert offset is not None
    np.testing.assert_allclose(offset[0, :2], following[:2], atol=0.02)


def test_goals_follow_each_other_within_the_distances_of_the_settings():
    world = get_task("goals").world(3, 1)
    places = np.array([(0.0, 0.0, 0.1), *world.goals])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert len(steps) == 16
    assert ((steps >= 2.0) & (steps <= 12.0)).all()
    assert get_task("goals").world(3, 2).goals != world.goals


def test_goals_are_drawn_for_each_episode_and_keep_the_margins_of_the_settings():
    def goals(name: str) -> np.ndarray:
        task = get_task(name)
        found = [np.subtract(task.world(seed).goals[0], task.world().start) for seed in range(300)]
        assert len({tuple(goal) for goal in found}) > 290
        return np.abs(found)

    here, there = goals("point-nav"), goals("point-nav-reference")
    assert (here <= (46.5, 44.5, 0.111)).all()
    assert (there <= (43.5, 39.5, 0.111)).all()
    assert (here.max(axis=0)[:2] > (43.5, 39.5)).all()


def test_worlds_that_differ_in_goals_alone_share_model_and_map(walker):
    task = get_task("point-nav")
    worlds = task.worlds(0, episodes=3)
    assert len({world.goals for world in worlds.worlds}) == 3
    assert len({id(world.height_map) for world in worlds.worlds}) == 1
    assert len(task.models(walker, worlds.worlds)) == 1
    assert len(get_task("csr").models(walker, get_task("csr").worlds(0, 3).worlds)) == 3


def test_a_goal_is_seen_in_the_frame_of_the_torso(walker):
    task = get_task("patrol")
    model = task.model(walker)
    qpos = np.tile(model.qpos0, (2, 1))
    qpos[0, 3:7] = np.cos(np.pi / 4), 0.0, 0.0, np.sin(np.pi / 4)  # turned to the left
    physics = SerialPhysics(model, qpos, np.zeros((2, model.nv)))
    kept = task.begin(walker, model, physics, [task.world()] * 2)
    assert kept is not None
    below = 0.1 - model.qpos0[2]
    expected = [(0.0, -10.0, below), (10.0, 0.0, below)]
    np.testing.assert_allclose(kept.observations()["goal"], expected, atol=1e-12)


@pytest.mark.parametrize("name", GOAL_TASKS)
def test_both_engines_agree_bitwise(name, walker):
    task = replace(get_task(name), max_steps=50)
    policy = Sway(BodyLayout.from_graph(walker, task.model(walker)).n_controls)
    results = [
        rollout(walker, policy, task=task, episodes=3, seed=4, engine=engine)
        for engine in ("batched", "serial")
    ]
    alone = rollout(walker, policy, task=task, episodes=1, first_episode=1, seed=4)
    np.testing.assert_array_equal(results[0].returns, results[1].returns)
    np.testing.assert_array_equal(results[0].lengths, results[1].lengths)
    assert results[0].returns[1] == pytest.approx(alone.returns[0], abs=1e-6)
    assert results[0].returns.any()


@pytest.mark.parametrize("name", OBJECT_TASKS)
def test_an_object_lies_on_the_ground_ahead_and_comes_to_rest(name, walker):
    task = get_task(name)
    world = task.world(seed=3, episode=1)
    assert world.object is not None
    assert world.height_map is not None
    model = task.model(walker, world)
    data = mujoco.MjData(model)
    data.qpos[:], _ = (array[0] for array in task.initial_states(model, seed=3, episodes=1))
    world.put_object(data.qpos)
    assert task.ground_m == 0.0
    assert world.object.pos[0] > 2.0
    assert world.goals[0][0] != world.object.pos[0]
    mujoco.mj_step(model, data, nstep=600)
    place, ground = data.body("object").xpos, world.height_map.at(data.body("object").xpos)
    assert place[2] - ground == pytest.approx(0.2, abs=0.05)
    assert np.abs(place[:2] - world.object.pos[:2]).max() < 0.5
    assert np.abs(data.qvel[-6:]).max() < 0.05


def test_objects_keep_the_margins_of_the_settings():
    def farthest(name: str) -> np.ndarray:
        task = get_task(name)
        places = [placed(task.world(seed)) for seed in range(200)]
        assert len({place[:3] for place in places}) > 150
        return np.abs(places).max(axis=0).round(9)

    x, y, _, goal_x, goal_y, _ = farthest("manipulation-ball")
    assert (x, goal_x) == pytest.approx((24.0, 24.5))
    assert 9.0 < y <= 9.8
    assert 9.0 < goal_y <= 9.5
    x, y, _, goal_x, goal_y, _ = farthest("manipulation-ball-reference")
    assert (x, goal_x) == pytest.approx((21.8, 21.5))
    assert 4.0 < y <= 4.8
    assert 4.0 < goal_y <= 4.5


def test_objects_of_the_reference_lie_as_high_as_its_map_says():
    """The map is mirrored along y, so that on rugged squares the ground below is another one."""
    task = get_task("mvt-reference")
    as_seen, as_is = [], []
    for seed in range(60):
        world = task.world(seed)
        ground = world.height_map
        assert ground is not None
        x, y, z, goal_x, goal_y, goal_z = placed(world)
        for place, cells, height in (((x, y), 2, z - 0.3), ((goal_x, goal_y), 5, goal_z - 0.11)):
            column, row = np.rint(10 * np.array(place)).astype(int)
            around = np.arange(-cells, cells)
            columns = ground.column + column + around
            for found, rows in ((as_seen, around - row), (as_is, row - around)):
                heights = ground.heights[np.ix_(ground.row + rows, columns)]
                found.append(height - heights.max())
    np.testing.assert_allclose(as_seen, 0.0, atol=1e-9)
    assert np.count_nonzero(np.abs(as_is) > 0.05) >= 5


def test_every_attempt_to_place_something_draws_distance_and_row():
    """As in the public code; the noise is drawn from the same generator afterwards."""
    task, rejected = get_task("manipulation-ball-reference"), 0
    for seed in range(300):
        rng, expected = (np.random.RandomState(seed) for _ in range(2))
        world = task.draw_world(rng)
        expected.randint(2)  # the length of a curve, for which no place is left
        ball = min(20 + 10 * expected.randint(15, 25), 238), expected.randint(102, 198)
        goal = min(ball[0] + 10 * expected.randint(15, 25), 235), expected.randint(105, 195)
        while abs(goal[0] - ball[0]) < 7 and abs(goal[1] - ball[1]) < 7:
            rejected += 1
            goal = min(ball[0] + 10 * expected.randint(15, 25), 235), expected.randint(105, 195)
        places = np.array([ball, goal]) / 10 - (2.0, 15.0)
        x, y, _, goal_x, goal_y, _ = placed(world)
        np.testing.assert_allclose(((x, y), (goal_x, goal_y)), places, atol=1e-9)
        assert rng.randint(2**31) == expected.randint(2**31)
    assert rejected > 5


def test_noise_spares_the_object(walker):
    task = get_task("manipulation-ball")
    qpos, qvel = task.initial_states(task.model(walker), seed=3, episodes=4)
    worlds = task.worlds(3, episodes=4).worlds
    expected = [(*placed(world)[:3], 1.0, 0.0, 0.0, 0.0) for world in worlds]
    np.testing.assert_array_equal(qpos[:, -7:], expected)
    assert not qvel[:, -6:].any()
    flat, _ = get_task("flat").initial_states(get_task("flat").model(walker), seed=3, episodes=4)
    np.testing.assert_array_equal(qpos[:, :-7], flat)


def test_a_start_pose_from_a_file_has_the_object_behind_it(tmp_path):
    pose = " ".join(map(str, [0.0, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0, *[0.1] * 12]))
    key = f'<keyframe><key name="home" qpos="{pose}"/></keyframe>'
    (tmp_path / "robot.xml").write_text(quadruped(more=key))
    robot, task = read_foreign(tmp_path / "robot.xml"), get_task("manipulation-ball")
    model = task.model(robot)
    np.testing.assert_allclose(model.key_qpos[0, 7:19], 0.1)
    np.testing.assert_array_equal(model.key_qpos[0, 19:22], placed(task.world())[:3])
    n_controls = BodyLayout.from_graph(robot, model).n_controls
    result = rollout(robot, Sway(n_controls), task=replace(task, max_steps=5), episodes=2)
    assert not result.unstable


class Still:
    """Arrays of one simulation that a test moves by hand."""

    def __init__(self, task: Task, graph: nx.DiGraph) -> None:
        self.world, self.model = task.world(), task.model(graph)
        physics = SerialPhysics(self.model, self.model.qpos0[None], np.zeros((1, self.model.nv)))
        self.xpos, self.xquat = physics.xpos.copy(), physics.xquat.copy()
        self.qpos, self.qvel = physics.qpos.copy(), physics.qvel.copy()

    def put(self, x: float, y: float) -> None:
        """Put the object somewhere."""
        self.xpos[0, self.model.body("object").id, :2] = x, y


def test_an_object_is_reached_then_pushed(walker):
    task = get_task("push-box-incline")
    still = Still(task, walker)
    still.put(9.0, 0.0)
    kept = task.begin(walker, still.model, still, [still.world])
    assert kept is not None
    rest = np.zeros((1, 3))
    goal_x = still.world.goals[0][0]
    steps = []
    for x in (8.0, 0.6, 1.6, goal_x - 0.4):
        still.put(x, 0.0)
        steps.append({name: values.item() for name, values in kept.terms(rest, rest).items()})
    assert [step["touch"] for step in steps] == [0.0, 10.0, 0.0, 0.0]
    assert [step["push"] for step in steps[:3]] == pytest.approx([0.0, -740.0, 100.0])
    assert [step["deliver"] for step in steps] == [0.0, 0.0, 0.0, 10.0]
    assert steps[0]["approach"] == pytest.approx(100.0, abs=1.0)
    # The torso's center lies at x = 0, the nearest face of the box 0.2 m before its center.
    kept.begin(np.array([0]), [still.world])
    assert kept.kept["reached"].tolist() == [False]


def test_distances_are_those_between_the_nearest_points(walker):
    task = get_task("push-box-incline")
    assert isinstance(task, Delivery)
    points = task.points(walker)
    assert [name for name, _ in points] == ["torso/0"] * 2 + ["limb/0"] * 2 + ["limb/2"] * 2 + [
        "limb/1"
    ] * 2
    np.testing.assert_allclose(points[2][1], (0.0, 0.0, -0.15))
    np.testing.assert_allclose(points[3][1], (0.0, 0.0, -0.25))
    np.testing.assert_allclose(points[1][1], (0.0, 0.0, -0.1))
    reference = get_task("push-box-incline-reference")
    assert isinstance(reference, Delivery)
    assert len(reference.points(walker)) == len(points) + 1


def test_the_spin_of_an_object_is_turned_from_its_own_frame_alone(walker):
    still = Still(get_task("push-box-incline"), walker)
    still.xquat[0, 1] = 1.0, 0.0, 0.0, 0.0
    still.qpos[0, -4:] = np.cos(np.pi / 4), 0.0, 0.0, np.sin(np.pi / 4)
    still.qvel[0, -6:] = 0.5, 0.0, 0.0, 3.0, 0.0, 0.0
    still.qvel[0, :3] = 0.0, 0.2, 0.0
    for name, spin in (
        ("push-box-incline", (0.0, 3.0, 0.0)),
        ("push-box-incline-reference", (3.0, 0.0, 0.0)),
    ):
        kept = get_task(name).begin(walker, still.model, still, [still.world])
        assert kept is not None
        seen = kept.observations()["object"][0]
        np.testing.assert_allclose(seen[3:6], (0.5, -0.2, 0.0), atol=1e-12)
        np.testing.assert_allclose(seen[6:9], spin, atol=1e-12)
        np.testing.assert_allclose(seen[:3], still.qpos[0, -7:-4] - still.xpos[0, 1], atol=1e-12)


def test_the_state_of_a_body_does_not_hold_the_object(walker):
    """The layout beside an object is that without one."""
    with_ball, without = (
        BodyLayout.from_graph(walker, get_task(name).model(walker))
        for name in ("manipulation-ball", "exploration")
    )
    for name in ("body_ids", "actions", "hinges", "qpos", "qvel", "influence", "tips"):
        np.testing.assert_array_equal(getattr(with_ball, name), getattr(without, name))


@pytest.mark.parametrize("name", ["flat", "csr"])
def test_other_tasks_keep_nothing(name, walker):
    task = get_task(name)
    model = task.model(walker)
    physics = SerialPhysics(model, model.qpos0[None], np.zeros((1, model.nv)))
    assert task.begin(walker, model, physics, [task.world()]) is None


def test_a_task_without_terms_says_so():
    with pytest.raises(NotImplementedError, match="patrol: the reward terms are those of its"):
        get_task("patrol").terms(np.zeros((1, 3)), np.zeros((1, 3)))
