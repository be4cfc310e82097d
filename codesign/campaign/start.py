"""Before a search: checks of the settings, and the bodies that it starts from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codesign.campaign.algorithms import new_algorithm
from codesign.campaign.constraints import Constraints
from codesign.campaign.descriptors import lookup_descriptor
from codesign.campaign.objectives import lookup_objective
from codesign.campaign.variation import Variation
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.store import Founder, RunFolder
from morph_ops.io.files import read_body, robot_files


def prepare(settings: Settings) -> list[Founder]:
    """Check everything that can be checked before a run, and read its starting bodies.

    Args:
        settings: Settings of the campaign.

    Returns:
        The starting bodies; empty for a campaign that samples them.

    Raises:
        UsageError: A library is not installed.
        UsageError: There is no robot at ``start``, or one of them violates a limit.
        UsageError: No sampled body is within the limits.
        UnknownNameError: A plugin is missing, or of the wrong kind.
        BodyError: A file is not a robot, or a robot lacks a locked limb.

    Examples:
        >>> prepare(Settings(population=4))
        []
    """
    founders = read_founders(settings)
    require_components(settings, founders)
    Variation(settings, founders).sample(0, taken=())
    return founders


def require_components(settings: Settings, start: Sequence[Founder]) -> None:
    """Check that everything that the settings name exists.

    This includes objectives and descriptors that the algorithm does not use, so that a typing
    mistake is found.

    Args:
        settings: Settings of the campaign.
        start: Starting bodies of the campaign.

    Raises:
        UsageError: A library is not installed.
        UnknownNameError: A plugin is missing, or of the wrong kind.
        BodyError: A starting body lacks a locked limb.

    Examples:
        >>> require_components(Settings(objectives=["speed", "math:tau"]), start=())
        Traceback (most recent call last):
        morph_ops.errors.UnknownNameError: ...
    """
    new_algorithm(settings)
    Variation(settings, start)
    for name in settings.objectives:
        lookup_objective(name)
    for name in settings.descriptors:
        lookup_descriptor(name)


def read_founders(settings: Settings) -> list[Founder]:
    """The bodies that the setting ``start`` names, at most as many as the population has.

    Args:
        settings: Settings of the campaign.

    Returns:
        The bodies; empty without the setting.

    Raises:
        UsageError: There is no such robot or folder, the folder has no robots, or one of them
            violates a limit.
        BodyError: A file is not a robot, or a robot lacks a locked limb.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> from morph_ops.io.files import write_body
        >>> from morph_ops.sampling import sample_body
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_body(sample_body(np.random.default_rng(0)), Path(folder) / "robot.json")
        ...     [founder] = read_founders(Settings(start=folder))
        >>> founder.variant
        0
    """
    if settings.start is None:
        return []
    named = _named_founders(Path(settings.start), settings)
    founders = [founder for _, founder in named]
    constraints = Constraints(settings, [founder.graph for founder in founders])
    for name, founder in named:
        constraints.require(founder.graph, name=name)
    return founders


def _named_founders(source: Path, settings: Settings) -> list[tuple[str, Founder]]:
    count = settings.population
    if source.is_file():
        return [(str(source), Founder(read_body(source)))]
    if not source.is_dir():
        raise UsageError(f"start: expected a robot, a folder of robots, or a run, got {source}")
    if not RunFolder.is_run(source):
        return [(str(file), Founder(read_body(file))) for file in robot_files(source)[:count]]
    run = RunFolder(source)
    with run.database(read_only=True) as database:
        best = database.best(count, of_front=False)
    if not best:
        raise UsageError(f"start: no body of the run {source} simulates; expected at least one")
    # Of another controller, or above the number of variants here, a variant means nothing.
    own = {run.settings.controller, str(Path(run.controller_of(best[0])).absolute())}
    named = {settings.controller, str(Path(settings.controller).absolute())}
    variants = settings.variants if own & named else 0
    return [(c.name, Founder(c.graph, c.variant if c.variant < variants else 0)) for c in best]
