"""One episode of a body, with what the stage shows and nothing else, since it must come at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from codesign.replay.recording import goal_radius
from morph_ops.graph import root
from morph_ops.identity import body_hash

if TYPE_CHECKING:
    from codesign.scoring import ScoreRecord
    from hyperdistill_core.controller import Controller
    from hyperdistill_core.rollout import Policy
    from hyperdistill_core.tasks import Task

__all__ = ["PATH_STEPS", "Episode", "one_episode"]

#: Control steps between two places of the path of an episode.
PATH_STEPS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Episode:
    """One episode of a body: T control steps.

    Attributes:
        graph: The body.
        model: The body in its world.
        control_dt: Length of a control step (s).
        qpos: (T + 1, nq) positions, the initial ones first.
        path: (P, 2) places of the torso along x and y (m), :data:`PATH_STEPS` control steps apart,
            the last one among them.
        world: Task, seed and number of the episode, which decide its world.
        ground_m: Height of the ground where it began (m).
        goals: Places to go to, or to bring an object to (m).
        goal_radius: Horizontal distance from which such a place counts as reached (m).
        score: Its return.
        fell: Whether it ended by a fall.
        distance: Distance along x (m).
        speed: Mean speed along x (m/s).
    """

    graph: nx.DiGraph[str]
    model: mujoco.MjModel
    control_dt: float
    qpos: NDArray[np.float64]
    path: NDArray[np.float64]
    world: tuple[str, int, int]
    ground_m: float
    goals: tuple[tuple[float, float, float], ...]
    goal_radius: float
    score: float
    fell: bool
    distance: float
    speed: float

    @property
    def steps(self) -> int:
        """Number of control steps, T."""
        return len(self.qpos) - 1

    def record(self, controller: Controller, *, task: Task, seed: int, variant: int) -> ScoreRecord:
        """A score record of this episode alone, without warnings.

        Args:
            controller: The controller.
            task: The task.
            seed: Seed of the initial state.
            variant: Number of the controller variant.
        """
        from codesign.scoring import ScoreRecord

        blank = ScoreRecord.failed(
            worst_score=task.worst_score,
            robot="",
            hash=body_hash(self.graph),
            task=task.name,
            controller=controller.name,
            controller_hash=controller.hash,
            episodes=1,
            seed=seed,
            variant=variant,
        )
        return replace(
            blank,
            status="ok",
            score=self.score,
            ci95=(self.score, self.score),
            returns=(self.score,),
            lengths=(self.steps,),
            fell=(self.fell,),
            speed=self.speed,
            distance=self.distance,
        )


def one_episode(
    graph: nx.DiGraph[str], policy: Policy, *, task: Task, seed: int, number: int = 0
) -> Episode | None:
    """Simulate one episode of a body's score.

    Args:
        graph: The body.
        policy: Policy of this body.
        task: World, reward, and end of the episode.
        seed: Seed of the initial state and of the world.
        number: Number of the episode.

    Returns:
        The episode; None if its simulation becomes unstable.

    Raises:
        BodyError: The body cannot be simulated.

    Examples:
        >>> from codesign.scoring import load_controller
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.sampling import sample_body
        >>> body, task = sample_body(np.random.default_rng(0)), get_task("flat")
        >>> model = task.model(body)
        >>> policy = load_controller("flat-v0").for_body(body, model)
        >>> episode = one_episode(body, policy, task=task, seed=0)
        >>> episode is not None and episode.qpos.shape == (episode.steps + 1, model.nq)
        True
    """
    from hyperdistill_core.rollout import rollout

    result = rollout(
        graph,
        policy,
        task=task,
        episodes=1,
        first_episode=number,
        seed=seed,
        record_trajectory=True,
    )
    if result.unstable or result.qpos is None:
        return None
    world = task.world(seed, number)
    model, qpos = task.model(graph, world), result.qpos[: int(result.lengths[0]) + 1, 0].copy()
    return Episode(
        graph=graph,
        model=model,
        control_dt=task.control_dt,
        qpos=qpos,
        path=_path(graph, model, qpos),
        world=(task.name, seed, number),
        ground_m=task.ground_m,
        goals=world.goals,
        goal_radius=goal_radius(task),
        score=float(result.returns[0]),
        fell=bool(result.fell[0]),
        distance=float(result.distance[0]),
        speed=float(result.speed[0]),
    )


def _path(
    graph: nx.DiGraph[str], model: mujoco.MjModel, qpos: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(P, 2) places of the torso along x and y (m)."""
    data, torso = mujoco.MjData(model), model.body(root(graph)).id
    last = len(qpos) - 1
    places: list[NDArray[np.float64]] = []
    for step in [*range(0, last, PATH_STEPS), last]:
        data.qpos[:] = qpos[step]
        mujoco.mj_kinematics(model, data)
        places.append(data.xpos[torso, :2].copy())
    return np.array(places)
