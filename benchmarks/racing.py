"""Benchmark of racing: the control steps that it saves, and the best bodies that it loses.

    python benchmarks/racing.py [--bodies 500] [--episodes 4 8] [--top 10] [--repeats 2]

An aging campaign creates the bodies. The truly best ones are those with the highest scores over 32
episodes of initial states that nothing else uses. Then the same bodies are scored over a few
episodes, in four ways:

    in full     no racing
    screening   all bodies are screened by a short episode, then race for the top, the most
                promising first: codesign score --top
    in order    one after the other, like a campaign of the algorithm `random`: the threshold is
                the lowest of the best scores so far, without those of the bodies in flight
    shuffled    the same in random order. The bodies of a search improve, so the threshold of the
                order before stays low for long.

Each row is the mean over repeats with initial states of their own. It counts control steps, not
time.
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

from codesign.campaign import run
from codesign.campaign.algorithms import new_algorithm
from codesign.config import Racing, Settings, usable_cores
from codesign.errors import UsageError
from codesign.scoring import ScoreRecord, ScoringPool, race_for_top
from codesign.store import Candidate, Database

WAYS = ("in full", "screening", "in order", "shuffled")
#: Seed of the episodes that decide which bodies are best, and of the shuffled orders.
TRUTH_SEED = 777_000
#: Bodies before the first one that racing can prune, and bodies in flight.
POPULATION, IN_FLIGHT = 64, 16


@dataclass(frozen=True)
class Outcome:
    """Cost and result of one way to score the bodies.

    Attributes:
        steps: Control steps that were simulated.
        scored: Number of bodies with a complete score.
        kept: Number of the truly best bodies among them.
    """

    steps: int
    scored: int
    kept: int


def main() -> None:
    """Run the benchmark and print the table."""
    parser = _parser()
    options = parser.parse_args()
    for name in ("bodies", "top", "repeats", "workers"):
        if getattr(options, name) < 1:
            parser.error(f"--{name}: expected at least 1, got {getattr(options, name)}")
    try:
        bodies = searched_bodies(options)
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


def searched_bodies(options: argparse.Namespace) -> list[nx.DiGraph[str]]:
    """The distinct bodies of an aging campaign, in the order of their creation."""
    settings = Settings(
        algorithm="aging",
        controller=options.controller,
        candidates=options.bodies,
        episodes=options.episodes[0],
        population=min(POPULATION, options.bodies),
        generations=options.bodies,
        workers=options.workers,
        seed=options.seed,
        reevaluation_episodes=0,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.sqlite"
        Database.create(path)
        with Database(path) as database, ScoringPool.of_campaign(settings) as pool:
            run(settings, database=database, pool=pool)
            return [c.graph for c in database.candidates() if c.duplicate_of is None]


def truly_best(bodies: Sequence[nx.DiGraph[str]], options: argparse.Namespace) -> set[int]:
    """Indices of the best bodies over many episodes."""
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
) -> dict[str, Outcome]:
    """Score the bodies in every way, over the same episodes."""
    order: list[int] = np.random.default_rng(TRUTH_SEED + repeat).permutation(len(bodies)).tolist()
    seed = options.seed + 1 + repeat
    with _pool(options, episodes, seed, racing=Racing()) as pool:
        shuffled = one_after_the_other([bodies[index] for index in order], pool, options.top)
        places: list[int] = np.argsort(order).tolist()
        ways = {
            "in full": pool.map(bodies),
            "screening": race_for_top(bodies, pool, top=options.top),
            "in order": one_after_the_other(bodies, pool, options.top),
            "shuffled": [shuffled[place] for place in places],
        }
    return {way: _outcome(records, best) for way, records in ways.items()}


def one_after_the_other(
    bodies: Sequence[nx.DiGraph[str]], pool: ScoringPool, top: int
) -> list[ScoreRecord]:
    """Records of the bodies in a campaign of the algorithm ``random``."""
    settings = Settings(
        algorithm="random", finalists=top, top=top, population=POPULATION, racing=Racing()
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


def _outcome(records: Sequence[ScoreRecord], best: set[int]) -> Outcome:
    scored = {index for index, record in enumerate(records) if record.status != "pruned"}
    return Outcome(sum(record.steps for record in records), len(scored), len(scored & best))


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
    measured: dict[int, list[dict[str, Outcome]]], bodies: int, top: int, repeats: int
) -> Table:
    table = Table(title=f"racing on {bodies} bodies of a search; means of {repeats} repeats")
    table.add_column("episodes", justify="right")
    table.add_column("way")
    for title in ("control steps", "share", "scored in full", f"top {top} kept"):
        table.add_column(title, justify="right")
    for episodes, several in measured.items():
        complete = fmean(repeat["in full"].steps for repeat in several)
        for way in WAYS:
            outcomes = [repeat[way] for repeat in several]
            steps = fmean(outcome.steps for outcome in outcomes)
            table.add_row(
                f"{episodes}",
                way,
                f"{steps:,.0f}",
                f"{steps / complete:.2f}",
                f"{fmean(outcome.scored for outcome in outcomes):.0f}",
                f"{fmean(outcome.kept for outcome in outcomes):.1f}",
            )
    return table


def _parser() -> argparse.ArgumentParser:
    summary = "Control steps that racing saves, and best bodies that it loses."
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--controller", default="flat-v3", help="name or file of a controller")
    parser.add_argument("--bodies", type=int, default=500, help="candidates of the campaign")
    parser.add_argument(
        "--episodes", type=int, nargs="+", default=[4, 8], help="episodes of a score"
    )
    parser.add_argument("--true-episodes", type=int, default=32, help="episodes of a true score")
    parser.add_argument("--top", type=int, default=10, help="number of best bodies to find")
    parser.add_argument("--repeats", type=int, default=2, help="number of repeats")
    parser.add_argument("--seed", type=int, default=0, help="seed of the campaign")
    parser.add_argument(
        "--workers", type=int, default=usable_cores(), help="number of worker processes"
    )
    return parser


if __name__ == "__main__":
    main()
