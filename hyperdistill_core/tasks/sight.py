"""Sight: what a controller sees of its world beside the states.

| part    | numbers     | meaning                                                             |
|---------|-------------|---------------------------------------------------------------------|
| heights | 195 or 1410 | height samples around the torso (m)                                 |
| goal    | 3           | cosine and sine of the direction of the goal from the torso's       |
|         |             | heading, and 1 / (1 + its horizontal distance in m)                 |
| object  | 12          | the four vectors of ``object``, each divided by 1 + its length in m |

The heights come first; behind them the goal, the object or neither. The number of all decides which
parts a controller has, so 198 is 195 heights and a goal. In a task without a goal it lies far away
along the x-axis, which is where forward tasks go; without an object its numbers are zero.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.tasks.episodes import Episodes, EpisodesOfBodies
from hyperdistill_core.tasks.terrain.height_map import HEIGHT_SAMPLES, headings
from hyperdistill_core.tasks.terrain.world import Worlds

#: What lies behind the heights.
Target: TypeAlias = Literal["", "goal", "object"]
#: Numbers of each.
TARGETS: dict[Target, int] = {"": 0, "goal": 3, "object": 12}


def parts_of(numbers: int) -> tuple[int, Target]:
    """Number of height samples of a controller's sight, and what lies behind them.

    Args:
        numbers: Number of all numbers.

    Raises:
        ValueError: No sight has so many.

    Examples:
        >>> parts_of(198)
        (195, 'goal')
        >>> parts_of(12)
        (0, 'object')
    """
    for target, size in TARGETS.items():
        if numbers - size in (0, *HEIGHT_SAMPLES):
            return numbers - size, target
    choices = sorted(some + size for some in (0, *HEIGHT_SAMPLES) for size in TARGETS.values())
    raise ValueError(f"sight: expected one of {', '.join(map(str, choices))}, got {numbers}")


def describe(numbers: int) -> str:
    """A controller's sight in words.

    Args:
        numbers: Number of numbers, at least 1.

    Examples:
        >>> describe(198)
        '195 height samples and the goal'
    """
    heights, target = parts_of(numbers)
    words = [f"{heights} height samples"] if heights else []
    return " and ".join(words + ([f"the {target}"] if target else []))


def sight(
    worlds: Worlds,
    which: NDArray[np.intp],
    position: NDArray[np.float64],
    quat: NDArray[np.float64],
    numbers: int,
    episodes: Episodes | EpisodesOfBodies | None = None,
) -> NDArray[np.float64]:
    """What controllers see.

    Args:
        worlds: Worlds of the simulations.
        which: (...,) number of the world of each torso.
        position: (..., 3) positions of the torsos (m).
        quat: (..., 4) orientations of the torsos.
        numbers: Number of numbers, see :func:`parts_of`.
        episodes: What the task keeps of the running episodes; None if it keeps nothing.

    Returns:
        (..., numbers) heights, goal and object, as the module describes them.
    """
    heights, target = parts_of(numbers)
    parts = [worlds.height_samples(which, position, quat, heights)] if heights else []
    if target == "goal":
        offset = None if episodes is None else episodes.goal_offset()
        parts.append(_goal(offset, headings(quat)))
    elif target == "object":
        observed = {} if episodes is None else episodes.observations()
        parts.append(_object(observed.get("object"), position.shape[:-1]))
    return np.concatenate(parts, axis=-1)


def ahead(numbers: int) -> NDArray[np.float64]:
    """The sight (numbers,) of a torso on flat ground whose goal lies far ahead.

    Args:
        numbers: Number of numbers.
    """
    if not numbers:
        return np.zeros(0)
    seen, (heights, target) = np.zeros(numbers), parts_of(numbers)
    if target == "goal":
        seen[heights] = 1.0
    return seen


def _goal(offset: NDArray[np.float64] | None, heading: NDArray[np.float64]) -> NDArray[np.float64]:
    """Goals (..., 3) from offsets (..., 3) in world axes, or far along x without them."""
    angle, closeness = -heading, np.zeros(heading.shape)
    if offset is not None:
        angle = np.arctan2(offset[..., 1], offset[..., 0]) - heading
        closeness = 1.0 / (1.0 + np.hypot(offset[..., 0], offset[..., 1]))
    return np.stack([np.cos(angle), np.sin(angle), closeness], axis=-1)


def _object(observed: NDArray[np.float64] | None, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Objects (..., 12) from their vectors (..., 12), or zeros without them."""
    if observed is None:
        return np.zeros((*shape, TARGETS["object"]))
    vectors = observed.reshape(*observed.shape[:-1], 4, 3)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / (1.0 + lengths)).reshape(observed.shape)
