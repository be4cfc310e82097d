"""Small campaigns on a pool that scores by a formula."""

from __future__ import annotations

from codesign.campaign import run
from codesign.config import Settings
from tests.helpers.formula_pool import FormulaPool

SMALL = {"population": 6, "generations": 5, "in_flight": 4, "seed": 2, "reevaluation_episodes": 0}


def small_settings(**changes):
    """Settings of a campaign of 36 candidates, without finalists."""
    return Settings.from_dict({**SMALL, **changes})


def search(settings, database, *, start=(), pool=None, folder=None):
    """Run a campaign to its end; the reason if it ends early."""
    return run(settings, folder=folder, database=database, pool=pool or FormulaPool(), start=start)
