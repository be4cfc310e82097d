"""Rollouts against numbers recorded from the public code of Xiong 2024."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mujoco
import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray

from hyperdistill_core.features import STATE_DIM, BodyLayout, StateReader, context_features
from hyperdistill_core.rollout import ENGINES, rollout
from hyperdistill_core.rollout.batched import BatchedPhysics
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import FlatReference, get_task
from morph_ops.io import mjcf

ROBOTS = (
    "floor-5506-3-10-01-14-19-06",
    "mvt-5506-14-2-17-07-59-45",
    "floor-1409-0-12-01-12-30-07",
    "vt-5506-3-17-02-18-33-45",
    "floor-1409-8-2-01-16-01-05",
)
EXACT: dict[str, Any] = {"atol": 1e-9, "rtol": 0.0}
TASK = get_task("flat-reference")
SLOTS = 12
# Two simulations with the same initial state: their rows must not affect each other.
COPIES = 2

Golden = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class RecordedNoise(FlatReference):
    """The reference task with the noise of a recording."""

    noises: tuple[Any, ...] = field(default=())

    def reset_noise(self, rng: np.random.Generator, model: mujoco.MjModel):
        return self.noises


class RecordedControls:
    """Replays recorded controls, whatever the state, and stores the states it was given."""

    def __init__(self, ctrl: NDArray[np.float64]) -> None:
        self._ctrl = ctrl
        self.states: list[NDArray[np.float64]] = []

    def act(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        ctrl = np.tile(self._ctrl[len(self.states)], (len(state), 1))
        self.states.append(state.copy())
        return ctrl


@pytest.fixture(params=ROBOTS)
def robot(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def golden(reference: Path, robot: str) -> Golden:
    with np.load(reference / "golden" / "rollouts" / f"{robot}.npz") as arrays:
        return dict(arrays)


@pytest.fixture
def body(reference: Path, robot: str) -> nx.DiGraph:
    (path,) = (reference / "unimal100").glob(f"*/{robot}.xml")
    return mjcf.read(path)


@pytest.fixture
def model(body: nx.DiGraph) -> mujoco.MjModel:
    return TASK.model(body)


@pytest.fixture
def layout(body: nx.DiGraph, model: mujoco.MjModel) -> BodyLayout:
    return BodyLayout.from_graph(body, model)


def padded(rows: NDArray[Any]) -> NDArray[Any]:
    """The 12 rows of the recording from one row for each node."""
    empty = np.zeros((SLOTS - len(rows), *rows.shape[1:]), dtype=rows.dtype)
    return np.concatenate([rows, empty])


def test_masks_and_edges(golden, layout):
    real = padded(np.ones(layout.n_nodes, dtype=bool))
    np.testing.assert_array_equal(golden["obs_padding_mask"], ~real)
    np.testing.assert_array_equal(golden["act_padding_mask"], ~padded(layout.joint_mask).ravel())
    np.testing.assert_array_equal(np.flatnonzero(~golden["act_padding_mask"]), layout.actions)
    nodes = layout.actions // 2
    edges = np.stack([nodes, layout.parents[nodes]], axis=1).ravel()
    np.testing.assert_array_equal(golden["edges"][: len(edges)], edges)


def test_initial_state(golden, model):
    np.testing.assert_allclose(model.qpos0, golden["qpos_loaded"], **EXACT)
    assert not golden["qvel_loaded"].any()


def test_context(golden, body, model):
    context = context_features(body, model, kind="reference")
    np.testing.assert_allclose(padded(context).ravel(), golden["context"], **EXACT)


@pytest.mark.parametrize("engine", [SerialPhysics, BatchedPhysics])
def test_every_step(golden, body, model, layout, engine):
    """States, observations, rewards, heights and falls over all 50 control steps."""
    qpos = np.tile(model.qpos0 + golden["noise_qpos"], (COPIES, 1))
    qvel = np.tile(golden["noise_qvel"], (COPIES, 1))
    physics = engine(model, qpos, qvel)
    reader = StateReader(layout, COPIES, world_y=True)
    torso = physics.xpos[:, layout.body_ids[0]]

    def check_state(row: int) -> None:
        state = reader.read(
            xpos=physics.xpos,
            xquat=physics.xquat,
            subtree_com=physics.subtree_com,
            cdof=physics.cdof,
            qpos=physics.qpos,
            qvel=physics.qvel,
        )
        for copy in range(COPIES):
            np.testing.assert_allclose(physics.qpos[copy], golden["qpos"][row], **EXACT)
            np.testing.assert_allclose(physics.qvel[copy], golden["qvel"][row], **EXACT)
            np.testing.assert_allclose(torso[copy], golden["torso_xpos"][row], **EXACT)
            observation = padded(state[copy]).ravel()
            np.testing.assert_allclose(observation, golden["proprioceptive"][row], **EXACT)
        heights = [golden["torso_height"][row]] * COPIES
        np.testing.assert_allclose(TASK.height(torso), heights, **EXACT)

    check_state(0)
    for step, ctrl in enumerate(golden["ctrl"]):
        before = torso.copy()
        physics.ctrl[:] = ctrl
        physics.step(np.arange(COPIES), TASK.physics_steps)
        check_state(step + 1)
        reward = sum(TASK.terms(before, torso).values())
        np.testing.assert_allclose(reward, [golden["reward"][step]] * COPIES, **EXACT)
        fell = TASK.fell(torso, TASK.fall_height(body))
        np.testing.assert_array_equal(fell, [golden["terminated"][step]] * COPIES)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_whole_rollout(golden, body, layout, engine):
    """The closed loop gives the policy the recorded states and ends at the recorded fall."""
    falls = np.flatnonzero(golden["terminated"])
    length = falls[0] + 1 if len(falls) else len(golden["ctrl"])
    policy = RecordedControls(golden["ctrl"])
    task = RecordedNoise(
        max_steps=len(golden["ctrl"]), noises=(golden["noise_qpos"], golden["noise_qvel"])
    )
    run = rollout(body, policy, task=task, episodes=COPIES, engine=engine)
    np.testing.assert_array_equal(run.lengths, [length] * COPIES)
    np.testing.assert_array_equal(run.fell, [len(falls) > 0] * COPIES)
    np.testing.assert_allclose(run.returns, [golden["reward"][:length].sum()] * COPIES, **EXACT)
    states = np.array(policy.states)[:, 0].reshape(length, -1)
    recorded = golden["proprioceptive"][:length, : layout.n_nodes * STATE_DIM]
    np.testing.assert_allclose(states, recorded, **EXACT)
