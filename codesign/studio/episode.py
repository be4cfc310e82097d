"""One episode of a body, with what the stage shows and nothing else, since it must come at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.identity import body_hash

if TYPE_CHECKING:
    from codesign.scoring import ScoreRecord
    from hyperdistill_core.controller import Controller
    from hyperdistill_core.rollout import Policy
    from hyperdistill_core.tasks import Task

__all__ = ["Episode", "first_episode"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Episode:
    """One episode of a body: T control steps.

    Attributes:
        graph: The body.
        model: The body in its world.
        control_dt: Length of a control step (s).
        qpos: (T + 1, nq) positions, the initial ones first.
        score: Its return.
        fell: Whether it ended by a fall.
        distance: Distance along x (m).
        speed: Mean speed along x (m/s).
    """

    graph: nx.DiGraph[str]
    model: mujoco.MjModel
    control_dt: float
    qpos: NDArray[np.float64]
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


def first_episode(
    graph: nx.DiGraph[str], policy: Policy, *, model: mujoco.MjModel, task: Task, seed: int
) -> Episode | None:
    """Simulate the first episode of a body's score.

    Args:
        graph: The body.
        policy: Policy of this body.
        model: The body in its world, as the task builds it.
        task: World, reward, and end of the episode.
        seed: Seed of the initial state.

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
        >>> episode = first_episode(body, policy, model=model, task=task, seed=0)
        >>> episode is not None and episode.qpos.shape == (episode.steps + 1, model.nq)
        True
    """
    from hyperdistill_core.rollout import rollout

    result = rollout(graph, policy, task=task, episodes=1, seed=seed, record_trajectory=True)
    if result.unstable or result.qpos is None:
        return None
    return Episode(
        graph=graph,
        model=model,
        control_dt=task.control_dt,
        qpos=result.qpos[: int(result.lengths[0]) + 1, 0].copy(),
        score=float(result.returns[0]),
        fell=bool(result.fell[0]),
        distance=float(result.distance[0]),
        speed=float(result.speed[0]),
    )
