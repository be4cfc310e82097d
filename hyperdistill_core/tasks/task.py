"""The protocol of all tasks, and their common timing and initial states."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.io.mjcf.build import PHYSICS_STEP_S


def start_pose(model: mujoco.MjModel) -> NDArray[np.float64]:
    """Pose (nq,) in which episodes begin: the first keyframe, or the zero pose.

    Args:
        model: The body in its world.
    """
    return model.key_qpos[0] if model.nkey else model.qpos0


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """A world, a reward, and the end of an episode.

    A new task derives from this class and defines :meth:`model`, :meth:`fall_height`,
    :meth:`height` and :meth:`terms`.

    Torso positions are those that MuJoCo holds after a control step. They are one physics step
    older than ``qpos``, as in the public environments.

    Attributes:
        name: Name of the task in settings and score records.
        physics_steps: Number of physics steps in a control step.
        max_steps: Largest number of control steps in an episode.
        worst_score: Score of a body whose simulation becomes unstable; no other body scores less.
        reset_noise_scale: Bound of the uniform noise on every entry of the initial qpos and qvel.
        world_y: Whether states hold y in the world frame, not relative to the torso.
        ground_m: Height of the ground where episodes begin (m).

    Examples:
        >>> from hyperdistill_core.tasks import Flat
        >>> @dataclass(frozen=True, kw_only=True)
        ... class Backward(Flat):
        ...     name: str = "backward"
        ...
        ...     def terms(self, before, after):
        ...         return {"backward": (before[..., 0] - after[..., 0]) / self.control_dt}
        >>> Backward().terms(np.zeros((1, 3)), np.full((1, 3), -0.02))
        {'backward': array([1.])}
    """

    name: str
    physics_steps: int = 4
    max_steps: int = 1000
    worst_score: float = -10_000.0
    reset_noise_scale: float = 5e-3
    world_y: bool = False
    ground_m: float = 0.0

    def steps_of(self, model: mujoco.MjModel) -> int:
        """Number of physics steps of a model in a control step; robots may have their own length.

        Args:
            model: The body in its world.
        """
        return round(self.control_dt / model.opt.timestep)

    @property
    def control_dt(self) -> float:
        """Length of a control step (s)."""
        return self.physics_steps * PHYSICS_STEP_S

    @abstractmethod
    def model(self, graph: nx.DiGraph[str]) -> mujoco.MjModel:
        """The MuJoCo model of a body in its world, with nothing that a rollout does not need.

        The frames of the nodes must be those of :func:`~morph_ops.geometry.canonical_frames`,
        because controllers are trained in these frames.

        Args:
            graph: The body.

        Raises:
            BodyError: The graph is not a valid body.
            BodyError: MuJoCo cannot compile the model.
        """

    @abstractmethod
    def fall_height(self, graph: nx.DiGraph[str]) -> float:
        """Height of the torso above the ground (m) at or below which the body has fallen.

        Args:
            graph: The body.
        """

    @abstractmethod
    def height(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Height of the torso above the ground.

        Args:
            position: (..., 3) torso positions (m).

        Returns:
            (...,) heights (m).
        """

    @abstractmethod
    def terms(
        self, before: NDArray[np.float64], after: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Reward terms of one control step by name; the reward is their sum.

        Args:
            before: (..., 3) torso positions before the control step (m).
            after: (..., 3) torso positions after the control step (m).

        Returns:
            One (...,) array for each term.
        """

    def fell(
        self, position: NDArray[np.float64], fall_height: float | NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Whether the body has fallen.

        Args:
            position: (..., 3) torso positions (m).
            fall_height: Result of :meth:`fall_height` for the body (m); for positions of several
                bodies an array that broadcasts to (...,).

        Returns:
            (...,) True where the body has fallen.
        """
        return self.height(position) <= fall_height

    def reset_rng(self, seed: int, episode: int) -> np.random.Generator:
        """Random generator of an episode's initial state.

        It depends on nothing else, so all bodies get common random numbers.

        Args:
            seed: Seed of the run.
            episode: Number of the episode.
        """
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(episode,)))

    def reset_noise(
        self, rng: np.random.Generator, model: mujoco.MjModel
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Noise on the initial qpos, the quaternion included, and on the initial qvel.

        Positions and velocities draw from streams of their own, so that bodies of different
        sizes get common random numbers: a longer noise vector begins with the shorter one.

        Args:
            rng: Random generator of the episode, :meth:`reset_rng`.
            model: The body in its world.

        Returns:
            Noise (nq,) and (nv,) in the units of qpos and qvel.
        """
        streams: list[np.random.Generator] = rng.spawn(2)
        positions, velocities = streams
        scale = self.reset_noise_scale
        return (
            positions.uniform(-scale, scale, int(model.nq)),
            velocities.uniform(-scale, scale, int(model.nv)),
        )

    def initial_states(
        self, model: mujoco.MjModel, *, seed: int, episodes: int, first_episode: int = 0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Initial states of consecutive episodes.

        Args:
            model: The body in its world.
            seed: Seed of the run.
            episodes: Number of episodes, E.
            first_episode: Number of the first episode.

        Returns:
            qpos (E, nq) and qvel (E, nv).
        """
        qpos = np.tile(start_pose(model), (episodes, 1))
        qvel = np.zeros((episodes, model.nv))
        for row in range(episodes):
            rng = self.reset_rng(seed, first_episode + row)
            qpos_noise, qvel_noise = self.reset_noise(rng, model)
            qpos[row] += qpos_noise
            qvel[row] += qvel_noise
        return qpos, qvel
