"""Before a search: whether it can run, and the bodies that it starts from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codesign.campaign.algorithms import new_algorithm
from codesign.campaign.constraints import Constraints
from codesign.campaign.objectives import get_descriptor, get_objective
from codesign.campaign.variation import Variation
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.store import Founder, RunFolder
from morph_ops.io.files import read_body, robot_files


def prepare(settings: Settings) -> list[Founder]:
    """Check everything that can be checked before a run, and read what it starts from.

    Args:
        settings: of the campaign.

    Returns:
        Starting bodies; none for sampled ones.

    Raises:
        UsageError: a library is missing, there are no bodies to start from, one is not within
            the limits, or no sampled one is.
        UnknownNameError: something of the user's own is not what it should be.
        BodyError: a file is no robot, or the locked limbs are not there or not the same.
    """
    start = read_start(settings)
    require_parts(settings, start)
    Variation(settings, start).sample(0, taken=())
    return start


def require_parts(settings: Settings, start: Sequence[Founder]) -> None:
    """Check that there is what the settings name: algorithm, objectives, descriptors, operators.

    All of them, whether the algorithm uses them or not: a mistyped name is a mistake.

    Args:
        settings: of the campaign.
        start: its starting bodies.

    Raises:
        UsageError: a library is missing.
        UnknownNameError: something of the user's own is not there, or not what it should be.
    """
    new_algorithm(settings)
    Variation(settings, start)
    for objective in settings.objectives:
        get_objective(objective)
    for descriptor in settings.descriptors:
        get_descriptor(descriptor)


def read_start(settings: Settings) -> list[Founder]:
    """Starting bodies, at most as many as the population has; none where none are named.

    Args:
        settings: of the campaign.

    Raises:
        UsageError: there are none in the folder, or one is not within the limits.
        BodyError: a file is no robot, or the locked limbs are not there or not the same.
    """
    if settings.start is None:
        return []
    named = _named_founders(Path(settings.start), settings)
    founders = [founder for _, founder in named]
    constraints = Constraints(settings, [founder.graph for founder in founders])
    for name, founder in named:
        constraints.require(founder.graph, name=name)
    return founders


def _named_founders(folder: Path, settings: Settings) -> list[tuple[str, Founder]]:
    most = settings.population
    if RunFolder.is_one(folder):
        run = RunFolder(folder)
        with run.database(read_only=True) as database:
            best = database.best(most, of_front=False)
        if not best:
            raise UsageError(f"start: no body of the run {folder} simulates; expected at least one")
        # Of another controller, or beyond those that bodies may carry, a variant says nothing.
        same = run.settings.controller == settings.controller
        known = settings.variants if same else 0
        return [(c.name, Founder(c.graph, c.variant if c.variant < known else 0)) for c in best]
    if not folder.is_dir():
        raise UsageError(f"start: expected a folder of robots or of a run, got {folder}")
    return [(str(file), Founder(read_body(file))) for file in robot_files(folder)[:most]]
