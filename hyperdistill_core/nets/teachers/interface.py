"""The interface of all teachers: networks that act for any body and estimate values.

A training, an evaluation or a collection of data needs a :class:`Teacher` and nothing else:
what differs between the kinds of teachers is behind its methods and properties.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, ClassVar, Literal, Protocol, Self, TypeAlias

import torch
from torch import Tensor, nn

from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.config import NetworkConfig
from hyperdistill_core.nets.hypernetwork import Hypernetwork

#: What a new teacher's weights can be initialized from.
Source: TypeAlias = Literal["controller", "teacher"]


@dataclass(frozen=True, kw_only=True)
class TeacherShape:
    """Sizes of a teacher, as a training names them for all kinds of teachers.

    Attributes:
        context_dim: Number of context features of a node.
        state_dim: Number of state features of a node.
        width: Number of features of a node, or of a hidden layer, between the layers.
        layers: Number of layers, or of hidden-to-hidden layers.
        heads: Number of attention heads.
        feedforward: Width of the feed-forward part of a transformer layer.
        shared_trunk: Whether actor and critic share their layers.
        clock_harmonics: Number of harmonics of the clock phase input; 0 for none.
        terrain_dim: Number of points of the height field; 0 for none.
        n_bodies: Number of bodies that train side by side.
        n_max: Number of nodes of the largest body.

    Examples:
        >>> from hyperdistill_core.nets.teachers import TEACHERS
        >>> shape = TeacherShape(
        ...     context_dim=25, state_dim=17, width=8, layers=1, heads=2, feedforward=16,
        ...     shared_trunk=True, clock_harmonics=0, terrain_dim=0, n_bodies=4, n_max=12,
        ... )
        >>> TEACHERS["gnn"].from_shape(shape).describe()["layers"]
        1
    """

    context_dim: int
    state_dim: int
    width: int
    layers: int
    heads: int
    feedforward: int
    shared_trunk: bool
    clock_harmonics: int
    terrain_dim: int
    n_bodies: int
    n_max: int


class ActorCritic(Protocol):
    """What acts for some bodies during a rollout."""

    def __call__(
        self, observation: Tensor, *, clock_phase: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Action means (A, R, n, 2) and values (A, R); see :meth:`Teacher.forward`."""
        ...


def value_of(features: Tensor, layer: nn.Linear) -> Tensor:
    """Values (...) of features (..., width), in the precision of the layer's weights.

    Autocast would round values to bfloat16, by more than the reward of a control step.

    Args:
        features: Features of samples.
        layer: Last layer of a critic, with one output.

    Examples:
        >>> import torch
        >>> with torch.autocast("cpu", dtype=torch.bfloat16):
        ...     value_of(torch.ones(2, 8, dtype=torch.bfloat16), nn.Linear(8, 1)).dtype
        torch.float32
    """
    with torch.autocast(features.device.type, enabled=False):
        return layer(features.to(layer.weight.dtype)).squeeze(-1)


class Teacher(nn.Module, ABC):
    """Actor and critic for any body.

    Args:
        config: Settings of the network.
        context_dim: Number of context features of a node; 0 for a teacher that reads none.
        clock_harmonics: Number of harmonics of the clock phase input; 0 for none.

    Attributes:
        kind: Name of the kind of teacher in settings and checkpoints.
        sources: What new weights can be initialized from: a controller, with
            :meth:`from_controller`, or the checkpoint of a teacher of the same kind.
        takes_clock: Whether this kind of teacher can have a clock phase input.
        takes_heights: Whether it can have a height field. Its methods then also take ``heights``
            (A, R, terrain_dim), the height samples of each observation (m).
        state_dim: Number of state features of a node.
        context_dim: Number of context features of a node; 0 for a teacher that reads none.
        clock_harmonics: Number of harmonics of the clock phase input; 0 for none.
        terrain_dim: Number of points of the height field; 0 for none.

    Examples:
        >>> from hyperdistill_core.nets.teachers import MessagePassing, MessagePassingConfig
        >>> teacher = MessagePassing(MessagePassingConfig(context_dim=25))
        >>> present = torch.tensor([[True, True, True], [True, True, False]])
        >>> bodies = BodyTensors(torch.zeros(2, 3, 25), present, ((0, 0, 1), (0, 0)))
        >>> means, values = teacher(torch.zeros(2, 8, 3, teacher.state_dim), bodies)
        >>> means.shape, values.shape
        (torch.Size([2, 8, 3, 2]), torch.Size([2, 8]))
    """

    kind: ClassVar[str]
    config_type: ClassVar[type[NetworkConfig]]
    sources: ClassVar[frozenset[Source]] = frozenset({"teacher"})
    takes_clock: ClassVar[bool] = False
    takes_heights: ClassVar[bool] = False

    def __init__(
        self,
        config: NetworkConfig,
        *,
        context_dim: int = 0,
        clock_harmonics: int = 0,
        terrain_dim: int = 0,
    ) -> None:
        super().__init__()
        self.terrain_dim = terrain_dim
        self.state_dim, self.context_dim = config.state_dim, context_dim
        self.clock_harmonics = clock_harmonics
        self._description = {"kind": self.kind, **asdict(config)}

    @classmethod
    @abstractmethod
    def from_shape(cls, shape: TeacherShape) -> Self:
        """A teacher with random weights of the sizes that a training names."""

    @classmethod
    def from_controller(
        cls,
        network: Hypernetwork,
        context: Tensor,
        present: Tensor,
        *,
        clock_harmonics: int = 0,
        terrain_dim: int = 0,
    ) -> Self:
        """A teacher that acts as a controller does; its critic is random.

        Args:
            network: The controller's hypernetwork.
            context: (A, n_max, context_dim) contexts of the bodies, padded with zeros. Teachers
                that act for any body do not need them.
            present: (A, n_max) bool, True where a body has a node.
            clock_harmonics: Number of harmonics of a clock phase input that the teacher gets
                where ``network`` has none; the new weights are zero.
            terrain_dim: The same for the number of points of a height field.

        Raises:
            ValueError: This kind of teacher cannot be initialized from a controller.
        """
        raise ValueError(
            f"a {cls.kind} teacher cannot be initialized from a controller: use a checkpoint of a"
            " teacher of this kind, or the generalist or specialists"
        )

    def describe(self) -> dict[str, Any]:
        """Kind and settings of the teacher, for a checkpoint.

        :func:`~hyperdistill_core.nets.teachers.teacher_from_description` is the inverse.
        """
        return dict(self._description)

    @property
    def separate_bodies(self) -> int | None:
        """Number of bodies that each have weights of their own, or None.

        None says that all bodies share all weights. Otherwise the first dimension of every
        parameter counts the bodies, and each body needs a learning rate of its own.
        """
        return None

    @property
    def hypernetwork(self) -> Hypernetwork | None:
        """The hypernetwork that acts, which is a controller without distillation, or None."""
        return None

    def layers(self, body: int, n: int | None = None) -> list[tuple[Tensor, Tensor]]:
        """Weight (in, out) and bias (out,) of each layer of the actor of one body.

        Only teachers with :attr:`separate_bodies` have such layers.

        Args:
            body: Number of the body.
            n: Number of nodes of the body; None for that of the largest body.

        Returns:
            Layers from ``n * state_dim`` state features, followed by those of the clock phase and
            by the code of the height field, to ``n * 2`` joint slots.

        Raises:
            ValueError: The bodies share their weights.
        """
        del body, n
        raise ValueError(f"a {self.kind} teacher has no layers of one body: bodies share weights")

    def terrain_layers(self, body: int) -> list[tuple[Tensor, Tensor]]:
        """Weight (in, out) and bias (out,) of each layer of one body's encoder of the height field.

        The list is empty without a height field.

        Args:
            body: Number of the body.

        Raises:
            ValueError: The bodies share their weights.
        """
        del body
        raise ValueError(f"a {self.kind} teacher has no layers of one body: bodies share weights")

    def select(self, bodies: Sequence[int]) -> Teacher:
        """The teacher for some bodies of its training set, in the order given.

        A teacher whose weights all bodies share returns itself.
        """
        del bodies
        return self

    @abstractmethod
    def forward(
        self, observation: Tensor, bodies: BodyTensors, *, clock_phase: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Action means and values of R samples of each of A bodies with up to n nodes.

        Args:
            observation: (A, R, n, state_dim) normalized states; zero where a body has no node.
            bodies: The A bodies.
            clock_phase: (A, R, clock_dim) clock phases, for teachers with that input.

        Returns:
            Action means (A, R, n, 2), one for each joint slot of a node, and values (A, R). Means
            of missing nodes are of no account.
        """

    @abstractmethod
    def means(
        self, observation: Tensor, bodies: BodyTensors, *, clock_phase: Tensor | None = None
    ) -> Tensor:
        """Action means (A, R, n, 2) without values; the arguments are those of :meth:`forward`."""

    def for_bodies(self, bodies: BodyTensors, slots: slice = slice(None)) -> ActorCritic:
        """What acts for some bodies during a rollout.

        It gives the results of :meth:`forward` for any number of observations, and computes
        what depends on the context alone only once where that saves time.

        Args:
            bodies: All bodies that are active.
            slots: Those of them to act for.
        """
        return partial(self, bodies=bodies[slots])
