"""Policies of single bodies from any checkpoint: a controller's or a teacher's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers import Teacher
from hyperdistill_core.tasks import Task
from hyperdistill_core.training.body_batch import BodyBatch, BodyInputs, TeacherPolicy
from hyperdistill_core.training.teacher_file import context_of, is_teacher, load_teacher

if TYPE_CHECKING:
    import networkx as nx

    from hyperdistill_core.rollout import Policy


class SingleBodyPolicy:
    """A teacher as the policy of one body.

    Args:
        network: The teacher.
        normalization: Normalization of its state features.
        inputs: Inputs of the body.

    Attributes:
        clock_harmonics: Harmonics of the clock phase that the teacher takes; 0 for none.
    """

    def __init__(self, network: Teacher, normalization: Normalization, inputs: BodyInputs) -> None:
        batch = BodyBatch([inputs], n_max=len(inputs.parents))
        self._policy = TeacherPolicy(network, normalization, batch)
        self._actions = np.flatnonzero(inputs.joint_mask.ravel())
        self.clock_harmonics = network.clock_harmonics

    def act(self, state: NDArray[np.float64], *, time: float | None = None) -> NDArray[np.float64]:
        """Mean actions (E, nu) of E episodes.

        Args:
            state: (E, n, 17) raw states.
            time: Time since the episodes began (s). A teacher without a clock ignores it.

        Raises:
            ValueError: The teacher takes a clock phase and there is no time.
        """
        if self.clock_harmonics and time is None:
            raise ValueError(
                "time: expected a number, because this teacher takes a clock, got None"
            )
        n_envs = len(state)
        means = self._policy.means(state[None], np.full((1, n_envs), time or 0.0))
        return means.reshape(n_envs, -1)[:, self._actions].astype(np.float64)


@dataclass(frozen=True)
class CheckpointPolicies:
    """What a checkpoint holds, as a source of policies.

    Attributes:
        content: A controller, or a teacher with the normalization of its states.
    """

    content: Controller | tuple[Teacher, Normalization]

    @classmethod
    def load(cls, checkpoint: str | Path) -> CheckpointPolicies:
        """Load a checkpoint.

        Args:
            checkpoint: Name or file of a controller, or file of a teacher.

        Raises:
            ControllerError: There is no such controller.
            CheckpointError: The file is not a checkpoint.
            TrainingError: The teacher has a network for each body of its training set.

        Examples:
            >>> CheckpointPolicies.load("flat-v0").content.hash
            '332c997c86ed8c15'
        """
        if is_teacher(checkpoint):
            network, normalization, _ = load_teacher(Path(checkpoint))
            if network.separate_bodies is not None:
                raise TrainingError(
                    f"{checkpoint}: expected a policy for any body, got a {network.kind} teacher, "
                    "one network for each body of its training set; distill it to evaluate it"
                )
            return cls((network, normalization))
        return cls(Controller.load(checkpoint))

    def require_variants(self, best_of: int) -> None:
        """Refuse more variants than the checkpoint has. A teacher has one.

        Raises:
            ControllerError: The controller has fewer variants.
            TrainingError: The checkpoint is a teacher's and ``best_of`` is above 1.
        """
        if isinstance(self.content, Controller):
            self.content.require_variants(best_of)
        elif best_of > 1:
            raise TrainingError(
                f"best_of: expected 1 for a teacher, because it has one variant, got {best_of}"
            )

    def for_body(self, graph: nx.DiGraph[str], task: Task, *, variant: int = 0) -> Policy:
        """Policy of a body on a task.

        Args:
            graph: The body.
            task: The task.
            variant: Number of the controller's variant. A teacher ignores it.
        """
        if isinstance(self.content, Controller):
            return self.content.for_body(graph, task.model(graph), variant=variant)
        network, normalization = self.content
        inputs = BodyInputs.of(graph, task, kind=context_of(network))
        return SingleBodyPolicy(network, normalization, inputs)
