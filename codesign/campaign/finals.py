"""Fresh episodes for the finalists of a run: the best score of many is a lucky one."""

from __future__ import annotations

from dataclasses import replace

from codesign.config import Settings
from codesign.scoring import ScoringPool
from codesign.store import Candidate, Database

#: Added to the run's seed for starts that the search has never seen.
FRESH = 1_000_003


def missing_finals(database: Database, settings: Settings) -> list[Candidate]:
    """Finalists that are not scored again yet, best first.

    Args:
        database: of a run whose candidates are all scored.
        settings: of the run.
    """
    if not settings.final_episodes:
        return []
    finalists = database.best_in_search(max(settings.finalists, settings.top))
    return [candidate for candidate in finalists if candidate.final is None]


def score_finalists(database: Database, settings: Settings, pool: ScoringPool) -> None:
    """Score them again and write that down.

    Args:
        database: of a run whose candidates are all scored.
        settings: of the run.
        pool: scores the bodies.
    """
    waiting = missing_finals(database, settings)
    names = {candidate.number: candidate.name for candidate in waiting}
    while waiting or pool.busy:
        while waiting and pool.idle:
            candidate = waiting.pop(0)
            pool.submit(
                candidate.number,
                candidate.graph,
                seed=settings.seed + FRESH,
                episodes=settings.final_episodes,
                reading=candidate.reading,
            )
        for number, record in pool.collect():
            database.add_final(number, replace(record, robot=names[number]))
