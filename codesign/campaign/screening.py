"""Screening: of many sampled bodies, one short episode each chooses the starting population."""

from __future__ import annotations

from collections.abc import Callable, Generator

from codesign.campaign import seeds
from codesign.campaign.batches import score_batch
from codesign.campaign.variation import Variation
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.scoring import ScoreRecord, ScoringPool
from codesign.scoring.racing import SCREENING
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
    sampled: list[Candidate] = []
    records: dict[int, ScoreRecord] = {}
    short = {"threshold": SCREENING}
    for number, record in score_batch(pool, _sampled(settings, sampled), lambda candidate: short):
        records[number] = record
        on_body(len(records), settings.screened)
    # (an episode of a task that is as short as the first stage gives a complete score)
    bounds = {
        number: record.metrics.get("upper_bound", record.score)
        for number, record in records.items()
        if record.status in ("pruned", "ok")
    }
    best = sorted(bounds, key=lambda number: (-bounds[number], number))[: settings.population]
    if len(best) < settings.population:
        raise UsageError(
            f"screened: expected at least {settings.population} bodies that can be simulated, got "
            f"{len(best)} of {len(sampled)}"
        )
    return [Founder(sampled[number].graph, sampled[number].variant) for number in best]


def _sampled(settings: Settings, made: list[Candidate]) -> Generator[Candidate]:
    """Sample bodies, distinct as far as they can be, and keep them.

    Args:
        settings: Settings of the campaign.
        made: Gets every body.
    """
    seed = seeds.screening_seed(settings.seed)
    variation = Variation(settings.replace(seed=seed, start=None), ())
    taken: set[tuple[str, int]] = set()
    for number in range(settings.screened):
        made.append(variation.sample(number, taken=taken))
        taken.add((made[-1].hash, made[-1].variant))
        yield made[-1]
