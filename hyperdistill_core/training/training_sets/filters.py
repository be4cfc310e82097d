"""Which bodies may enter a training set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from morph_ops.graph import joints
from morph_ops.identity import body_hash, body_plan_hash


class BodyFilter:
    """Accepts every body once, and none that has the plan of a held-out body.

    Invariants:
        A body that was accepted is never accepted again.
        A refused body leaves no trace: it may be offered again with other requirements.

    Args:
        task: Name of the task in which passive stability is tested.
        held_out: Bodies whose plans are refused. Two bodies have the same plan if they differ
            in densities, gears and joint ranges alone.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> bodies = BodyFilter(task="flat")
        >>> body = sample_body(np.random.default_rng(0))
        >>> bodies.accept(body), bodies.accept(body)
        (True, False)
    """

    def __init__(self, *, task: str, held_out: Iterable[nx.DiGraph[str]] = ()) -> None:
        self._task = task
        self._held_out_plans = {body_plan_hash(graph) for graph in held_out}
        self._accepted: set[str] = set()

    def accept_robot(self, graph: nx.DiGraph[str]) -> bool:
        """Accept a given robot unless it was accepted before, whatever its plan.

        Args:
            graph: The robot.

        Returns:
            Whether the robot is new.
        """
        digest = body_hash(graph)
        if digest in self._accepted:
            return False
        self._accepted.add(digest)
        return True

    def accept(self, graph: nx.DiGraph[str], *, stable_steps: int = 0) -> bool:
        """Accept a body that is new, has no held-out plan and is passively stable.

        Args:
            graph: The body.
            stable_steps: Control steps that the body must stay up without control; 0 for no
                such requirement.

        Returns:
            Whether the body is accepted.
        """
        digest = body_hash(graph)
        if digest in self._accepted or body_plan_hash(graph) in self._held_out_plans:
            return False
        if stable_steps and not is_passively_stable(graph, task=self._task, steps=stable_steps):
            return False
        self._accepted.add(digest)
        return True


def is_passively_stable(graph: nx.DiGraph[str], *, task: str, steps: int) -> bool:
    """Whether a body stays up without control in the first episode of a task.

    Args:
        graph: The body.
        task: Name of the task.
        steps: Number of control steps that the body must stay up.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> is_passively_stable(body, task="flat", steps=1)
        True
    """
    short_task = replace(get_task(task), max_steps=steps)
    policy = _ZeroPolicy(sum(1 for _ in joints(graph)))
    return not rollout(graph, policy, task=short_task, episodes=1).fell.any()


class _ZeroPolicy:
    """A policy whose controls are always zero."""

    def __init__(self, n_controls: int) -> None:
        self._n_controls = n_controls

    def act(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        """Controls (E, nu)."""
        return np.zeros((len(state), self._n_controls))
