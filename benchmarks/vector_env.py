"""Control steps per second of a vector env, against the physics that it contains.

    python benchmarks/vector_env.py [ROBOT.xml ...] [--training-set FILE.jsonl] [--bodies 100]
        [--envs 8]

Three methods to simulate many bodies in several simulations each:

    vector_env  VectorEnv on workers: states, rewards, ends of episodes, and resets
    mjbatch     the physics alone, body by body with mjbatch, in as many processes
    mj_step     the physics alone, mj_step for each simulation, in as many processes

All methods apply the same actions, drawn in advance: a policy without cost. A body that falls is
reset, and a body on the ground costs other physics than an upright one. Therefore the vector env
runs first, and the benchmark notes when its episodes end. The other methods then reset each
simulation after the same steps, to the same initial states. All methods must arrive at the same
heights of the torsos. The vector env alone spends time to detect the end of an episode and to
draw an initial state: the other methods get both in advance.

The methods take turns, and each repeat continues where the previous one ended. The first repeat
does not count. The speed of the vector env is that of its slowest worker, waiting included. The
speeds of the other methods are sums over their processes, which do not wait for each other. The
result to watch is the speed of the vector env over that of the faster other method, as the median
over the repeats.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from open_loops import OPEN_LOOPS, BenchmarkSettings, OpenLoopWorkers
from rich.console import Console
from rich.table import Table

from hyperdistill_core.errors import TrainingError
from hyperdistill_core.parallel.vector_env import VectorEnv
from hyperdistill_core.tasks import TASKS
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.errors import BodyError
from morph_ops.io import mjcf
from morph_ops.sampling import sample_body

GOAL = 0.75
METHODS = ("vector_env", *OPEN_LOOPS)


@dataclass(frozen=True)
class Repeat:
    """The result of one repeat.

    Attributes:
        n_ends: Number of episodes that ended.
        speeds: Control steps per second of each method.
    """

    n_ends: int
    speeds: dict[str, float]

    @property
    def ratio(self) -> float:
        """Speed of the vector env over that of the faster other method."""
        return self.speeds["vector_env"] / max(self.speeds[method] for method in OPEN_LOOPS)


def main() -> None:
    """Measure, and print the table."""
    parser = _parser()
    options = parser.parse_args()
    try:
        graphs = _bodies(options)
    except (BodyError, TrainingError) as error:
        parser.error(str(error))
    settings = BenchmarkSettings(
        task=options.task,
        n_envs=options.envs,
        n_max=max(map(len, graphs)),
        n_parts=options.parts,
        steps=options.steps,
        action_std=options.action_std,
        seed=options.seed,
    )
    repeats = measure(graphs, settings, workers=options.workers, repeats=options.repeats)
    Console().print(_table(repeats, len(graphs), settings, options.workers))


def measure(
    graphs: Sequence[nx.DiGraph[str]], settings: BenchmarkSettings, *, workers: int, repeats: int
) -> list[Repeat]:
    """Measure the three methods.

    Args:
        graphs: Bodies.
        settings: What all methods have in common.
        workers: Number of processes of each method.
        repeats: Number of repeats that count.

    Raises:
        RuntimeError: Two methods did not arrive at the same states, or a process failed.
    """
    open_loops = OpenLoopWorkers(graphs, settings, workers=workers)
    with VectorEnv(
        graphs,
        task=settings.task,
        n_envs=settings.n_envs,
        n_max=settings.n_max,
        n_workers=workers,
        seed=settings.seed,
        n_parts=settings.n_parts,
    ) as env:
        measured: list[Repeat] = []
        for repeat in range(repeats + 1):
            seconds, done = _run_vector_env(env, repeat, settings)
            speeds = {"vector_env": done.size / seconds}
            heights = env.state[:, :, 0, 2]
            for method in OPEN_LOOPS:
                speeds[method] = open_loops.run(method, repeat, done, heights)
            measured.append(Repeat(int(done.sum()), speeds))
    open_loops.close()
    return measured[1:]


def _run_vector_env(
    env: VectorEnv, repeat: int, settings: BenchmarkSettings
) -> tuple[float, NDArray[np.bool_]]:
    """Return the duration of the steps (s), and (T, A, E) which step ended an episode."""
    slots = range(env.shape.n_active)
    actions = np.stack([settings.actions(repeat, slot) for slot in slots], axis=1)
    done = np.zeros(actions.shape[:3], dtype=bool)
    parts = list(enumerate(env.parts))
    begin = time.perf_counter()
    for part, slots in parts:
        env.step_async(actions[0, slots], part=part)
    for step in range(settings.steps):
        for part, slots in parts:
            result = env.step_wait(part=part)
            np.logical_or(result.terminated, result.truncated, out=done[step, slots])
            if step + 1 < settings.steps:
                env.step_async(actions[step + 1, slots], part=part)
    return time.perf_counter() - begin, done


def _bodies(options: argparse.Namespace) -> list[nx.DiGraph[str]]:
    """Robots from files, or bodies drawn from a training set, or else sampled bodies."""
    if options.robot:
        return [mjcf.read(path) for path in options.robot]
    if options.training_set is not None:
        graphs = TrainingSet.read(options.training_set).graphs
        number: int = min(options.bodies, len(graphs))
        rng = np.random.default_rng(options.seed)
        drawn: list[int] = rng.choice(len(graphs), number, replace=False).tolist()
        return [graphs[index] for index in drawn]
    seeds = np.random.SeedSequence(options.seed).spawn(options.bodies)
    return [sample_body(np.random.default_rng(seed)) for seed in seeds]


def _table(
    repeats: list[Repeat], n_bodies: int, settings: BenchmarkSettings, workers: int
) -> Table:
    title = f"control steps per second, {n_bodies} bodies x {settings.n_envs} simulations"
    title += f", {settings.steps} control steps a repeat"
    title += f", {workers} workers, {settings.n_parts} part(s)"
    table = Table(title=title)
    for column in ("repeat", "ends", *METHODS, "ratio"):
        table.add_column(column, justify="left" if column == "repeat" else "right")
    for number, repeat in enumerate(repeats, start=1):
        speeds = [f"{repeat.speeds[method]:,.0f}" for method in METHODS]
        table.add_row(str(number), f"{repeat.n_ends:,}", *speeds, f"{repeat.ratio:.3f}")
    table.add_section()
    medians = [f"{median(repeat.speeds[method] for repeat in repeats):,.0f}" for method in METHODS]
    ratio = f"{median(repeat.ratio for repeat in repeats):.3f}"
    table.add_row(f"median (goal {GOAL:.2f})", "", *medians, ratio)
    return table


def _parser() -> argparse.ArgumentParser:
    summary = "Control steps per second of a vector env, against the physics that it contains."
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("robot", nargs="*", type=Path, help="MJCF files (default: sampled bodies)")
    parser.add_argument("--training-set", type=Path, help="draw the bodies from this training set")
    parser.add_argument("--bodies", type=int, default=100, help="number of sampled or drawn bodies")
    parser.add_argument("--envs", type=int, default=8, help="number of simulations of each body")
    parser.add_argument("--parts", type=int, default=1, help="number of parts of the vector env")
    parser.add_argument("--steps", type=int, default=50, help="control steps of a repeat")
    parser.add_argument(
        "--action-std", type=float, default=0.8, help="standard deviation of the actions"
    )
    parser.add_argument("--task", default="flat", choices=sorted(TASKS), help="task of the bodies")
    parser.add_argument("--repeats", type=int, default=10, help="number of repeats that count")
    parser.add_argument("--seed", type=int, default=0, help="seed of bodies, actions and resets")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count(), help="number of processes of each method"
    )
    return parser


if __name__ == "__main__":
    main()
