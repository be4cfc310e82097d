"""Names of tasks in options: one, several, or all."""

from __future__ import annotations

from codesign.errors import UsageError

#: What stands for all tasks in their default form, without those for trainings.
ALL_TASKS = "all"
_REFERENCE = "-reference"


def task_names(text: str) -> list[str]:
    """The tasks that an option names.

    Args:
        text: Names, or paths of scenes, with commas between them, or "all" for all tasks in their
            default form, without those for trainings.

    Returns:
        The names, in the order given.

    Raises:
        UsageError: A name is missing or comes twice.
        UnknownNameError: There is no such task.
        MjcfError: A scene cannot be read.

    Examples:
        >>> task_names("flat, csr")
        ['flat', 'csr']
        >>> task_names("all")[:2]
        ['flat', 'csr']
    """
    from hyperdistill_core.tasks import TASKS, TRAINING_TASKS, get_task

    if text == ALL_TASKS:
        scored = [name for name in TASKS if not name.endswith(_REFERENCE)]
        return [name for name in scored if name not in TRAINING_TASKS]
    names = [name.strip() for name in text.split(",")]
    if "" in names:
        raise UsageError(f"task: expected names with commas between them, got {text!r}")
    # Two paths may lead to one scene.
    known = [get_task(name).name for name in names]
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        raise UsageError(f"task: expected each task once, got {twice[0]} twice")
    return names
