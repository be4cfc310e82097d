"""The protocol of all tasks, and their common timing and initial states."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

import mujoco
import networkx as nx
import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from hyperdistill_core.tasks.episodes import Episodes, EpisodesOfBodies, Simulated
from hyperdistill_core.tasks.terrain.height_map import HEIGHT_DECIMALS
from hyperdistill_core.tasks.terrain.objects import OBJECT_QPOS, OBJECT_QVEL
from hyperdistill_core.tasks.terrain.world import World, Worlds
from morph_ops import graph as body_graph
from morph_ops.geometry import canonical_frames
from morph_ops.io.mjcf.build import PHYSICS_STEP_S
from morph_ops.io.mjcf.place import CLEARANCE_M

AnyTask = TypeVar("AnyTask", bound="Task")

# Child of an episode's seed sequence that its world is drawn from; 0 and 1 draw the noise.
_WORLD_STREAM = 2
# Worlds that a process keeps, as bodies come one after the other into the same. A set is a copy of
# its worlds' maps (3 to 12 MB each). Best-of-N takes four sets in turn, with racing seven, all of
# few episodes; trainings take one of 64.
_KEPT_WORLDS, _KEPT_SMALL, _KEPT_LARGE = 64, 8, 2
_SMALL = 16


def start_pose(model: mujoco.MjModel) -> NDArray[np.float64]:
    """Pose (nq,) in which episodes begin: the first keyframe, or the zero pose.

    Args:
        model: The body in its world.
    """
    return model.key_qpos[0] if model.nkey else model.qpos0


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """A world, a reward, and the end of an episode.

    A new task derives from this class and defines :meth:`draw_world` and :meth:`terms`, or
    :meth:`episodes` where rewards depend on more than positions of the torso.

    Torso positions are those that MuJoCo holds after a control step. They are one physics step
    older than ``qpos``, as in the public environments.

    Attributes:
        name: Name of the task in settings and score records.
        physics_steps: Number of physics steps in a control step.
        max_steps: Largest number of control steps in an episode.
        worst_score: Score of a body whose simulation becomes unstable; no other body scores less.
        reset_noise_scale: Bound of the uniform noise on every entry of the initial qpos and qvel.
        fall_ratio: Share of the height of the torso above the lowest point at rest at or below
            which a body has fallen.
        control_cost: Cost of a control step for each unit of the sum of squared actions.
        keep_excludes: Whether bodies keep their contact excludes.
        world_y: Whether states hold y in the world frame, not relative to the torso.
        world_z: Whether states hold z in the world frame, not above the ground below the torso.
        faces_goal: Whether the axes of states are turned about z so that the goal lies along x.
        ground_m: Height of the ground where episodes begin (m).
        varied: Whether every episode has a world of its own.
        one_ground: Whether these differ in goals and places of objects alone, so that one model
            serves all.
        has_object: Whether the world has an object that can be pushed.
        along_x: Whether the reward is for moving along x. A vector env ends episodes for lack of
            progress, which is distance along x, in such tasks alone.
        notes: What a score on this task must say, such as what was not read of a scene.

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
    fall_ratio: float = 0.5
    control_cost: float = 0.0
    keep_excludes: bool = True
    world_y: bool = False
    world_z: bool = False
    faces_goal: bool = False
    ground_m: float = 0.0
    varied: bool = False
    one_ground: bool = False
    has_object: bool = False
    along_x: bool = True
    notes: tuple[str, ...] = ()

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
    def draw_world(self, rng: RandomState) -> World:
        """Draw the world of an episode.

        Args:
            rng: Generator of this world alone, unused where all episodes have the same.
        """

    def terms(
        self, before: NDArray[np.float64], after: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Reward terms of one control step by name; the reward is their sum.

        Args:
            before: (..., 3) torso positions before the control step (m).
            after: (..., 3) torso positions after the control step (m).

        Returns:
            One (...,) array for each term.

        Raises:
            NotImplementedError: The task defines :meth:`episodes` instead.
        """
        raise NotImplementedError(f"{self.name}: the reward terms are those of its episodes")

    def episodes(
        self, graph: nx.DiGraph[str], model: mujoco.MjModel, simulations: Simulated
    ) -> Episodes | None:
        """What the task keeps of running episodes of a body.

        Args:
            graph: The body.
            model: The body in its world.
            simulations: The simulations of these episodes.

        Returns:
            None if the reward terms are those of :meth:`terms`.
        """
        return None

    def begin(
        self,
        graph: nx.DiGraph[str],
        model: mujoco.MjModel,
        simulations: Simulated,
        worlds: Sequence[World],
    ) -> Episodes | None:
        """:meth:`episodes` of simulations that are in their initial states.

        Args:
            graph: The body.
            model: The body in its world.
            simulations: The simulations of these episodes.
            worlds: (E,) their worlds.
        """
        episodes = self.episodes(graph, model, simulations)
        if episodes is not None:
            episodes.begin(np.arange(len(worlds)), worlds)
        return episodes

    def world(self, seed: int = 0, episode: int = 0) -> World:
        """The world of an episode.

        It depends on the seed and the number alone, so all bodies of a comparison act in the same
        worlds.

        Args:
            seed: Seed of the run.
            episode: Number of the episode.
        """
        return _world(self, seed, episode) if self.varied else self.draw_world(RandomState(0))

    @property
    def state_floor_m(self) -> float:
        """Height of the floor in states (m): z is above the ground, or in the world frame."""
        return self.ground_m if self.world_z else 0.0

    def worlds(self, seed: int, episodes: int, first_episode: int = 0) -> Worlds:
        """The worlds of consecutive episodes: one for all, or one for each.

        Args:
            seed: Seed of the run.
            episodes: Number of episodes.
            first_episode: Number of the first episode.
        """
        if not self.varied:
            return Worlds([self.world()])
        kept = _small_set if episodes <= _SMALL else _large_set
        return kept(self, seed, first_episode, episodes)

    def model(self, graph: nx.DiGraph[str], world: World | None = None) -> mujoco.MjModel:
        """The MuJoCo model of a body in a world, with nothing that a rollout does not need.

        The frames of the nodes are those of :func:`~morph_ops.geometry.canonical_frames`, in which
        controllers are trained.

        Args:
            graph: The body.
            world: The world; None for that of the first episode of seed 0. Worlds of a task
                differ in their ground alone.

        Raises:
            BodyError: The graph is not a valid body.
            BodyError: MuJoCo cannot compile the model.
        """
        if not self.keep_excludes:
            graph = body_graph.with_excludes(graph, ())
        return (world or self.world()).model(canonical_frames(graph))

    def models(self, graph: nx.DiGraph[str], worlds: Sequence[World]) -> list[mujoco.MjModel]:
        """The models of a body in several worlds: one for each, or one for all if that will do.

        Args:
            graph: The body.
            worlds: The worlds.

        Raises:
            BodyError: As for :meth:`model`.
        """
        return [self.model(graph, world) for world in worlds[: 1 if self.one_ground else None]]

    def fall_height(self, graph: nx.DiGraph[str]) -> float:
        """Height of the torso above the ground (m) at or below which the body has fallen.

        It is the fall ratio of the height of the torso above the lowest point of the body. A robot
        from elsewhere begins with that point on the ground; UNIMALs have it 0.2 m above the ground.

        Args:
            graph: The body.
        """
        physics = body_graph.physics(graph)
        if physics is not None and not physics.falls:
            return -math.inf
        clearance = CLEARANCE_M if physics is None else 0.0
        # Heights hit the limit to the last digit: this is the order of the public environment.
        rest = (body_graph.start_height(graph) + self.ground_m) - self.ground_m
        return self.fall_ratio * (rest - clearance)

    def fall_heights(self, graph: nx.DiGraph[str], worlds: Sequence[World]) -> NDArray[np.float64]:
        """:meth:`fall_height` (E,) in several worlds, which may have fall ratios of their own (m).

        Args:
            graph: The body.
            worlds: (E,) the worlds.
        """
        ratios = [world.fall_ratio for world in worlds]
        of_ratio = {
            ratio: (self if ratio is None else replace(self, fall_ratio=ratio)).fall_height(graph)
            for ratio in set(ratios)
        }
        return np.array([of_ratio[ratio] for ratio in ratios])

    def height(
        self, position: NDArray[np.float64], ground: float | NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Height of the torso above the ground, in whole millimeters as in the public environment.

        Args:
            position: (..., 3) torso positions (m).
            ground: (...,) heights of the ground below them (m); None for :attr:`ground_m`.

        Returns:
            (...,) heights (m).
        """
        return (position[..., 2] - (self.ground_m if ground is None else ground)).round(
            HEIGHT_DECIMALS
        )

    def fell(
        self,
        position: NDArray[np.float64],
        fall_height: float | NDArray[np.float64],
        ground: float | NDArray[np.float64] | None = None,
    ) -> NDArray[np.bool_]:
        """Whether the body has fallen.

        Args:
            position: (..., 3) torso positions (m).
            fall_height: Result of :meth:`fall_height` for the body (m); for positions of several
                bodies an array that broadcasts to (...,).
            ground: As for :meth:`height`.

        Returns:
            (...,) True where the body has fallen.
        """
        return self.height(position, ground) <= fall_height

    def left(self, position: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether the body has left the terrain, which ends the episode.

        Args:
            position: (..., 3) torso positions (m).

        Returns:
            (...,) True where it has; nowhere on a ground without an end.
        """
        return np.zeros(position.shape[:-1], dtype=np.bool_)

    def all_terms(
        self,
        before: NDArray[np.float64],
        after: NDArray[np.float64],
        actions: NDArray[np.floating],
        episodes: Episodes | EpisodesOfBodies | None = None,
    ) -> dict[str, NDArray[np.float64]]:
        """Reward terms of one control step, the cost of the controls included.

        Args:
            before: (..., 3) torso positions before the control step (m).
            after: (..., 3) torso positions after the control step (m).
            actions: (..., nu) actions, as the policy gave them.
            episodes: What :meth:`episodes` gave.

        Returns:
            One (...,) array for each term.
        """
        terms = (self if episodes is None else episodes).terms(before, after)
        if self.control_cost:
            terms["control"] = -self.control_cost * np.square(actions).sum(axis=-1)
        return terms

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
        sizes get common random numbers: a longer noise vector begins with the shorter one. An
        object has no noise.

        Args:
            rng: Random generator of the episode, :meth:`reset_rng`.
            model: The body in its world.

        Returns:
            Noise (nq,) and (nv,) in the units of qpos and qvel.
        """
        streams: list[np.random.Generator] = rng.spawn(2)
        positions, velocities = streams
        scale = self.reset_noise_scale
        qpos = positions.uniform(-scale, scale, int(model.nq))
        qvel = velocities.uniform(-scale, scale, int(model.nv))
        if self.has_object:
            qpos[-OBJECT_QPOS:], qvel[-OBJECT_QVEL:] = 0.0, 0.0
        return qpos, qvel

    def initial_states(
        self, model: mujoco.MjModel, *, seed: int, episodes: int, first_episode: int = 0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Initial states of consecutive episodes, an object in its place.

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
            if self.has_object:
                self.world(seed, first_episode + row).put_object(qpos[row])
        return qpos, qvel


def as_published(task: AnyTask, **changes: Any) -> AnyTask:
    """The form of a task that equals the public environment.

    Args:
        task: The default form.
        changes: What else differs, such as the terrain.

    Examples:
        >>> from hyperdistill_core.tasks import get_task
        >>> as_published(get_task("flat")).name
        'flat-reference'
    """
    conventions: dict[str, Any] = {
        "name": f"{task.name}-reference",
        "ground_m": 1.0,
        "keep_excludes": False,
        "world_y": True,
        "world_z": True,
        "faces_goal": False,
    }
    return replace(task, **(conventions | changes))


@lru_cache(maxsize=_KEPT_WORLDS)
def _world(task: Task, seed: int, episode: int) -> World:
    sequence = np.random.SeedSequence(seed, spawn_key=(episode, _WORLD_STREAM))
    return task.draw_world(RandomState(np.random.MT19937(sequence)))


def _set(task: Task, seed: int, first_episode: int, episodes: int) -> Worlds:
    return Worlds([task.world(seed, first_episode + k) for k in range(episodes)])


_small_set = lru_cache(maxsize=_KEPT_SMALL)(_set)
_large_set = lru_cache(maxsize=_KEPT_LARGE)(_set)
