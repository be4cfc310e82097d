"""Control steps per second of rollouts, compared with the physics that they contain.

    python benchmarks/rollout.py [ROBOT.xml ...] [--robots 20] [--episodes 8] [--repeats 5]

Three methods compute the same states of each body:

    closed  rollout(): states, policy, physics, rewards
    replay  the batched engine alone with the controls that "closed" recorded
    plain   mj_step in a loop over the episodes with the same controls

Each method starts from the body graph, compiles the model, and must end in the same state. Each
worker process, one for each core, runs one body at a time. The three methods of a body alternate,
and the median of the repeats counts. Speeds are summed over the workers. The figure of merit is the
speed of "closed" divided by that of the faster of the other two.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from hyperdistill_core.controller.controller import Controller, ControllerError
from hyperdistill_core.rollout import Rollout, rollout
from hyperdistill_core.rollout.batched import BatchedPhysics
from hyperdistill_core.rollout.many_worlds import physics_in
from hyperdistill_core.tasks import TASKS, Task, get_task
from morph_ops.errors import BodyError
from morph_ops.graph import joints, limbs
from morph_ops.io import mjcf
from morph_ops.sampling import sample_body

GOAL = 0.80
METHODS = ("closed", "replay", "plain")


@dataclass(frozen=True)
class Settings:
    """Settings that all bodies share."""

    controller: str
    task: str
    max_steps: int
    episodes: int
    repeats: int
    seed: int


@dataclass(frozen=True)
class Timing:
    """Times of one body.

    Attributes:
        robot: Name for the table.
        limbs: Number of limbs of the body.
        joints: Number of hinges of the body.
        steps: Number of control steps of one repeat, over all episodes.
        seconds: Median time of a repeat by method (s).
    """

    robot: str
    limbs: int
    joints: int
    steps: int
    seconds: dict[str, float]


def main() -> None:
    """Measure and print the table."""
    parser = _parser()
    options = parser.parse_args()
    settings = Settings(
        controller=options.controller,
        task=options.task,
        max_steps=options.max_steps,
        episodes=options.episodes,
        repeats=options.repeats,
        seed=options.seed,
    )
    robots: list[Path | int] = options.robot or list(range(options.robots))
    # Workers import numpy after this; more threads would compete with the other workers.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.workers, mp_context=context) as pool:
        try:
            timings = list(pool.map(measure, robots, [settings] * len(robots)))
        except (BodyError, ControllerError) as error:
            parser.error(str(error))
    Console().print(_table(timings, options.workers))


def measure(robot: Path | int, settings: Settings) -> Timing:
    """Time the three methods for a robot's file, or for a sampled body by its number.

    Args:
        robot: MJCF file of a robot, or number of a sampled body.
        settings: Settings of the benchmark.

    Raises:
        RuntimeError: A simulation becomes unstable.
        RuntimeError: Two methods do not end in the same state.
    """
    if isinstance(robot, Path):
        name, graph = robot.stem, mjcf.read(robot)
    else:
        seeds = np.random.SeedSequence(settings.seed, spawn_key=(robot,))
        name, graph = f"sampled {robot}", sample_body(np.random.default_rng(seeds))
    task = replace(get_task(settings.task), max_steps=settings.max_steps)
    controller = Controller.load(settings.controller).for_body(graph, task.model(graph))

    def closed(*, record_trajectory: bool = False) -> Rollout:
        return rollout(
            graph,
            controller,
            task=task,
            episodes=settings.episodes,
            seed=settings.seed,
            record_trajectory=record_trajectory,
        )

    recorded = closed(record_trajectory=True)
    if recorded.unstable or recorded.qpos is None or recorded.ctrl is None:
        raise RuntimeError(f"{name}: expected a stable simulation to replay, got an unstable one")
    ctrl, lengths = recorded.ctrl, recorded.lengths
    for method in (_replay, _plain):
        if not np.array_equal(method(graph, task, settings.seed, ctrl, lengths), recorded.qpos[-1]):
            raise RuntimeError(f"{name}: {method.__name__} did not end in the state of the rollout")
    methods: dict[str, Callable[[], object]] = {
        "closed": closed,
        "replay": lambda: _replay(graph, task, settings.seed, ctrl, lengths),
        "plain": lambda: _plain(graph, task, settings.seed, ctrl, lengths),
    }
    return Timing(
        robot=name,
        limbs=len(limbs(graph)),
        joints=len(list(joints(graph))),
        steps=recorded.control_steps,
        seconds=_alternate(methods, settings.repeats),
    )


def _alternate(methods: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    seconds: dict[str, list[float]] = {method: [] for method in methods}
    for _ in range(repeats):
        for method, run in methods.items():
            began = time.perf_counter()
            run()
            seconds[method].append(time.perf_counter() - began)
    return {method: median(times) for method, times in seconds.items()}


def _replay(
    graph: nx.DiGraph[str],
    task: Task,
    seed: int,
    ctrl: NDArray[np.float64],
    lengths: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Last positions (E, nq) of the batched engine under recorded controls."""
    models, qpos, qvel = _start(graph, task, seed, len(lengths))
    physics = physics_in(models, qpos, qvel, make=BatchedPhysics)
    ends = set(lengths.tolist())
    running = np.arange(len(lengths))
    for step, controls in enumerate(ctrl):
        if step in ends:
            running = np.flatnonzero(lengths > step)
        physics.ctrl[:] = controls
        physics.step(running, task.physics_steps)
    return physics.qpos


def _plain(
    graph: nx.DiGraph[str],
    task: Task,
    seed: int,
    ctrl: NDArray[np.float64],
    lengths: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Last positions (E, nq) of ``mj_step`` loops under recorded controls."""
    models, qpos, qvel = _start(graph, task, seed, len(lengths))
    states = [mujoco.MjData(model) for model in models]
    for episode, length in enumerate(lengths):
        model, data = models[episode % len(models)], states[episode % len(models)]
        mujoco.mj_resetData(model, data)
        data.qpos[:], data.qvel[:] = qpos[episode], qvel[episode]
        mujoco.mj_forward(model, data)
        for controls in ctrl[:length, episode]:
            data.ctrl[:] = controls
            mujoco.mj_step(model, data, nstep=task.physics_steps)
        qpos[episode] = data.qpos
    return qpos


def _start(
    graph: nx.DiGraph[str], task: Task, seed: int, episodes: int
) -> tuple[list[mujoco.MjModel], NDArray[np.float64], NDArray[np.float64]]:
    """The models of all episodes, or one for all, and their initial states."""
    models = [task.model(graph, world) for world in task.worlds(seed, episodes).worlds]
    return models, *task.initial_states(models[0], seed=seed, episodes=episodes)


def _table(timings: list[Timing], workers: int) -> Table:
    table = Table(title=f"control steps per second, {workers} workers with one body each")
    for column in ("body", "limbs", "joints", "steps", *METHODS, "ratio"):
        table.add_column(column, justify="left" if column == "body" else "right")

    def row(name: str, sizes: tuple[str, str], steps: int, seconds: dict[str, float]) -> None:
        speeds = {method: workers * steps / seconds[method] for method in METHODS}
        ratio = speeds["closed"] / max(speeds["replay"], speeds["plain"])
        figures = [f"{speeds[method]:,.0f}" for method in METHODS]
        table.add_row(name, *sizes, f"{steps:,}", *figures, f"{ratio:.3f}")

    for timing in timings:
        sizes = (str(timing.limbs), str(timing.joints))
        row(timing.robot, sizes, timing.steps, timing.seconds)
    table.add_section()
    total = {method: sum(timing.seconds[method] for timing in timings) for method in METHODS}
    row(f"all (goal {GOAL:.2f})", ("", ""), sum(timing.steps for timing in timings), total)
    return table


def _parser() -> argparse.ArgumentParser:
    summary = "Control steps per second of rollouts, compared with the physics that they contain."
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("robot", nargs="*", type=Path, help="MJCF files (default: sampled bodies)")
    parser.add_argument("--robots", type=int, default=20, help="number of sampled bodies")
    parser.add_argument("--controller", default="flat-v3", help="name or file of a controller")
    parser.add_argument("--task", default="flat", choices=sorted(TASKS), help="task of the bodies")
    parser.add_argument("--max-steps", type=int, default=1000, help="control steps in an episode")
    parser.add_argument("--episodes", type=int, default=8, help="episodes of each body")
    parser.add_argument("--repeats", type=int, default=5, help="number of repeats")
    parser.add_argument("--seed", type=int, default=0, help="seed of bodies and episodes")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="number of processes")
    return parser


if __name__ == "__main__":
    main()
