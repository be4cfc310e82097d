"""Settings of PPO, compared at equal wall time.

    python benchmarks/ppo_settings.py TRAINING_SET.jsonl --robots FOLDER --held-out FOLDER
        --init CONTROLLER --out DIR [--minutes 4] [--only ROW ...]

Every row trains a generalist for the same time, from the same controller, with the default
settings and one change. Rows run one after the other, since they use all cores. A row that has a
result is not trained again. The table has the mean return over the robots and the held-out robots
with mean actions, and how often these fall.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path

# PyTorch's threads leave the cores to the simulations while they wait.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from kept_options import keep_options
from rich.console import Console
from rich.table import Table

from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.evaluation import evaluate
from hyperdistill_core.training.distillation import generalist_controller
from hyperdistill_core.training.ppo import PPOSettings, TeacherTrainer
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops.io import mjcf

EPISODES, EPISODE_SEED = 4, 5
TABLE_WIDTH = 120
BASE = PPOSettings(teacher="generalist", observation="state")
OLD_NOISE: dict[str, object] = {
    "action_std": 0.2,
    "final_action_std": 0.1,
    "noise_correlation": 0.7,
}
ROWS: dict[str, dict[str, object]] = {
    "default": {},
    "deviation 0.2 to 0.1, correlation 0.7": OLD_NOISE,
    "deviation 0.35, correlation 0.7": OLD_NOISE | {"action_std": 0.35, "final_action_std": 0.35},
    "deviation 0.5, white": {"action_std": 0.5, "final_action_std": 0.5},
    "deviation 0.9 to 0.3": {"final_action_std": 0.3},
    "KL 0.05, lr 6e-4": {"desired_kl": 0.05, "max_lr": 6e-4},
    "KL 0.01": {"desired_kl": 0.01},
    "lambda 0.88": {"lam": 0.88},
    "lambda 0.95": {"lam": 0.95},
    "gamma 0.995": {"gamma": 0.995},
    "8 minibatches": {"minibatches": 8},
    "6 epochs": {"epochs": 6},
    "1 epoch": {"epochs": 1},
    "16 simulations a body": {"n_envs": 16},
    "common advantages": {"per_body_advantages": False},
}


def train_row(name: str, bodies: TrainingSet, options: argparse.Namespace) -> dict[str, float]:
    """Train a row and evaluate it.

    Args:
        name: Name of the row.
        bodies: Its training set.
        options: Options of the command line.

    Returns:
        Control steps, and mean returns and falls on both sets of robots.
    """
    folder = options.out / name.replace(" ", "-")
    shutil.rmtree(folder, ignore_errors=True)  # the time of an interrupted row is lost
    settings = BASE.replace(minutes=options.minutes, **ROWS[name])
    if len(bodies) <= settings.n_active:
        settings = settings.replace(n_active=len(bodies), replaced_per_update=0)
    trainer = TeacherTrainer(bodies, settings, folder, initialize_from=find(options.init))
    trainer.train()
    path = folder / "row.safetensors"
    generalist_controller(folder / "teacher.safetensors", bodies, name="row").save(path)
    result: dict[str, float] = {"steps": trainer.steps_done}
    for key, robots in (("robots", options.robots), ("held out", options.held_out)):
        graphs = [mjcf.read(file) for file in sorted(robots.glob("*.xml"))]
        summary = evaluate(graphs, path, episodes=EPISODES, seed=EPISODE_SEED).summary()
        result |= {key: summary["mean"], f"{key} falls": summary["falls"]}
    return result


def main() -> None:
    """Train the rows without a result, and print the table."""
    options = _parser().parse_args()
    kept = ("training_set", "robots", "held_out", "init", "minutes")
    keep_options(options.out, {name: vars(options)[name] for name in kept})
    torch.set_num_threads(os.cpu_count() or 1)
    bodies = TrainingSet.read(options.training_set)
    table = Table(title=f"{options.minutes:g} minutes from {options.init}, {len(bodies)} bodies")
    for column in ("settings", "million steps", "robots", "falls", "held out", "falls"):
        table.add_column(column, justify="left" if column == "settings" else "right")
    for name in options.only or ROWS:
        path = options.out / f"{name.replace(' ', '-')}.json"
        if not path.exists():
            path.write_text(json.dumps(train_row(name, bodies, options)) + "\n")
        result = json.loads(path.read_text())
        table.add_row(
            name,
            f"{result['steps'] / 1e6:.1f}",
            f"{result['robots']:,.0f}",
            f"{result['robots falls']:.0%}",
            f"{result['held out']:,.0f}",
            f"{result['held out falls']:.0%}",
        )
    Console(width=TABLE_WIDTH).print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Compare settings of PPO at equal wall time.")
    parser.add_argument("training_set", type=Path, help="file of the bodies to learn on")
    parser.add_argument("--robots", type=Path, required=True, help="folder of robots")
    parser.add_argument("--held-out", type=Path, required=True, help="folder of other robots")
    parser.add_argument("--init", required=True, help="controller that every row starts from")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--minutes", type=float, default=4.0, help="time of a row (default 4)")
    parser.add_argument("--only", action="append", choices=list(ROWS), help="run this row")
    return parser


if __name__ == "__main__":
    main()
