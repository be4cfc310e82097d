"""The axes of the states that policies get."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features.goal_axes import direction, turned
from hyperdistill_core.tasks import Task
from hyperdistill_core.tasks.episodes import Episodes, EpisodesOfBodies

AnyFloat = TypeVar("AnyFloat", np.float32, np.float64)


def in_axes_of(
    task: Task,
    states: NDArray[AnyFloat],
    episodes: Episodes | EpisodesOfBodies | None,
    rows: NDArray[np.intp] | slice = slice(None),
) -> NDArray[AnyFloat]:
    """States in the axes of a task: those of the world, or turned so that x points to the goal.

    Args:
        task: The task.
        states: (..., n, 17) states in world axes.
        episodes: What the task keeps of the running episodes; None if it keeps nothing.
        rows: The episodes that the states are of.

    Returns:
        (..., n, 17) states.
    """
    offset = episodes.goal_offset() if task.faces_goal and episodes is not None else None
    if offset is None:
        return states
    return turned(states, direction(offset[rows])).astype(states.dtype, copy=False)
