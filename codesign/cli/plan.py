"""``codesign evolve --dry-run``: what would be done, and how long it may take."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesign.config import Settings
    from codesign.scoring import ScoreRecord

#: Starting bodies that are scored for the estimate.
PROBES = 8


def show_plan(settings: Settings) -> None:
    """Check everything that can be checked, print the settings, and estimate the time.

    Raises:
        UsageError: there is no such controller, or what :func:`codesign.campaign.prepare` finds.
    """
    from codesign import config
    from codesign.campaign import prepare
    from codesign.campaign.variation import Variation
    from codesign.scoring import ScoringPool
    from hyperdistill_core.parallel.worker_pool import describe_workers

    variation = Variation(settings, prepare(settings))
    probes = [variation.sample(n, taken=()) for n in range(min(PROBES, settings.population))]
    carried = [probe.variant for probe in probes] if settings.best_of == 1 else None
    with ScoringPool.of_campaign(settings, max_workers=len(probes)) as pool:
        records = pool.map([probe.graph for probe in probes], variants=carried)
        location, workers = pool.location, pool.parallelism
    # The pool of the probes may have fewer processes than the run; a cluster is as it is.
    if settings.workers and not settings.cluster:
        location, workers = describe_workers(settings.workers), settings.workers
    click.echo(config.to_toml(settings))
    times = estimate(settings, records, parallelism=max_parallelism(settings, workers))
    least, most = (_minutes(seconds) for seconds in times)
    finals = min(settings.finalists, settings.total) if settings.reevaluation_episodes else 0
    best_of = f" after {settings.best_of} tries" if settings.best_of > 1 else ""
    click.echo(
        f"{settings.total} candidates of {settings.episodes} episodes{best_of}, {finals} finalists "
        f"of {settings.reevaluation_episodes}, {location}"
    )
    racing = "; less by what racing saves" if settings.racing else ""
    click.echo(
        f"{least} if bodies fall as soon as the first {len(records)}, {most} if none falls{racing}"
    )


def max_parallelism(settings: Settings, workers: int) -> int:
    """Bodies that so many workers can score at the same time: the algorithm waits for scores."""
    from codesign.campaign.algorithms import new_algorithm

    algorithm = new_algorithm(settings)
    later = range(settings.population, min(settings.total, 2 * settings.population))
    ahead = max((number + 1 - algorithm.needs(number) for number in later), default=workers)
    return max(1, min(workers, ahead, max(settings.in_flight, settings.population)))


def estimate(
    settings: Settings, records: Sequence[ScoreRecord], *, parallelism: int
) -> tuple[float, float]:
    """Least and most seconds that a run may take, by some of its bodies.

    Args:
        settings: of the run.
        records: of starting bodies, scored as the run scores them and where it does.
        parallelism: bodies that are scored at the same time.

    Returns:
        With episodes as long as these, and with whole ones; without the start of workers, and
        as if racing stopped nobody.
    """
    from codesign.scoring.perturbations import PERTURBATIONS
    from hyperdistill_core.controller.halving import most_steps
    from hyperdistill_core.tasks import get_task

    scored = [record for record in records if record.lengths]
    if not scored:
        return 0.0, 0.0
    whole = get_task(settings.task).max_steps
    worlds = 1 + len(PERTURBATIONS) * settings.needs_robustness
    seconds_per_step = sum(record.seconds for record in scored) / sum(r.steps for r in scored)
    finals = min(settings.finalists, settings.total) * settings.reevaluation_episodes * worlds
    length = fmean(fmean(record.lengths) for record in scored)
    body = fmean(record.steps for record in scored)
    most = worlds * settings.episodes * whole + most_steps(settings.best_of, whole)
    least_steps = settings.total * body + finals * length
    most_in_all = settings.total * most + finals * whole
    return least_steps * seconds_per_step / parallelism, most_in_all * seconds_per_step / parallelism


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
