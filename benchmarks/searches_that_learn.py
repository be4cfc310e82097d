"""Searches that learn against searches that do not, at equal wall time.

    python benchmarks/searches_that_learn.py --out FOLDER [--minutes 15] [--seeds 8] [--row ROW]...

Every row is a campaign, run by ``codesign evolve`` for as many minutes with each seed. Its
finalists then learn for the same number of control steps, in all rows. An interrupted command goes
on where it stopped, and a finished run is not run again. What counts is the best design after this
fine-tuning, over episodes that chose nothing:

    mean, interval    over the seeds, with a 95% bootstrap interval
    lowest, median    of the seeds
    zero-shot         mean over the seeds of the best design before it learned
    beaten by         probability that the first row ends higher, over all pairs of seeds
    candidates        mean number of scored candidates

Rows that are not named are left out of the table. Nothing else should run meanwhile.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from codesign.store import RunFolder
from hyperdistill_core.evaluation.statistics import bootstrap_interval

#: Generations that no run reaches: the clock ends it.
_ENDLESS = 100_000
_ADAPTED = ("screened=1024", "adaptation=true")
#: The settings of each row.
ROWS: dict[str, tuple[str, ...]] = {
    "adaptation": _ADAPTED,
    "screening": ("screened=1024",),
    "plain": (),
    "random": ("algorithm='random'",),
    "map_elites, adaptation": (*_ADAPTED, "algorithm='map_elites'"),
    "map_elites": ("algorithm='map_elites'",),
}


@dataclass(frozen=True)
class Result:
    """The end of one run.

    Attributes:
        score: Score of the best design after fine-tuning.
        zero_shot: Its score before.
        candidates: Number of scored candidates.
    """

    score: float
    zero_shot: float
    candidates: int


def search(row: str, seed: int, out: Path, *, minutes: float, steps: int, workers: int) -> Result:
    """Run a row with a seed, unless it has run; its result."""
    run = out / f"{row.replace(', ', '-')}-{seed}"
    command = [sys.executable, "-m", "codesign", "evolve", "--workers", str(workers)]
    if run.exists():
        command += ["--resume", str(run)]
    else:
        settings = (
            *ROWS[row],
            f"generations={_ENDLESS}",
            f"stop.minutes={minutes}",
            f"finetune_steps={steps}",
        )
        command += ["--preset", "quickstart", "--seed", str(seed), "--out", str(run)]
        command += [f"--set={setting}" for setting in settings]
    if not run.exists() or not _ended(run):
        with (out / f"{run.name}.log").open("a") as log:
            if subprocess.run(command, stdout=log, stderr=log, check=False).returncode:
                sys.exit(f"error: {run}.log has the error")
    with RunFolder(run).database(read_only=True) as database:
        [best] = database.best(1)
        return Result(best.final.score, best.final.metrics["zero_shot_score"], len(database))


def _ended(run: Path) -> bool:
    """Whether the finalists of a run have learned."""
    with RunFolder(run).database(read_only=True) as database:
        return any(candidate.finetuned for candidate in database.best(1))


def table(results: dict[str, list[Result]], *, title: str) -> Table:
    """The table of all rows; the first one is compared with the others."""
    made = Table(title=title)
    made.add_column("row")
    for name in ("mean", "interval", "lowest", "median", "zero-shot", "beaten by", "candidates"):
        made.add_column(name, justify="right")
    first = [result.score for result in next(iter(results.values()))]
    for row, runs in results.items():
        scores = [result.score for result in runs]
        low, high = bootstrap_interval(np.mean, np.array(scores))
        pairs = [float(own > other) for own in first for other in scores]
        made.add_row(
            row,
            f"{fmean(scores):,.0f}",
            f"{low:,.0f} .. {high:,.0f}",
            f"{min(scores):,.0f}",
            f"{median(scores):,.0f}",
            f"{fmean(result.zero_shot for result in runs):,.0f}",
            "" if scores == first else f"{fmean(pairs):.2f}",
            f"{fmean(result.candidates for result in runs):,.0f}",
        )
    return made


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the runs.")
@click.option("--minutes", default=15.0, show_default=True, help="Time of each search.")
@click.option("--seeds", default=8, show_default=True, help="Number of seeds.")
@click.option("--steps", default=100_000, show_default=True, help="Control steps of fine-tuning.")
@click.option("--row", "rows", multiple=True, type=click.Choice(list(ROWS)), help="Only this row.")
@click.option("--workers", default=2, show_default=True)
def main(
    *, out: Path, minutes: float, seeds: int, steps: int, rows: Sequence[str], workers: int
) -> None:
    """Run what is missing, and print the table."""
    out.mkdir(parents=True, exist_ok=True)
    results: dict[str, list[Result]] = {row: [] for row in rows or ROWS}
    for seed in range(seeds):
        for row, runs in results.items():
            runs.append(search(row, seed, out, minutes=minutes, steps=steps, workers=workers))
    title = f"{minutes:g} minutes of search, {steps:,} control steps of fine-tuning, {seeds} seeds"
    Console(width=120).print(table(results, title=title))


if __name__ == "__main__":
    main()
