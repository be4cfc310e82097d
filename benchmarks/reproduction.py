"""The main result of Xiong 2024, reproduced: a student as good as its universal teacher.

    python benchmarks/reproduction.py --robots DIR --held-out DIR --out DIR
        [--teacher modumorph|transformer|CONTROLLER] [--teacher-minutes 40] [--updates 12000]
        [--only ROW ...]

A universal teacher learns on the robots of a folder. It acts, with its noise, on these robots and
on nine mutants of each, of one to three mutations, and a hypernetwork learns to generate networks
that act as it does: the published setting, with fewer transitions and updates. Further rows change
one thing each: no mutants, no dropout, or one teacher a robot instead of the universal one. All are
evaluated as published: task flat-reference, 16 episodes a robot, mean actions.

Instead of training, ``--teacher`` may name a controller. The networks that it generates then are
the universal teacher, on its task, and students have its context and clock phase: a distillation at
the skill of that controller.

The table has mean returns on the robots and on the held-out robots, the ratio of a student to the
universal teacher with its 95% interval over robots, and parameters and multiply-adds of a control
step. Stages whose result is in DIR are not repeated, so the command can be stopped and repeated.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# PyTorch's threads leave the cores to the simulations while they wait.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from kept_options import keep_options
from rich.console import Console
from rich.table import Table

from hyperdistill_core.controller.checkpoints import ControllerError, find
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.evaluation import evaluate, paired_ratio
from hyperdistill_core.evaluation.splits import Entry, make_split
from hyperdistill_core.nets.cost import Cost, body_mlp_cost, modumorph_step_cost, transformer_cost
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.mlp import SLOTS_PER_NODE
from hyperdistill_core.nets.teachers import ModuMorph, Teacher, TransformerTeacher
from hyperdistill_core.training.distillation import (
    DISTILL_PRESETS,
    CollectSettings,
    DistillSettings,
    ExpertData,
    Labeler,
    VariantTeacher,
    collect,
    distill,
    load_teachers,
    student_controller,
)
from hyperdistill_core.training.ppo import PPOSettings, TeacherTrainer
from hyperdistill_core.training.teacher_file import load_teacher
from hyperdistill_core.training.training_sets import (
    Origin,
    TrainingSet,
    TrainingSetSettings,
    make_training_set,
)
from morph_ops.io import mjcf

#: Task and seed of what is trained.
TASK, SEED = "flat-reference", 0
MUTANTS_PER_ROBOT, MOST_MUTATIONS = 9, 3
COST_NODES = 12
#: A teacher that does not generate its weights learns more from more and smaller minibatches.
MINIBATCHES = 8
TABLE_WIDTH = 130
PAPER = DISTILL_PRESETS["paper"]
#: The state of every tenth control step: 1,000 control steps of 8 simulations give 800 states.
EVERY = 10
DATA = CollectSettings(n_envs=8, every=EVERY, action_std=0.9, seed=SEED)
#: Kinds of universal teachers that can be trained.
KINDS = ("modumorph", "transformer")


@dataclass(frozen=True)
class Row:
    """One distillation.

    Attributes:
        teacher: "universal", or "specialists" for one teacher a robot.
        mutants: Whether mutants are among its bodies.
        changes: Changes to the published settings.
    """

    teacher: str = "universal"
    mutants: bool = True
    changes: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True)
class Universal:
    """The universal teacher.

    Attributes:
        name: Its name in the table.
        folder: Name of what is made with it.
        labelers: It, as a teacher of a distillation.
        checkpoint: Its file, or the name of a controller.
        cost: Its parameters and multiply-adds.
        task: Task of the distillation and the evaluation.
        changes: Settings that students take over from it.
    """

    name: str
    folder: str
    labelers: Sequence[Labeler]
    checkpoint: str | Path
    cost: Cost
    task: str
    changes: Mapping[str, object]


#: Options that decide the results.
KEPT = (
    "robots",
    "held_out",
    "teacher",
    "layers",
    "teacher_minutes",
    "updates",
    "horizon",
    "episodes",
)
ROWS = {
    "student": Row(),
    "robots alone": Row(mutants=False),
    "no dropout": Row(changes=(("dropout", 0.0),)),
    "one teacher a robot": Row("specialists", mutants=False),
}


def training_sets(options: argparse.Namespace) -> tuple[TrainingSet, TrainingSet]:
    """The distinct robots, and the same with their mutants."""
    paths = options.out / "robots.jsonl", options.out / "bodies.jsonl"
    if not paths[1].exists():
        none = TrainingSetSettings(sampled=0, mutants=0)
        robots = make_training_set(none, robots=[e.graph for e in _entries(options.robots)])
        entries = [Entry(str(number), graph) for number, graph in enumerate(robots.graphs)]
        per_count = MUTANTS_PER_ROBOT * len(robots) // MOST_MUTATIONS
        splits = [
            make_split(f"mutants-{count}", per_count, robots=entries, seed=SEED)
            for count in range(1, MOST_MUTATIONS + 1)
        ]
        mutants = [entry.graph for split in splits for entry in split.entries]
        of_mutants: tuple[Origin, ...] = ("mutant",) * len(mutants)
        bodies = TrainingSet((*robots.graphs, *mutants), (*robots.origins, *of_mutants))
        robots.write(paths[0])
        bodies.write(paths[1])
    return TrainingSet.read(paths[0]), TrainingSet.read(paths[1])


def universal_teacher(robots: TrainingSet, options: argparse.Namespace) -> Universal:
    """The universal teacher: a controller, or one that is trained."""
    name = options.teacher
    if name in KINDS:
        file = train_teacher(name, robots, TASK, options)
        labelers, _ = load_teachers([str(file)])
        network = load_teacher(file)[0]
        return Universal(f"{name}, universal", name, labelers, file, cost(network), TASK, {})
    try:
        controller = Controller.load(find(name))
    except ControllerError as error:
        raise SystemExit(f"error: --teacher: {error}") from None
    config = controller.network.config
    changes = {"context": controller.context, "clock_harmonics": config.clock_harmonics}
    labelers, stem = [VariantTeacher(controller, 0)], Path(name).stem
    return Universal(stem, stem, labelers, name, cost(config), controller.task, changes)


def train_teacher(kind: str, robots: TrainingSet, task: str, options: argparse.Namespace) -> Path:
    """Train the universal teacher, or one teacher a robot; the checkpoint."""
    folder = options.out / kind
    settings = PPOSettings(
        teacher=kind,
        task=task,
        observation="state",
        context=PAPER.context,
        minutes=options.teacher_minutes,
        n_active=len(robots),
        replaced_per_update=0,
        layers=options.layers if kind != "specialists" else 1,
        minibatches=MINIBATCHES,
        seed=SEED,
    )
    trainer = TeacherTrainer(robots, settings, folder)
    trainer.train(
        report=lambda row: print(f"{kind}: {row['steps']:,.0f} steps, reward {row['reward']:.3f}")
    )
    return folder / "teacher.safetensors"


def train_student(
    name: str,
    sets: tuple[TrainingSet, TrainingSet],
    teacher: Universal,
    options: argparse.Namespace,
) -> Path:
    """Distill a row; the controller's file."""
    row, path = ROWS[name], options.out / f"{name.replace(' ', '-')}.safetensors"
    if path.exists():
        return path
    robots, all_bodies = sets
    folder, teachers = teacher.folder, teacher.labelers
    if row.teacher != "universal":
        folder = row.teacher
        teachers, _ = load_teachers([str(train_teacher(folder, robots, teacher.task, options))])
    bodies = all_bodies if row.mutants else robots
    # Rows with fewer bodies have as many transitions in all.
    every = EVERY if row.mutants else 1
    data = DATA.replace(task=teacher.task, horizon=options.horizon, every=every)
    expert = ExpertData(options.out / f"data-{folder}-{len(bodies)}")
    collect(bodies, expert, data, teachers=teachers)
    settings: DistillSettings = PAPER.replace(
        task=teacher.task,
        updates=options.updates,
        seed=SEED,
        **teacher.changes,
        **dict(row.changes),
    )
    student = distill(
        bodies,
        expert,
        teachers,
        settings=settings,
        dagger=data,
        rounds=0,
        folder=options.out / f"student-{name.replace(' ', '-')}",
        report=print,
    )
    student_controller(student, bodies, name=name, provenance={}).save(path)
    return path


def scores(
    checkpoint: str | Path, name: str, task: str, options: argparse.Namespace
) -> dict[str, list[float]]:
    """Mean return of every robot of both folders."""
    path = options.out / f"{name.replace(' ', '-')}.json"
    if not path.exists():
        result = {
            name: evaluate(
                [entry.graph for entry in _entries(folder)],
                checkpoint,
                task=task,
                episodes=options.episodes,
                seed=SEED,
            ).scores.tolist()
            for name, folder in (("robots", options.robots), ("held out", options.held_out))
        }
        path.write_text(json.dumps(result) + "\n")
    return json.loads(path.read_text())


def cost(network: Teacher | HypernetConfig) -> Cost:
    """Parameters and multiply-adds of a control step of a body with 12 nodes."""
    if isinstance(network, ModuMorph):
        return modumorph_step_cost(network.config, COST_NODES)
    if isinstance(network, TransformerTeacher):
        return transformer_cost(network.config, COST_NODES)
    if isinstance(network, HypernetConfig):
        return body_mlp_cost(network, COST_NODES, SLOTS_PER_NODE * COST_NODES)
    raise SystemExit(f"error: --teacher: no formula for the cost of a {network.kind}")


def main() -> None:
    """Run the stages that have no result yet, and print the table."""
    options = _parser().parse_args()
    keep_options(options.out, {name: vars(options)[name] for name in KEPT})
    torch.set_num_threads(os.cpu_count() or 1)
    sets = training_sets(options)
    teacher = universal_teacher(sets[0], options)
    of_teacher = scores(teacher.checkpoint, f"teacher {teacher.folder}", teacher.task, options)
    table = Table(title=f"{teacher.task}, {options.episodes} episodes, mean actions")
    for column in ("policy", "robots", "ratio", "held out", "ratio", "parameters", "multiply-adds"):
        table.add_column(column, justify="left" if column == "policy" else "right")
    table.add_row(teacher.name, *_cells(of_teacher, None), *_costs(teacher.cost))
    for name in options.only or ROWS:
        file = train_student(name, sets, teacher, options)
        result = scores(file, name, teacher.task, options)
        of_student = cost(Controller.load(file).network.config)
        table.add_row(name, *_cells(result, of_teacher), *_costs(of_student))
    Console(width=TABLE_WIDTH).print(table)


def _cells(result: dict[str, list[float]], teacher: dict[str, list[float]] | None) -> list[str]:
    cells: list[str] = []
    for name, values in result.items():
        ratio = ""
        if teacher is not None:
            mid, low, high = paired_ratio(np.array(values), np.array(teacher[name]))
            ratio = f"{mid:.2f} ({low:.2f} .. {high:.2f})"
        cells += [f"{np.mean(values):,.0f}", ratio]
    return cells


def _costs(of: Cost) -> list[str]:
    return [f"{of.parameters:,}", f"{of.multiply_adds:,}"]


def _entries(folder: Path) -> list[Entry]:
    return [Entry(path.stem, mjcf.read(path)) for path in sorted(folder.glob("*.xml"))]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Reproduce the main result of Xiong 2024.")
    parser.add_argument("--robots", type=Path, required=True, help="folder of robots to learn on")
    parser.add_argument("--held-out", type=Path, required=True, help="folder of other robots")
    parser.add_argument("--out", type=Path, required=True, help="folder of all results")
    parser.add_argument(
        "--teacher",
        default="modumorph",
        help="modumorph (default) or transformer, which are trained, or a controller",
    )
    parser.add_argument("--layers", type=int, default=2, help="its layers (default 2)")
    parser.add_argument(
        "--teacher-minutes", type=float, default=40.0, help="time of its training (default 40)"
    )
    parser.add_argument(
        "--updates", type=int, default=12_000, help="updates of a student (default 12000)"
    )
    parser.add_argument(
        "--horizon", type=int, default=1000, help="control steps of the data (default 1000)"
    )
    parser.add_argument(
        "--episodes", type=int, default=16, help="episodes of the evaluation (default 16)"
    )
    parser.add_argument("--only", action="append", choices=list(ROWS), help="run this row")
    return parser


if __name__ == "__main__":
    main()
