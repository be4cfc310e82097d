"""Compares trainings at equal wall time: size of the training set, kind of training, width.

    python benchmarks/ablations.py --robots DIR --held-out DIR --out DIR [--minutes 10]
                                   [--children 40] [--parallel 2] [--only ROW]...

Every row of the table is a training from scratch for a number of minutes on one core, simulation
included; ``--parallel`` rows run at a time. A short pilot measures how many updates of a
distillation fit into its time, so that its learning rate falls as it should. The table shows the
minutes that a row really took: they differ where the machine was busier.

The controller of a row, or its teacher where nothing was distilled, is evaluated on three sets of
bodies: the robots that all rows learned on, the held-out robots, and crossovers of the former
that are in no training set. Rows named student-... train no teacher: they differ in how they are
distilled from a shipped controller.

The result of a row is in DIR/ROW/result.json. A row with a result is not trained again, and an
interrupted row starts anew, so the command can be stopped and repeated. At the end it prints the
table of all results.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
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
    Distiller,
    DistillSettings,
    ExpertData,
    Labeler,
    TrainedTeacher,
    VariantTeacher,
    collect,
    distill,
    generalist_controller,
    student_controller,
)
from hyperdistill_core.training.ppo import PPOSettings, TeacherTrainer
from hyperdistill_core.training.teacher_file import load_teacher
from hyperdistill_core.training.training_sets import (
    TrainingSet,
    TrainingSetSettings,
    make_training_set,
)
from morph_ops.io import mjcf

#: The largest training set; a smaller one has some of its bodies.
LARGEST = TrainingSetSettings(sampled=900, children=1200, mutants=900, seed=21)
#: Seed of the crossovers of the evaluation; those of the training set have another one.
CHILDREN_SEED = 99
EPISODES = 2
#: Width of the printed table; a narrower one would cut its cells.
TABLE_WIDTH = 140
#: Share of the time that the teacher of a distilled row trains; the rest is for the distillation.
TEACHER_SHARE = 0.6
PILOT_UPDATES = 60
COMMON = PPOSettings(
    n_active=64,
    n_envs=12,
    horizon=64,
    replaced_per_update=6,
    minibatches=8,
    n_workers=1,
)


@dataclass(frozen=True)
class Row:
    """One training.

    Attributes:
        bodies: Number of bodies in its training set; None for the robots alone.
        settings: Settings of PPO; None where :data:`TEACHER` is the teacher.
        dagger: Rounds of DAgger of its distillation; None without a distillation.
        student: Settings of that distillation.
    """

    bodies: int | None
    settings: PPOSettings | None
    dagger: int | None = None
    student: DistillSettings = field(default_factory=lambda: _STUDENT)


_GENERALIST = COMMON.replace(teacher="generalist", observation="state", layers=1)
_GNN = COMMON.replace(teacher="gnn", minibatches=16)
_STUDENT = DistillSettings(hidden=64)
_TRANSFORMER = COMMON.replace(teacher="transformer", layers=2, minibatches=16)
ROWS = {
    "generalist-robots": Row(None, _GENERALIST),
    "generalist-300": Row(300, _GENERALIST),
    "generalist-1000": Row(1000, _GENERALIST),
    "generalist-3000": Row(3000, _GENERALIST),
    "generalist-wide": Row(1000, _GENERALIST.replace(width=128)),
    "gnn-1000": Row(1000, _GNN),
    "transformer-1000": Row(1000, _TRANSFORMER),
    "distilled-1000": Row(1000, _GNN, dagger=2),
    "student-1000": Row(1000, None, dagger=1),
    "student-no-dropout": Row(1000, None, dagger=1, student=_STUDENT.replace(dropout=0.0)),
    "student-dropout-0.3": Row(1000, None, dagger=1, student=_STUDENT.replace(dropout=0.3)),
    "student-reference": Row(1000, None, dagger=1, student=_STUDENT.replace(context="reference")),
}
#: Controller whose unchanged contexts teach the rows that train no teacher.
TEACHER = "flat-v1"


@dataclass
class Timer:
    """The rest of a row's time.

    Attributes:
        seconds: Time in all (s).
    """

    seconds: float
    _began: float = field(default_factory=time.perf_counter)

    @property
    def left(self) -> float:
        """Time left (s)."""
        return self.seconds - (time.perf_counter() - self._began)


def train_row(name: str, training_set: TrainingSet, folder: Path, minutes: float) -> dict[str, Any]:
    """Train a row. The pilot of a distillation is not part of its time.

    Args:
        name: Name of the row.
        training_set: Its bodies.
        folder: Folder of its files.
        minutes: Time of the training.

    Returns:
        The checkpoint to evaluate, and the steps, seconds and bodies of the training.
    """
    row = ROWS[name]
    path, checkpoint = folder / f"{name}.safetensors", folder / "teacher.safetensors"
    trained, steps, seconds, share = path, 0, 0.0, 1.0
    if row.settings is not None:
        share = 0.0 if row.dagger is None else 1.0 - TEACHER_SHARE
        allowed = 60.0 * minutes * (1.0 - share)
        steps, seconds = _train_teacher(row.settings, training_set, folder, allowed)
        trained = checkpoint
        if row.settings.teacher == "generalist":
            generalist_controller(checkpoint, training_set, name=name).save(path)
            trained = path
    if row.dagger is not None:
        timer = Timer(60.0 * minutes * share)
        student = _distill(row, training_set, folder, timer)
        student_controller(student, training_set, name=name, provenance={}).save(path)
        trained = path
        seconds += timer.seconds - timer.left
    return {
        "checkpoint": str(trained),
        "steps": steps,
        "seconds": seconds,
        "bodies": len(training_set),
    }


def _train_teacher(
    settings: PPOSettings, training_set: TrainingSet, folder: Path, seconds: float
) -> tuple[int, float]:
    """Control steps of a training of so many seconds, and the seconds that it took."""
    n_active = min(settings.n_active, len(training_set))
    settings = settings.replace(n_active=n_active, minutes=seconds / 60.0)
    trainer = TeacherTrainer(training_set, settings, folder)
    timer = Timer(seconds)
    trainer.train()
    return trainer.steps_done, timer.seconds - timer.left


def _distill(row: Row, training_set: TrainingSet, folder: Path, timer: Timer) -> Distiller:
    teacher: Labeler = VariantTeacher(Controller.load(TEACHER), 0)
    if row.settings is not None:
        teacher = TrainedTeacher(*load_teacher(folder / "teacher.safetensors")[:2])
    teachers = [teacher]
    data = ExpertData(folder / "data")
    dagger = CollectSettings(n_workers=1, horizon=200)
    began = time.perf_counter()
    collect(training_set, data, dagger, teachers=teachers)
    seconds_per_round = time.perf_counter() - began
    train = partial(distill, training_set, data, teachers, dagger=dagger)
    pilot = row.student.replace(updates=PILOT_UPDATES)
    began = time.perf_counter()
    train(settings=pilot, rounds=0, folder=folder / "pilot-student")
    seconds_per_update = (time.perf_counter() - began) / PILOT_UPDATES
    rounds = row.dagger or 0
    updates = int((timer.left - rounds * seconds_per_round) / seconds_per_update)
    settings = pilot.replace(updates=max(PILOT_UPDATES, updates))
    return train(settings=settings, rounds=rounds, folder=folder)


def subset(training_set: TrainingSet, bodies: int | None) -> TrainingSet:
    """All robots of a training set and some of its other bodies.

    A larger subset contains a smaller one.

    Args:
        training_set: The training set.
        bodies: Number of bodies in all; None for the robots alone.
    """
    robots = [i for i, origin in enumerate(training_set.origins) if origin == "robot"]
    others = np.setdiff1d(np.arange(len(training_set)), robots)
    drawn = np.random.default_rng(LARGEST.seed).permutation(others)
    rest = [] if bodies is None else drawn[: bodies - len(robots)].tolist()
    chosen = [*robots, *rest]
    return TrainingSet(
        tuple(training_set.graphs[i] for i in chosen),
        tuple(training_set.origins[i] for i in chosen),
    )


def evaluate_row(checkpoint: Path, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Figures of a checkpoint on every set of bodies.

    Args:
        checkpoint: Controller or teacher.
        options: Options of the command line.
    """
    robots = _robots(options.robots)
    sets = {
        "robots": robots,
        "held out": _robots(options.held_out),
        "children": make_split(
            "children", options.children, robots=robots, seed=CHILDREN_SEED
        ).entries,
    }
    return {
        name: evaluate(
            [entry.graph for entry in entries], checkpoint, episodes=EPISODES, n_workers=1
        ).summary()
        for name, entries in sets.items()
    }


def _robots(folder: Path) -> list[Entry]:
    return [Entry(path.stem, mjcf.read(path)) for path in sorted(folder.glob("*.xml"))]


def _training_set(options: argparse.Namespace) -> TrainingSet:
    path = options.out / "training-set.jsonl"
    if not path.exists():
        robots = [entry.graph for entry in _robots(options.robots)]
        held_out = [entry.graph for entry in _robots(options.held_out)]
        make_training_set(LARGEST, robots=robots, held_out=held_out).write(path)
    return TrainingSet.read(path)


def _run_row(name: str, options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    folder = options.out / name
    if folder.exists():  # the time of an interrupted row is lost
        shutil.rmtree(folder)
    training_set = subset(_training_set(options), ROWS[name].bodies)
    trained = train_row(name, training_set, folder, options.minutes)
    sets = evaluate_row(Path(trained.pop("checkpoint")), options)
    result = {**trained, "minutes": options.minutes, "sets": sets}
    (folder / "result.json").write_text(json.dumps(result, indent=2) + "\n")


def _table(options: argparse.Namespace) -> Table:
    table = Table(title="mean return after training from scratch (95% interval)")
    columns = ("row", "bodies", "minutes", "steps", "robots", "held out", "failures", "children")
    for column in columns:
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
    """Train the rows without a result, and print the table."""
    options = _parser().parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.row is not None:
        return _run_row(options.row, options)
    _training_set(options)
    wanted = options.only or list(ROWS)
    missing = [name for name in wanted if not (options.out / name / "result.json").exists()]

    def run(name: str) -> int:
        command = [sys.executable, __file__, *sys.argv[1:], "--row", name]
        return subprocess.run(command, check=False).returncode

    with ThreadPoolExecutor(options.parallel) as threads:
        failed = [n for n, code in zip(missing, threads.map(run, missing), strict=True) if code]
    Console(width=TABLE_WIDTH).print(_table(options))
    if failed:
        sys.exit(f"error: {', '.join(failed)} failed; see the messages above")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Compare trainings at equal wall time.")
    parser.add_argument("--robots", type=Path, required=True, help="folder of robots to learn on")
    parser.add_argument(
        "--held-out", type=Path, required=True, help="folder of robots that no row learns on"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the training set and the results"
    )
    parser.add_argument(
        "--minutes", type=float, default=10.0, help="time of each row on one core (default 10)"
    )
    parser.add_argument(
        "--children", type=int, default=40, help="crossovers in the evaluation (default 40)"
    )
    parser.add_argument(
        "--parallel", type=int, default=2, help="number of rows at a time (default 2)"
    )
    parser.add_argument(
        "--only", action="append", choices=list(ROWS), help="train this row; may be repeated"
    )
    parser.add_argument("--row", choices=list(ROWS), help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
