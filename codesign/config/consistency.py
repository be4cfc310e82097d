"""Settings that must fit each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesign.config.names import NO_BOUNDS, has_bounds
from codesign.config.tables import Racing
from hyperdistill_core.errors import SettingsError

if TYPE_CHECKING:
    from codesign.config.settings import Settings

#: Most cells of an archive, and candidates of a run.
_MOST_CELLS, _MOST_CANDIDATES = 1_000_000, 10_000_000


def require_consistent(settings: Settings) -> None:
    """Refuse settings of which each is right, but not together.

    Args:
        settings: The settings of a campaign.

    Raises:
        SettingsError: Two settings do not fit each other; the error names one of them.
    """
    for check in _CHECKS:
        check(settings)


def _enough_screened(settings: Settings) -> None:
    if not settings.screened:
        return
    if settings.screened < settings.population:
        raise SettingsError.of(
            "screened",
            f"expected 0, or at least population = {settings.population}, got {settings.screened}",
        )
    if settings.start is not None:
        raise SettingsError.of(
            "screened", f"expected 0 with bodies of your own in start, got {settings.screened}"
        )
    if settings.tasks:
        raise SettingsError.of("screened", f"expected 0 on several tasks, got {settings.screened}")


def _learning_on_one_task(settings: Settings) -> None:
    for name in ("adaptation", "finetune_steps"):
        if settings.tasks and getattr(settings, name):
            raise SettingsError.of(
                name, f"expected one task to learn on, got {', '.join(settings.tasks)}"
            )


def _learning_within_the_run(settings: Settings) -> None:
    table, most = settings.adaptation, (settings.total - 1) // settings.population
    if table is not None and table.every > most:
        raise SettingsError.of(
            "adaptation.every",
            f"expected at most {most}, the generations after the first one, got {table.every}: the "
            "controller would never learn",
        )


def _carried_or_selected(settings: Settings) -> None:
    if settings.best_of > 1 and settings.variants > 1:
        raise SettingsError.of(
            "variants",
            f"expected 1 if best_of is above 1, got variants={settings.variants} and "
            f"best_of={settings.best_of}; choose inherited variants or best-of-N",
        )


def _locked_in_start(settings: Settings) -> None:
    if settings.locked and settings.start is None:
        raise SettingsError.of(
            "locked", "expected the robots with these limbs in start, got no start"
        )


def _bounded(settings: Settings) -> None:
    cells = settings.bins ** len(settings.descriptors)
    if settings.algorithm == "map_elites" and cells > _MOST_CELLS:
        raise SettingsError.of(
            "bins",
            f"expected at most {_MOST_CELLS} cells of the archive, got {settings.bins} along each "
            f"of {len(settings.descriptors)} descriptors: {cells}",
        )
    if settings.total > _MOST_CANDIDATES:
        raise SettingsError.of(
            "generations",
            f"expected at most {_MOST_CANDIDATES} candidates in all generations, got "
            f"{settings.total}",
        )


def _candidates_in_generations(settings: Settings) -> None:
    most = settings.population * (settings.generations + 1)
    if settings.candidates is not None and settings.candidates > most:
        raise SettingsError.of(
            "candidates",
            f"expected at most population x (generations + 1) = {most}, got {settings.candidates}",
        )


def _budget_above_screening(settings: Settings) -> None:
    budget, each = settings.stop.control_steps, (settings.racing or Racing()).steps
    if budget is not None and budget <= settings.screened * each:
        raise SettingsError.of(
            "stop.control_steps",
            f"expected more than screened x {each} = {settings.screened * each}, which the "
            f"screening may take, got {budget}",
        )


def _brood_on_one_task(settings: Settings) -> None:
    if settings.brood > 1 and settings.tasks:
        raise SettingsError.of("brood", f"expected 1 on several tasks, got {settings.brood}")
    if settings.brood > 1 and not settings.tasks and not has_bounds(settings.task):
        raise SettingsError.of("brood", NO_BOUNDS.format(task=settings.task, instead="brood=1"))
    if settings.brood > 1 and settings.algorithm == "random":
        raise SettingsError.of(
            "brood",
            f"expected 1 with the algorithm random, which has no parents, got {settings.brood}",
        )


def _keeps_bodies(settings: Settings) -> None:
    if settings.reevaluate_every and settings.algorithm == "random":
        raise SettingsError.of(
            "reevaluate_every",
            "expected 0 with the algorithm random, which keeps no bodies, got "
            f"{settings.reevaluate_every}",
        )


_CHECKS = (
    _enough_screened,
    _learning_on_one_task,
    _learning_within_the_run,
    _carried_or_selected,
    _locked_in_start,
    _bounded,
    _candidates_in_generations,
    _budget_above_screening,
    _brood_on_one_task,
    _keeps_bodies,
)
