"""What makes a controller good, at equal wall time: pool, kind of training, width.

    python benchmarks/ablations.py --robots DIR --held-out DIR --out DIR [--minutes 10]
                                   [--beside 2] [--only ROW]...

Every row learns from scratch for so many minutes of one core, simulation included, ``--beside``
rows at a time. A short pilot measures how many control steps that is, so that learning rate and
noise fall as they would in a training of that length. The table has the minutes that it took:
they differ where the machine was busier in the one than in the other. Then the row's controller,
or its teacher where nothing was distilled, is evaluated on three sets: the robots that all rows
learned on among others, the robots held out, and crossovers of the former that no pool has. Rows
called student-... train no teacher: they are distilled from a controller that ships, and differ in
how.

A row's result lies in DIR/ROW/result.json. A row that has one is not trained again, one that was
cut off begins anew, so the command can be stopped and given again; at the end it prints the table
of all that is there.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.evaluation.evaluation import evaluate
from hyperdistill_core.evaluation.splits import Entry, make_split
from hyperdistill_core.training.distillation import (
    CollectSettings,
    TrainedTeacher,
    VariantTeacher,
    collect,
)
from hyperdistill_core.training.distillation import Distiller, DistillSettings
from hyperdistill_core.training.distillation import ExpertData
from hyperdistill_core.training.distillation import (
    distill,
    generalist_controller,
    student_controller,
)
from hyperdistill_core.training.ppo import PPOSettings
from hyperdistill_core.training.ppo import TeacherTrainer
from hyperdistill_core.training.teacher_file import load_teacher
from hyperdistill_core.training.training_sets import TrainingSet, TrainingSetSettings, make_training_set
from morph_ops.io import mjcf

#: All bodies of the largest pool that are no robots; a smaller pool is a draw from them.
POOL = TrainingSetSettings(sampled=900, children=1200, mutants=900, seed=21)
#: Crossovers for the evaluation come from another seed than the pool's.
CHILDREN, CHILDREN_SEED = 40, 99
EPISODES = 2
#: Of the printed table: cut off, it would be of no use.
WIDTH = 140
PILOT_STEPS_A_MINUTE = 15_000
#: Shares of the time of a row that distils: its teacher learns, then data is collected and
#: learned from.
TEACHER_SHARE = 0.6
PILOT_UPDATES = 60
COMMON = PPOSettings(n_active=64, n_envs=12, horizon=64, replaced_per_update=6, minibatch_steps=8, n_workers=1)


@dataclass(frozen=True)
class Row:
    """One training.

    Attributes:
        bodies: in its pool; the robots alone where None.
        settings: of PPO; None where ``TAUGHT_BY`` teaches.
        dagger: rounds of DAgger of a distillation after it; None without distillation.
        student: of that distillation.
    """

    bodies: int | None
    settings: PPOSettings | None
    dagger: int | None = None
    student: DistillSettings = field(default_factory=lambda: _STUDENT)


_GENERALIST = replace(COMMON, teacher="generalist", observation="state", layers=1)
_GNN = replace(COMMON, teacher="gnn", minibatch_steps=4)
_STUDENT = DistillSettings(hidden=64)
_TRANSFORMER = replace(COMMON, teacher="transformer", layers=2, minibatch_steps=4)
ROWS = {
    "generalist-robots": Row(None, _GENERALIST),
    "generalist-300": Row(300, _GENERALIST),
    "generalist-1000": Row(1000, _GENERALIST),
    "generalist-3000": Row(3000, _GENERALIST),
    "generalist-wide": Row(1000, replace(_GENERALIST, width=128)),
    "gnn-1000": Row(1000, _GNN),
    "transformer-1000": Row(1000, _TRANSFORMER),
    "distilled-1000": Row(1000, _GNN, dagger=2),
    "student-1000": Row(1000, None, dagger=1),
    "student-no-dropout": Row(1000, None, dagger=1, student=replace(_STUDENT, dropout=0.0)),
    "student-dropout-0.3": Row(1000, None, dagger=1, student=replace(_STUDENT, dropout=0.3)),
    "student-reference": Row(1000, None, dagger=1, student=replace(_STUDENT, context="reference")),
}
#: Whose first variant teaches the rows that train no teacher.
TAUGHT_BY = "flat-v1"


@dataclass
class Clock:
    """How much of a row's time is left.

    Attributes:
        seconds: in all.
    """

    seconds: float
    _began: float = field(default_factory=time.perf_counter)

    @property
    def left(self) -> float:
        """Seconds."""
        return self.seconds - (time.perf_counter() - self._began)


def train_row(name: str, pool: TrainingSet, folder: Path, minutes: float) -> dict[str, Any]:
    """Train a row; the checkpoint to evaluate and how it came about.

    The pilots do not count.
    """
    row = ROWS[name]
    path, checkpoint = folder / f"{name}.safetensors", folder / "teacher.safetensors"
    learned, steps, seconds, share = path, 0, 0.0, 1.0
    if row.settings is not None:
        share = 0.0 if row.dagger is None else 1.0 - TEACHER_SHARE
        allowed = 60.0 * minutes * (1.0 - share)
        steps, seconds = _train_teacher(row.settings, pool, folder, allowed)
        learned = checkpoint
        if row.settings.teacher == "generalist":
            generalist_controller(checkpoint, pool, name=name).save(path)
            learned = path
    if row.dagger is not None:
        clock = Clock(60.0 * minutes * share)
        student = _distil(row, pool, folder, clock)
        student_controller(student, pool, name=name, provenance={}).save(path)
        learned = path
        seconds += clock.seconds - clock.left
    return {"checkpoint": str(learned), "steps": steps, "seconds": seconds, "bodies": len(pool)}


def _train_teacher(
    settings: PPOSettings, pool: TrainingSet, folder: Path, seconds: float
) -> tuple[int, float]:
    """Control steps of a training of so many seconds, and the seconds that they took."""
    settings = replace(settings, n_active=min(settings.n_active, len(pool)))
    short = replace(settings, steps=max(1, int(PILOT_STEPS_A_MINUTE * seconds / 60.0)))
    pilot = TeacherTrainer(pool, short, folder / "pilot")
    speeds: list[float] = []
    pilot.train(report=lambda log: speeds.append(log["steps_per_s"]))
    steps = int(float(np.median(speeds)) * seconds)
    trainer = TeacherTrainer(pool, replace(settings, steps=steps), folder)
    clock = Clock(seconds)
    trainer.train()
    return trainer.steps_done, clock.seconds - clock.left


def _distil(row: Row, pool: TrainingSet, folder: Path, clock: Clock) -> Distiller:
    teacher: TrainedTeacher | VariantTeacher = VariantTeacher(Controller.load(TAUGHT_BY), 0)
    if row.settings is not None:
        teacher = TrainedTeacher(*load_teacher(folder / "teacher.safetensors")[:2])
    teachers = [teacher]
    data = ExpertData(folder / "data")
    dagger = CollectSettings(n_workers=1, horizon=200)
    began = time.perf_counter()
    collect(pool, data, dagger, teachers=teachers)
    a_round = time.perf_counter() - began
    learn = partial(distill, pool, data, teachers, dagger=dagger)
    small = replace(row.student, updates=PILOT_UPDATES)
    began = time.perf_counter()
    learn(settings=small, rounds=0, folder=folder / "pilot-student")
    an_update = (time.perf_counter() - began) / PILOT_UPDATES
    rounds = row.dagger or 0
    updates = int((clock.left - rounds * a_round) / an_update)
    settings = replace(small, updates=max(PILOT_UPDATES, updates))
    return learn(settings=settings, rounds=rounds, folder=folder)


def subset(pool: TrainingSet, bodies: int | None) -> TrainingSet:
    """The robots of a pool and a draw of its other bodies, ``bodies`` in all.

    A larger draw contains a smaller one.
    """
    robots = [i for i, origin in enumerate(pool.origins) if origin == "robot"]
    others = np.setdiff1d(np.arange(len(pool)), robots)
    drawn = np.random.default_rng(POOL.seed).permutation(others)
    rest = [] if bodies is None else drawn[: bodies - len(robots)].tolist()
    chosen = [*robots, *rest]
    return TrainingSet(tuple(pool.graphs[i] for i in chosen), tuple(pool.origins[i] for i in chosen))


def evaluate_row(checkpoint: Path, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Figures of every set of bodies."""
    robots = _robots(options.robots)
    sets = {
        "robots": robots,
        "held out": _robots(options.held_out),
        "children": make_split("children", CHILDREN, robots=robots, seed=CHILDREN_SEED).entries,
    }
    return {
        name: evaluate(
            [entry.graph for entry in entries], checkpoint, episodes=EPISODES, n_workers=1
        ).summary()
        for name, entries in sets.items()
    }


def _robots(folder: Path) -> list[Entry]:
    return [Entry(path.stem, mjcf.read(path)) for path in sorted(folder.glob("*.xml"))]


def _pool(options: argparse.Namespace) -> TrainingSet:
    path = options.out / "pool.jsonl"
    if not path.exists():
        robots = [entry.graph for entry in _robots(options.robots)]
        held_out = [entry.graph for entry in _robots(options.held_out)]
        make_training_set(POOL, robots=robots, held_out=held_out).write(path)
    return TrainingSet.read(path)


def _run_row(name: str, options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    folder = options.out / name
    if folder.exists():  # of a row that was cut off: its time cannot be told any more
        shutil.rmtree(folder)
    trained = train_row(name, subset(_pool(options), ROWS[name].bodies), folder, options.minutes)
    sets = evaluate_row(Path(trained.pop("checkpoint")), options)
    result = {**trained, "minutes": options.minutes, "sets": sets}
    (folder / "result.json").write_text(json.dumps(result, indent=2) + "\n")


def _table(options: argparse.Namespace) -> Table:
    table = Table(title="mean return after training from scratch (95% interval)")
    for column in ("row", "bodies", "minutes", "steps", "robots", "held out", "failure rate", "children"):
        table.add_column(column, justify="left" if column == "row" else "right")
    for name in ROWS:
        path = options.out / name / "result.json"
        if not path.exists():
            continue
        result = json.loads(path.read_text())
        sets = result["sets"]
        cells = {n: f"{s['mean']:.1f} ({s['low']:.1f}..{s['high']:.1f})" for n, s in sets.items()}
        table.add_row(
            name,
            f"{result['bodies']:,}",
            f"{result['seconds'] / 60.0:.1f}",
            f"{result['steps']:,}",
            cells["robots"],
            cells["held out"],
            f"{sets['held out']['failure_rate']:.0%}",
            cells["children"],
        )
    return table


def main() -> None:
    """Run the rows that are missing, and print the table."""
    options = _parser().parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.row is not None:
        return _run_row(options.row, options)
    _pool(options)
    wanted = options.only or list(ROWS)
    missing = [name for name in wanted if not (options.out / name / "result.json").exists()]

    def run(name: str) -> int:
        command = [sys.executable, __file__, *sys.argv[1:], "--row", name]
        return subprocess.run(command, check=False).returncode

    with ThreadPoolExecutor(options.beside) as pool:
        failed = [n for n, code in zip(missing, pool.map(run, missing), strict=True) if code]
    Console(width=WIDTH).print(_table(options))
    if failed:
        sys.exit(f"error: not trained: {', '.join(failed)}; their messages stand above")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Trainings side by side at equal wall time.")
    parser.add_argument("--robots", type=Path, required=True, help="folder of robots to learn on")
    parser.add_argument(
        "--held-out", type=Path, required=True, help="folder of robots that no pool has"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of pool and results")
    parser.add_argument("--minutes", type=float, default=10.0, help="of one core, a row")
    parser.add_argument("--beside", type=int, default=2, help="rows at a time")
    parser.add_argument("--only", action="append", choices=list(ROWS), help="these rows alone")
    parser.add_argument("--row", choices=list(ROWS), help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
