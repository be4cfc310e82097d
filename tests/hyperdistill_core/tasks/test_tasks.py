"""Worlds, rewards, falls and initial states of the tasks."""

from __future__ import annotations

import mujoco
import networkx as nx
import numpy as np
import pytest

from hyperdistill_core.controller.training_distribution import TrainingDistribution
from hyperdistill_core.features import context_features
from hyperdistill_core.tasks import TASKS, FlatReference, Task, get_task
from morph_ops.errors import UnknownNameError
from morph_ops.graph import with_excludes
from morph_ops.io.mjcf import to_model


@pytest.fixture(params=sorted(TASKS))
def task(request: pytest.FixtureRequest):
    return get_task(request.param)


@pytest.fixture(params=["flat", "flat-reference"])
def flat_task(request: pytest.FixtureRequest):
    return get_task(request.param)


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match=r"no task 'flt': did you mean 'flat'\?"):
        get_task("flt")


def test_timing(task, walker):
    model = task.model(walker)
    assert model.opt.timestep * task.physics_steps == pytest.approx(0.02, abs=1e-15)
    assert task.control_dt == 0.02
    assert task.max_steps == 1000
    assert task.worst_score == -10_000.0


def test_the_world_is_the_body_and_a_floor(flat_task, walker):
    model, bare = flat_task.model(walker), to_model(walker)
    assert (model.ngeom, model.nbody) == (bare.ngeom + 1, bare.nbody)
    assert (model.ntex, model.nlight, model.ncam, model.nsensor, model.nmat) == (0,) * 5
    floor = model.geom("floor")
    np.testing.assert_array_equal(floor.friction, (0.7, 0.1, 0.1))
    assert floor.condim == 3
    assert not model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_FILTERPARENT


def test_a_sphere_comes_to_rest_on_the_floor(flat_task, walker):
    """The top of the floor lies where the heights of the flat_task begin."""
    sphere = walker.subgraph(["torso/0"]).copy()
    model = flat_task.model(sphere)
    data = mujoco.MjData(model)
    mujoco.mj_step(model, data, nstep=1000)
    assert flat_task.height(data.xpos[1]) == pytest.approx(0.1, abs=2e-3)


def test_excludes_are_kept_on_flat_and_dropped_in_the_reference(walker):
    paired = with_excludes(walker, [("limb/0", "limb/1")])
    assert get_task("flat").model(paired).nexclude == 1
    assert get_task("flat-reference").model(paired).nexclude == 0


def test_the_reference_world_is_a_meter_higher(walker):
    low, high = get_task("flat").model(walker), get_task("flat-reference").model(walker)
    np.testing.assert_allclose(high.qpos0 - low.qpos0, np.eye(len(low.qpos0))[2], atol=1e-15)


def test_fall_height_is_half_of_the_rest_height_without_the_clearance(flat_task, walker):
    assert flat_task.fall_height(walker) == 0.5 * (0.95 - 0.2)


def test_heights_are_rounded_to_a_millimeter_before_the_fall_check():
    task = get_task("flat")
    heights = np.array([[0.0, 0.0, 0.3754], [0.0, 0.0, 0.3756]])
    np.testing.assert_array_equal(task.fell(heights, 0.375), [True, False])
    raised = heights + np.array([0.0, 0.0, 1.0])
    np.testing.assert_array_equal(get_task("flat-reference").fell(raised, 0.375), [True, False])


def test_the_reward_is_the_speed_along_x(flat_task):
    before = np.array([[0.0, 0.0, 1.0], [1.0, 5.0, 2.0]])
    after = before + np.array([[0.02, 9.0, 9.0], [-0.04, 9.0, 9.0]])
    terms = flat_task.terms(before, after)
    assert list(terms) == ["forward"]
    np.testing.assert_allclose(terms["forward"], (1.0, -2.0), atol=1e-12)


def of_body(task: Task, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
    """Positions, then velocities, without those of an object."""
    own = (qpos[:, :-7], qvel[:, :-6]) if task.has_object else (qpos, qvel)
    return np.concatenate(own, axis=1)


def test_reset_noise_changes_every_entry_within_its_bound(task, walker):
    model = task.model(walker)
    qpos, qvel = task.initial_states(model, seed=3, episodes=200)
    noise = of_body(task, qpos - model.qpos0, qvel)
    assert noise.shape == (200, 11 + 10)
    assert np.abs(noise).max() <= 5e-3
    assert (np.abs(noise).max(axis=0) > 4.5e-3).all()
    assert len(np.unique(noise)) == noise.size


def test_noise_depends_on_seed_and_episode_alone(task, walker):
    """Common random numbers: the noise of a larger body begins with that of a smaller one."""
    small = task.model(walker.subgraph(["torso/0", "limb/0"]).copy())
    large = task.model(walker)
    few, many = (
        task.initial_states(large, seed=3, episodes=2),
        task.initial_states(large, seed=3, episodes=5),
    )
    for some, more in zip(few, many, strict=True):
        np.testing.assert_array_equal(some, more[:2])
    qpos, qvel = task.initial_states(small, seed=3, episodes=5)
    shorter = of_body(task, qpos - small.qpos0, qvel)
    longer = of_body(task, many[0] - large.qpos0, many[1])
    np.testing.assert_array_equal(shorter[:, :9], longer[:, :9])
    np.testing.assert_array_equal(shorter[:, 9:], longer[:, 11 : 11 + 8])
    other, _ = task.initial_states(large, seed=4, episodes=5)
    assert not np.isclose(other, many[0]).all(axis=1).any()


def test_tasks_are_frozen():
    assert FlatReference().ground_m == 1.0
    with pytest.raises(AttributeError, match="cannot assign"):
        setattr(FlatReference(), "max_steps", 3)  # noqa: B010  a plain assignment is a type error


def test_an_invalid_body_is_refused_in_one_line(task):
    with pytest.raises(ValueError, match="a body has one root, this graph has 0"):
        task.model(nx.DiGraph(excludes=()))


def test_the_context_does_not_depend_on_the_frames_of_a_file(task, walker, in_other_frames):
    other = in_other_frames(walker)
    models = [task.model(graph) for graph in (walker, other)]
    np.testing.assert_allclose(models[0].body_quat, models[1].body_quat, atol=1e-12)
    np.testing.assert_allclose(models[0].geom_pos, models[1].geom_pos, atol=1e-12)
    contexts = [
        context_features(graph, model) for graph, model in zip((walker, other), models, strict=True)
    ]
    np.testing.assert_allclose(contexts[0], contexts[1], atol=1e-9)
    assert TrainingDistribution.over([walker]).warnings(other) == []
