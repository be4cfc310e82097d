"""Many bodies side by side, as networks take them and as a vector env simulates them.

Shapes: A bodies, E simulations of each, n_max nodes of the largest body. Padded arrays have
zero rows where a body has no node; packed arrays have the rows of existing nodes only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
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
from hyperdistill_core.nets.hypernetwork import GeneratedWeights, Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers import Teacher
from hyperdistill_core.nets.trees import Trees
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
        cls, graph: nx.DiGraph[str], task: Task, *, kind: ContextKind = "continuous"
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
            >>> BodyInputs.of(body, get_task("flat")).context.shape == (len(body), 25)
            True
        """
        model = task.model(graph)
        layout = BodyLayout.from_graph(graph, model)
        context = context_features(graph, model, kind=kind).astype(np.float32)
        constants = node_constants(layout, model)
        return cls(context, layout.parents.tolist(), layout.joint_mask, constants)


class BodyBatch:
    """A bodies side by side, both padded and packed.

    Args:
        inputs: Inputs of the A bodies.
        n_max: Number of rows that each body is padded to.

    Attributes:
        packed_context: (nodes of all bodies, D) contexts.
        context: (A, n_max, D) contexts, zero where a body has no node.
        present: (A, n_max) bool, True where a body has a node.
        joints: (A, n_max, 2) bool, True for joint slots that hold a hinge.

    Examples:
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.sampling import sample_body
        >>> bodies = [sample_body(np.random.default_rng(seed)) for seed in range(2)]
        >>> inputs = [BodyInputs.of(body, get_task("flat")) for body in bodies]
        >>> batch = BodyBatch(inputs, n_max=12)

        >>> batch.context.shape, int(batch.present.sum()) == sum(len(body) for body in bodies)
        (torch.Size([2, 12, 25]), True)
    """

    def __init__(self, inputs: Sequence[BodyInputs], *, n_max: int) -> None:
        self._parents = [body.parents for body in inputs]
        self.packed_context = torch.as_tensor(np.concatenate([body.context for body in inputs]))
        shape = (len(inputs), n_max)
        self.context = torch.zeros(*shape, self.packed_context.shape[1])
        self.present = np.zeros(shape, dtype=bool)
        self.joints = np.zeros((*shape, 2), dtype=bool)
        self._node_constants = np.zeros((len(inputs), 1, n_max, NODE_CONSTANTS_DIM), np.float32)
        for row, body in enumerate(inputs):
            n = len(body.parents)
            self.context[row, :n] = torch.as_tensor(body.context)
            self.present[row, :n] = True
            self.joints[row, :n] = body.joint_mask
            self._node_constants[row, 0, :n] = body.node_constants

    @cached_property
    def trees(self) -> Trees:
        """The bodies in the packed layout of message passing."""
        return Trees(self._parents)

    def samples(self, n_envs: int, n_steps: int = 1) -> torch.Tensor:
        """Number of the body of each sample (n_steps * A * n_envs,).

        Args:
            n_envs: Number of simulations of each body; they are next to each other.
            n_steps: Number of control steps; they are outermost.
        """
        return torch.arange(len(self.present)).repeat_interleave(n_envs).repeat(n_steps)

    def features(self, states: NDArray[np.float32], width: int) -> NDArray[np.float32]:
        """State features (A, E, n_max, width) of a network, before normalization.

        Args:
            states: (A, E, n_max, 17) states.
            width: Number of features of a node: 17 for the states themselves, 30 for
                :func:`~hyperdistill_core.features.privileged_observation`.
        """
        if width == STATE_DIM:
            return states
        return privileged_observation(states, self._node_constants)

    def mask(self, n_envs: int) -> NDArray[np.bool_]:
        """(A, n_envs, n_max) bool, True where a simulated body has a node.

        Args:
            n_envs: Number of simulations of each body.
        """
        return np.repeat(self.present[:, None], n_envs, axis=1)


class ObservationEncoder:
    """Turns states of a body batch into a teacher's packed observations.

    Args:
        network: Teacher that takes the observations.
        normalization: Normalization of the state features.
        batch: The bodies.
        n_envs: E, the number of simulations of each body.
    """

    def __init__(
        self, network: Teacher, normalization: Normalization, batch: BodyBatch, n_envs: int
    ) -> None:
        self._normalization, self._batch, self._mask = normalization, batch, batch.mask(n_envs)
        self._width, self._harmonics = network.state_dim, network.clock_harmonics

    def __call__(
        self, states: NDArray[np.floating], time: NDArray[np.floating]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """State features and observations of N nodes in all.

        Args:
            states: (A, E, n_max, 17) states.
            time: (A, E) time since the beginning of each episode (s).

        Returns:
            State features (N, state_dim) before normalization, and observations
            (N, state_dim + 2 * harmonics), which end with the clock phase in every row.
        """
        features = self._batch.features(states, self._width)[self._mask]
        observation = observe(self._normalization, features)
        phase = clock_phase_of(time, self._harmonics)
        if phase is None:
            return features, observation
        of_nodes = np.broadcast_to(phase.numpy()[:, :, None], (*self._mask.shape, phase.shape[-1]))
        return features, np.concatenate([observation, of_nodes[self._mask]], axis=1)


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
        n_envs: Number of simulations of each body.

    Examples:
        >>> from hyperdistill_core.nets.teachers import MessagePassing, MessagePassingConfig
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.sampling import sample_body
        >>> bodies = [sample_body(np.random.default_rng(seed)) for seed in range(2)]
        >>> inputs = [BodyInputs.of(body, get_task("flat")) for body in bodies]
        >>> batch = BodyBatch(inputs, n_max=12)
        >>> plain = Normalization(np.zeros(17), np.ones(17))
        >>> teacher = MessagePassing(MessagePassingConfig(context_dim=25))
        >>> policy = TeacherPolicy(teacher, plain, batch, n_envs=3)
        >>> states, time = np.zeros((2, 3, 12, 17), np.float32), np.zeros((2, 3))
        >>> policy.means(states, time).shape
        (2, 3, 12, 2)
    """

    def __init__(
        self, network: Teacher, normalization: Normalization, batch: BodyBatch, n_envs: int
    ) -> None:
        self._network, self._context = network, batch.packed_context
        self._encoder = ObservationEncoder(network, normalization, batch, n_envs)
        self._mask = batch.mask(n_envs)
        self._tree = batch.trees.batch(batch.samples(n_envs))

    @torch.no_grad()
    def means(
        self, states: NDArray[np.floating], time: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """See :meth:`BatchPolicy.means`."""
        _, observation = self._encoder(states, time)
        padded = np.zeros((*self._mask.shape, 2), np.float32)
        means = self._network.means(torch.as_tensor(observation), self._context, self._tree)
        padded[self._mask] = means.numpy()
        return padded


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
        >>> controller = Controller.load("flat-v2")
        >>> policy = StudentPolicy(controller.network, controller.normalization, batch)
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
        self._normalization = normalization
        self._harmonics = hypernetwork.config.clock_harmonics

    @torch.no_grad()
    def means(
        self, states: NDArray[np.floating], time: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """See :meth:`BatchPolicy.means`."""
        observation = torch.as_tensor(observe(self._normalization, states))
        phase = clock_phase_of(time, self._harmonics)
        return self._weights.act(observation, clock_phase=phase).numpy()


def observe(normalization: Normalization, states: NDArray[np.floating]) -> NDArray[np.float32]:
    """Observations of states, in the precision of training.

    Args:
        normalization: Normalization of the states.
        states: (..., state_dim) states.

    Examples:
        >>> observe(Normalization(np.full(2, 1.0), np.full(2, 4.0)), np.array([3.0, 1.0])).tolist()
        [1.0, 0.0]
    """
    return normalization.observe(states).astype(np.float32)


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
