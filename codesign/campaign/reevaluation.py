"""Re-evaluation of the finalists over fresh episodes: the best score of many is a lucky one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from codesign.campaign.batches import score_batch
from codesign.campaign.metrics import Criteria, with_criteria
from codesign.config import Settings
from codesign.errors import RunError, UsageError
from codesign.scoring import ScoreRecord, ScoringPool
from codesign.store import Candidate, Database

#: Offset of the seed of fresh episodes from the run's seed.
FRESH_EPISODES = 1_000_003


def missing_reevaluations(database: Database, settings: Settings) -> list[Candidate]:
    """The finalists that are not re-evaluated yet.

    Args:
        database: Database of a run whose candidates are all scored.
        settings: Settings of the run.
    """
    if not settings.reevaluation_episodes:
        return []
    return [each for each in finalists(database, settings) if each.reevaluation is None]


def finalists(database: Database, settings: Settings) -> list[Candidate]:
    """The best bodies of the search so far, best first.

    Args:
        database: Database of the run.
        settings: Settings of the run.
    """
    return database.best_in_search(max(settings.finalists, settings.top))


def reevaluate(
    database: Database,
    settings: Settings,
    pool: ScoringPool,
    *,
    criteria: Criteria,
    on_reevaluation: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Score the finalists over fresh episodes, and write the records.

    Args:
        database: Database of a run whose candidates are all scored.
        settings: Settings of the run.
        pool: The pool that scores bodies.
        criteria: The criteria of the algorithm.
        on_reevaluation: Function to call with the number of finalists done and their total;
            the first call is before the first finalist.

    Raises:
        UsageError: The controller is not the one of the search.
        RunError: A record cannot be written, or the metric of a plugin failed.
        RunError: A finalist could not be scored; the records of the others are written.
    """
    waiting = missing_reevaluations(database, settings)
    by_number = {candidate.number: candidate for candidate in waiting}
    episodes = {
        "seed": settings.seed + FRESH_EPISODES,
        "episodes": settings.reevaluation_episodes,
    }
    done, failed = 0, dict[int, ScoreRecord]()
    on_reevaluation(done, len(by_number))
    for number, record in score_batch(pool, waiting, lambda candidate: episodes):
        if record.status == "failed":
            failed[number] = record
            continue
        candidate = by_number[number]
        expected = candidate.result.controller_hash
        require_controller(record, expected, name=settings.controller)
        again = with_criteria(candidate.scored(record), criteria)
        database.add_reevaluation(number, again.result)
        done += 1
        on_reevaluation(done, len(by_number))
    require_scored(failed, len(waiting), settings)


def require_scored(failed: Mapping[int, ScoreRecord], total: int, settings: Settings) -> None:
    """Stop a run whose finalists could not be scored: that says nothing about their bodies.

    Args:
        failed: Records with status "failed", by number of the candidate.
        total: Number of finalists that were to be scored.
        settings: Settings of the run.

    Raises:
        RunError: There is one.
    """
    if not failed:
        return
    numbers = ", ".join(map(str, sorted(failed)))
    reason = next(iter(failed.values())).warnings[-1]
    raise RunError(
        f"{len(failed)} of {total} finalists could not be scored (candidates {numbers}): {reason}. "
        "Everything scored so far is kept. Resume the run with a larger time_limit, now "
        f"{settings.time_limit:g} s for all episodes of a score, or with fewer workers"
    )


def require_controller(record: ScoreRecord, expected: str, *, name: str) -> None:
    """Refuse the score of another controller than the one that the run started with.

    Args:
        record: The score record. The record of a worker that died names no controller.
        expected: Hash of the controller that the run started with.
        name: Name or file of the controller, for the error message.

    Raises:
        UsageError: The score is of another controller.
    """
    if record.controller_hash not in ("", expected):
        raise UsageError(
            f"the controller {name} is not the one that this run started with: "
            f"expected hash {expected}, got {record.controller_hash}"
        )
