"""The world around a robot on the stage is that of its episode, and is sent once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from codesign.replay.ground import Ground
from codesign.studio.episode import one_episode
from codesign.studio.stage import DESIGN, Stage
from codesign.studio.surroundings import Surroundings, limits
from hyperdistill_core.tasks import get_task
from morph_ops.graph import joints


class Handle:
    """A node of a scene."""

    def __init__(self, name, position, remove):
        self.name, self.position, self.visible = name, position, True
        self.remove = remove

    def on_click(self, action):
        self.action = action


class Scene:
    """A scene that keeps its nodes."""

    def __init__(self):
        self.nodes: dict[str, Any] = {}

    def _add(self, name, *values, position=(0.0, 0.0, 0.0), **options):
        self.nodes[name] = Handle(name, position, lambda: self.remove(name))
        return self.nodes[name]

    add_frame = add_mesh_simple = add_line_segments = add_label = add_grid = _add

    def remove(self, name):
        self.nodes = {each: one for each, one in self.nodes.items() if not each.startswith(name)}

    def get_handle_by_name(self, name) -> Any:
        return self.nodes.get(name)


def new_scene() -> Any:
    return Scene()


class Still:
    """No motor moves."""

    def __init__(self, graph):
        self.n_controls = len(list(joints(graph)))

    def act(self, state):
        return np.zeros((len(state), self.n_controls))


@pytest.fixture(scope="module")
def episode_of(body):
    """A function that gives a short episode of a task, by its number."""

    def made(name, number=0):
        task = replace(get_task(name), max_steps=12)
        return one_episode(body, Still(body), task=task, seed=0, number=number)

    return made


def shown(around, episode, right=-np.inf, left=np.inf):
    around.show(episode, Ground(episode), right=right, left=left, dark=False)


def kinds(scene):
    return {name.rpartition("/")[2] for name in scene.nodes if name.count("/") == 2}


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("flat", set()),
        ("incline", {"surface", "lines"}),
        ("ft", {"boxes"}),
        ("patrol", {"goals"}),
    ],
)
def test_the_scene_has_what_the_world_has(episode_of, task, expected):
    scene = new_scene()
    around = Surroundings(scene, "world")
    shown(around, episode_of(task))
    assert kinds(scene) == expected
    assert around.uneven == ("surface" in expected)
    around.remove()
    assert scene.nodes == {}


def test_every_episode_has_its_own_world_and_its_own_number(episode_of):
    one, other, again = episode_of("csr"), episode_of("csr", 1), episode_of("csr", 1)
    assert (one.world, other.world) == (("csr", 0, 0), ("csr", 0, 1))
    along = np.column_stack([np.linspace(0.0, 40.0, 99), np.zeros(99)])
    heights = [Ground(each).heights(along) for each in (one, other, again)]
    assert (heights[0] != heights[1]).any()
    assert (heights[1] == heights[2]).all()
    assert one.path.shape[1] == 2
    assert one.path[-1] == pytest.approx(one.qpos[-1, :2])


def test_a_world_is_sent_again_only_where_it_changes(episode_of):
    scene, one = new_scene(), episode_of("csr")
    around = Surroundings(scene, "world")
    shown(around, one)
    first = set(scene.nodes)
    shown(around, replace(one, path=one.path + 1.0))
    assert set(scene.nodes) == first
    shown(around, replace(one, path=one.path + np.array([9.0, 0.0])))
    second = set(scene.nodes)
    assert second.isdisjoint(first), "the robot walks elsewhere"
    shown(around, episode_of("csr", 1))
    third = set(scene.nodes)
    assert third.isdisjoint(second), "another episode"
    shown(around, episode_of("csr", 1), left=0.8)
    assert set(scene.nodes).isdisjoint(third), "another robot stands beside it"


def test_the_level_is_that_of_the_ground_below(episode_of):
    one = episode_of("incline")
    around = Surroundings(new_scene(), "world")
    path = np.column_stack([np.linspace(0.0, 10.0, len(one.path)), np.zeros(len(one.path))])
    shown(around, replace(one, path=path))
    assert around.level(0.0) == pytest.approx(Ground(one).heights(path[:1])[0])
    assert around.level(99.0) == pytest.approx(Ground(one).heights(path[-1:])[0])
    assert around.level(99.0) > 1.0


def test_worlds_of_robots_side_by_side_meet_in_the_middle():
    lanes = [0, 1, -1]
    assert [limits(lane, lanes, 1.6) for lane in lanes] == [
        (-0.8, 0.8),
        (-0.8, np.inf),
        (-np.inf, 0.8),
    ]


def test_the_flat_ground_gives_way_to_an_uneven_one(episode_of):
    scene = new_scene()
    stage = Stage(scene, on_pick=print)
    stage.furnish(dark=False)
    stage.show(DESIGN, episode_of("incline"))
    stage.tick()
    assert not scene.get_handle_by_name("/ground").visible
    stage.show(DESIGN, episode_of("flat"))
    stage.tick()
    assert scene.get_handle_by_name("/ground").visible
    assert kinds(scene) & {"surface", "lines"} == set()
    stage.drop(DESIGN)
    assert set(scene.nodes) == {"/ground"}
