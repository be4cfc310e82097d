"""How much of the workers' time is waiting, with a generation barrier and without.

    python benchmarks/idle.py [--workers 2] [--population 64] [--generations 8] [--repeats 3]

Two campaigns over equally many candidates, on the same pool of workers and from the same seed:

    aging           asynchronous: a child waits for the candidates ``in_flight`` before it
    mu_plus_lambda  a barrier: no child is bred before its parents' generation is scored

They take turns. A worker is idle from the moment that its answer is taken to the moment that it
gets the next body; the share is that of all workers' time from the first body submitted to the
last answer. What the coordinator needs to breed counts, therefore, and the start of workers does
not. Bodies that are equal to an earlier one are not scored, so the ways may score different
numbers; the table shows how many.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from codesign import config
from codesign.campaign import run
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.scoring import ScoringPool
from codesign.store import Database

WAYS = ("aging", "mu_plus_lambda")


@dataclass(frozen=True)
class Waiting:
    """What became of the workers' time in one campaign.

    Attributes:
        scored: bodies.
        seconds: from the first body submitted to the last answer.
        idle: share of the workers' time, 0..1.
    """

    scored: int
    seconds: float
    idle: float


class WatchedPool(ScoringPool):
    """A pool that knows how long its workers were busy.

    Args:
        workers: number of processes, at least 1.
        settings: of :class:`~codesign.scoring.ScoringPool`.
    """

    def __init__(self, *, workers: int, **settings: Any) -> None:
        super().__init__(workers=workers, **settings)
        self._n_workers = workers
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self._began: dict[Any, float] = {}
        self._first = self._last = self._worked = 0.0
        self._scored = 0

    def submit(self, key: Any, *given: Any, **options: Any) -> None:
        """See :class:`~codesign.scoring.ScoringPool`."""
        super().submit(key, *given, **options)
        self._began[key] = time.perf_counter()
        self._first = self._first or self._began[key]

    def collect(self) -> list[Any]:
        """See :class:`~codesign.scoring.ScoringPool`."""
        answers = super().collect()
        self._last = time.perf_counter()
        for key, _ in answers:
            self._worked += self._last - self._began.pop(key)
            self._scored += 1
        return answers

    @property
    def waiting(self) -> Waiting:
        """What became of the workers' time so far."""
        seconds = self._last - self._first
        return Waiting(self._scored, seconds, 1.0 - self._worked / (seconds * self._n_workers))


def main() -> None:
    """Measure and print the table."""
    parser = _parser()
    options = parser.parse_args()
    if options.workers < 1 or options.repeats < 1:
        parser.error("--workers and --repeats: expected at least 1")
    try:
        ways = {way: _settings(options, way) for way in WAYS}
        measured = measure(ways, workers=options.workers, repeats=options.repeats)
    except UsageError as error:
        parser.error(str(error))
    Console().print(_table(measured, ways[WAYS[0]], options.workers))


def measure(ways: dict[str, Settings], *, workers: int, repeats: int) -> dict[str, list[Waiting]]:
    """Run the campaigns in turns, on one pool; repeat r has r added to the seed of breeding."""
    measured: dict[str, list[Waiting]] = {way: [] for way in ways}
    any_way = next(iter(ways.values()))
    with WatchedPool(
        workers=workers,
        controller=any_way.controller,
        task=any_way.task,
        episodes=any_way.episodes,
        seed=any_way.seed,
    ) as pool:
        for repeat in range(repeats):
            for way, settings in ways.items():
                varied = settings.model_copy(update={"seed": settings.seed + repeat})
                pool.forget()
                _run(varied, pool)
                measured[way].append(pool.waiting)
    return measured


def _run(settings: Settings, pool: ScoringPool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.sqlite"
        Database.create(path)
        with Database(path) as database:
            run(settings, database=database, pool=pool)


def _settings(options: argparse.Namespace, way: str) -> Settings:
    return config.Settings.from_dict(
        {
            "algorithm": way,
            "controller": options.controller,
            "population": options.population,
            "generations": options.generations,
            "in_flight": options.in_flight,
            "episodes": options.episodes,
            "seed": options.seed,
            "reevaluation_episodes": 0,
        }
    )


def _table(measured: dict[str, list[Waiting]], settings: Settings, workers: int) -> Table:
    table = Table(
        title=f"idle share of {workers} workers, {settings.total} candidates, population "
        f"{settings.population}, in_flight {settings.in_flight}; medians"
    )
    for column in ("algorithm", "scored", "seconds", "idle", "idle from .. to"):
        table.add_column(column, justify="left" if column == "algorithm" else "right")
    for way, repeats in measured.items():
        idle = [repeat.idle for repeat in repeats]
        table.add_row(
            way,
            f"{_middle(repeats, lambda r: r.scored):,.0f}",
            f"{_middle(repeats, lambda r: r.seconds):,.2f}",
            f"{median(idle):.1%}",
            f"{min(idle):.1%} .. {max(idle):.1%}",
        )
    return table


def _middle(repeats: list[Waiting], figure: Callable[[Waiting], float]) -> float:
    return median(map(figure, repeats))


def _parser() -> argparse.ArgumentParser:
    summary = "How much of the workers' time is waiting, with a generation barrier and without."
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--controller", default="flat-v2", help="name, or a file")
    parser.add_argument("--population", type=int, default=64)
    parser.add_argument("--generations", type=int, default=8, help="after the starting one")
    parser.add_argument("--in-flight", type=int, default=16, help="of the asynchronous campaign")
    parser.add_argument("--episodes", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=config.usable_cores())
    return parser


if __name__ == "__main__":
    main()
