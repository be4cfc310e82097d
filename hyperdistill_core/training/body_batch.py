"""Networks acting for many bodies at once, as a fleet simulates them."""

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
    LIMB_CONSTANTS_DIM,
    STATE_DIM,
    BodyLayout,
    ContextKind,
    clock_phase,
    context_features,
    limb_constants,
    privileged_observation,
)
from hyperdistill_core.nets.hypernetwork import GeneratedWeights, Hypernetwork
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.teachers import Teacher
from hyperdistill_core.nets.trees import Trees
from hyperdistill_core.tasks import Task


@dataclass(frozen=True)
class BodyInputs:
    """What a network must know of a body before it acts.

    Attributes:
        context: (n, D).
        parents: (n,) index of each body's parent, 0 for the torso.
        joint_mask: (n, 2) which slots hold a hinge.
        limb_constants: (n, 9), see :func:`~hyperdistill_core.features.limb_constants`.
    """

    context: NDArray[np.float32]
    parents: list[int]
    joint_mask: NDArray[np.bool_]
    limb_constants: NDArray[np.float32]

    @classmethod
    def of(
        cls, graph: nx.DiGraph[str], task: Task, *, kind: ContextKind = "continuous"
    ) -> BodyInputs:
        """Inputs of a body in a task's world."""
        model = task.model(graph)
        layout = BodyLayout.from_graph(graph, model)
        context = context_features(graph, model, kind=kind).astype(np.float32)
        return cls(context, layout.parents.tolist(), layout.joint_mask, limb_constants(layout, model))


class BodyBatch:
    """A bodies side by side, both padded to ``n_max`` limbs and packed.

    Attributes:
        packed_context: (limbs of all bodies, D).
        context: (A, n_max, D), zero where there is no limb.
        present: (A, n_max) which rows hold a limb.
        joints: (A, n_max, 2) which slots hold a hinge.
    """

    def __init__(self, inputs: Sequence[BodyInputs], *, n_max: int) -> None:
        self._parents = [body.parents for body in inputs]
        self.packed_context = torch.from_numpy(np.concatenate([body.context for body in inputs]))
        shape = (len(inputs), n_max)
        self.context = torch.zeros(*shape, self.packed_context.shape[1])
        self.present = np.zeros(shape, dtype=bool)
        self.joints = np.zeros((*shape, 2), dtype=bool)
        self._limb_constants = np.zeros((len(inputs), 1, n_max, LIMB_CONSTANTS_DIM), np.float32)
        for row, body in enumerate(inputs):
            n = len(body.parents)
            self.context[row, :n] = torch.from_numpy(body.context)
            self.present[row, :n] = True
            self.joints[row, :n] = body.joint_mask
            self._limb_constants[row, 0, :n] = body.limb_constants

    @cached_property
    def trees(self) -> Trees:
        """The bodies in the packed layout of message passing."""
        return Trees(self._parents)

    def samples(self, n_envs: int, n_steps: int = 1) -> torch.Tensor:
        """Body of each sample, bodies outermost within a step: (n_steps * A * n_envs,)."""
        return torch.arange(len(self.present)).repeat_interleave(n_envs).repeat(n_steps)

    def seen(self, states: NDArray[np.float32], width: int) -> NDArray[np.float32]:
        """What a network that takes so many numbers a limb sees of raw states.

        Args:
            states: (A, E, n_max, 17).
            width: 17 for the states themselves, 30 for :func:`privileged_observation`.

        Returns:
            (A, E, n_max, width).
        """
        return states if width == STATE_DIM else privileged_observation(states, self._limb_constants)

    def mask(self, n_envs: int) -> NDArray[np.bool_]:
        """(A, n_envs, n_max) rows that hold a limb."""
        return np.repeat(self.present[:, None], n_envs, axis=1)


class ObservationEncoder:
    """What a network is told of a crowd, packed: observations, and what the clock says.

    Args:
        network: what is told.
        normalization: of what it sees.
        crowd: the bodies.
        n_envs: E, simulations a body.
    """

    def __init__(
        self, network: Teacher, normalization: Normalization, crowd: BodyBatch, n_envs: int
    ) -> None:
        self._normalization, self._crowd, self._mask = normalization, crowd, crowd.mask(n_envs)
        self._width, self._clock = network.state_dim, network.clock_harmonics

    def __call__(
        self, states: NDArray[np.float32], time: NDArray[np.floating]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Of N limbs in all what the network sees (N, W), raw and as an observation.

        Args:
            states: (A, E, n_max, 17) raw ones.
            time: (A, E) since the episodes began (s).

        Returns:
            (N, W) and (N, W + 2 * harmonics): the clock's numbers stand in the rows of all limbs.
        """
        seen = self._crowd.seen(states, self._width)[self._mask]
        observation = observe(self._normalization, seen)
        said = clock_phase_of(time, self._clock)
        if said is None:
            return seen, observation
        of_limbs = np.broadcast_to(said.numpy()[:, :, None], (*self._mask.shape, said.shape[-1]))
        return seen, np.concatenate([observation, of_limbs[self._mask]], axis=1)


class BatchPolicy(Protocol):
    """Acts for all bodies of a crowd."""

    def means(
        self, states: NDArray[np.floating], time: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Action means (A, E, n_max, 2).

        Args:
            states: (A, E, n_max, 17) raw ones.
            time: (A, E) since the episodes began (s).
        """
        ...


class TeacherPolicy:
    """A teacher for a crowd of bodies, E simulations each."""

    def __init__(
        self, network: Teacher, normalization: Normalization, crowd: BodyBatch, n_envs: int
    ) -> None:
        self._network, self._context = network, crowd.packed_context
        self._senses = ObservationEncoder(network, normalization, crowd, n_envs)
        self._mask = crowd.mask(n_envs)
        self._tree = crowd.trees.batch(crowd.samples(n_envs))

    @torch.no_grad()
    def means(
        self, states: NDArray[np.floating], time: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """See :class:`BatchPolicy`."""
        _, observation = self._senses(states, time)
        padded = np.zeros((*self._mask.shape, 2), np.float32)
        means = self._network.means(torch.from_numpy(observation), self._context, self._tree)
        padded[self._mask] = means.numpy()
        return padded


class StudentPolicy:
    """The generated networks of a crowd of bodies.

    Args:
        hypernetwork: generates them.
        normalization: of the states.
        crowd: the bodies.
        variant: (D,) factors on their contexts; None for the contexts as they are.
    """

    @torch.no_grad()
    def __init__(
        self,
        hypernetwork: Hypernetwork,
        normalization: Normalization,
        crowd: BodyBatch,
        variant: torch.Tensor | None = None,
    ) -> None:
        mask = torch.from_numpy(crowd.present)
        context = crowd.context if variant is None else crowd.context * variant
        self._weights: GeneratedWeights = hypernetwork.generate(context, mask)
        self._normalization, self._clock = normalization, hypernetwork.config.clock_harmonics

    @torch.no_grad()
    def means(
        self, states: NDArray[np.floating], time: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """See :class:`BatchPolicy`."""
        observation = torch.from_numpy(observe(self._normalization, states))
        return self._weights.act(observation, clock_phase=clock_phase_of(time, self._clock)).numpy()


def observe(normalization: Normalization, states: NDArray[np.floating]) -> NDArray[np.float32]:
    """Observations in the precision of training."""
    return normalization.observe(states).astype(np.float32)


def clock_phase_of(time: NDArray[np.floating], harmonics: int) -> torch.Tensor | None:
    """What a clock says at (...,) times (s), (..., 2 * harmonics); None without one."""
    if not harmonics:
        return None
    return torch.from_numpy(clock_phase(time, harmonics).astype(np.float32))
