"""What a task keeps of running episodes, for rewards that positions of the torso do not decide."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.tasks.terrain.world import World

#: Reward terms by name.
Terms = dict[str, NDArray[np.float64]]


class Simulated(Protocol):
    """Live MuJoCo arrays of E simulations of one body, all derived ones one physics step old.

    Attributes:
        xpos: (E, nbody, 3) positions of the MuJoCo body frames (m).
        xquat: (E, nbody, 4) orientations of the MuJoCo body frames.
        qpos: (E, nq) positions.
        qvel: (E, nv) velocities.
    """

    xpos: NDArray[np.float64]
    xquat: NDArray[np.float64]
    qpos: NDArray[np.float64]
    qvel: NDArray[np.float64]


@dataclass
class SimulatedArrays(Simulated):
    """See :class:`Simulated`; arrays from elsewhere than a rollout."""

    xpos: NDArray[np.float64]
    xquat: NDArray[np.float64]
    qpos: NDArray[np.float64]
    qvel: NDArray[np.float64]


class Episodes(ABC):
    """E running episodes of one body: what their next rewards depend on beside the physics.

    :meth:`~hyperdistill_core.tasks.Task.episodes` of a task makes one for every body. A rollout
    calls :meth:`begin` once, an environment at every reset.

    Attributes:
        kept: Arrays (E, ...) by name, changed in place: all that a copy needs to go on with the
            same rewards.
    """

    kept: dict[str, NDArray[Any]]

    @abstractmethod
    def begin(self, simulations: NDArray[np.intp], worlds: Sequence[World]) -> None:
        """Begin new episodes, whose initial states the simulations are in.

        Args:
            simulations: (K,) indices of the simulations.
            worlds: Their K worlds.
        """

    @abstractmethod
    def terms(self, before: NDArray[np.float64], after: NDArray[np.float64]) -> Terms:
        """Reward terms of the control step that has just been simulated; called once for each.

        Args:
            before: (E, 3) torso positions before the control step (m).
            after: (E, 3) torso positions after the control step (m).

        Returns:
            One (E,) array for each term. Those of episodes that have ended do not count.
        """

    @abstractmethod
    def observations(self) -> dict[str, NDArray[np.float64]]:
        """What a controller needs to know beside the state, as vectors in the torso's frame.

        Returns:
            Arrays (E, k) by name: ``goal`` (3 numbers) or ``object`` (12 numbers), or none.
        """

    def goal_offset(self) -> NDArray[np.float64] | None:
        """(E, 3) from the torsos to the goals in world axes (m); None without goals to go to."""
        return None


class EpisodesOfBodies:
    """The episodes of B bodies, whose rewards are read at once.

    Args:
        episodes: Those of each body.
    """

    def __init__(self, episodes: Sequence[Episodes]) -> None:
        self._episodes = episodes

    @classmethod
    def of(cls, episodes: Sequence[Episodes | None]) -> EpisodesOfBodies | None:
        """Those of bodies in one task; None if it keeps nothing.

        Args:
            episodes: What the task gave for each body.
        """
        kept = [one for one in episodes if one is not None]
        return cls(kept) if kept else None

    def terms(self, before: NDArray[np.float64], after: NDArray[np.float64]) -> Terms:
        """Reward terms (B, E) by name, see :meth:`Episodes.terms`.

        Args:
            before: (B, E, 3) torso positions before the control step (m).
            after: (B, E, 3) torso positions after the control step (m).
        """
        of_bodies = [
            one.terms(*positions)
            for one, *positions in zip(self._episodes, before, after, strict=True)
        ]
        return {name: np.stack([terms[name] for terms in of_bodies]) for name in of_bodies[0]}

    def goal_offset(self) -> NDArray[np.float64] | None:
        """(B, E, 3) from the torsos to the goals, see :meth:`Episodes.goal_offset`."""
        offsets = [offset for one in self._episodes if (offset := one.goal_offset()) is not None]
        return np.stack(offsets) if offsets else None

    def observations(self) -> dict[str, NDArray[np.float64]]:
        """Arrays (B, E, k) by name, see :meth:`Episodes.observations`."""
        of_bodies = [one.observations() for one in self._episodes]
        return {name: np.stack([seen[name] for seen in of_bodies]) for name in of_bodies[0]}


def rotations(quat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrices (..., 3, 3) of orientations (..., 4).

    Examples:
        >>> rotations(np.array([0.0, 0.0, 0.0, 1.0])).tolist()
        [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    # All products of two components at once: on a few rows a call costs more than its arithmetic.
    products = np.moveaxis(quat[..., :, None] * (2.0 * quat)[..., None, :], (-2, -1), (0, 1))
    (_, wx, wy, wz), (_, xx, xy, xz), (_, _, yy, yz), (_, _, _, zz) = products
    matrices = np.empty((*quat.shape[:-1], 3, 3))
    entries = np.moveaxis(matrices, (-2, -1), (0, 1))
    entries[0, 0], entries[0, 1], entries[0, 2] = 1.0 - yy - zz, xy - wz, xz + wy
    entries[1, 0], entries[1, 1], entries[1, 2] = xy + wz, 1.0 - xx - zz, yz - wx
    entries[2, 0], entries[2, 1], entries[2, 2] = xz - wy, yz + wx, 1.0 - xx - yy
    return matrices


def rotated(quat: NDArray[np.float64], vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors (..., 3) of frames with orientations (..., 4), in the axes of the world.

    Examples:
        >>> rotated(np.array([[0.0, 0.0, 0.0, 1.0]]), np.array([1.0, 2.0, 3.0])).tolist()
        [[-1.0, -2.0, 3.0]]
    """
    # v + w t + q x t with t = 2 q x v: a third of the calls that a rotation matrix takes.
    axis, after, before = quat[..., 1:], [1, 2, 0], [2, 0, 1]
    first, second = axis.take(after, axis=-1), axis.take(before, axis=-1)
    twice = first * vectors.take(before, axis=-1) - second * vectors.take(after, axis=-1)
    twice *= 2.0
    turned = vectors + quat[..., :1] * twice
    turned += first * twice.take(before, axis=-1)
    turned -= second * twice.take(after, axis=-1)
    return turned


def in_frame(quat: NDArray[np.float64], vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors (E, 3) of the world in frames with orientations (E, 4)."""
    return np.einsum("eji,ej->ei", rotations(quat), vectors)


def xy_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Horizontal distances (...,) in m between positions (..., 3)."""
    return np.hypot(a[..., 0] - b[..., 0], a[..., 1] - b[..., 1])
