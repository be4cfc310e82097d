"""Searches that learn against searches that do not, at equal control steps or equal wall time.

    python benchmarks/searches_that_learn.py --out DIR [--steps N | --minutes 15] [--seeds 8]
                                             [--row ROW]... [--workers 2] [--jobs 1]

Every row is a search of as many control steps, or minutes, with each seed: a campaign, run by
``codesign evolve``, or one of ``searches_from_scratch.py``. The networks that the controller
generates for its finalists then learn for the same number of control steps, in all rows. A finished
run is not run again, and an interrupted one begins anew. What counts is the best design after this
fine-tuning, chosen over 16 episodes and scored over 16 others; a search from scratch may also keep
the controllers that it found:

    mean, interval    over the seeds, with a 95% bootstrap interval
    lowest, median    of the seeds
    zero-shot         mean over the seeds of this design before it learned
    beaten by         probability that the first row ends higher, over all pairs of seeds
    candidates        mean number of bodies that were scored
    steps             mean number of control steps of the search, in millions: what has begun goes
                      on to its end. A search from scratch does not pay for the episodes that judge
                      a body after it has learned.
    minutes           mean time of a whole run, fine-tuning included

Rows that are not named are left out of the table. With ``--steps`` the scores do not depend on what
else runs, and are the same on machines with the same kind of processor. With ``--minutes`` nothing
else should run meanwhile.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, median

# PyTorch's threads leave the cores to the simulations while they wait.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import click
import networkx as nx
import numpy as np
from kept_options import keep_options
from rich.console import Console
from rich.table import Table
from searches_from_scratch import THREADS, Budget, Learned, evolve, train, tune

from codesign.campaign.screening import most_screening_steps
from codesign.config import Settings
from codesign.defaults import BEST_OF, CONTROLLER
from codesign.store import RunFolder
from codesign.threads import torch_threads
from hyperdistill_core.evaluation.evaluation import select_variants
from hyperdistill_core.evaluation.statistics import bootstrap_interval
from hyperdistill_core.rollout import Policy, rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.finetuning import FineTuneSettings, enough_simulations, finetune

#: Generations that no run reaches: the budget ends it.
_ENDLESS = 100_000
_OURS = ("screened=512", "brood=4")
_ADAPTED = (*_OURS, "adaptation={every=3, steps=200000, bodies=64}")
#: Control steps of a search by default: DERL spends them on the training of one body (Gupta 2021).
STEPS = 5_000_000
#: The settings of each row.
ROWS: dict[str, tuple[str, ...]] = {
    "broods": _OURS,
    "adaptation": _ADAPTED,
    "screening": ("screened=512",),
    "plain": (),
    "random": ("algorithm='random'",),
    "map_elites, adaptation": (*_ADAPTED, "algorithm='map_elites'"),
    "map_elites": (*_OURS, "algorithm='map_elites'"),
    "no crossover": (*_OURS, "rates.crossover=0"),
    "no change of limbs": (*_OURS, "rates.operators={grow_limb=0, delete_limb=0}"),
    "no limb_params": (*_OURS, "rates.operators={limb_params=0}"),
    "no dof, joint_angle": (*_OURS, "rates.operators={dof=0, joint_angle=0}"),
    "no gear, density": (*_OURS, "rates.operators={gear=0, density=0}"),
}
#: Rows that are no campaigns: DERL's way, and that of tools that tune oscillators.
FROM_SCRATCH: dict[str, Callable[..., list[Learned]]] = {
    "PPO from scratch": train,
    "oscillators": tune,
}
ALL = (*ROWS, *FROM_SCRATCH)
#: Bodies that learn in the end, in all rows.
FINALISTS = 6
#: Episodes that choose a design, and of its score; offset of their seeds.
EPISODES, FRESH = 16, 1_000_003


@dataclass(frozen=True)
class Ended:
    """The end of one search.

    Attributes:
        score: Score of the best design after fine-tuning.
        zero_shot: Its score before; None for a search from scratch.
        candidates: Number of scored candidates.
        steps: Control steps of the search.
    """

    score: float
    zero_shot: float | None
    candidates: int
    steps: int


@dataclass(frozen=True)
class Result(Ended):
    """The end of one run.

    Attributes:
        minutes: Time of the whole run.
    """

    minutes: float


def search(
    row: str,
    seed: int,
    out: Path,
    *,
    budget: Budget,
    tuning: int,
    body_steps: int,
    alive: int,
    workers: int,
) -> Result:
    """Run a row with a seed, unless it has run; its result."""
    run = out / f"{row.replace(', ', '-')}-{seed}"
    file = out / f"{run.name}.json"
    if file.exists():
        return Result(**json.loads(file.read_text()))
    began = time.monotonic()
    if row in FROM_SCRATCH:
        learn = partial(FROM_SCRATCH[row], steps=body_steps, workers=workers)
        learned = evolve(learn, seed=seed, budget=budget, population=alive)
        ended = from_scratch(learned, seed, tuning=tuning, workers=workers)
    else:
        ended = campaign(row, seed, run, budget=budget, tuning=tuning, workers=workers)
    result = Result(**asdict(ended), minutes=(time.monotonic() - began) / 60)
    file.write_text(json.dumps(asdict(result)))
    return result


def campaign(row: str, seed: int, run: Path, *, budget: Budget, tuning: int, workers: int) -> Ended:
    """Run a campaign from its beginning."""
    if run.exists():  # the time of its beginning is unknown
        shutil.rmtree(run)
    settings = (
        "screened=0",
        "brood=1",
        *ROWS[row],
        f"generations={_ENDLESS}",
        f"stop.control_steps={budget.steps}" if budget.steps else f"stop.minutes={budget.minutes}",
        f"finetune_steps={tuning}",
        f"finalists={FINALISTS}",
        f"reevaluation_episodes={EPISODES}",
    )
    command = [sys.executable, "-m", "codesign", "evolve", "--workers", str(workers)]
    command += ["--preset", "quickstart", "--seed", str(seed), "--out", str(run)]
    command += [f"--set={setting}" for setting in settings]
    with run.with_suffix(".log").open("w") as log:
        if subprocess.run(command, stdout=log, stderr=log, check=False).returncode:
            sys.exit(f"error: {run}.log has the error")
    folder = RunFolder(run)
    with folder.database(read_only=True) as database:
        [best] = database.best(1)
        score = final_score(best.graph, folder.stored_network(best), seed)
        steps = sum(candidate.steps for candidate in database.summaries())
        steps += sum(adaptation.steps for adaptation in database.adaptations())
        steps += sum(event.details["steps"] for event in database.events("reevaluation"))
        steps += most_screening_steps(folder.settings)
        return Ended(score, best.final.metrics["zero_shot_score"], len(database), steps)


def from_scratch(learned: Sequence[Learned], seed: int, *, tuning: int, workers: int) -> Ended:
    """End a search whose bodies learned from nothing: its best get generated networks, too."""
    best = sorted(learned, key=lambda body: -body.score)[:FINALISTS]
    graphs = [body.graph for body in best]
    settings = FineTuneSettings(
        steps_per_body=tuning,
        rounds=Settings().finetune_rounds,
        n_envs=enough_simulations(len(graphs)),
        n_workers=workers,
        seed=seed,
    )
    variants = select_variants(graphs, CONTROLLER, best_of=BEST_OF, n_workers=workers)
    with tempfile.TemporaryDirectory() as folder, torch_threads(THREADS):
        tuned = finetune(graphs, CONTROLLER, settings, Path(folder), variants=variants)
    pairs = [*zip(graphs, tuned.networks, strict=True), *((b.graph, b.policy) for b in best)]
    scores = [_score(graph, policy, seed=seed + FRESH) for graph, policy in pairs]
    graph, policy = pairs[int(np.argmax(scores))]
    steps = sum(body.steps for body in learned)
    return Ended(final_score(graph, policy, seed), None, len(learned), steps)


def final_score(graph: nx.DiGraph[str], policy: Policy, seed: int) -> float:
    """Mean return over episodes that chose nothing."""
    return _score(graph, policy, seed=seed + 5 * FRESH)


def _score(graph: nx.DiGraph[str], policy: Policy, *, seed: int) -> float:
    return rollout(graph, policy, task=get_task("flat"), episodes=EPISODES, seed=seed).score


def table(results: dict[str, list[Result]], *, title: str) -> Table:
    """The table of all rows; the first one is compared with the others."""
    made = Table(title=title)
    made.add_column("row")
    names = ("mean", "interval", "lowest", "median", "zero-shot", "beaten by", "candidates")
    for name in (*names, "steps", "minutes"):
        made.add_column(name, justify="right")
    first = [result.score for result in next(iter(results.values()))]
    for row, runs in results.items():
        scores = [result.score for result in runs]
        known = [result.zero_shot for result in runs if result.zero_shot is not None]
        low, high = bootstrap_interval(np.mean, np.array(scores))
        pairs = [float(own > other) for own in first for other in scores]
        made.add_row(
            row,
            f"{fmean(scores):,.0f}",
            f"{low:,.0f} .. {high:,.0f}",
            f"{min(scores):,.0f}",
            f"{median(scores):,.0f}",
            f"{fmean(known):,.0f}" if known else "",
            "" if scores == first else f"{fmean(pairs):.2f}",
            f"{fmean(result.candidates for result in runs):,.0f}",
            f"{fmean(result.steps for result in runs) / 1e6:.1f}",
            f"{fmean(result.minutes for result in runs):.1f}",
        )
    return made


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the runs.")
@click.option("--steps", type=int, help=f"Control steps of each search.  [default: {STEPS}]")
@click.option("--minutes", type=float, help="Time of each search, instead of control steps.")
@click.option("--seeds", default=8, show_default=True, help="Number of seeds.")
@click.option(
    "--tuning", default=50_000, show_default=True, help="Control steps of each finalist at the end."
)
@click.option(
    "--body-steps",
    default=100_000,
    show_default=True,
    help="Control steps of a body that learns from nothing.",
)
@click.option(
    "--alive",
    default=8,
    show_default=True,
    help="Bodies that are alive in a search from nothing; so many are sampled before it evolves.",
)
@click.option("--row", "rows", multiple=True, type=click.Choice(ALL), help="Only this row.")
@click.option("--workers", default=2, show_default=True, help="Worker processes of a run.")
@click.option("--jobs", default=1, show_default=True, help="Runs side by side.")
def main(
    *,
    out: Path,
    steps: int | None,
    minutes: float | None,
    seeds: int,
    tuning: int,
    body_steps: int,
    alive: int,
    rows: Sequence[str],
    workers: int,
    jobs: int,
) -> None:
    """Run what is missing, and print the table."""
    if steps and minutes:
        sys.exit("error: expected --steps or --minutes, got both")
    budget = Budget(steps=None if minutes else steps or STEPS, minutes=minutes)
    deciding = {"tuning": tuning, "body_steps": body_steps, "alive": alive}
    # How fast a run is decides what it finds only where its time is limited.
    of_machine = {"workers": workers, "jobs": jobs} if minutes else {}
    keep_options(out, {**asdict(budget), **deciding, **of_machine})
    run = partial(search, out=out, budget=budget, workers=workers, **deciding)
    pairs = [(row, seed) for seed in range(seeds) for row in rows or ALL]
    # A process each: what learns draws from generators that belong to a process.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as executor:
        found = list(executor.map(run, *zip(*pairs, strict=True)))
    results: dict[str, list[Result]] = {row: [] for row, _ in pairs}
    for (row, _), result in zip(pairs, found, strict=True):
        results[row].append(result)
    title = f"search: {budget}, then {tuning:,} control steps of each finalist, {seeds} seeds"
    Console(width=120).print(table(results, title=title))


if __name__ == "__main__":
    main()
