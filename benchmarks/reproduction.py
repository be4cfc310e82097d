"""The main result of Xiong 2024, reproduced: a student as good as its universal teacher.

    python benchmarks/reproduction.py --robots DIR --held-out DIR --out DIR
        [--teacher modumorph] [--teacher-minutes 40] [--updates 12000] [--only ROW ...]

A universal teacher learns on the robots of a folder. It acts, with its noise, on these robots and
on nine mutants of each, of one to three mutations, and a hypernetwork learns to generate networks
that act as it does: the published setting, with fewer transitions and updates. Further rows change
one thing each: no mutants, no dropout, or one teacher a robot instead of the universal one. All are
evaluated as published: task flat-reference, 16 episodes a robot, mean actions.

The table has mean returns on the robots and on the held-out robots, the ratio of a student to the
universal teacher with its 95% interval over robots, and parameters and multiply-adds of a control
step. Stages whose result is in DIR are not repeated, so the command can be stopped and repeated.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path

# PyTorch's threads leave the cores to the simulations while they wait.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from kept_options import keep_options
from rich.console import Console
from rich.table import Table

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

TASK, SEED = "flat-reference", 0
MUTANTS_PER_ROBOT, MOST_MUTATIONS = 9, 3
COST_NODES = 12
#: A teacher that does not generate its weights learns more from more and smaller minibatches.
MINIBATCHES = 8
TABLE_WIDTH = 130
PAPER = DISTILL_PRESETS["paper"]
#: The state of every tenth control step: 1,000 control steps of 8 simulations give 800 states.
EVERY = 10
DATA = CollectSettings(task=TASK, n_envs=8, every=EVERY, action_std=0.9, seed=SEED)


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


def train_teacher(kind: str, robots: TrainingSet, options: argparse.Namespace) -> Path:
    """Train the universal teacher, or one teacher a robot; the checkpoint."""
    folder = options.out / kind
    settings = PPOSettings(
        teacher=kind,
        task=TASK,
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
        report=lambda row: print(f"{kind}: {row['steps']:,.0f} steps, {row['speed']:.3f} m/s")
    )
    return folder / "teacher.safetensors"


def train_student(
    name: str, sets: tuple[TrainingSet, TrainingSet], options: argparse.Namespace
) -> Path:
    """Distill a row; the controller's file."""
    row, path = ROWS[name], options.out / f"{name.replace(' ', '-')}.safetensors"
    if path.exists():
        return path
    robots, all_bodies = sets
    kind = options.teacher if row.teacher == "universal" else row.teacher
    teachers, _ = load_teachers([str(train_teacher(kind, robots, options))])
    bodies = all_bodies if row.mutants else robots
    # Rows with fewer bodies have as many transitions in all.
    data = DATA.replace(horizon=options.horizon, every=EVERY if row.mutants else 1)
    expert = ExpertData(options.out / f"data-{kind}-{len(bodies)}")
    collect(bodies, expert, data, teachers=teachers)
    settings: DistillSettings = PAPER.replace(
        task=TASK, updates=options.updates, seed=SEED, **dict(row.changes)
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


def scores(checkpoint: Path, options: argparse.Namespace) -> dict[str, list[float]]:
    """Mean return of every robot of both folders."""
    path = checkpoint.with_suffix(".json")
    if not path.exists():
        result = {
            name: evaluate(
                [entry.graph for entry in _entries(folder)],
                checkpoint,
                task=TASK,
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
    teacher_file = train_teacher(options.teacher, sets[0], options)
    teacher = scores(teacher_file, options)
    teacher_cost = cost(load_teacher(teacher_file)[0])
    student_cost = cost(
        HypernetConfig(context_dim=1, hidden=PAPER.hidden, hidden_layers=PAPER.hidden_layers)
    )
    table = Table(title=f"{TASK}, {options.episodes} episodes, mean actions")
    for column in ("policy", "robots", "ratio", "held out", "ratio", "parameters", "multiply-adds"):
        table.add_column(column, justify="left" if column == "policy" else "right")
    table.add_row(f"{options.teacher}, universal", *_cells(teacher, None), *_costs(teacher_cost))
    for name in options.only or ROWS:
        result = scores(train_student(name, sets, options), options)
        table.add_row(name, *_cells(result, teacher), *_costs(student_cost))
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
        choices=["modumorph", "transformer"],
        help="kind of the universal teacher (default modumorph)",
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
