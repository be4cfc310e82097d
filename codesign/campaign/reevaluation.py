"""Fresh episodes for the finalists of a run: the best score of many is a lucky one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from codesign.campaign.objectives import with_metrics
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.scoring import ScoreRecord, ScoringPool
from codesign.store import Candidate, Database

#: Added to the run's seed for starts that the search has never seen.
FRESH = 1_000_003


def missing_reevaluations(database: Database, settings: Settings) -> list[Candidate]:
    """Finalists that are not scored again yet.

    Args:
        database: of a run whose candidates are all scored.
        settings: of the run.
    """
    if not settings.reevaluation_episodes:
        return []
    finalists = database.best_in_search(max(settings.finalists, settings.top))
    return [candidate for candidate in finalists if candidate.reevaluation is None]


def score_finalists(
    database: Database,
    settings: Settings,
    pool: ScoringPool,
    *,
    metrics: Mapping[str, Callable[[Candidate], float]],
    on_reevaluation: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Score them again and write that down.

    Args:
        database: of a run whose candidates are all scored.
        settings: of the run.
        pool: scores the bodies.
        metrics: what the algorithm looks at beside the score, by name.
        on_reevaluation: called with how many of them are done, and how many are to be: first with none.

    Raises:
        UsageError: the controller is another one than that of the search.
    """
    waiting = missing_reevaluations(database, settings)
    by_number = {candidate.number: candidate for candidate in waiting}
    done = 0
    on_reevaluation(done, len(by_number))
    while waiting or pool.busy:
        while waiting and pool.idle:
            candidate = waiting.pop(0)
            pool.submit(
                candidate.number,
                candidate.graph,
                seed=settings.seed + FRESH,
                episodes=settings.reevaluation_episodes,
                variant=candidate.variant,
            )
        for number, record in pool.collect():
            candidate = by_number[number]
            require_controller(record, candidate.result.controller_hash, settings)
            again = with_metrics(candidate.scored(record), metrics)
            database.add_reevaluation(number, again.result)
            done += 1
            on_reevaluation(done, len(by_number))


def require_controller(record: ScoreRecord, expected: str, settings: Settings) -> None:
    """Refuse a score under another controller than the run began with.

    Args:
        record: of the score; that of a worker that died names no controller.
        expected: hash of the controller that the run began with.
        settings: of the run.

    Raises:
        UsageError: it is another one.
    """
    if record.controller_hash not in ("", expected):
        raise UsageError(
            f"the controller {settings.controller} is not the one that this run began "
            f"with: expected {expected}, got {record.controller_hash}"
        )
