"""Control steps per second of a teacher's training, by its settings.

    python benchmarks/training_speed.py [--bodies 128] [--updates 5] [--kind generalist]

A training alternates between collecting a rollout, which is mostly physics, and updating the
network. The rows differ in the settings of the update and in PyTorch's threads; all collect the
same number of control steps for an update. Every row is a process of its own, and the rows take
turns over the repeats. The first update of a process does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

#: Settings and threads of each row.
ROWS: dict[str, tuple[dict[str, object], int]] = {
    "float32, 8 minibatches, 1 thread": ({"precision": "float32", "minibatches": 8}, 1),
    "float32, 2 minibatches, 1 thread": ({"precision": "float32"}, 1),
    "float32, 2 minibatches, 2 threads": ({"precision": "float32"}, 2),
    "bfloat16, 2 minibatches, 2 threads": ({"precision": "bfloat16"}, 2),
}
SEED = 0


def run_row(name: str, options: argparse.Namespace) -> None:
    """Train for some updates, and print the median speed and share of simulation as JSON."""
    import numpy as np
    import torch

    from hyperdistill_core.training.ppo import PPOSettings, TeacherTrainer
    from hyperdistill_core.training.training_sets import TrainingSet
    from morph_ops.sampling import sample_body

    changes, threads = ROWS[name]
    torch.set_num_threads(threads)
    rng = np.random.default_rng(SEED)
    bodies = tuple(sample_body(rng) for _ in range(options.bodies))
    settings = PPOSettings(
        teacher=options.kind, observation="state", n_active=options.bodies, layers=1
    ).replace(**changes)
    steps = settings.horizon * settings.n_active * settings.n_envs * (1 + options.updates)
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        training_set = TrainingSet(bodies, ("sampled",) * len(bodies))
        trainer = TeacherTrainer(training_set, settings.replace(steps=steps), Path(folder))
        trainer.train(report=rows.append)
    keys = ("steps_per_s", "simulation_share")
    print(json.dumps({key: median(row[key] for row in rows[1:]) for key in keys}))


def main() -> None:
    """Measure all rows, and print the table."""
    options = _parser().parse_args()
    if options.row is not None:
        return run_row(options.row, options)
    results: dict[str, list[dict[str, float]]] = {name: [] for name in ROWS}
    for _ in range(options.repeats):
        for name, measured in results.items():
            command = [sys.executable, __file__, *sys.argv[1:], "--row", name]
            environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}
            done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
            measured.append(json.loads(done.stdout))
    table = Table(title=f"{options.kind}, {options.bodies} bodies")
    for column in ("settings", "control steps/s", "ratio", "simulation"):
        table.add_column(column, justify="left" if column == "settings" else "right")
    speeds = {name: median(m["steps_per_s"] for m in rows) for name, rows in results.items()}
    first = next(iter(speeds.values()))
    for name, rows in results.items():
        share = median(m["simulation_share"] for m in rows)
        table.add_row(name, f"{speeds[name]:,.0f}", f"{speeds[name] / first:.2f}", f"{share:.0%}")
    Console().print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure the speed of a training.")
    parser.add_argument("--kind", default="generalist", help="kind of teacher")
    parser.add_argument("--bodies", type=int, default=128, help="active bodies (default 128)")
    parser.add_argument("--updates", type=int, default=5, help="updates that count (default 5)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of every row (default 3)")
    parser.add_argument("--row", choices=list(ROWS), help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
