"""Many bodies side by side, as networks take them and as a vector env simulates them.

Shapes: A bodies, E simulations of each, n_max nodes of the largest body. Arrays have zero rows
where a body has no node.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import networkx as nx
import numpy as np
import torch
from numpy.typing import NDArray

from hyperdistill_core.features import (
    NODE_CONSTANTS_DIM,
    STATE_DIM,
    BodyLayout,
    ContextKind,
    clock_phase,
    context_features,
    node_constants,
    privileged_observation,
)
from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.hypernetwork import GeneratedWeights, Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers import Teacher
from hyperdistill_core.tasks import Task


@dataclass(frozen=True)
class BodyInputs:
    """What networks need of one body of n nodes.

    Attributes:
        context: (n, D) context features.
        parents: Index of each node's parent, 0 for the torso; n entries.
        joint_mask: (n, 2) bool, True for joint slots that hold a hinge.
        node_constants: (n, 9) constants of the privileged observation, see
            :func:`~hyperdistill_core.features.node_constants`.
    """

    context: NDArray[np.float32]
    parents: list[int]
    joint_mask: NDArray[np.bool_]
    node_constants: NDArray[np.float32]

    @classmethod
    def of(
        cls, graph: nx.DiGraph[str], task: Task, *, kind: ContextKind = "extended"
    ) -> BodyInputs:
        """Inputs of a body on a task.

        Args:
            graph: The body.
            task: Task whose model of the body is used.
            kind: Layout of the context.

        Examples:
            >>> from hyperdistill_core.tasks import get_task
            >>> from morph_ops.sampling import sample_body
            >>> body = sample_body(np.random.default_rng(0))
            >>> BodyInputs.of(body, get_task("flat")).context.shape == (len(body), 32)
            True
        """
        model = task.model(graph)
        layout = BodyLayout.from_graph(graph, model)
        context = context_features(graph, model, kind=kind).astype(np.float32)
        constants = node_constants(layout, model)
        return cls(context, layout.parents.tolist(), layout.joint_mask, constants)


class BodyBatch:
    """A bodies side by side, padded to the same number of nodes.

    Args:
        inputs: Inputs of the A bodies.
        n_max: Number of rows that each body is padded to.

    Attributes:
        bodies: What networks know of the bodies; its contexts are (A, n_max, D).
        present: (A, n_max) bool, True where a body has a node.
        joints: (A, n_max, 2) bool, True for joint slots that hold a hinge.

    Examples:
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.sampling import sample_body
        >>> bodies = [sample_body(np.random.default_rng(seed)) for seed in range(2)]
        >>> inputs = [BodyInputs.of(body, get_task("flat")) for body in bodies]
        >>> batch = BodyBatch(inputs, n_max=12)

        >>> batch.context.shape, int(batch.present.sum()) == sum(len(body) for body in bodies)
        (torch.Size([2, 12, 32]), True)
    """

    def __init__(self, inputs: Sequence[BodyInputs], *, n_max: int) -> None:
        shape = (len(inputs), n_max)
        context = torch.zeros(*shape, inputs[0].context.shape[1])
        self.present = np.zeros(shape, dtype=bool)
        self.joints = np.zeros((*shape, 2), dtype=bool)
        self._node_constants = np.zeros((len(inputs), 1, n_max, NODE_CONSTANTS_DIM), np.float32)
        for row, body in enumerate(inputs):
            n = len(body.parents)
            context[row, :n] = torch.as_tensor(body.context)
            self.present[row, :n] = True
            self.joints[row, :n] = body.joint_mask
            self._node_constants[row, 0, :n] = body.node_constants
        present = torch.as_tensor(self.present)
        self.bodies = BodyTensors(context, present, [body.parents for body in inputs])

    def __len__(self) -> int:
        return len(self.present)

    @property
    def context(self) -> torch.Tensor:
        """(A, n_max, D) contexts, zero where a body has no node."""
        return self.bodies.context

    def features(
        self, states: NDArray[np.float32], width: int, slots: slice = slice(None)
    ) -> NDArray[np.float32]:
        """State features (A, E, n_max, width) of a network, before normalization.

        Args:
            states: (A, E, n_max, 17) states.
            width: Number of features of a node: 17 for the states themselves, 30 for
                :func:`~hyperdistill_core.features.privileged_observation`.
            slots: Bodies that the states are of.
        """
        if width == STATE_DIM:
            return states
        return privileged_observation(states, self._node_constants[slots])

    def existing(
        self, features: NDArray[np.float32], slots: slice = slice(None)
    ) -> NDArray[np.float32]:
        """Rows (N, width) of the existing nodes.

        Args:
            features: (A, E, n_max, width) features.
            slots: Bodies that the features are of.
        """
        return features[np.broadcast_to(self.present[slots, None], features.shape[:3])]


class ObservationEncoder:
    """Turns states of a body batch into a teacher's observations.

    Args:
        network: Teacher that takes the observations.
        normalization: Normalization of the state features.
        batch: The bodies.
        device: Device of the observations.
    """

    def __init__(
        self,
        network: Teacher,
        normalization: Normalization,
        batch: BodyBatch,
        device: torch.device | None = None,
    ) -> None:
        self._batch, self._device = batch, device
        self._width, self._harmonics = network.state_dim, network.clock_harmonics
        mean = np.asarray(normalization.mean, np.float32)
        self._mean = torch.as_tensor(mean, device=device)
        self._factor = torch.as_tensor(
            (1.0 / normalization.scale).astype(np.float32), device=device
        )
        self._clip = normalization.clip
        self._exists = batch.bodies.present[:, None, :, None].float().to(device)

    def __call__(
        self,
        states: NDArray[np.floating],
        time: NDArray[np.floating],
        slots: slice = slice(None),
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Observations and clock phases.

        Args:
            states: (A, E, n_max, 17) states.
            time: (A, E) time since the beginning of each episode (s).
            slots: Bodies that these are of.

        Returns:
            Observations (A, E, n_max, state_dim), zero where a body has no node, and clock phases
            (A, E, clock_dim), or None for a network without that input.
        """
        features = torch.tensor(
            self._batch.features(states, self._width, slots), dtype=torch.float32
        )
        features = features.to(self._device)
        observation = (features - self._mean).mul_(self._factor).clamp_(-self._clip, self._clip)
        phase = clock_phase_of(time, self._harmonics)
        phase = phase if phase is None else phase.to(self._device)
        return observation.mul_(self._exists[slots]), phase


class BatchPolicy(Protocol):
    """A policy of all bodies of a batch."""

    def means(
        self, states: NDArray[np.floating], time: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Action means (A, E, n_max, 2).

        Args:
            states: (A, E, n_max, 17) states.
            time: (A, E) time since the beginning of each episode (s).
        """
        ...


class TeacherPolicy:
    """A teacher as the policy of a body batch.

    Args:
        network: The teacher.
        normalization: Normalization of its state features.
        batch: The bodies.

    Examples:
        >>> from hyperdistill_core.nets.teachers import MessagePassing, MessagePassingConfig
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.sampling import sample_body
        >>> bodies = [sample_body(np.random.default_rng(seed)) for seed in range(2)]
        >>> inputs = [BodyInputs.of(body, get_task("flat")) for body in bodies]
        >>> batch = BodyBatch(inputs, n_max=12)
        >>> plain = Normalization(np.zeros(17), np.ones(17))
        >>> teacher = MessagePassing(MessagePassingConfig(context_dim=32))
        >>> policy = TeacherPolicy(teacher, plain, batch)
        >>> states, time = np.zeros((2, 3, 12, 17), np.float32), np.zeros((2, 3))
        >>> policy.means(states, time).shape
        (2, 3, 12, 2)
    """

    def __init__(self, network: Teacher, normalization: Normalization, batch: BodyBatch) -> None:
        self._network, self._bodies = network, batch.bodies
        self._encoder = ObservationEncoder(network, normalization, batch)
        self._exists = batch.bodies.present[:, None, :, None]

    @torch.no_grad()
    def means(
        self,
        states: NDArray[np.floating],
        time: NDArray[np.floating],
        heights: NDArray[np.floating] | None = None,
    ) -> NDArray[np.float32]:
        """See :meth:`BatchPolicy.means`; means of missing nodes are zero.

        Args:
            states: (A, E, n_max, 17) states.
            time: (A, E) time since the beginning of each episode (s).
            heights: (A, E, terrain_dim) height samples (m), for a teacher that takes them.
        """
        observation, phase = self._encoder(states, time)
        extra = {} if heights is None else {"heights": torch.tensor(heights, dtype=torch.float32)}
        means = self._network.means(observation, self._bodies, clock_phase=phase, **extra)
        return (means * self._exists).numpy()


class StudentPolicy:
    """The generated networks of a body batch as its policy.

    Args:
        hypernetwork: Hypernetwork that generates them.
        normalization: Normalization of the states.
        batch: The bodies.
        variant: (D,) factors of a variant on the contexts; None for unchanged contexts.

    Examples:
        >>> from hyperdistill_core.controller import Controller
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.sampling import sample_body
        >>> bodies = [sample_body(np.random.default_rng(seed)) for seed in range(2)]
        >>> inputs = [BodyInputs.of(body, get_task("flat")) for body in bodies]
        >>> batch = BodyBatch(inputs, n_max=12)
        >>> controller = Controller.load("flat-v2").with_context("extended")
        >>> network = Hypernetwork.from_numpy(controller.network)
        >>> policy = StudentPolicy(network, controller.normalization, batch)
        >>> states, time = np.zeros((2, 3, 12, 17), np.float32), np.zeros((2, 3))
        >>> policy.means(states, time).shape
        (2, 3, 12, 2)
    """

    @torch.no_grad()
    def __init__(
        self,
        hypernetwork: Hypernetwork,
        normalization: Normalization,
        batch: BodyBatch,
        variant: torch.Tensor | None = None,
    ) -> None:
        mask = torch.as_tensor(batch.present)
        context = batch.context if variant is None else batch.context * variant
        self._weights: GeneratedWeights = hypernetwork.generate(context, mask)
        self._normalization, self._present = normalization, batch.present
        self._harmonics = hypernetwork.config.clock_harmonics

    @torch.no_grad()
    def means(
        self, states: NDArray[np.floating], time: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """See :meth:`BatchPolicy.means`."""
        observation = torch.as_tensor(observe(self._normalization, states, self._present))
        phase = clock_phase_of(time, self._harmonics)
        return self._weights.act(observation, clock_phase=phase).numpy()


def observe(
    normalization: Normalization, states: NDArray[np.floating], present: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Observations of states, in the precision of training.

    Args:
        normalization: Normalization of the states.
        states: (A, R, n, state_dim) states of R samples of each of A bodies.
        present: (A, n) bool, True where a body has a node; other rows become zero.

    Examples:
        >>> states, present = np.full((1, 1, 2, 1), 3.0), np.array([[True, False]])
        >>> observe(Normalization(np.full(1, 1.0), np.full(1, 4.0)), states, present).tolist()
        [[[[1.0], [0.0]]]]
    """
    observed = normalization.observe(states) * present[:, None, :, None]
    return observed.astype(np.float32)


def clock_phase_of(time: NDArray[np.floating], harmonics: int) -> torch.Tensor | None:
    """Clock phase (..., 2 * harmonics), or None for networks without that input.

    Args:
        time: (...) time since the beginning of each episode (s).
        harmonics: Number of harmonics; 0 for no clock phase.

    Examples:
        >>> clock_phase_of(np.zeros((2, 3)), 2).shape
        torch.Size([2, 3, 4])
    """
    if not harmonics:
        return None
    return torch.as_tensor(clock_phase(time, harmonics).astype(np.float32))
