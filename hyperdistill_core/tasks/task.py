"""What every task has in common, and what it must say itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.io.mjcf.build import PHYSICS_STEP_S


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """A world, a reward and an end.

    Torso positions are those that MuJoCo holds after a control step: one physics step
    older than ``qpos``, as the public environments read them.

    Attributes:
        name: what users call it.
        physics_steps: physics steps in a control step.
        max_steps: control steps in an episode.
        worst_score: score of a body whose simulation blows up; no other body falls below.
        noise: bound of the uniform noise on every number of the start's qpos and qvel.
        world_y: states give y as it is in the world, not relative to the torso.
        ground_m: height of the ground where episodes start (m).
    """

    name: str
    physics_steps: int = 4
    max_steps: int = 1000
    worst_score: float = -10_000.0
    noise: float = 5e-3
    world_y: bool = False
    ground_m: float = 0.0

    @property
    def control_dt(self) -> float:
        """Length of a control step (s)."""
        return self.physics_steps * PHYSICS_STEP_S

    @abstractmethod
    def model(self, graph: nx.DiGraph[str]) -> mujoco.MjModel:
        """The body in its world, with nothing that a rollout does not need.

        Its frames must be those of :func:`~morph_ops.geometry.canonical_frames`, which
        controllers have learned on.

        Raises:
            BodyError: the graph is no body, or MuJoCo cannot compile it.
        """

    @abstractmethod
    def fall_height(self, graph: nx.DiGraph[str]) -> float:
        """Height of the torso over the ground (m) at which the body has fallen."""

    @abstractmethod
    def height(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Height of the torso over the ground (m), (...,) from positions (..., 3)."""

    @abstractmethod
    def terms(
        self, before: NDArray[np.float64], after: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Terms of one control step's reward, by name; the reward is their sum.

        Args:
            before: (..., 3) torso positions before the control step (m).
            after: (..., 3) torso positions after it (m).

        Returns:
            One (...,) array a term.
        """

    def fell(self, position: NDArray[np.float64], fall_height: float) -> NDArray[np.bool_]:
        """Whether the body has fallen, (...,) from torso positions (..., 3) (m)."""
        return self.height(position) <= fall_height

    def reset_rng(self, seed: int, episode: int) -> np.random.Generator:
        """The generator of an episode's start: it depends on the seed and ``episode`` alone."""
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(episode,)))

    def reset_noise(
        self, rng: np.random.Generator, model: mujoco.MjModel
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Noise on the start, for every number of qpos (the quaternion included) and qvel.

        Positions and velocities draw from a stream of their own, so that bodies of
        different size get common random numbers: the longer noise begins with the shorter.

        Args:
            rng: the episode's generator, :meth:`reset_rng`.
            model: the body in its world.

        Returns:
            (nq,) and (nv,), in the units of qpos and qvel.
        """
        positions, velocities = rng.spawn(2)
        return (
            positions.uniform(-self.noise, self.noise, model.nq),
            velocities.uniform(-self.noise, self.noise, model.nv),
        )

    def start(
        self, model: mujoco.MjModel, *, seed: int, episodes: int, first: int = 0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where episodes ``first``, ``first`` + 1, ... of a seed begin.

        Args:
            model: the body in its world.
            seed: of the run.
            episodes: how many, E.
            first: number of the first.

        Returns:
            qpos (E, nq) and qvel (E, nv).
        """
        qpos = np.tile(model.qpos0, (episodes, 1))
        qvel = np.zeros((episodes, model.nv))
        for episode in range(episodes):
            qpos_noise, qvel_noise = self.reset_noise(self.reset_rng(seed, first + episode), model)
            qpos[episode] += qpos_noise
            qvel[episode] += qvel_noise
        return qpos, qvel
