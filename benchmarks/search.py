"""Every algorithm against random search, at equal numbers of evaluations.

    python benchmarks/search.py --out DIR [--candidates 1000] [--episodes 4] [--seeds 0 1 2]
                                [--only ROW]... [--jobs 2] [--figure FILE]

Every row is a preset, run by ``codesign evolve`` into DIR/ROW-SEED. An interrupted run is
resumed, and a finished one is not run again, so the command can be stopped and repeated. The
table shows medians over seeds, with the lowest and the highest value.

    best           score of the best finalist, over the fresh episodes of the re-evaluation
    mean of 10     mean of these scores over the ten best finalists
    coverage       share of filled cells in a grid of number of limbs x mean height, 10 x 10
    QD score       sum over these cells of the best score in each, at least 0
    plans          distinct body plans (without densities, gears and joint ranges) in the best 100
    to reach it    evaluations, and seconds of scoring, until a score equals the best one of
                   `random` with the same seed; "never" for a run that ends below it
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from codesign.campaign.descriptors import lookup_descriptor
from codesign.errors import UsageError
from codesign.store import Candidate, RunFolder
from morph_ops.identity import body_plan_hash

BASELINE = "random"
#: The preset of each row, and the settings that replace its own.
ROWS: dict[str, tuple[str, ...]] = {
    BASELINE: (BASELINE,),
    "aging": ("aging",),
    "aging, no crossover": ("aging", "rates.crossover=0.0"),
    "mu_plus_lambda": ("mu_plus_lambda",),
    "nsga2": ("nsga2",),
    "map_elites": ("map_elites",),
    "novelty": ("novelty",),
    "islands": ("islands",),
}
GRID = ("limbs", "height")
BINS = 10
#: Number of best bodies whose plans are counted, and number of finalists in the mean.
BEST, FEW = 100, 10
NEVER = "never"
#: Width of the printed table in characters; a narrower one would cut its values.
WIDTH = 140


@dataclass(frozen=True)
class Result:
    """The result of one run.

    Attributes:
        best: Score of the best finalist over fresh episodes.
        mean: Mean score of the best finalists.
        coverage: Share of the grid's cells that are filled, 0 to 1.
        qd: QD score.
        plans: Number of distinct body plans among the best bodies.
        scores: (N,) scores of the distinct bodies, in the order of their numbers.
        seconds: (N,) total time of scoring up to each of them (s).
    """

    best: float
    mean: float
    coverage: float
    qd: float
    plans: int
    scores: NDArray[np.float64]
    seconds: NDArray[np.float64]

    def reaches(self, score: float) -> int | None:
        """Number of evaluations until a score is reached; None if it never is."""
        reached = np.flatnonzero(self.scores >= score)
        return int(reached[0]) + 1 if reached.size else None


def folder(row: str, seed: int, out: Path) -> Path:
    """The run folder of a row and a seed."""
    return out / f"{row.replace(', ', '-').replace(' ', '-')}-{seed}"


def search(row: str, seed: int, options: argparse.Namespace) -> int:
    """Run a row, or resume it; the exit code."""
    path = folder(row, seed, options.out)
    command = [sys.executable, "-m", "codesign", "evolve"]
    if path.exists():
        command += ["--resume", str(path)]
    else:
        preset, *changes = ROWS[row]
        changes += [f"candidates={options.candidates}", f"episodes={options.episodes}"]
        changes += [f"controller={options.controller}", "workers=0"]
        if options.population is not None:
            changes.append(f"population={options.population}")
        command += ["--preset", preset, "--seed", str(seed), "--out", str(path)]
        for change in changes:
            command += ["--set", change]
    with (options.out / f"{path.name}.log").open("a") as log:
        return subprocess.run(command, stdout=log, stderr=log, check=False).returncode


def _require_same_options(row: str, seed: int, options: argparse.Namespace) -> None:
    """Refuse a run that an earlier command made with other options."""
    path = folder(row, seed, options.out)
    if not RunFolder.is_run(path):
        return
    run = RunFolder(path)
    file = Path(options.controller)
    options_by_name = {
        **{name: getattr(options, name) for name in ("candidates", "episodes", "population")},
        "controller": str(file.absolute()) if file.exists() else options.controller,
    }
    for name, expected in options_by_name.items():
        found = getattr(run.settings, name)
        if expected is not None and expected != found:
            raise UsageError(
                f"{run.path}: expected a run with {name}={expected}, got {found}; "
                "choose another --out"
            )


def read(run: Path) -> Result:
    """The result of a run."""
    with RunFolder(run).database(read_only=True) as database:
        bodies = [c for c in database.candidates() if c.duplicate_of is None]
        finalists = [c.reevaluation.score for c in database.best(FEW) if c.reevaluation is not None]
    scored = [candidate for candidate in bodies if candidate.result.status == "ok"]
    cells: dict[tuple[int, ...], float] = {}
    for candidate in scored:
        cell = tuple(_bin(name, candidate) for name in GRID)
        cells[cell] = max(candidate.score, cells.get(cell, 0.0))
    leaders = sorted(scored, key=lambda candidate: -candidate.score)[:BEST]
    return Result(
        best=finalists[0],
        mean=fmean(finalists),
        coverage=len(cells) / BINS ** len(GRID),
        qd=sum(cells.values()),
        plans=len({body_plan_hash(candidate.graph) for candidate in leaders}),
        scores=np.array([candidate.score for candidate in bodies]),
        seconds=np.cumsum([candidate.result.seconds for candidate in bodies]),
    )


def _bin(name: str, candidate: Candidate) -> int:
    axis = lookup_descriptor(name)
    share = (axis.clipped(candidate) - axis.low) / (axis.high - axis.low)
    return min(BINS - 1, int(share * BINS))


def _table(results: dict[str, dict[int, Result]], options: argparse.Namespace) -> Table:
    table = Table(
        title=f"{options.candidates:,} candidates of {options.episodes} episodes, "
        f"{len(options.seeds)} seeds: median (lowest .. highest)"
    )
    table.add_column("row", no_wrap=True)
    columns = ("best", f"mean of {FEW}", "coverage", "QD score", "plans")
    for column in (*columns, "evaluations to reach it", "seconds"):
        table.add_column(column, justify="right")
    goals = {seed: float(run.scores.max()) for seed, run in results.get(BASELINE, {}).items()}
    for row, runs in results.items():
        several = list(runs.values())
        reached = [(run, run.reaches(goals[s])) for s, run in runs.items() if s in goals]
        table.add_row(
            row,
            _spread(f.best for f in several),
            _spread(f.mean for f in several),
            _spread((100.0 * f.coverage for f in several), "%"),
            _spread(f.qd for f in several),
            _spread(f.plans for f in several),
            ", ".join(NEVER if n is None else f"{n:,}" for _, n in reached),
            ", ".join(NEVER if n is None else f"{run.seconds[n - 1]:.0f}" for run, n in reached),
        )
    return table


def _spread(figures: Iterable[float], unit: str = "") -> str:
    values = list(figures)
    return f"{median(values):,.0f}{unit} ({min(values):,.0f} .. {max(values):,.0f})"


def plot(results: dict[str, dict[int, Result]], path: Path) -> None:
    """Draw the best score so far by distinct bodies scored: a panel a row, a line a seed.

    The gray lines are those of the baseline.
    """
    from matplotlib.figure import Figure

    columns = min(4, len(results))
    lines = math.ceil(len(results) / columns)
    figure = Figure(figsize=(3.2 * columns, 2.6 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).flat
    for axes, (row, runs) in zip(panels, results.items(), strict=False):
        for other, color in ((results.get(BASELINE, {}), "0.75"), (runs, "tab:blue")):
            for run in other.values():
                best = np.maximum.accumulate(run.scores)
                axes.step(np.arange(1, len(best) + 1), best, where="post", color=color)
        axes.set_title(row)
    figure.axes[0].set_ylim(bottom=0.0)  # of all panels: they share the axis
    for axes in list(panels)[len(results) :]:
        axes.remove()
    figure.supxlabel("distinct bodies scored")
    figure.supylabel("best score so far (mean return)")
    figure.savefig(path, dpi=150)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, print the table, and draw the figure."""
    options = _parser().parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    rows = options.only or list(ROWS)
    wanted = [(row, seed) for seed in options.seeds for row in rows]
    try:
        for row, seed in wanted:
            _require_same_options(row, seed, options)
    except UsageError as error:
        sys.exit(f"error: {error}")
    with ThreadPoolExecutor(options.jobs) as pool:
        codes = list(pool.map(lambda run: search(run[0], run[1], options), wanted))
    failed = [
        folder(row, seed, options.out)
        for (row, seed), code in zip(wanted, codes, strict=True)
        if code
    ]
    if failed:
        sys.exit(f"error: {', '.join(f'{run}.log' for run in failed)} has the error")
    results = {
        row: {seed: read(folder(row, seed, options.out)) for seed in options.seeds} for row in rows
    }
    Console(width=WIDTH).print(_table(results, options))
    if options.figure is not None:
        plot(results, options.figure)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Every algorithm against random search.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--controller", default="flat-v3", help="name or file of a controller")
    parser.add_argument("--candidates", type=int, default=1000, help="candidates of each run")
    parser.add_argument("--episodes", type=int, default=4, help="episodes of each body")
    parser.add_argument("--population", type=int, help="population instead of the presets'")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="seeds of the runs")
    parser.add_argument(
        "--only", action="append", choices=list(ROWS), help="only this row; may be repeated"
    )
    parser.add_argument("--jobs", type=int, default=2, help="parallel runs, one core each")
    parser.add_argument("--figure", type=Path, help="file for a figure, .png or .svg")
    return parser


if __name__ == "__main__":
    main()
