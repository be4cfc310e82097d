"""Screening: of many sampled bodies, one short episode each chooses the starting population."""

from __future__ import annotations

from collections.abc import Callable, Generator

from codesign.campaign import seeds
from codesign.campaign.batches import score_batch
from codesign.campaign.variation import Variation
from codesign.config import Racing, Settings
from codesign.errors import UsageError
from codesign.scoring import ScoreRecord, ScoringPool
from codesign.scoring.racing import SCREENING, racing_stages
from codesign.store import Candidate, Founder


def screen(
    settings: Settings,
    pool: ScoringPool,
    *,
    on_body: Callable[[int, int], None] = lambda done, total: None,
) -> list[Founder]:
    """Sample bodies, and choose the starting population among them.

    A body counts by the upper bound of its score after one short episode, as in the first stage of
    :class:`~codesign.config.Racing`. The result depends on the settings alone, not on the workers.

    Args:
        settings: Settings of the campaign, with ``screened`` above 0.
        pool: The pool that scores bodies.
        on_body: Function to call with the number of bodies that are screened, and their total.

    Returns:
        As many bodies as the population has, best first.

    Raises:
        UsageError: Fewer bodies than the population has could be simulated.
        UsageError: No sampled body is within the limits.
    """
    ranked = screened_bodies(settings, pool, settings.screened, on_body=on_body)
    if len(ranked) < settings.population:
        raise UsageError(
            f"screened: expected at least {settings.population} bodies that can be simulated, got "
            f"{len(ranked)} of {settings.screened}"
        )
    best = [candidate for candidate, _ in ranked[: settings.population]]
    return [Founder(candidate.graph, candidate.variant) for candidate in best]


def most_screening_steps(settings: Settings) -> int:
    """Most control steps that the screening of a campaign takes.

    A body whose simulation becomes unstable, which hardly any does, takes more.

    Args:
        settings: Settings of the campaign.

    Examples:
        >>> most_screening_steps(Settings(screened=512)), most_screening_steps(Settings())
        (51200, 0)
    """
    from hyperdistill_core.tasks import get_task

    if not settings.screened:
        return 0
    racing = settings.racing or Racing()
    first = racing_stages(get_task(settings.task), racing, settings.episodes)[:1]
    [(episodes, task)] = first or [(settings.episodes, get_task(settings.task))]
    return settings.screened * episodes * task.max_steps


def screened_bodies(
    settings: Settings,
    pool: ScoringPool,
    count: int,
    *,
    on_body: Callable[[int, int], None] = lambda done, total: None,
) -> list[tuple[Candidate, ScoreRecord]]:
    """Sample bodies, and give each of them one short episode.

    Args:
        settings: Settings of the campaign.
        pool: The pool that scores bodies.
        count: Number of bodies.
        on_body: Function to call with the number of bodies that are screened, and their total.

    Returns:
        The bodies that can be simulated, with the records of their short episodes, best first.

    Raises:
        UsageError: No sampled body is within the limits.
    """
    sampled: list[Candidate] = []
    records: dict[int, ScoreRecord] = {}
    short = {"threshold": SCREENING}
    for number, record in score_batch(
        pool, _sampled(settings, count, sampled), lambda candidate: short
    ):
        records[number] = record
        on_body(len(records), count)
    # (an episode of a task that is as short as the first stage gives a complete score)
    bounds = {
        number: record.metrics.get("upper_bound", record.score)
        for number, record in records.items()
        if record.status in ("pruned", "ok")
    }
    ranked = sorted(bounds, key=lambda number: (-bounds[number], number))
    return [(sampled[number], records[number]) for number in ranked]


def _sampled(settings: Settings, count: int, made: list[Candidate]) -> Generator[Candidate]:
    """Sample bodies, distinct as far as they can be, and keep them.

    Args:
        settings: Settings of the campaign.
        count: Number of bodies.
        made: Gets every body.
    """
    seed = seeds.screening_seed(settings.seed)
    variation = Variation(settings.replace(seed=seed, start=None), ())
    taken: set[tuple[str, int]] = set()
    for number in range(count):
        made.append(variation.sample(number, taken=taken))
        taken.add((made[-1].hash, made[-1].variant))
        yield made[-1]
