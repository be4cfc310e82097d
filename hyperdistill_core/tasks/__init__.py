"""What a body is asked to do: the ground under it, its reward and its end.

A :class:`Task` puts a body into its world as a MuJoCo model, shakes its start, rewards
what its torso does and says when it has fallen. All tasks share the timing of Gupta 2022:
a control step of 0.02 s is four physics steps, and an episode has 1,000 control steps.

``flat`` runs on a floor at z = 0. ``flat-reference`` is set up exactly as the public
environment of Gupta 2022, for comparison with published work. A name such as
``package.module:name`` stands for a task of the user's own.
"""

from dataclasses import replace

from hyperdistill_core.tasks.flat import FLAT, FLAT_REFERENCE, Flat, FlatReference
from hyperdistill_core.tasks.task import Task
from morph_ops._registry import is_plugin, load_plugin, lookup
from morph_ops.errors import UnknownNameError

TASKS: dict[str, Task] = {task.name: task for task in (FLAT, FLAT_REFERENCE)}


def get_task(name: str) -> Task:
    """The task called ``name``.

    Args:
        name: of a task here, or ``package.module:name`` of a :class:`Task`; its records tell
            that name.

    Raises:
        UnknownNameError: there is no such task, or something else under that name.
    """
    if not is_plugin(name):
        return lookup(TASKS, name, what="task")
    task = load_plugin(name, what="task")
    if not isinstance(task, Task):
        raise UnknownNameError(f"no task {name!r}: expected a Task, got {type(task).__name__}")
    return replace(task, name=name)


__all__ = ["TASKS", "Flat", "FlatReference", "Task", "get_task"]
