"""The cost of the coordinating process per candidate, with scores by a formula.

    python benchmarks/scale.py [--candidates 100000] [--algorithm aging] [--workers 8]

Nothing is simulated: the score of a body is its number of nodes plus digits of its hash. What
remains is variation, selection, and the database of the run. The table shows the milliseconds
per candidate for each tenth of the run, and the memory of the process at its end. Below it are
the size of the database, its share of JSON (bodies, score records, diffs), and the size of the
report on the run and the time that it takes.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import networkx as nx
from rich.console import Console
from rich.table import Table

from codesign import config
from codesign.api import write_report
from codesign.campaign import Progress, run
from codesign.config import Settings
from codesign.errors import WRONG_INPUT
from codesign.scoring import ScoreRecord
from codesign.store import Database, RunFolder
from codesign.store.folder import DATABASE
from morph_ops.identity import body_hash

JSON_COLUMNS = ("graph", "record", "diff", "parents")


class FormulaPool:
    """Scores bodies without delay, and answers in random order.

    Args:
        settings: Settings of the run.
        workers: Number of bodies that can be scored at the same time.
    """

    def __init__(self, settings: Settings, workers: int) -> None:
        self.controller = settings.controller
        self._workers = workers
        self._random = random.Random(settings.seed)
        self._items: dict[int, nx.DiGraph[str]] = {}
        self._blank = ScoreRecord.failed(
            robot="",
            hash="",
            task=settings.task,
            controller="formula",
            controller_hash="formula",
            episodes=settings.episodes,
            seed=settings.seed,
            worst_score=0.0,
        )

    @property
    def idle(self) -> int:
        """Number of bodies that can be submitted now."""
        return self._workers - len(self._items)

    @property
    def busy(self) -> bool:
        """Whether a body is being scored."""
        return bool(self._items)

    def submit(self, key: int, graph: nx.DiGraph[str], **options: Any) -> None:
        """Take a body; thresholds and variants are ignored."""
        del options
        self._items[key] = graph

    def collect(self) -> list[tuple[int, ScoreRecord]]:
        """The score of one body."""
        number = self._random.choice(list(self._items))
        return [(number, self._record(self._items.pop(number)))]

    def _record(self, graph: nx.DiGraph[str]) -> ScoreRecord:
        digest = body_hash(graph)
        score = len(graph) + int(digest[:8], 16) / 2**32
        episodes = self._blank.episodes
        return replace(
            self._blank,
            hash=digest,
            status="ok",
            score=score,
            ci95=(score, score),
            returns=(score,) * episodes,
            lengths=(1000,) * episodes,
            fell=(False,) * episodes,
            terms={"forward": score},
            metrics={"work": 1.0, "height": 0.5, "contact": 0.9, "symmetry": 0.5},
            duty_factors=(0.5,) * len(graph),
        )


@dataclass(frozen=True)
class Tenth:
    """A part of a run.

    Attributes:
        candidates: Number of candidates.
        seconds: Processor time of the coordinating process (s).
        memory_mb: Resident memory at the end of the part (MB).
    """

    candidates: int
    seconds: float
    memory_mb: float


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--candidates", type=int, default=100_000, help="number of candidates")
    parser.add_argument("--algorithm", default="aging", help="name of the algorithm")
    parser.add_argument(
        "--workers", type=int, default=8, help="bodies that are scored at the same time"
    )
    options = parser.parse_args()
    if options.candidates < 100 or options.workers < 1:
        parser.error("expected at least 100 candidates and 1 worker")
    population = min(500, options.candidates // 10)
    try:
        settings = config.Settings.from_dict(
            {
                "population": population,
                "generations": -(-options.candidates // population),
                "candidates": options.candidates,
                "algorithm": options.algorithm,
                "in_flight": 64,
                "reevaluation_episodes": 0,
            }
        )
    except WRONG_INPUT as error:
        parser.error(str(error))
    with tempfile.TemporaryDirectory() as parent:
        folder = RunFolder.create(Path(parent) / "run", settings)
        path = folder.path / DATABASE
        tenths = measure(settings, path, workers=options.workers)
        size, json_size = path.stat().st_size, _json_size(path)
        started = time.perf_counter()
        page_mb = write_report(folder.path).stat().st_size / 1e6
        page_s = time.perf_counter() - started
    console = Console()
    console.print(_table(tenths))
    first, last = tenths[0], tenths[-1]
    ratio = last.seconds / last.candidates / (first.seconds / first.candidates)
    console.print(f"last tenth over first, per candidate: {ratio:.2f}")
    console.print(
        f"database: {size / options.candidates:,.0f} bytes per candidate, "
        f"{json_size / options.candidates:,.0f} of them JSON"
    )
    console.print(f"report: {page_mb:.1f} MB in {page_s:.1f} s")


def measure(settings: Settings, path: Path, *, workers: int) -> list[Tenth]:
    """Run a campaign into an empty database, and measure each tenth of it."""
    tenths: list[Tenth] = []
    step = settings.total // 10
    started = time.process_time()

    def watch(progress: Progress) -> None:
        nonlocal started
        if progress.done % step == 0:
            now = time.process_time()
            tenths.append(Tenth(step, now - started, _memory_mb()))
            started = now

    pool = FormulaPool(settings, workers)
    with Database(path) as database:
        run(settings, database=database, pool=pool, on_progress=watch)  # type: ignore[arg-type] # the part of a ScoringPool that the loop uses
    return tenths[:10]


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _json_size(path: Path) -> int:
    total = "+".join(f"ifnull(length({column}), 0)" for column in JSON_COLUMNS)
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT sum({total}) FROM candidates").fetchone()[0]


def _table(tenths: list[Tenth]) -> Table:
    table = Table(title="Coordinator")
    for title in ("candidates", "ms per candidate", "memory, MB"):
        table.add_column(title, justify="right")
    done = 0
    for tenth in tenths:
        done += tenth.candidates
        each = 1000.0 * tenth.seconds / tenth.candidates
        table.add_row(f"{done:,}", f"{each:.2f}", f"{tenth.memory_mb:.0f}")
    return table


if __name__ == "__main__":
    main()
