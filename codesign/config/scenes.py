"""Scenes in settings: names that later processes find them by."""

from __future__ import annotations

from codesign.config.names import split_objective
from codesign.config.settings import Settings


def with_pinned_scenes(settings: Settings) -> Settings:
    """Settings whose scenes have the names that score records hold, and are kept for later.

    Args:
        settings: The settings.

    Raises:
        MjcfError: A scene cannot be read, or its copy cannot be written.

    Examples:
        >>> with_pinned_scenes(Settings(task="flat")).task
        'flat'
    """
    from hyperdistill_core.tasks import pinned_task

    names = {name: pinned_task(name) for name in settings.task_names}
    if all(name == pinned for name, pinned in names.items()):
        return settings
    if not settings.tasks:
        return settings.replace(task=names[settings.task])
    objectives = [_pinned_objective(name, names) for name in settings.objectives]
    return settings.replace(tasks=[*names.values()], objectives=objectives)


def _pinned_objective(name: str, names: dict[str, str]) -> str:
    objective, task = split_objective(name)
    return name if task is None else f"{objective}@{names[task]}"
