"""What a campaign would do, and how long it may take, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from codesign.campaign import prepare
from codesign.campaign.algorithms import new_algorithm
from codesign.campaign.variation import Variation
from codesign.config import Settings, with_pinned_scenes
from codesign.scoring import ScoreRecord, ScoringPool
from codesign.scoring.perturbations import PERTURBATIONS
from hyperdistill_core.parallel.worker_pool import describe_workers

#: Number of starting bodies that are scored for the estimate.
PROBES = 8


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a campaign would do.

    Attributes:
        settings: Settings of the campaign, complete.
        finalists: Number of finalists that are re-evaluated at the end.
        location: Where bodies are scored, for people.
        probes: Number of starting bodies that were scored for the estimate.
        min_s: Time of the run if bodies fall as early as the probes (s).
        max_s: Time of the run if no body ever falls (s).
    """

    settings: Settings
    finalists: int
    location: str
    probes: int
    min_s: float
    max_s: float


def plan(settings: Settings) -> Plan:
    """Check a campaign and estimate its time; a few starting bodies are scored for that.

    Args:
        settings: Settings of the campaign.

    Returns:
        The plan. Its times leave out the start of the workers, and what racing saves.

    Raises:
        UsageError: Something that the settings name is missing, or no body meets the limits.
        BodyError: A robot of ``settings.start`` cannot be read.
        UnknownNameError: A custom component cannot be imported, or has the wrong type.

    Examples:
        >>> import codesign
        >>> settings = codesign.Settings(
        ...     population=2, generations=1, in_flight=1, workers=0, episodes=1,
        ...     controller="flat-v0",
        ... )
        >>> plan(settings).probes
        2
    """
    settings = with_pinned_scenes(settings)
    variation = Variation(settings, prepare(settings))
    probes = [variation.sample(n, taken=()) for n in range(min(PROBES, settings.population))]
    carried = [probe.variant for probe in probes] if settings.best_of == 1 else None
    with ScoringPool.of_campaign(settings, max_workers=len(probes)) as pool:
        records = pool.map([probe.graph for probe in probes], variants=carried)
        location, workers = pool.location, pool.parallelism
    # The probes may have had fewer processes than the run will have; a cluster stays as it is.
    if settings.workers and not settings.cluster:
        location, workers = describe_workers(settings.workers), settings.workers
    least, most = estimate(settings, records, parallelism=max_parallelism(settings, workers))
    finalists = min(settings.finalists, settings.total) if settings.reevaluation_episodes else 0
    return Plan(
        settings=settings,
        finalists=finalists,
        location=location,
        probes=len(records),
        min_s=least,
        max_s=most,
    )


def max_parallelism(settings: Settings, workers: int) -> int:
    """Number of bodies that are scored at the same time: the algorithm waits for some scores.

    Args:
        settings: Settings of the campaign.
        workers: Number of bodies that the workers could score at the same time.
    """
    algorithm = new_algorithm(settings)
    later = range(settings.population, min(settings.total, 2 * settings.population))
    ahead = max((number + 1 - algorithm.needs(number) for number in later), default=workers)
    return max(1, min(workers, ahead, max(settings.in_flight, settings.population)))


def estimate(
    settings: Settings, records: Sequence[ScoreRecord], *, parallelism: int
) -> tuple[float, float]:
    """Least and most seconds that a run may take, by the records of some of its bodies.

    Args:
        settings: Settings of the campaign.
        records: Records of starting bodies, scored as the run scores them and where it does.
        parallelism: Number of bodies that are scored at the same time.

    Returns:
        The time with episodes as long as these, and with whole ones (s). Both leave out the
        start of the workers, what learns, and the savings of racing.
    """
    from hyperdistill_core.controller.halving import most_steps
    from hyperdistill_core.tasks import get_task

    scored = [record for record in records if record.lengths]
    if not scored:
        return 0.0, 0.0
    whole = sum(get_task(task).max_steps for task in settings.task_names)
    scorings = 1 + len(PERTURBATIONS) * settings.needs_robustness
    seconds_per_step = sum(record.seconds for record in scored) / sum(r.steps for r in scored)
    episodes = min(settings.finalists, settings.total) * settings.reevaluation_episodes * scorings
    length = fmean(sum(fmean(part.lengths or [0]) for part in r.parts) for r in scored)
    body = fmean(record.steps for record in scored)
    most = scorings * settings.episodes * whole + most_steps(settings.best_of, whole)
    least_steps = settings.total * body + episodes * length
    most_in_all = settings.total * most + episodes * whole
    seconds = seconds_per_step / parallelism
    return least_steps * seconds, most_in_all * seconds
