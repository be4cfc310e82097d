"""Where in an episode most of its world is in view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codesign.drawing import shown_geoms
from codesign.replay.recording import WORLD
from codesign.replay.terrain import is_flat

if TYPE_CHECKING:
    from codesign.replay import Recording
    from codesign.replay.ground import Ground

Array = NDArray[np.float64]
#: Distance from the torso up to which things are seen (m).
NEAR_M = 2.0
#: Places around the torso at which the height of the ground is compared, along each axis.
_PLACES = 9
#: Steps of height (m) that count as much as a thing, and most of them.
_STEP_M, _MOST_STEPS = 0.2, 3


def sights(recording: Recording, ground: Ground) -> NDArray[np.intp]:
    """How much there is to see around the robot at each control step.

    Args:
        recording: The episode.
        ground: Its ground.

    Returns:
        (T + 1,) numbers of goals, objects, boxes and steps of height near the torso; boxes on its
        right, where the camera is, count against it.

    Examples:
        >>> sights(one, Ground(one)).max()  # doctest: +SKIP
        2
    """
    path = recording.torso[:, :2]
    found: NDArray[np.intp] = np.zeros(len(path), dtype=np.intp)
    near: NDArray[np.bool_]
    places = [np.asarray(goal)[:2] for goal in recording.goals] + _objects(recording)
    for place in places:
        near = np.linalg.norm(path - place, axis=1) < NEAR_M
        found += near
    everywhere = (path.min(axis=0) - NEAR_M, path.max(axis=0) + NEAR_M)
    for corners in ground.boxes(*everywhere):
        low, high = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
        near = np.linalg.norm(path - np.clip(path, low, high), axis=1) < NEAR_M
        found += near * np.where(path[:, 1] < (low[1] + high[1]) / 2.0, 1, -1)
    if not is_flat(ground, path, around=NEAR_M):
        across = np.linspace(-NEAR_M, NEAR_M, _PLACES)
        around = np.stack(np.meshgrid(across, across), axis=-1).reshape(-1, 2)
        heights = ground.heights(path[:, None] + around)
        # On a slope there is the same to see everywhere.
        bent = np.nanstd(heights, axis=1).round(2)
        found += np.minimum((2.0 * bent / _STEP_M).astype(np.intp), _MOST_STEPS)
    return found


def _objects(recording: Recording) -> list[Array]:
    """(T + 1, 2) places of each object that moves freely (m)."""
    model = recording.model
    own = set(recording.nodes)
    bodies = {int(model.geom_bodyid[geom]) for geom in shown_geoms(model)}
    found: list[Array] = []
    for body in bodies:
        joint = int(model.body_jntadr[body])
        free = model.body_weldid[body] != WORLD and joint >= 0 and not model.jnt_type[joint]
        if free and model.body(body).name not in own:
            first = int(model.jnt_qposadr[joint])
            found.append(recording.qpos[:, first : first + 2])
    return found
