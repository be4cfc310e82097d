"""DERL's question (Gupta 2021): do bodies that evolved in harder worlds learn faster?

    python benchmarks/harder_worlds.py --out FOLDER

Campaigns of equal budget evolve bodies in each world, one for each seed. The best body of each
campaign then learns every evaluation task, from the network that the controller generates for it,
with the same number of control steps. Runs and trainings lie in FOLDER: an interrupted command
goes on where it stopped, and does nothing twice. The table has one row a task:

    zero-shot    mean score before learning, over the bodies that evolved in the world of the column
    learned      mean score after learning

The last rows are means over the tasks, in standard deviations of all bodies on each task, with
95% bootstrap intervals over bodies.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import networkx as nx
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import codesign
from codesign import defaults
from codesign.store import RunFolder
from hyperdistill_core.evaluation.statistics import bootstrap_interval
from hyperdistill_core.training.finetuning import FineTuneSettings, finetune, score_specialists

#: Worlds that bodies evolve in, and tasks that they learn (Gupta 2021).
WORLDS = ("flat", "csr", "mvt")
TASKS = (
    *("flat", "csr", "incline", "obstacle", "escape", "exploration", "point-nav", "patrol"),
    *("push-box-incline", "manipulation-ball"),
)
#: Checkpoints of a training; the learning curve has as many points.
CHECKPOINTS = 4
#: Seed of the scores of the curve, which no training uses.
CURVE_SEED = 1_000


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of the command.

    Attributes:
        out: Folder of runs and trainings.
        seeds: Seeds of the campaigns in each world.
        candidates: Candidates of each campaign.
        steps: Control steps that each body learns for.
        episodes: Episodes of a score.
        workers: Number of worker processes.
    """

    out: Path
    seeds: Sequence[int]
    candidates: int
    steps: int
    episodes: int
    workers: int


def evolve(world: str, seed: int, options: Options) -> nx.DiGraph[str]:
    """The best body of a campaign, which runs first where it has not run yet."""
    run = options.out / f"evolve-{world}-{seed}"
    if RunFolder.is_run(run) and codesign.load_run(run).status.state == "finished":
        return codesign.load_run(run).best(1)[0].graph
    command = [sys.executable, "-m", "codesign", "evolve"]
    command += ["--workers", str(options.workers)]
    if run.exists():
        command += ["--resume", str(run)]
    else:
        command += ["--preset", "quickstart", "--task", world, "--seed", str(seed)]
        plain = ("screened=0", "brood=1", "finetune_steps=0", "generations=17")
        command += [f"--set={setting}" for setting in plain]
        command += ["--set", f"candidates={options.candidates}", "--out", str(run)]
    with (options.out / f"{run.name}.log").open("a") as log:
        if subprocess.run(command, stdout=log, stderr=log, check=False).returncode:
            sys.exit(f"error: {run}.log has the error")
    return codesign.load_run(run).best(1)[0].graph


def learn(task: str, graphs: Sequence[nx.DiGraph[str]], options: Options) -> dict[str, Any]:
    """Scores of bodies on a task: (bodies,) before and after, (points, bodies) in between."""
    folder = options.out / f"learn-{task}"
    file = folder / "scores.json"
    if not file.exists():
        settings = FineTuneSettings(
            task=task,
            steps_per_body=options.steps,
            episodes=options.episodes,
            checkpoints=CHECKPOINTS,
            n_workers=options.workers,
        )
        result = finetune(graphs, defaults.CONTROLLER, settings, folder)
        points = [
            folder / f"checkpoint-{number}.safetensors" for number in range(1, CHECKPOINTS + 1)
        ]
        curve = score_specialists(
            graphs,
            [(point, body) for point in points for body in range(len(graphs))],
            task=task,
            episodes=options.episodes,
            seed=CURVE_SEED,
            n_workers=options.workers,
        )
        scores = {
            "zero_shot": result.zero_shot.tolist(),
            "learned": result.trained.tolist(),
            "curve": curve.reshape(CHECKPOINTS, -1).tolist(),
        }
        file.write_text(json.dumps(scores) + "\n", "utf-8")
    return json.loads(file.read_text("utf-8"))


def standardized(scores: dict[str, Any]) -> dict[str, NDArray[np.float64]]:
    """Scores of a task in standard deviations around the mean of all bodies after learning."""
    learned = np.array(scores["learned"])
    spread = float(learned.std()) or 1.0
    return {name: (np.array(values) - learned.mean()) / spread for name, values in scores.items()}


def table(by_task: dict[str, dict[str, Any]], options: Options) -> Table:
    """The table of all tasks."""
    each = len(options.seeds)
    of_world = {w: slice(i * each, (i + 1) * each) for i, w in enumerate(WORLDS)}
    made = Table(
        title=f"{each} campaigns of {options.candidates:,} candidates in each world; the best body "
        f"of each learns for {options.steps:,} control steps a task; {options.episodes} episodes"
    )
    made.add_column("task")
    for when in ("zero-shot", "learned"):
        for world in WORLDS:
            made.add_column(f"{when}\n{world}", justify="right")
    for task, scores in by_task.items():
        cells = [
            np.array(scores[n])[o].mean()
            for n in ("zero_shot", "learned")
            for o in of_world.values()
        ]
        made.add_row(task, *(f"{cell:,.1f}" for cell in cells))
    made.add_section()
    scaled = [standardized(scores) for scores in by_task.values()]
    before, after = (np.mean([s[n] for s in scaled], axis=0) for n in ("zero_shot", "learned"))
    made.add_row("mean", *(_interval(v[o]) for v in (before, after) for o in of_world.values()))
    gain = after - before
    made.add_row("gain", *[""] * len(WORLDS), *(_interval(gain[o]) for o in of_world.values()))
    for point in range(CHECKPOINTS):
        now = np.mean([s["curve"][point] for s in scaled], axis=0)
        steps = options.steps * (point + 1) // CHECKPOINTS
        cells = (_interval(now[o]) for o in of_world.values())
        made.add_row(f"after {steps:,} steps", *[""] * len(WORLDS), *cells)
    return made


def _interval(values: NDArray[np.float64]) -> str:
    low, high = bootstrap_interval(np.mean, values)
    return f"{values.mean():.2f} ({low:.2f} .. {high:.2f})"


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to make.")
@click.option("--seeds", default=5, show_default=True, help="Campaigns in each world.")
@click.option("--candidates", default=576, show_default=True, help="Candidates of a campaign.")
@click.option("--steps", default=100_000, show_default=True, help="Control steps of learning.")
@click.option("--episodes", default=4, show_default=True, help="Episodes of a score.")
@click.option("--task", "tasks", multiple=True, help="Only this task; may be repeated.")
@click.option("--workers", default=2, show_default=True)
def main(
    out: Path,
    seeds: int,
    candidates: int,
    steps: int,
    episodes: int,
    tasks: Sequence[str],
    workers: int,
) -> None:
    """Evolve, learn and print the table."""
    out.mkdir(parents=True, exist_ok=True)
    options = Options(
        out=out,
        seeds=range(seeds),
        candidates=candidates,
        steps=steps,
        episodes=episodes,
        workers=workers,
    )
    graphs = [evolve(world, seed, options) for world in WORLDS for seed in options.seeds]
    by_task = {task: learn(task, graphs, options) for task in tasks or TASKS}
    Console(width=180).print(table(by_task, options))


if __name__ == "__main__":
    main()
