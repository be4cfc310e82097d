"""What racing saves, and which of the best bodies it costs, on bodies that a search breeds.

    python benchmarks/racing.py [--bodies 500] [--episodes 4 8] [--top 10] [--repeats 2]

An aging campaign breeds the bodies. Who is truly best is decided by 32 episodes of starts that
nothing else sees. Then the same bodies are scored over a few episodes, in four ways:

    in full             every body, no racing
    by look             all run a short episode, then the most promising first: score --top
    as bred             one after the other, as a campaign of algorithm `random` would: the bar is
                        the worst of the best so far, and lags by the bodies in flight
    shuffled            likewise, in random order; bodies of a search get better, so the bar of the
                        way before is low for long

A row is the mean over repeats, each with starts of its own. Control steps are counted, not time.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import networkx as nx
import numpy as np
from rich.console import Console
from rich.table import Table

from codesign import config
from codesign.campaign import run
from codesign.campaign.algorithms import new_algorithm
from codesign.config import Racing
from codesign.errors import UsageError
from codesign.scoring import ScoreRecord, ScoringPool, race_for_top
from codesign.store import Candidate, Database

WAYS = ("in full", "by look", "as bred", "shuffled")
#: Of the episodes that decide who is best, and of the order of shuffled bodies.
TRUTH_SEED = 777_000
#: Bodies before the first that may be stopped, and bodies in flight, of a campaign.
POPULATION, IN_FLIGHT = 64, 16


@dataclass(frozen=True)
class Raced:
    """What one way cost and kept.

    Attributes:
        steps: control steps, of all that was simulated.
        scored: bodies that were scored in full.
        kept: of the truly best, those among them.
    """

    steps: int
    scored: int
    kept: int


def main() -> None:
    """Measure and print the table."""
    parser = _parser()
    options = parser.parse_args()
    for name in ("bodies", "top", "repeats", "workers"):
        if getattr(options, name) < 1:
            parser.error(f"--{name}: expected at least 1, got {getattr(options, name)}")
    try:
        bodies = unscored(options)
        best = truly_best(bodies, options)
        measured = {
            episodes: [
                race(bodies, best, options, episodes=episodes, repeat=repeat)
                for repeat in range(options.repeats)
            ]
            for episodes in options.episodes
        }
    except UsageError as error:
        parser.error(str(error))
    Console().print(_table(measured, len(bodies), options.top, options.repeats))


def unscored(options: argparse.Namespace) -> list[nx.DiGraph[str]]:
    """The distinct bodies of an aging campaign, in the order of their breeding."""
    settings = config.Settings.from_dict(
        {
            "algorithm": "aging",
            "controller": options.controller,
            "candidates": options.bodies,
            "episodes": options.episodes[0],
            "population": min(POPULATION, options.bodies),
            "generations": options.bodies,
            "workers": options.workers,
            "seed": options.seed,
            "reevaluation_episodes": 0,
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.sqlite"
        Database.create(path)
        with Database(path) as database, ScoringPool.of_campaign(settings) as pool:
            run(settings, database=database, pool=pool)
            return [c.graph for c in database.candidates() if c.duplicate_of is None]


def truly_best(bodies: Sequence[nx.DiGraph[str]], options: argparse.Namespace) -> set[int]:
    """Indices of the best bodies by many episodes."""
    with _pool(options, options.true_episodes, TRUTH_SEED, racing=None) as pool:
        scores = [record.score for record in pool.map(bodies)]
    return set(np.argsort(-np.array(scores), kind="stable")[: options.top].tolist())


def race(
    bodies: Sequence[nx.DiGraph[str]],
    best: set[int],
    options: argparse.Namespace,
    *,
    episodes: int,
    repeat: int,
) -> dict[str, Raced]:
    """Score the bodies in every way, over the same episodes."""
    order = np.random.default_rng(TRUTH_SEED + repeat).permutation(len(bodies))
    seed = options.seed + 1 + repeat
    with _pool(options, episodes, seed, racing=Racing()) as pool:
        shuffled = one_after_the_other([bodies[index] for index in order], pool, options.top)
        ways = {
            "in full": pool.map(bodies),
            "by look": race_for_top(bodies, pool, top=options.top),
            "as bred": one_after_the_other(bodies, pool, options.top),
            "shuffled": [shuffled[place] for place in np.argsort(order)],
        }
    return {way: _raced(records, best) for way, records in ways.items()}


def one_after_the_other(
    bodies: Sequence[nx.DiGraph[str]], pool: ScoringPool, top: int
) -> list[ScoreRecord]:
    """Records as a campaign of algorithm ``random`` would have them."""
    settings = config.Settings.from_dict(
        {
            "algorithm": "random",
            "finalists": top,
            "top": top,
            "population": POPULATION,
            "racing": {},
        }
    )
    algorithm = new_algorithm(settings)
    records: list[ScoreRecord] = []
    for first in range(0, len(bodies), IN_FLIGHT):
        batch = bodies[first : first + IN_FLIGHT]
        found = pool.map(batch, threshold=algorithm.threshold(first))
        for number, (graph, record) in enumerate(zip(batch, found, strict=True), first):
            candidate = Candidate.unscored(graph, number=number, generation=0, operator="sample")
            algorithm.tell(candidate.scored(record))
        records += found
    return records


def _raced(records: Sequence[ScoreRecord], best: set[int]) -> Raced:
    scored = {index for index, record in enumerate(records) if record.status != "pruned"}
    return Raced(sum(record.steps for record in records), len(scored), len(scored & best))


def _pool(
    options: argparse.Namespace, episodes: int, seed: int, *, racing: Racing | None
) -> ScoringPool:
    return ScoringPool(
        workers=options.workers,
        controller=options.controller,
        episodes=episodes,
        seed=seed,
        racing=racing,
    )


def _table(
    measured: dict[int, list[dict[str, Raced]]], bodies: int, top: int, repeats: int
) -> Table:
    table = Table(title=f"racing on {bodies} bodies that a search bred; means of {repeats} repeats")
    table.add_column("episodes", justify="right")
    table.add_column("way")
    for title in ("control steps", "of all", "scored", f"top {top} kept"):
        table.add_column(title, justify="right")
    for episodes, several in measured.items():
        whole = fmean(repeat["in full"].steps for repeat in several)
        for way in WAYS:
            raced = [repeat[way] for repeat in several]
            steps = fmean(r.steps for r in raced)
            table.add_row(
                f"{episodes}",
                way,
                f"{steps:,.0f}",
                f"{steps / whole:.2f}",
                f"{fmean(r.scored for r in raced):.0f}",
                f"{fmean(r.kept for r in raced):.1f}",
            )
    return table


def _parser() -> argparse.ArgumentParser:
    summary = "What racing saves, and which of the best bodies it costs."
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--controller", default="flat-v2", help="name, or a file")
    parser.add_argument("--bodies", type=int, default=500, help="candidates of the campaign")
    parser.add_argument("--episodes", type=int, nargs="+", default=[4, 8], help="of a score")
    parser.add_argument("--true-episodes", type=int, default=32)
    parser.add_argument("--top", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=config.usable_cores())
    return parser


if __name__ == "__main__":
    main()
