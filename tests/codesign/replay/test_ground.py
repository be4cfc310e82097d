"""The ground of a replay is that of the world of the episode."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest

from codesign.replay import record
from codesign.replay.ground import Ground
from codesign.replay.terrain import AROUND_M, Terrain, is_flat, lane_terrains, needed, relief
from hyperdistill_core.tasks import get_task
from hyperdistill_core.tasks.terrain import Box
from morph_ops.sampling import sample_body

from .conftest import Swing

SEED = 3
STAIRS = str(Path(__file__).parents[3] / "examples" / "stairs.xml")
PATH = np.column_stack([np.linspace(0.0, 24.0, 200), np.sin(np.linspace(0.0, 6.0, 200))])


def there(value):
    """The value, which is not None."""
    assert value is not None
    return value


def recorded(name):
    graph = sample_body(np.random.default_rng(0))
    task = replace(get_task(name), max_steps=2)
    return record(graph, Swing(graph), task=task, name="a", seed=SEED)


def ground_of(name):
    return Ground(recorded(name))


def places(count=400):
    rng = np.random.default_rng(1)
    cells = np.column_stack([rng.integers(-10, 240, count), rng.integers(-30, 30, count)])
    return np.asarray((cells + 0.5) / 10.0, np.float64)  # middles of the cells of height maps


@pytest.mark.parametrize("name", ["csr", "incline", "escape", "vt", STAIRS])
def test_heights_are_those_of_rays_from_above(name):
    one, at = recorded(name), places()
    model, data = one.model, mujoco.MjData(one.model)
    data.qpos[0] -= 1e4  # the robot is no ground
    mujoco.mj_forward(model, data)
    down, hit = np.array([0.0, 0.0, -1.0]), np.zeros(1, np.int32)
    starts = np.column_stack([at, np.full(len(at), 50.0)])
    rays = [mujoco.mj_ray(model, data, start, down, None, 1, -1, hit, None) for start in starts]
    expected = 50.0 - np.array(rays)
    assert np.ptp(expected) > 0.1
    assert np.allclose(Ground(one).heights(at), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["csr", "incline", "escape", STAIRS])
def test_corners_of_the_mesh_lie_on_the_ground_and_its_edge_below(name):
    ground = ground_of(name)
    vertices = there(Terrain.of(ground, PATH).surface).vertices
    heights = ground.heights(vertices[:, :2])
    on_top = np.abs(vertices[:, 2] - heights) < 1e-4
    assert on_top.mean() > 0.6
    assert (vertices[~on_top, 2] == vertices[:, 2].min()).all()
    away = np.linalg.norm(vertices[:, None, :2] - PATH, axis=-1).min(axis=1)
    assert away.max() < AROUND_M + 0.9


def test_edges_of_steps_are_lines():
    lines = Terrain.of(ground_of(STAIRS), PATH).lines
    across = lines[np.ptp(lines[..., 0], axis=1) == 0.0]
    found = across[np.abs(across[:, 0, 0] - 3.7) < 0.01]
    assert len(found)
    assert np.allclose(found[..., 2], 0.2, atol=1e-6), "the second step, on its upper side"


@pytest.mark.parametrize("name", ["flat", "patrol"])
def test_nothing_is_added_on_flat_ground(name):
    ground = ground_of(name)
    terrain = Terrain.of(ground, PATH)
    assert (terrain.surface, terrain.boxes, len(terrain.lines)) == (None, None, 0)
    assert is_flat(ground, PATH, around=AROUND_M)


def test_a_flat_floor_of_boxes_has_its_walls_alone():
    terrain = Terrain.of(ground_of("ft"), PATH)
    assert terrain.surface is None
    assert (
        there(terrain.boxes).vertices[:, 0].min(),
        there(terrain.boxes).vertices[:, 0].max(),
    ) == (-4.0, -3.0)


def test_obstacles_are_boxes_on_flat_ground():
    ground, world = ground_of("obstacle"), get_task("obstacle").world(SEED)
    terrain = Terrain.of(ground, PATH)
    assert terrain.surface is None
    low, high = there(terrain.boxes).vertices.min(axis=0), there(terrain.boxes).vertices.max(axis=0)
    assert (low[2], high[2]) == (0.0, 2.0)
    assert (low[:2] >= PATH.min(axis=0) - AROUND_M - 1.0).all()
    boxes = [geom for geom in world.geoms if isinstance(geom, Box)]
    near = [box for box in boxes if box.name.startswith("obstacle") and box.pos[0] < 20.0]
    shown = {tuple(corners.mean(axis=0)[:2].round(6)) for corners in ground.boxes(*_all())}
    assert {tuple(np.round(box.pos[:2], 6)) for box in near} <= shown


def _all():
    return np.full(2, -1e3), np.full(2, 1e3)


def test_obstacles_with_bodies_of_their_own_are_shown_too():
    assert len(list(ground_of("obstacle-reference").boxes(*_all()))) > 10


def test_lanes_share_the_ground_between_them():
    grounds = [ground_of("csr")] * 2
    left, right = lane_terrains(grounds, [PATH, PATH], [0.0, -3.0])
    assert there(right.surface).vertices[:, 1].max() == 1.5
    assert there(left.surface).vertices[:, 1].min() == -1.5
    assert Terrain.of(grounds[0], PATH, right=50.0).surface is None


def test_a_flat_lane_beside_a_hill_has_ground():
    flat, hill = ground_of("flat"), ground_of("incline")
    terrains = lane_terrains([flat, hill], [PATH, PATH], [0.0, 3.0])
    own = there(terrains[0].surface).vertices
    assert (own[:, 1].max(), own[:, 2].max()) == (1.5, 0.0)
    alone = lane_terrains([flat, flat], [PATH, PATH], [0.0, 3.0])
    assert [terrain.surface for terrain in alone] == [None, None]


def test_a_large_ground_is_coarsened():
    ground = ground_of("escape")
    fine, coarse = (Terrain.of(ground, PATH, most=most).surface for most in (10**6, 1500))
    assert len(there(coarse).faces) < len(there(fine).faces) / 2


def test_what_is_left_out_is_interpolated():
    heights = np.array([[0.0], [0.0], [0.0], [0.5], [0.6], [0.7]])
    at = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert needed(heights, at, 0.01).tolist() == [0, 2, 3, 5]


def test_a_relief_has_the_heights_of_the_ground():
    ground, center = ground_of("incline"), np.array([10.0, 0.0])
    hill = relief(ground, center[None], radius=2.0, tile=0.5)
    at = center + np.random.default_rng(0).uniform(-2.0, 2.0, (50, 2))
    assert np.allclose(there(hill).at(at), ground.heights(at), atol=1e-3)
    assert relief(ground, np.array([[-500.0, 0.0]]), radius=2.0, tile=0.5) is None
