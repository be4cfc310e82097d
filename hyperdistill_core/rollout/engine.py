"""The closed loop of a rollout: state, policy, physics, reward."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Literal, TypeAlias, cast, get_args

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features import BodyLayout, StateReader
from hyperdistill_core.rollout.axes import in_axes_of
from hyperdistill_core.rollout.episode_statistics import EpisodeStatistics, Recorder
from hyperdistill_core.rollout.many_worlds import MakePhysics, physics_in
from hyperdistill_core.rollout.perturbation import Perturbation, Pushes, SensorNoise
from hyperdistill_core.rollout.physics import Physics, quiet_warnings, unstable_simulations
from hyperdistill_core.rollout.policy import ClockedPolicy, Policy, SeeingPolicy
from hyperdistill_core.rollout.result import Rollout
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import Episodes, Task
from hyperdistill_core.tasks.sight import sight
from hyperdistill_core.tasks.terrain import Worlds
from morph_ops import graph as body_graph
from morph_ops._registry import lookup

Engine: TypeAlias = Literal["batched", "serial"]
#: Names of the engines.
ENGINES: tuple[Engine, ...] = get_args(Engine)
#: Most episodes that run at once: their states and poses are in memory.
LOCKSTEP = 64


def rollout(
    graph: nx.DiGraph[str],
    policy: Policy,
    *,
    task: Task,
    episodes: int,
    seed: int = 0,
    first_episode: int = 0,
    engine: Engine = "batched",
    record_trajectory: bool = False,
    measure_gait: bool = False,
    perturbation: Perturbation | None = None,
) -> Rollout:
    """Run episodes of a body under a policy.

    The episodes run in lockstep, :data:`LOCKSTEP` at a time, so that memory does not grow with
    their number; the result does not depend on that. The physics drops an episode as soon as it has
    ended; the policy's batch drops ended episodes once they are half of it, in both engines alike.
    The rollout stops when all episodes have ended or a simulation becomes unstable; episodes after
    an unstable one have a length of 0.

    Args:
        graph: The body.
        policy: Policy of this body.
        task: World, reward, and end of an episode.
        episodes: Number of episodes, E.
        seed: Seed of the run. With the number of an episode it determines the noise on its
            initial state, whatever the body.
        first_episode: Number of the first episode.
        engine: "batched", or "serial" for the reference.
        record_trajectory: Whether to keep states, controls and rewards of all control steps. All
            episodes run at once then.
        measure_gait: Whether to measure :attr:`Rollout.gait`, which takes a few percent more time.
        perturbation: Physics, sensor noise and pushes that differ from the body's own.

    Returns:
        The result, also if the simulation becomes unstable.

    Examples:
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.graph import joints
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> class Rest:
        ...     def act(self, state):
        ...         return np.zeros((len(state), len(list(joints(body)))))
        >>> result = rollout(body, Rest(), task=get_task("flat"), episodes=2)
        >>> result.returns.shape, result.unstable
        ((2,), False)

    Raises:
        ValueError: ``episodes`` is below 1.
        UnknownNameError: The engine is unknown.
        BodyError: The graph is not a valid body.
        BodyError: MuJoCo cannot compile the model.
    """
    if episodes < 1:
        raise ValueError(f"episodes: expected at least 1, got {episodes}")
    make_physics: MakePhysics = lookup(
        {"batched": _batched, "serial": SerialPhysics}, engine, what="engine"
    )
    run = partial(
        _lockstep,
        graph,
        policy,
        make_physics,
        task=task,
        seed=seed,
        record_trajectory=record_trajectory,
        measure_gait=measure_gait,
        perturbation=perturbation,
    )
    if record_trajectory:
        return run(episodes=episodes, first_episode=first_episode)
    result: Rollout | None = None
    for done in range(0, episodes, LOCKSTEP):
        number = min(LOCKSTEP, episodes - done)
        part = run(episodes=number, first_episode=first_episode + done)
        if part.unstable:
            return _unstable(result, part, episodes, task)
        result = part if result is None else result.joined(part)
    return cast("Rollout", result)


def _unstable(before: Rollout | None, part: Rollout, episodes: int, task: Task) -> Rollout:
    """The rollout whose episodes after ``before`` became unstable; the later ones never ran."""
    parts = [part] if before is None else [before, part]
    lengths, fell = np.zeros(episodes, dtype=np.intp), np.zeros(episodes, dtype=np.bool_)
    done = sum(len(each.lengths) for each in parts)
    lengths[:done] = np.concatenate([each.lengths for each in parts])
    fell[:done] = np.concatenate([each.fell for each in parts])
    worst = np.full(episodes, task.worst_score)
    return Rollout(
        returns=worst,
        terms={"unstable": worst},
        lengths=lengths,
        fell=fell,
        distance=np.zeros(episodes),
        speed=np.zeros(episodes),
        unstable=True,
        seconds=sum(each.seconds for each in parts),
    )


def _lockstep(
    graph: nx.DiGraph[str],
    policy: Policy,
    make_physics: MakePhysics,
    *,
    task: Task,
    episodes: int,
    seed: int,
    first_episode: int,
    record_trajectory: bool,
    measure_gait: bool,
    perturbation: Perturbation | None,
) -> Rollout:
    """Run episodes that are all in memory."""
    began = time.perf_counter()
    worlds = task.worlds(seed, episodes, first_episode)
    models = task.models(graph, worlds.worlds)
    model = models[0]
    layout = BodyLayout.from_graph(graph, model)
    if perturbation is not None:
        for each in models:
            perturbation.change(each)
    # On the way to an instability numbers may overflow: the result reports it, not numpy.
    with quiet_warnings(), np.errstate(over="ignore", invalid="ignore"):
        states = task.initial_states(
            model, seed=seed, episodes=episodes, first_episode=first_episode
        )
        physics = physics_in(models, *states, make=make_physics)
        recorder = None
        if record_trajectory or measure_gait:
            recorder = Recorder(physics, task.max_steps, poses=measure_gait)
        torso = physics.xpos[:, layout.body_ids[0]]
        which = worlds.of_episodes(episodes)
        of_episodes = worlds.of_numbers(which)
        kept = task.begin(graph, model, physics, of_episodes)
        statistics = EpisodeStatistics(
            torso,
            physics.ctrl,
            task,
            task.fall_heights(graph, of_episodes),
            ground=partial(worlds.ground, which),
            episodes=kept,
        )
        numbers = range(first_episode, first_episode + episodes)
        pushes = noise = None
        if perturbation is not None and perturbation.push:
            pushes = Pushes(perturbation, model, layout, task, seed=seed, episodes=numbers)
        if perturbation is not None and perturbation.sensor_noise:
            noise = SensorNoise(perturbation.noise_deviation, seed=seed, episodes=numbers)
        see = partial(_sight, physics, int(layout.body_ids[0]), worlds, which, kept)
        turn = partial(in_axes_of, task, episodes=kept)
        _close_loop(
            physics, policy, layout, model, task, statistics, recorder, pushes, noise, see, turn
        )
    unstable = bool(unstable_simulations(physics.warning, physics.qpos).any())
    result = statistics.result(unstable=unstable, recorder=recorder if record_trajectory else None)
    if measure_gait and recorder is not None and not result.unstable:
        own = body_graph.physics(graph) is not None
        gait = recorder.gait(result.lengths, layout, model, task, worlds, own_physics=own)
        result = replace(result, gait=gait)
    return replace(result, seconds=time.perf_counter() - began)


def _batched(
    model: mujoco.MjModel, qpos: NDArray[np.float64], qvel: NDArray[np.float64]
) -> Physics:
    # The import is here because the serial engine works without mjbatch.
    from hyperdistill_core.rollout.batched import BatchedPhysics

    return BatchedPhysics(model, qpos, qvel)


def _close_loop(
    physics: Physics,
    policy: Policy,
    layout: BodyLayout,
    model: mujoco.MjModel,
    task: Task,
    statistics: EpisodeStatistics,
    recorder: Recorder | None,
    pushes: Pushes | None,
    noise: SensorNoise | None,
    see: Callable[[NDArray[np.intp], int], NDArray[np.float64]],
    turn: Callable[..., NDArray[np.float64]],
) -> None:
    """Run the episodes to their ends, or until a simulation becomes unstable."""
    rows, n_steps = statistics.running, task.steps_of(model)
    reader = StateReader(layout, len(rows), world_y=task.world_y)
    clocked = isinstance(policy, ClockedPolicy) and policy.clock_harmonics > 0
    samples = policy.terrain_dim if isinstance(policy, SeeingPolicy) else 0
    for step in range(task.max_steps):
        running = statistics.running
        if len(running) == 0:
            return
        # The state reader and the policy process ended episodes, too, until these are half of
        # the batch: that is cheaper than a selection of rows from every array at each step.
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
        if statistics.ground is not None and not task.world_z:
            state[:, :, 2] -= _rows(statistics.ground, rows)[:, None]
        state = turn(state, rows=rows)
        if noise is not None:
            state = noise.added(state, rows=rows)
        # A slice is several times faster to write than a list of rows.
        written = slice(None) if len(rows) == len(physics.ctrl) else rows
        extra: dict[str, Any] = {"time": step * task.control_dt} if clocked else {}
        if samples:
            extra["heights"] = see(rows, samples)
        physics.ctrl[written] = policy.act(state, **extra)
        change = pushes.at(step) if pushes else None
        if change is not None:
            physics.accelerate(change)
        physics.step(running, n_steps)
        if recorder is not None:
            recorder.record()
        statistics.add()
        # The cheap check comes first: most rollouts have no warning of any kind.
        if (
            np.count_nonzero(physics.warning)
            and unstable_simulations(physics.warning, physics.qpos).any()
        ):
            return


def _sight(
    physics: Physics,
    torso: int,
    worlds: Worlds,
    which: NDArray[np.intp],
    episodes: Episodes | None,
    rows: NDArray[np.intp],
    numbers: int,
) -> NDArray[np.float64]:
    """What the controllers of some episodes see (R, numbers)."""
    position, quat = physics.xpos[:, torso], physics.xquat[:, torso]
    return sight(worlds, which, position, quat, numbers, episodes)[rows]


def _rows(array: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Some rows of an array, or the array itself, without a copy, if these are all rows."""
    return array if len(rows) == len(array) else array.take(rows, axis=0)
