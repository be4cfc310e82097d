"""What ``run_standalone.py`` reads of a task and its worlds: ``NAME.world.npz``.

The file has the initial states and goals of all episodes, the numbers of the reward, and where
episodes end. The ground is that of the first episode, heights on cells. Where other episodes have
other ground, entries whose names begin with ``episode-2.`` and so on have theirs, with the files
``world.xml`` and ``world-1.hfield`` as bytes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from morph_ops import graph as body_graph

if TYPE_CHECKING:
    import mujoco
    import networkx as nx

    from hyperdistill_core.tasks import Delivery, Task
    from hyperdistill_core.tasks.terrain import World

#: Arrays by the names of their entries.
Entries: TypeAlias = dict[str, NDArray[Any]]
#: Size of the file (bytes), and number of episodes, from which on no ground is added.
MOST_BYTES, MOST_GROUNDS = 48_000_000, 64
# Entries that have a row for each episode.
_ROWS = ("qpos", "qvel", "goals")


def is_simulated(task: Task) -> bool:
    """Whether ``run_standalone.py`` knows all that decides the episodes of a task and its rewards.

    It knows the tasks that ship, and those of users that only set their numbers and grounds.

    Args:
        task: The task.

    Examples:
        >>> from hyperdistill_core.tasks import Flat, get_task
        >>> class Backward(Flat):
        ...     def terms(self, before, after):
        ...         return {"backward": before[..., 0] - after[..., 0]}
        >>> is_simulated(get_task("patrol")), is_simulated(Backward(name="backward"))
        (True, False)
    """
    return type(task) in _rewards()


def has_own_ground(task: Task) -> bool:
    """Whether every episode of a task has a ground of its own.

    Args:
        task: The task.

    Examples:
        >>> from hyperdistill_core.tasks import get_task
        >>> [has_own_ground(get_task(name)) for name in ("csr", "point-nav", "incline")]
        [True, False, False]
    """
    return task.varied and not task.one_ground


def task_arrays(
    graph: nx.DiGraph[str], task: Task, model: mujoco.MjModel, *, seed: int, episodes: int
) -> Entries:
    """The entries of a task, with the ground of its first episode.

    Args:
        graph: The body, with plain names.
        task: A task that :func:`is_simulated`.
        model: The body in the world of the first episode.
        seed: Seed of the episodes.
        episodes: Number of episodes, E.

    Returns:
        Arrays by name; ``qpos`` (E, nq), ``qvel`` (E, nv) and ``goals`` (E, G, 3) have a row for
        each episode.
    """
    first = task.world(seed)
    qpos, qvel = task.initial_states(model, seed=seed, episodes=episodes)
    values: dict[str, Any] = {
        "qpos": qpos,
        "qvel": qvel,
        "control_cost": task.control_cost,
        "faces_goal": task.faces_goal,
        "world_y": task.world_y,
        "world_z": task.world_z or first.height_map is None,
        "slope": 0.0,
        "edge": np.inf,
        "edge_margin": 0.0,
        "out": np.inf,
    }
    if first.goals:
        values["goals"] = [task.world(seed, number).goals for number in range(episodes)]
    values["reward"], reward_values = _rewards()[type(task)]
    values |= reward_values(graph, task, model)
    arrays = {name: np.asarray(value) for name, value in values.items()}
    return arrays | ground_arrays(graph, task, first)


def ground_arrays(graph: nx.DiGraph[str], task: Task, world: World) -> Entries:
    """The entries of a ground: its heights on cells, and the height of a fall.

    Args:
        graph: The body.
        task: The task.
        world: The world.
    """
    ground = world.height_map
    values: dict[str, Any] = {"fall_height": task.fall_heights(graph, [world])[0]}
    if ground is None:
        values["heights"] = np.full((1, 1), task.ground_m, np.float32)
        values |= {"row": 0, "column": 0, "sign": 1, "lowest": -np.inf}
    else:
        values |= {"heights": ground.heights, "row": ground.row, "column": ground.column}
        values |= {"sign": -1 if ground.mirrored else 1, "lowest": ground.lowest_m}
    return {name: np.asarray(value) for name, value in values.items()}


def write_npz(path: Path, arrays: Entries, others: Iterable[Entries]) -> None:
    """Write the entries of a task, and the grounds of its later episodes.

    Episodes are left out from the one on with which the file would be larger than
    :data:`MOST_BYTES`, or with which there would be more than :data:`MOST_GROUNDS`.

    Args:
        path: The file.
        arrays: The entries of the task.
        others: The entries of the grounds of the second and later episodes; empty where all have
            the same.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        written = 1
        for number, entries in enumerate(others, start=2):
            _add(archive, {f"episode-{number}.{name}": each for name, each in entries.items()})
            written = number
            size = sum(entry.compress_size for entry in archive.infolist()) / (number - 1)
            if number == MOST_GROUNDS or size * (number + 1) > MOST_BYTES:
                break
        rows = {name: arrays[name][:written] for name in _ROWS if written > 1 and name in arrays}
        _add(archive, arrays | rows)


def _add(archive: zipfile.ZipFile, entries: Entries) -> None:
    """Add arrays to an archive, as NumPy does."""
    for name, array in entries.items():
        with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
            np.lib.format.write_array(file, array, allow_pickle=False)


#: The numbers of a reward, from the body, the task and the model.
_Values: TypeAlias = Callable[["nx.DiGraph[str]", Any, "mujoco.MjModel"], dict[str, Any]]


def _rewards() -> dict[type[Task], tuple[str, _Values]]:
    """Names of the rewards in ``run_standalone.py``, and their numbers, by the type of a task."""
    from hyperdistill_core.tasks import (
        Delivery,
        Escape,
        Exploration,
        Flat,
        FlatReference,
        Forward,
        Navigation,
        SceneTask,
    )

    rewards: dict[type[Task], tuple[str, _Values]] = {
        Forward: ("forward", _forward_values),
        Escape: ("escape", _escape_values),
        Exploration: ("exploration", _exploration_values),
        Navigation: ("goals", _goals_values),
        Delivery: ("delivery", _delivery_values),
    }
    return rewards | dict.fromkeys((Flat, FlatReference, SceneTask), ("forward", _no_values))


def _no_values(*of: Any) -> dict[str, Any]:
    del of
    return {}


def _forward_values(*of: Any) -> dict[str, Any]:
    from hyperdistill_core.tasks.forward import EDGE_M

    _, task, _ = of
    return {"slope": task.slope, "edge": task.edge, "edge_margin": EDGE_M}


def _escape_values(*of: Any) -> dict[str, Any]:
    from hyperdistill_core.tasks.escape import OUT_M

    del of
    return {"out": OUT_M}


def _exploration_values(*of: Any) -> dict[str, Any]:
    _, task, _ = of
    return {"corner": task.terrain.corner, "squares": task.squares}


def _goals_values(*of: Any) -> dict[str, Any]:
    _, task, _ = of
    return {"margin": task.margin_m, "stay": task.stay, "late": task.late}


def _delivery_values(
    graph: nx.DiGraph[str], task: Delivery, model: mujoco.MjModel
) -> dict[str, Any]:
    from hyperdistill_core.tasks.delivery import free_dofs

    owners, points, own = task.points_in(graph, model)
    free = free_dofs(model, int(model.body(body_graph.root(graph)).id))
    return {
        "owners": owners,
        "points": points,
        "own_points": own,
        "torso_dof": -1 if free is None else free.start,
        "margin": task.margin_m,
        "spin_as_given": task.spin_as_given,
    }
