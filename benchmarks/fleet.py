"""Control steps per second of a fleet, against the physics that it contains.

    python benchmarks/fleet.py [ROBOT.xml ...] [--pool POOL.jsonl] [--bodies 100] [--envs 8]

Three ways to the same states of many bodies in several simulations each:

    fleet   Fleet: states, rewards, endings and starts of new episodes, on workers
    batch   the physics alone, body by body with mjbatch, in as many processes
    plain   the physics alone, mj_step for each simulation, in as many processes

All take the same actions, drawn beforehand: a policy of no cost. Bodies that fall start
again, and a body on the ground costs other physics than one that stands. So the fleet goes
first and its endings are noted; the other ways then start each simulation anew after the
same steps, from the same starts, and all must come to the same heights of the torsos. What
the fleet does to know of an ending and to draw a start counts for it alone: the others are
told beforehand.

The ways take turns, and what one repeat leaves is where the next goes on; the first is not
counted. A fleet's speed is that of its slowest worker, waiting included; the speeds of the
other ways are summed over their processes, which wait for nobody. The number to watch is the
fleet's speed over that of the faster of the other two, the median over the repeats.
"""

from __future__ import annotations

import argparse
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import mujoco
import networkx as nx
import numpy as np
from mjbatch import Batch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from hyperdistill_core.features import BodyLayout
from hyperdistill_core.parallel.env_shard import Starts
from hyperdistill_core.parallel.vector_env import RUNNING, VectorEnv
from hyperdistill_core.rollout import quiet_warnings
from hyperdistill_core.tasks import TASKS, get_task
from hyperdistill_core.training.training_sets.training_set import TrainingSet
from morph_ops.errors import BodyError
from morph_ops.io import mjcf
from morph_ops.sampling import sample_body

GOAL = 0.75
TOLERANCE_M = 1e-5


@dataclass(frozen=True)
class Settings:
    """What is the same for all ways.

    Attributes:
        task: name of the task.
        n_envs: E, simulations a body.
        n_max: N, limbs of the largest body.
        n_parts: parts of the fleet: with two a worker need not wait for the other.
        steps: T, control steps of a repeat.
        action_std: deviation of the actions.
        seed: of bodies, actions and starts.
    """

    task: str
    n_envs: int
    n_max: int
    n_parts: int
    steps: int
    action_std: float
    seed: int

    def actions(self, repeat: int, slot: int) -> NDArray[np.float32]:
        """(T, E, N, 2) of a body."""
        rng = np.random.default_rng([self.seed, repeat, slot])
        shape = (self.steps, self.n_envs, self.n_max, 2)
        return self.action_std * rng.standard_normal(shape, dtype=np.float32)


@dataclass(frozen=True)
class Repeat:
    """What came of one repeat.

    Attributes:
        ends: episodes that ended.
        speeds: control steps per second by way.
    """

    ends: int
    speeds: dict[str, float]

    @property
    def ratio(self) -> float:
        """Speed of the fleet over that of the faster of the other ways."""
        return self.speeds["fleet"] / max(self.speeds[way] for way in OPEN_LOOPS)


def main() -> None:
    """Measure and print the table."""
    parser = _parser()
    options = parser.parse_args()
    try:
        graphs = _bodies(options)
    except BodyError as error:
        parser.error(str(error))
    settings = Settings(
        task=options.task,
        n_envs=options.envs,
        n_max=max(map(len, graphs)),
        n_parts=options.parts,
        steps=options.steps,
        action_std=options.action_std,
        seed=options.seed,
    )
    # Workers load numpy after this; its threads would compete with the other workers.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    repeats = measure(graphs, settings, workers=options.workers, repeats=options.repeats)
    Console().print(_table(repeats, len(graphs), settings, options.workers))


def measure(
    graphs: Sequence[nx.DiGraph[str]], settings: Settings, *, workers: int, repeats: int
) -> list[Repeat]:
    """Time the three ways.

    Raises:
        RuntimeError: two ways did not come to the same states.
    """
    order = sorted(range(len(graphs)), key=lambda slot: -len(graphs[slot]))
    shares = [order[worker::workers] for worker in range(workers)]
    context = get_context("spawn")
    pipes: list[Connection] = []
    for share in shares:
        pipe, theirs = context.Pipe()
        bodies = {slot: graphs[slot] for slot in share}
        context.Process(target=_serve, args=(theirs, bodies, settings), daemon=True).start()
        theirs.close()
        pipes.append(pipe)
    done = []
    with VectorEnv(
        graphs,
        task=settings.task,
        n_envs=settings.n_envs,
        n_max=settings.n_max,
        n_workers=workers,
        seed=settings.seed,
        n_parts=settings.n_parts,
    ) as fleet:
        for repeat in range(repeats + 1):
            seconds, ended = _run_fleet(fleet, repeat, settings)
            speeds = {"fleet": ended.size / seconds}
            heights = fleet.state[:, :, 0, 2]
            for way in OPEN_LOOPS:
                for pipe, share in zip(pipes, shares, strict=True):
                    pipe.send((way, repeat, ended[:, share]))
                speeds[way] = 0.0
                for pipe, share in zip(pipes, shares, strict=True):
                    seconds, theirs = pipe.recv()
                    if not np.allclose(theirs, heights[share], atol=TOLERANCE_M):
                        raise RuntimeError(f"{way} did not come to the states of the fleet")
                    speeds[way] += settings.steps * theirs.size / seconds
            done.append(Repeat(int(ended.sum()), speeds))
    return done[1:]


def _run_fleet(fleet: VectorEnv, repeat: int, settings: Settings) -> tuple[float, NDArray[np.bool_]]:
    """Seconds that the steps took, and (T, A, E) whether an episode ended with each."""
    slots = range(fleet.shape.n_active)
    actions = np.stack([settings.actions(repeat, slot) for slot in slots], axis=1)
    ended = np.zeros(actions.shape[:3], dtype=bool)
    parts = list(enumerate(fleet.parts))
    began = time.perf_counter()
    for part, slots in parts:
        fleet.step_async(actions[0, slots], part=part)
    for step in range(settings.steps):
        for part, slots in parts:
            np.not_equal(fleet.step_wait(part=part)[1], RUNNING, out=ended[step, slots])
            if step + 1 < settings.steps:
                fleet.step_async(actions[step + 1, slots], part=part)
    return time.perf_counter() - began, ended


def _serve(pipe: Connection, graphs: dict[int, nx.DiGraph[str]], settings: Settings) -> None:
    """A process of the open loops: bodies by slot, twice; answers until the pipe closes."""
    ways = {
        way: [loop(graph, slot, settings) for slot, graph in graphs.items()]
        for way, loop in OPEN_LOOPS.items()
    }
    with quiet_warnings(), suppress(EOFError):
        while True:
            way, repeat, ended = pipe.recv()
            bodies = ways[way]
            for row, body in enumerate(bodies):
                body.prepare(repeat, ended[:, row])
            began = time.perf_counter()
            for step in range(settings.steps):
                for body in bodies:
                    body.step(step)
            seconds = time.perf_counter() - began
            pipe.send((seconds, np.stack([body.heights() for body in bodies])))


class OpenLoop(ABC):
    """A body whose controls, endings and starts are known before each repeat.

    Args:
        graph: the body.
        slot: its slot in the fleet.
        settings: of the benchmark.
    """

    def __init__(self, graph: nx.DiGraph[str], slot: int, settings: Settings) -> None:
        task = get_task(settings.task)
        self._settings, self._slot = settings, slot
        self._model = model = task.model(graph)
        self._layout = BodyLayout.from_graph(graph, model)
        self._torso = int(self._layout.body_ids[0])
        self._physics_steps = task.physics_steps
        self._all_starts = Starts(task, model, seed=settings.seed, serial=slot)
        self._starts = self._draw(settings.n_envs)
        self._begin(settings.n_envs)

    def prepare(self, repeat: int, ended: NDArray[np.bool_]) -> None:
        """Take note of what is to come: (T, E) after which steps simulations start anew."""
        actions = self._settings.actions(repeat, self._slot)
        flat = actions.reshape(*actions.shape[:2], -1)
        self._controls = flat[:, :, self._layout.actions].astype(np.float64)
        self._resets = [np.flatnonzero(over) for over in ended]
        self._starts = self._draw(int(ended.sum()))

    def _draw(self, number: int) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        return iter([self._all_starts.draw() for _ in range(number)])

    @abstractmethod
    def _begin(self, n_envs: int) -> None:
        """Make the simulations, at their first starts."""

    @abstractmethod
    def step(self, step: int) -> None:
        """Make a control step, and start anew what ended with it."""

    @abstractmethod
    def heights(self) -> NDArray[np.float64]:
        """(E,) of the torso (m)."""


class BatchedLoop(OpenLoop):
    """All simulations of a body in one call (mjbatch)."""

    def _begin(self, n_envs: int) -> None:
        self._batch = Batch(self._model, n_envs, num_threads=1)
        self._ctrl, self._xpos = self._batch.bind("ctrl"), self._batch.bind("xpos")
        self._qpos, self._qvel = self._batch.bind("qpos"), self._batch.bind("qvel")
        self._reset(np.arange(n_envs))

    def step(self, step: int) -> None:
        """See :meth:`OpenLoop.step`."""
        self._ctrl[:] = self._controls[step]
        self._batch.step(nstep=self._physics_steps)
        if len(self._resets[step]):
            self._reset(self._resets[step])

    def heights(self) -> NDArray[np.float64]:
        """See :meth:`OpenLoop.heights`."""
        return self._xpos[:, self._torso, 2]

    def _reset(self, simulations: NDArray[np.intp]) -> None:
        for index in simulations:
            self._qpos[index], self._qvel[index] = next(self._starts)
        self._batch.reset(simulations)


class PlainLoop(OpenLoop):
    """``mj_step`` for each simulation."""

    def _begin(self, n_envs: int) -> None:
        self._data = [mujoco.MjData(self._model) for _ in range(n_envs)]
        for data in self._data:
            self._reset(data)

    def step(self, step: int) -> None:
        """See :meth:`OpenLoop.step`."""
        for data, controls in zip(self._data, self._controls[step], strict=True):
            data.ctrl[:] = controls
            mujoco.mj_step(self._model, data, nstep=self._physics_steps)
        for index in self._resets[step]:
            self._reset(self._data[index])

    def heights(self) -> NDArray[np.float64]:
        """See :meth:`OpenLoop.heights`."""
        return np.array([data.xpos[self._torso, 2] for data in self._data])

    def _reset(self, data: mujoco.MjData) -> None:
        mujoco.mj_resetData(self._model, data)
        data.qpos[:], data.qvel[:] = next(self._starts)
        mujoco.mj_forward(self._model, data)


OPEN_LOOPS: dict[str, type[OpenLoop]] = {"batch": BatchedLoop, "plain": PlainLoop}
WAYS = ("fleet", *OPEN_LOOPS)


def _bodies(options: argparse.Namespace) -> list[nx.DiGraph[str]]:
    """Robots of the files, or a draw from a pool, or else sampled bodies."""
    if options.robot:
        return [mjcf.read(path) for path in options.robot]
    if options.pool is not None:
        graphs = TrainingSet.read(options.pool).graphs
        number = min(options.bodies, len(graphs))
        rng = np.random.default_rng(options.seed)
        return [graphs[index] for index in rng.choice(len(graphs), number, replace=False)]
    seeds = np.random.SeedSequence(options.seed).spawn(options.bodies)
    return [sample_body(np.random.default_rng(seed)) for seed in seeds]


def _table(repeats: list[Repeat], n_bodies: int, settings: Settings, workers: int) -> Table:
    title = f"control steps per second, {n_bodies} bodies x {settings.n_envs} simulations"
    title += f", {settings.steps} control steps a repeat"
    title += f", {workers} workers, {settings.n_parts} part(s)"
    table = Table(title=title)
    for column in ("repeat", "ends", *WAYS, "ratio"):
        table.add_column(column, justify="left" if column == "repeat" else "right")
    for number, repeat in enumerate(repeats, start=1):
        figures = [f"{repeat.speeds[way]:,.0f}" for way in WAYS]
        table.add_row(str(number), f"{repeat.ends:,}", *figures, f"{repeat.ratio:.3f}")
    table.add_section()
    middle = [f"{median(repeat.speeds[way] for repeat in repeats):,.0f}" for way in WAYS]
    ratio = f"{median(repeat.ratio for repeat in repeats):.3f}"
    table.add_row(f"median (goal {GOAL:.2f})", "", *middle, ratio)
    return table


def _parser() -> argparse.ArgumentParser:
    summary = "Control steps per second of a fleet, against the physics that it contains."
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("robot", nargs="*", type=Path, help="MJCF files (default: sampled bodies)")
    parser.add_argument("--pool", type=Path, help="draw the bodies from this pool")
    parser.add_argument("--bodies", type=int, default=100, help="how many, sampled or drawn")
    parser.add_argument("--envs", type=int, default=8, help="simulations a body")
    parser.add_argument("--parts", type=int, default=1, help="parts of the fleet")
    parser.add_argument("--steps", type=int, default=50, help="control steps of a repeat")
    parser.add_argument("--action-std", type=float, default=0.8, help="deviation of the actions")
    parser.add_argument("--task", default="flat", choices=sorted(TASKS))
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    return parser


if __name__ == "__main__":
    main()
