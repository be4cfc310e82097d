"""Tasks on a user's own scene: worlds, heights, starts, names."""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np
import pytest

from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import Task, get_task, is_scene, pinned_task
from hyperdistill_core.tasks import scene as scene_module
from hyperdistill_core.tasks.scene import SceneTask
from hyperdistill_core.tasks.terrain import HeightMap
from hyperdistill_core.tasks.terrain.surface import Surface
from morph_ops.errors import MjcfError

STAIRS = Path(__file__).parents[3] / "examples" / "stairs.xml"
#: One geom of each kind, turned and in bodies, for heights.
MANY = """<mujoco><worldbody>
  <geom type="plane" size="1 1 1" euler="0 3 0" contype="1"/>
  <geom type="box" size="0.5 1 0.2" pos="3 0 0.1" euler="10 20 30"/>
  <body pos="6 0 0" euler="0 0 30"><geom type="cylinder" size="0.5 0.3" euler="40 0 0"/>
    <frame euler="0 0 20"><geom type="mesh" mesh="m" pos="2 0 0.3"/></frame></body>
  <geom type="ellipsoid" size="0.5 0.3 0.2" pos="8 1 0.1" euler="20 30 10"/>
  <geom type="capsule" fromto="1 2 0.1 3 3 0.5" size="0.2"/>
  <geom type="cylinder" fromto="1 -2 0.4 3 -1 0.4" size="0.2"/>
  <geom type="hfield" hfield="h" pos="1 -4 0" euler="0 0 20"/>
  <geom type="sphere" size="0.4" pos="-2 0 0.1"/>
  <geom type="box" size="9 9 9" contype="0" conaffinity="0"/>
</worldbody><asset>
  <mesh name="m" vertex="0 0 0  1 0 0  0 1 0  0 0 1  1 1 1.5"/>
  <hfield name="h" nrow="3" ncol="3" size="1 1 0.5 0.1" elevation="0 1 0 0 0.5 1 0 0 0"/>
</asset></mujoco>"""


@pytest.fixture
def scene(tmp_path):
    """A function that writes a scene of geoms, and gives its task."""

    def written(geoms: str, name: str = "scene.xml") -> SceneTask:
        path = tmp_path / name
        text = geoms if "<mujoco>" in geoms else f"<worldbody>{geoms}</worldbody>"
        path.write_text(text if "<mujoco>" in text else f"<mujoco>{text}</mujoco>")
        task = get_task(str(path))
        assert isinstance(task, SceneTask)
        return task

    return written


def heights_of(task: Task) -> HeightMap:
    height_map = task.world().height_map
    assert height_map is not None
    return height_map


def test_heights_are_those_of_rays_from_above(scene):
    task = scene(MANY)
    model = task.scene.model
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    # Rays end at the edge of a plane that collisions do not end at.
    model.geom_size[model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE] = 0.0
    groups, height_map = np.ones(6, np.uint8), heights_of(task)
    groups[5] = 0
    model.geom_group[model.geom_contype == 0] = 5
    cells = np.random.default_rng(0).integers((-25, -55), (95, 35), (600, 2))
    kinds = set()
    for x, y in (cells + 0.5) * 0.1:
        found, ray = np.zeros(1, np.int32), np.array([0.0, 0.0, -1.0])
        far = mujoco.mj_ray(model, data, np.array([x, y, 50.0]), ray, groups, 1, -1, found, None)
        height = height_map.at(np.array([x, y, 0.0]))
        assert height == pytest.approx(50.0 - far, abs=1e-4)
        kinds.add(int(model.geom_type[found[0]]))
    assert len(kinds) == 8


def test_a_body_stands_on_the_highest_ground_below_it(scene, walker):
    flat = get_task("flat").model(walker)
    step = "<geom type='plane' size='0 0 1'/><geom type='box' size='1 1 0.25' pos='1.1 0 0.25'/>"
    beside = scene(step).model(walker)
    np.testing.assert_allclose(beside.qpos0 - flat.qpos0, 0.5 * np.eye(flat.nq)[2], atol=1e-6)
    start = "<site name='start' pos='4 1 9'/>"
    away = scene(step + start).model(walker)
    np.testing.assert_allclose((away.qpos0 - flat.qpos0)[:3], (4.0, 1.0, 0.0), atol=1e-9)
    assert scene(step).fall_height(walker) == get_task("flat").fall_height(walker)


def test_falls_are_judged_above_the_ground_and_off_an_edge_above_the_lowest(scene, walker):
    high, low = "size='2 1 0.5' pos='1 0 0.5'", "size='1 1 0.1' pos='4 0 0'"
    task = scene(f"<geom type='box' {high}/><geom type='box' {low}/>")
    worlds, limit = task.worlds(0, 1), task.fall_height(walker)
    position = np.array([[0.0, 0, 1.0 + limit], [0, 0, 1.01 + limit], [0, 5, 0.09 + limit]])
    position = np.concatenate([position, [[0, 5, 0.11 + limit]]])
    ground = worlds.ground(np.zeros(4, int), position)
    assert task.fell(position, limit, ground).tolist() == [True, False, True, False]
    samples = worlds.height_samples(np.zeros(1, int), position[:1], np.eye(4)[:1], 195)
    assert samples.min() == -2.0  # the edges are seen


def test_a_plane_scene_equals_flat(scene, walker, walker_policy):
    """The same floor, read from a file."""
    task = scene("<geom type='plane' size='0 0 1' friction='0.7 0.1 0.1'/>")
    one, other = (
        rollout(walker, walker_policy, task=each, episodes=2) for each in (get_task("flat"), task)
    )
    np.testing.assert_array_equal(one.returns, other.returns)
    np.testing.assert_array_equal(one.lengths, other.lengths)


def test_friction_and_contact_settings_of_the_file_count(scene, walker):
    task = scene(
        "<geom type='plane' size='0 0 1' friction='0.1 0.2 0.3' priority='1' condim='4' "
        "solref='0.03 0.9' margin='0.01' rgba='1 0 0 1' contype='4' conaffinity='0'/>"
    )
    floor = task.model(walker).geom("scene-0")
    assert floor.friction.tolist() == [0.1, 0.2, 0.3]
    assert (floor.priority, floor.condim, floor.margin) == (1, 4, 0.01)
    assert (floor.contype, floor.conaffinity) == (1, 1)
    assert floor.rgba.tolist() == [1, 0, 0, 1]


def test_the_example_has_stairs(walker, walker_policy):
    task = get_task(str(STAIRS))
    x = np.array([2.95, 3.05, 3.75, 8.55, 14.15, 18.95, 19.05])
    heights = heights_of(task).at(np.stack([x, 0 * x, 0 * x], axis=-1))
    np.testing.assert_allclose(heights, [0, 0.1, 0.2, 0.8, 0.7, 0.1, 0.0], atol=1e-6)
    assert (task.fall_ratio, task.notes) == (0.3, ())
    result = rollout(walker, walker_policy, task=task, episodes=1)
    assert not result.unstable


def test_names_have_a_hash_of_the_content_that_finds_a_copy(scene, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    task, file = scene("<geom type='plane' size='0 0 1'/>"), tmp_path / "scene.xml"
    name = pinned_task(str(file))
    assert is_scene(name)
    assert task.name == name == f"scene.xml#{task.scene.hash}"
    assert get_task(name) is task
    changed = scene("<geom type='plane' size='0 0 2' pos='0 0 1'/>")
    assert changed.scene.hash != task.scene.hash
    scene_module._made.clear()
    assert get_task(f"{file}#{task.scene.hash}") == task
    scene_module._made.clear()
    file.unlink()
    assert get_task(name).ground_m == 0.0
    with pytest.raises(MjcfError, match=r"scene.xml: no such file"):
        get_task(changed.name)


def test_a_changed_scene_is_not_taken_for_the_old_one(scene, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    task = scene("<geom type='plane' size='0 0 1'/>")
    with pytest.raises(MjcfError, match=r"expected the scene 0+, got .* changed; restore it"):
        get_task(f"{tmp_path}/scene.xml#{'0' * 12}")
    assert pinned_task(str(tmp_path / "scene.xml")) == task.name
    [copy] = (tmp_path / "state").rglob("scene.xml")
    copy.write_text(copy.read_text().replace("0 0 1", "0 0 2"))
    (tmp_path / "scene.xml").unlink()
    scene_module._made.clear()
    with pytest.raises(MjcfError, match=r"state.* has changed"):
        get_task(task.name)


def test_a_copy_has_the_same_hash_and_heights(scene, tmp_path):
    (tmp_path / "hill.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\n")
    task = scene(
        "<mujoco><compiler meshdir='.'/><asset><mesh file='hill.obj'/></asset><worldbody>"
        "<geom type='mesh' mesh='hill'/><site name='start' pos='0.2 0.2 0'/></worldbody></mujoco>"
    )
    (tmp_path / "copy").mkdir()
    task.scene.write(tmp_path / "copy" / "scene.xml")
    copy = get_task(str(tmp_path / "copy" / "scene.xml"))
    assert isinstance(copy, SceneTask)
    assert (copy, copy.name) == (task, task.name)
    np.testing.assert_array_equal(heights_of(copy).heights, heights_of(task).heights)


@pytest.mark.parametrize(
    ("geoms", "message"),
    [
        (
            "<geom type='box' size='1 1 1' pos='5 0 0'/>",
            "none below x = 0, y = 0; put a geom",
        ),
        ("<geom type='plane' size='0 0 1' euler='0 90 0'/>", "got walls alone; add a floor"),
        (
            "<geom type='plane' size='0 0 1'/></worldbody><custom><numeric name='fall_ratio' "
            "data='1.5'/></custom><worldbody>",
            "expected a share of the rest height of at least 0 and below 1, got 1.5",
        ),
    ],
)
def test_a_scene_that_no_episode_can_begin_on_is_refused(scene, geoms, message):
    with pytest.raises(MjcfError, match=f"scene.xml: .*{message}"):
        scene(geoms)


def test_a_surface_has_the_bounds_of_its_geoms(scene):
    model = scene(MANY).scene.model
    surface = Surface(model)
    points = np.random.default_rng(1).uniform((-4, -6), (10, 4), (4000, 2))
    for geom in np.flatnonzero(model.geom_type != mujoco.mjtGeom.mjGEOM_PLANE)[:-1].tolist():
        low, high = surface.bounds(geom)
        inside = points[~np.isnan(surface.top(geom, points))]
        assert len(inside)
        assert (inside >= low[:2]).all()
        assert (inside <= high[:2]).all()
