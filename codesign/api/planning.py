"""What a campaign would do, and how long it may take, without running it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean

from codesign.api.plan_parts import PlanPart, finalists, measured, parts_of
from codesign.campaign import prepare, screened_bodies
from codesign.campaign.algorithms import new_algorithm
from codesign.campaign.variation import Variation
from codesign.config import Settings, with_pinned_scenes
from codesign.scoring import ScoreRecord, ScoringPool
from codesign.store import Candidate
from hyperdistill_core.parallel.worker_pool import describe_workers

#: Number of starting bodies that are scored for the estimate, and of sampled bodies that are
#: screened for each of them at most.
PROBES, SCREENED_EACH = 8, 8


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a campaign would do.

    Attributes:
        settings: Settings of the campaign, complete.
        finalists: Number of finalists.
        location: Where bodies are scored, for people.
        probes: Number of starting bodies that were scored for the estimate.
        screened: Number of sampled bodies that these were chosen from; 0 without screening.
        parts: The parts of the run with their control steps and times; empty if none of the
            probes could be simulated.
        starting: Scores of the first robots of ``settings.start``, with what their import
            approximated; empty without that setting.
    """

    settings: Settings
    finalists: int
    location: str
    probes: int
    screened: int
    parts: Sequence[PlanPart]
    starting: Sequence[ScoreRecord] = ()

    @property
    def min_s(self) -> float:
        """Time of the run if bodies fall as early as the probes (s)."""
        return sum(part.min_s for part in self.parts)

    @property
    def max_s(self) -> float:
        """Time of the run if no body ever falls (s)."""
        return sum(part.max_s for part in self.parts)


def plan(settings: Settings) -> Plan:
    """Check a campaign and estimate its time; a few starting bodies are scored for that.

    Args:
        settings: Settings of the campaign.

    Returns:
        The plan. Its times leave out the start of the workers, and what racing saves. What learns
        is not measured: its times follow rates that were measured on two cores.

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
        >>> made = plan(settings)
        >>> made.probes, [part.name for part in made.parts]
        (2, ['search', 're-evaluation'])
    """
    settings = with_pinned_scenes(settings)
    founders = prepare(settings)
    variation = Variation(settings, founders)
    count = min(PROBES, settings.population)
    with ScoringPool.of_campaign(settings, max_workers=count) as pool:
        found = _Screening(settings, pool, count) if settings.screened else None
        chosen = found.best if found else [variation.sample(n, taken=()) for n in range(count)]
        carried = [each.variant for each in chosen] if settings.best_of == 1 else None
        records = pool.map([each.graph for each in chosen], variants=carried)
        location, workers = pool.location, pool.parallelism
    probed_by = workers
    # The probes may have had fewer processes than the run will have; a cluster stays as it is.
    if settings.workers and not settings.cluster:
        location, workers = describe_workers(settings.workers), settings.workers
    measure = partial(measured, settings, records)
    if found:
        measure = partial(
            measure,
            screened=found.screened,
            short_steps=found.steps,
            short_s=found.seconds * probed_by / max(1, workers),
        )
    probes = measure(parallelism=max_parallelism(settings, workers))
    return Plan(
        settings=settings,
        finalists=finalists(settings),
        location=location,
        probes=len(records),
        screened=found.screened if found else 0,
        parts=parts_of(settings, probes) if probes else (),
        starting=[
            replace(record, robot=candidate.name)
            for candidate, record in zip(chosen[: len(founders)], records, strict=False)
        ],
    )


class _Screening:
    """A small screening, with as many sampled bodies for each that it keeps as the run has.

    Args:
        settings: Settings of the campaign.
        pool: The pool that scores bodies.
        count: Number of bodies to keep.

    Attributes:
        screened: Number of sampled bodies.
        best: Those that it keeps.
        steps: Mean control steps of a body.
        seconds: Time of a body, side by side with others (s).
    """

    def __init__(self, settings: Settings, pool: ScoringPool, count: int) -> None:
        each = min(SCREENED_EACH, max(1, settings.screened // settings.population))
        self.screened = each * count
        began = time.monotonic()
        ranked = screened_bodies(settings, pool, self.screened)
        self.seconds = (time.monotonic() - began) / self.screened
        self.steps = fmean([record.steps for _, record in ranked] or [0])
        self.best: list[Candidate] = [candidate for candidate, _ in ranked[:count]]


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
