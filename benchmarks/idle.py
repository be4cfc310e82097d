"""Share of time that workers are idle, with a generation barrier and without.

    python benchmarks/idle.py [--workers 2] [--population 64] [--generations 8] [--repeats 3]

Two campaigns of equally many candidates, on the same worker pool and from the same seed:

    aging           asynchronous: a child waits only for the candidates ``in_flight`` before it
    mu_plus_lambda  a barrier: no child is made before its parents' generation is scored

The campaigns take turns. A worker is idle from the moment when its result is collected to the
moment when it gets the next body. The share refers to the time of all workers from the first
submitted body to the last result. It therefore includes what the coordinator needs to make
offspring, and not the start of the workers. A duplicate of an earlier body is not scored, so that
the campaigns may score different numbers of bodies; the table shows them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from codesign import config
from codesign.campaign import run
from codesign.config import Settings
from codesign.errors import WRONG_INPUT
from codesign.scoring import ScoringPool
from codesign.store import Database

ALGORITHMS = ("aging", "mu_plus_lambda")


@dataclass(frozen=True)
class Usage:
    """How one campaign used the workers.

    Attributes:
        n_scored: Number of bodies scored.
        seconds: Time from the first submitted body to the last result (s).
        idle: Share of the workers' time without work, 0 to 1.
    """

    n_scored: int
    seconds: float
    idle: float


class TimedPool(ScoringPool):
    """A scoring pool that measures how long its workers work.

    Args:
        workers: Number of processes, at least 1.
        settings: Arguments of :class:`~codesign.scoring.ScoringPool`.
    """

    def __init__(self, *, workers: int, **settings: Any) -> None:
        super().__init__(workers=workers, **settings)
        self._n_workers = workers
        self.clear_times()

    def clear_times(self) -> None:
        """Begin a new measurement."""
        self._submitted: dict[Any, float] = {}
        self._first = self._last = self._worked = 0.0
        self._n_scored = 0

    def submit(self, key: Any, *arguments: Any, **options: Any) -> None:
        """See :class:`~codesign.scoring.ScoringPool`."""
        super().submit(key, *arguments, **options)
        self._submitted[key] = time.perf_counter()
        self._first = self._first or self._submitted[key]

    def collect(self) -> list[Any]:
        """See :class:`~codesign.scoring.ScoringPool`."""
        results = super().collect()
        self._last = time.perf_counter()
        for key, _ in results:
            self._worked += self._last - self._submitted.pop(key)
            self._n_scored += 1
        return results

    @property
    def usage(self) -> Usage:
        """How the workers were used since :meth:`clear_times`."""
        seconds = self._last - self._first
        return Usage(self._n_scored, seconds, 1.0 - self._worked / (seconds * self._n_workers))


def main() -> None:
    """Measure, and print the table."""
    parser = _parser()
    options = parser.parse_args()
    for name in ("workers", "repeats"):
        if getattr(options, name) < 1:
            parser.error(f"--{name}: expected at least 1, got {getattr(options, name)}")
    try:
        settings = {algorithm: _settings(options, algorithm) for algorithm in ALGORITHMS}
        measured = measure(settings, workers=options.workers, repeats=options.repeats)
    except WRONG_INPUT as error:
        parser.error(str(error))
    Console().print(_table(measured, settings[ALGORITHMS[0]], options.workers))


def measure(settings: dict[str, Settings], *, workers: int, repeats: int) -> dict[str, list[Usage]]:
    """Run the campaigns in turns, on one pool.

    Args:
        settings: Settings of each campaign, which differ in the algorithm alone.
        workers: Number of worker processes.
        repeats: Number of repeats; repeat r adds r to the campaigns' seeds.

    Returns:
        One entry a repeat, for each campaign.
    """
    measured: dict[str, list[Usage]] = {name: [] for name in settings}
    first = next(iter(settings.values()))
    with TimedPool(
        workers=workers,
        controller=first.controller,
        task=first.task,
        episodes=first.episodes,
        seed=first.seed,
    ) as pool:
        for repeat in range(repeats):
            for name, campaign in settings.items():
                pool.clear_times()
                _run(campaign.replace(seed=campaign.seed + repeat), pool)
                measured[name].append(pool.usage)
    return measured


def _run(settings: Settings, pool: ScoringPool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.sqlite"
        Database.create(path)
        with Database(path) as database:
            run(settings, database=database, pool=pool)


def _settings(options: argparse.Namespace, algorithm: str) -> Settings:
    return config.Settings.from_dict(
        {
            "algorithm": algorithm,
            "controller": options.controller,
            "population": options.population,
            "generations": options.generations,
            "in_flight": options.in_flight,
            "episodes": options.episodes,
            "seed": options.seed,
            "reevaluation_episodes": 0,
        }
    )


def _table(measured: dict[str, list[Usage]], settings: Settings, workers: int) -> Table:
    table = Table(
        title=f"idle share of {workers} workers, {settings.total} candidates, population "
        f"{settings.population}, in_flight {settings.in_flight}; medians"
    )
    for column in ("algorithm", "scored", "seconds", "idle", "idle from .. to"):
        table.add_column(column, justify="left" if column == "algorithm" else "right")
    for algorithm, repeats in measured.items():
        idle = [usage.idle for usage in repeats]
        table.add_row(
            algorithm,
            f"{median(usage.n_scored for usage in repeats):,.0f}",
            f"{median(usage.seconds for usage in repeats):,.2f}",
            f"{median(idle):.1%}",
            f"{min(idle):.1%} .. {max(idle):.1%}",
        )
    return table


def _parser() -> argparse.ArgumentParser:
    summary = "Share of time that workers are idle, with a generation barrier and without."
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--controller", default="flat-v3", help="name or file of a controller")
    parser.add_argument("--population", type=int, default=64, help="size of the population")
    parser.add_argument("--generations", type=int, default=8, help="generations after the first")
    parser.add_argument(
        "--in-flight", type=int, default=16, help="in_flight of the asynchronous campaign"
    )
    parser.add_argument("--episodes", type=int, default=4, help="episodes of each body")
    parser.add_argument("--repeats", type=int, default=3, help="number of repeats")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first repeat")
    parser.add_argument(
        "--workers", type=int, default=config.usable_cores(), help="number of worker processes"
    )
    return parser


if __name__ == "__main__":
    main()
