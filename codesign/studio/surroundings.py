"""The world around a robot on the stage: its ground, boxes and goals, near the way of the robot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codesign.replay.scenery import put_world
from codesign.replay.terrain import Terrain, goal_outlines
from codesign.studio.episode import PATH_STEPS

if TYPE_CHECKING:
    import viser

    from codesign.replay.ground import Ground
    from codesign.studio.episode import Episode

__all__ = ["Surroundings", "limits"]

Array = NDArray[np.float64]
#: Most cells of the ground that a tab gets.
_MOST_CELLS = 8_000
#: How far a robot may leave the way around which the ground is there (m).
_BESIDE_M = 2.0


class Surroundings:
    """The world around one robot, in the scene of a tab.

    It stays where a new episode takes place in the same world, and near the way of the one before:
    to send it takes longer than to send a robot.

    Args:
        scene: The scene.
        name: Name of its node in the scene tree, without a slash.

    Attributes:
        uneven: Whether its ground is uneven, so that it takes the place of a flat one.
    """

    def __init__(self, scene: viser.SceneApi, name: str) -> None:
        self._scene, self._name = scene, name
        self._frame: viser.FrameHandle | None = None
        self._shown: tuple[object, ...] = ()
        self._way, self._levels, self._dt = np.zeros((1, 2)), np.zeros(1), 1.0
        self._count = 0
        self.uneven = False

    def show(
        self, episode: Episode, ground: Ground, *, right: float, left: float, dark: bool
    ) -> None:
        """Put up the world of an episode.

        Args:
            episode: The episode.
            ground: Its ground.
            right: Least y of what is shown (m).
            left: Largest y of what is shown (m).
            dark: Whether the page is dark.
        """
        self._levels = ground.on(episode.path)[:, 2]
        self._dt = PATH_STEPS * episode.control_dt
        shown = (episode.world, right, left, dark)
        if shown == self._shown and self._is_near(episode.path):
            return
        self._shown, self._way = shown, episode.path
        terrain = Terrain.of(ground, episode.path, right=right, left=left, most=_MOST_CELLS)
        self.uneven = terrain.surface is not None
        before, self._count = self._frame, self._count + 1
        name = f"/{self._name}-{self._count}"
        self._frame = self._scene.add_frame(name, show_axes=False)
        if before is not None:
            self._frame.position = before.position
        goals = goal_outlines(ground, episode.goals, episode.goal_radius)
        put_world(self._scene, terrain, goals, parent=name, dark=dark)
        if before is not None:
            before.remove()

    def _is_near(self, path: Array) -> bool:
        """Whether a path stays near that around which the ground is there."""
        apart = np.linalg.norm(path[:, None] - self._way, axis=-1).min(axis=1)
        return bool(apart.max() < _BESIDE_M)

    def level(self, now: float) -> float:
        """Height of the ground below the robot at a time of the episode (m).

        Args:
            now: The time (s).
        """
        return float(np.interp(now / self._dt, np.arange(len(self._levels)), self._levels))

    def move(self, place: tuple[float, float, float]) -> None:
        """Move all of it.

        Args:
            place: Translation (m).
        """
        if self._frame is not None:
            self._frame.position = place

    def remove(self) -> None:
        """Take it out of the scene."""
        if self._frame is not None:
            self._frame.remove()
            self._frame = None


def limits(lane: int, lanes: Sequence[int], width: float) -> tuple[float, float]:
    """Where the world around a robot ends: in the middle between its lane and the next ones.

    Args:
        lane: Lane of the robot.
        lanes: Lanes of all robots.
        width: Distance of two lanes (m).

    Returns:
        Least and largest y in the frame of the robot (m).

    Examples:
        >>> limits(0, [0, 1], 1.6)
        (-inf, 0.8)
    """
    right = max((other - lane for other in lanes if other < lane), default=-math.inf)
    left = min((other - lane for other in lanes if other > lane), default=math.inf)
    return right * width / 2.0, left * width / 2.0
