"""Tasks: the world that a body acts in, its reward, and the end of an episode.

A :class:`Task` puts a body into its world as a MuJoCo model, draws the initial states of the
episodes, rewards the motion of the torso, and decides when the body has fallen. All tasks share
the timing of Gupta 2022: a control step of 0.02 s is four physics steps, and an episode has at
most 1,000 control steps.

``flat`` is a floor at z = 0. ``flat-reference`` equals the public environment of Gupta 2022, for
comparison with published results. A name such as ``package.module:name`` stands for a user's own
task, and one that ends in ``.xml`` for a user's own scene (:mod:`hyperdistill_core.tasks.scene`).
"""

from dataclasses import replace
from typing import Any

from hyperdistill_core.tasks.delivery import DELIVERY, DELIVERY_REFERENCE, Delivery
from hyperdistill_core.tasks.episodes import Episodes
from hyperdistill_core.tasks.escape import ESCAPE, ESCAPE_REFERENCE, Escape
from hyperdistill_core.tasks.exploration import EXPLORATION, EXPLORATION_REFERENCE, Exploration
from hyperdistill_core.tasks.flat import FLAT, FLAT_REFERENCE, Flat, FlatReference
from hyperdistill_core.tasks.forward import FORWARD, FORWARD_REFERENCE, ROUGH, Forward
from hyperdistill_core.tasks.navigation import (
    GOALS,
    NAVIGATION,
    NAVIGATION_REFERENCE,
    Navigation,
)
from hyperdistill_core.tasks.scene import (
    SceneTask,
    is_scene,
    pinned_task,
    scene_path,
    scene_task,
    write_scene,
)
from hyperdistill_core.tasks.task import Task
from morph_ops._registry import Registry, unfit_plugin


def _plugin(name: str, task: Any) -> Task:
    """A user's task under its full plugin name, which score records then hold."""
    if not isinstance(task, Task):
        raise unfit_plugin(name, what="task", expected="a Task", found=task)
    return replace(task, name=name)


#: All tasks by their names.
TASKS: Registry[Task] = Registry(
    "task",
    {
        task.name: task
        for task in (
            *(FLAT, *FORWARD, ESCAPE, EXPLORATION, *NAVIGATION, *DELIVERY),
            *(FLAT_REFERENCE, *FORWARD_REFERENCE, ESCAPE_REFERENCE),
            *(EXPLORATION_REFERENCE, *NAVIGATION_REFERENCE, *DELIVERY_REFERENCE),
        )
    },
    plugin=_plugin,
)
#: Tasks for trainings: they mix or repeat what other tasks have, and have no reference forms.
TRAINING_TASKS = (ROUGH.name, GOALS.name)


def get_task(name: str) -> Task:
    """The task with a name.

    Args:
        name: Name of a task here, ``package.module:name`` of a user's :class:`Task`, or path of a
            scene, an MJCF file that ends in ``.xml``. Score records hold the name of the task,
            which for a scene is its file's with a hash.

    Examples:
        >>> get_task("flat").max_steps
        1000

    Raises:
        UnknownNameError: No task has this name; the message lists the choices.
        UnknownNameError: The plugin cannot be imported or is not a :class:`Task`.
        MjcfError: The scene cannot be read, see :func:`~hyperdistill_core.tasks.scene.scene_task`.
    """
    if is_scene(name):
        return scene_task(name)
    return TASKS.lookup(name)


__all__ = [
    "TASKS",
    "TRAINING_TASKS",
    "Delivery",
    "Episodes",
    "Escape",
    "Exploration",
    "Flat",
    "FlatReference",
    "Forward",
    "Navigation",
    "SceneTask",
    "Task",
    "get_task",
    "is_scene",
    "pinned_task",
    "scene_path",
    "write_scene",
]
