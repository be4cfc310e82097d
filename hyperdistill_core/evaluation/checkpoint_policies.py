"""Policies of single bodies from any checkpoint: a controller's or a teacher's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.tasks import Task
from hyperdistill_core.training.teacher_file import context_of, is_teacher, load_teacher

if TYPE_CHECKING:
    import networkx as nx

    from hyperdistill_core.nets.mlp import Normalization
    from hyperdistill_core.nets.teachers import Teacher
    from hyperdistill_core.rollout import Policy


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
        # The workers of an evaluation are many, and only those of a teacher need torch.
        from hyperdistill_core.evaluation.single_body_policy import SingleBodyPolicy
        from hyperdistill_core.training.body_batch import BodyInputs

        network, normalization = self.content
        inputs = BodyInputs.of(graph, task, kind=context_of(network))
        return SingleBodyPolicy(network, normalization, inputs)
