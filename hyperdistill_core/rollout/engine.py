"""The closed loop: state, controller, physics, reward."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, Protocol, TypeAlias, get_args, runtime_checkable

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features import BodyLayout, StateReader
from hyperdistill_core.rollout.episode_statistics import EpisodeStatistics, Recorder
from hyperdistill_core.rollout.physics import Physics, quiet_warnings, unstable_simulations
from hyperdistill_core.rollout.result import Rollout
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import Task
from morph_ops._registry import lookup

Engine: TypeAlias = Literal["batched", "serial"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
_MakePhysics: TypeAlias = Callable[
    [mujoco.MjModel, NDArray[np.float64], NDArray[np.float64]], Physics
]


class Policy(Protocol):
    """Whatever controls one body."""

    def act(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        """Controls from states.

        Args:
            state: (E, n, 17), see ``hyperdistill_core.features.STATE``; it is overwritten
                at the next control step.

        Returns:
            (E, nu) in the order of the body's motors; MuJoCo clamps them to their range.
        """
        ...


@runtime_checkable
class ClockedPolicy(Protocol):
    """Whatever controls one body and may hear a clock.

    Attributes:
        clock_harmonics: harmonics that it hears; with 0 it is given no time.
    """

    clock_harmonics: int

    def act(self, state: NDArray[np.float64], *, time: float | None = None) -> NDArray[np.float64]:
        """As :meth:`Policy.act`, with the time since the episodes began (s)."""
        ...


def rollout(
    graph: nx.DiGraph[str],
    controller: Policy,
    *,
    task: Task,
    episodes: int,
    seed: int = 0,
    first_episode: int = 0,
    engine: Engine = "batched",
    record_trajectory: bool = False,
    measure_gait: bool = False,
) -> Rollout:
    """Run some episodes of a seed.

    The episodes run in lockstep. One that has ended is dropped from the physics at once and
    from the controller's batch when half of that have ended, in both engines alike, and the
    rollout stops when all have ended, or when a simulation blows up.

    Args:
        graph: the body.
        controller: of this body.
        task: what to do.
        episodes: how many, E.
        seed: with the episode's number it determines the start, whatever the body.
        first: number of the first episode.
        engine: "batched", or "serial" for the reference.
        record_trajectory: keep the states and controls.
        measure_gait: find out how the body moved, :attr:`Rollout.gait`; some percent slower.

    Returns:
        The result; a body that blows up is a result as well.

    Raises:
        ValueError: ``episodes`` is below 1.
        UnknownNameError: there is no such engine.
        BodyError: the graph is no body, or MuJoCo cannot compile it.
    """
    if episodes < 1:
        raise ValueError(f"episodes: expected at least 1, got {episodes}")
    make_physics = lookup({"batched": _batched, "serial": SerialPhysics}, engine, what="engine")
    began = time.perf_counter()
    model = task.model(graph)
    layout = BodyLayout.from_graph(graph, model)
    # On its way to a blow-up a body's numbers may overflow: the result says so, not numpy.
    with quiet_warnings(), np.errstate(over="ignore", invalid="ignore"):
        physics = make_physics(model, *task.initial_states(model, seed=seed, episodes=episodes, first_episode=first_episode))
        recorder = Recorder(physics, task.max_steps, poses=measure_gait) if record_trajectory or measure_gait else None
        statistics = EpisodeStatistics(physics.xpos[:, layout.body_ids[0]], task, task.fall_height(graph))
        _close_loop(physics, controller, layout, task, statistics, recorder)
    unstable = bool(unstable_simulations(physics.warning, physics.qpos).any())
    result = statistics.result(unstable=unstable, recorder=recorder if record_trajectory else None)
    if measure_gait and recorder is not None and not result.unstable:
        gait = recorder.gait(result.lengths, layout, model, task.ground_m)
        result = replace(result, gait=gait)
    return replace(result, seconds=time.perf_counter() - began)


def _batched(
    model: mujoco.MjModel, qpos: NDArray[np.float64], qvel: NDArray[np.float64]
) -> Physics:
    # Imported late: the serial engine works without mjbatch.
    from hyperdistill_core.rollout.batched import BatchedPhysics

    return BatchedPhysics(model, qpos, qvel)


def _close_loop(
    physics: Physics,
    controller: Policy,
    layout: BodyLayout,
    task: Task,
    statistics: EpisodeStatistics,
    recorder: Recorder | None,
) -> None:
    """Run the episodes to their ends, or until a simulation blows up."""
    rows = statistics.running
    reader = StateReader(layout, len(rows), world_y=task.world_y)
    timed = controller if isinstance(controller, ClockedPolicy) and controller.clock_harmonics else None
    for step in range(task.max_steps):
        running = statistics.running
        if len(running) == 0:
            return
        # Ended episodes are read and controlled along with the others, until they are half
        # of all: that is cheaper than picking rows out of every array at each step.
        if 2 * len(running) <= len(rows):
            rows = running
            reader = StateReader(layout, len(rows), world_y=task.world_y)
        state = reader.read(
            xpos=_rows(physics.xpos, rows),
            xquat=_rows(physics.xquat, rows),
            subtree_com=_rows(physics.subtree_com, rows),
            cdof=_rows(physics.cdof, rows),
            qpos=_rows(physics.qpos, rows),
            qvel=_rows(physics.qvel, rows),
        )
        # A slice is written several times faster than rows that are named one by one.
        written = slice(None) if len(rows) == len(physics.ctrl) else rows
        physics.ctrl[written] = (
            timed.act(state, time=step * task.control_dt) if timed else controller.act(state)
        )
        physics.step(running, task.physics_steps)
        if recorder is not None:
            recorder.write()
        statistics.add()
        # The cheap look first: most rollouts never see a warning of any kind.
        if (
            np.count_nonzero(physics.warning)
            and unstable_simulations(physics.warning, physics.qpos).any()
        ):
            return


def _rows(array: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Some rows of an array; the array itself, uncopied, where that is all of them."""
    return array if len(rows) == len(array) else array.take(rows, axis=0)
