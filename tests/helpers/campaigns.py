"""Small campaigns on a pool that scores by a formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codesign.campaign import run
from codesign.config import Settings
from tests.helpers.formula_pool import FormulaPool, InterruptionError

SMALL = {"population": 6, "generations": 5, "in_flight": 4, "seed": 2, "reevaluation_episodes": 0}


def small_settings(**changes):
    """Settings of a campaign of 36 candidates, without finalists."""
    return Settings.from_dict({**SMALL, **changes})


def search(settings, database, *, start=(), pool=None, folder=None):
    """Run a campaign to its end; the reason if it ends early."""
    return run(settings, folder=folder, database=database, pool=pool or FormulaPool(), start=start)


def require_same(
    settings: Settings,
    new_database: Callable[[], Any],
    *,
    pool: type[FormulaPool] = FormulaPool,
    said: Callable[[Any], object],
    answers: tuple[int, ...],
) -> None:
    """A campaign says the same on any number of workers, and after interruptions.

    Args:
        settings: Settings of the campaign.
        new_database: Function that opens an empty database.
        pool: What scores.
        said: Function that gives what a finished run says.
        answers: Number of scores after which each process is interrupted.
    """
    with new_database() as database:
        search(settings, database, pool=pool())
        whole = said(database)
    with new_database() as database:
        search(settings, database, pool=pool(5, seed=1))
        assert said(database) == whole
    with new_database() as database:
        for count in answers:
            with pytest.raises(InterruptionError):
                search(settings, database, pool=pool(3, seed=count, answers=count))
        search(settings, database, pool=pool(2))
        assert said(database) == whole
