"""A generalist: a hypernetwork that learns without a teacher, with a critic beside it.

The actor is a hypernetwork like that of a controller, so the result of reinforcement learning
needs no distillation. The weights of a body are generated once, whatever the number of samples of
that body in a batch. The critic reads the embeddings that the actor computes from the contexts;
its own weights are few, so a step of the optimizer costs little more than the actor's part.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.config import NetworkConfig, require_at_least
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.hypernetwork import (
    Embeddings,
    GeneratedWeights,
    Hypernetwork,
    WeightHead,
)
from hyperdistill_core.nets.teachers.interface import Source, Teacher, TeacherShape, value_of


@dataclass(frozen=True, kw_only=True)
class GeneralistConfig(HypernetConfig):
    """Settings of :class:`Generalist`: those of its hypernetwork, its critic, and its start.

    Attributes:
        critic_hidden: Width of the critic.
        first_action: Factor on the actor's initial output weights. The initialization of a
            hypernetwork gives actions of unit scale, which suits a student of distillation;
            exploration needs actions near zero.

    Raises:
        ValueError: A setting is out of range, as for
            :class:`~hyperdistill_core.nets.hypernetwork.HypernetConfig`.

    Examples:
        >>> GeneralistConfig(context_dim=25, hidden=64).hypernet().hidden
        64
    """

    critic_hidden: int = 64
    first_action: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, 1, "critic_hidden")

    def hypernet(self) -> HypernetConfig:
        """The settings of the hypernetwork."""
        return HypernetConfig(
            **{field.name: getattr(self, field.name) for field in fields(HypernetConfig)}
        )


class EmbeddingCritic(nn.Module):
    """Values of states, from the embeddings of an actor.

    The first layer is generated node by node from the embeddings. The second is shared by all
    bodies, and a linear map of the body's embedding shifts it. Its gradients do not reach the
    actor.

    Args:
        config: Settings of the generalist.

    Examples:
        >>> config = GeneralistConfig(context_dim=25)
        >>> embeddings = Hypernetwork(config.hypernet()).embed(torch.zeros(2, 3, 25))
        >>> critic = EmbeddingCritic(config)
        >>> critic(critic.first_layer(embeddings), torch.zeros(2, 8, 3, 17)).shape
        torch.Size([2, 8])
    """

    def __init__(self, config: GeneralistConfig) -> None:
        super().__init__()
        width = config.critic_hidden
        fan_in = config.typical_nodes * config.state_dim
        self.input_head = WeightHead(config.embed, config.state_dim, width, fan_in=fan_in)
        self.hidden = nn.Linear(width, width)
        self.of_body = nn.Linear(config.embed, width, bias=False)
        self.value = nn.Linear(width, 1)
        nn.init.zeros_(self.value.weight)
        if config.terrain_dim:
            self.terrain = nn.Linear(config.terrain_embed, width, bias=False)
            nn.init.zeros_(self.terrain.weight)
        if config.clock_harmonics:
            self.clock = nn.Linear(config.clock_dim, width, bias=False)
            nn.init.zeros_(self.clock.weight)

    def first_layer(self, embeddings: Embeddings) -> CriticLayer:
        """All that depends on the contexts alone.

        Args:
            embeddings: Embeddings of the actor.
        """
        weight, bias = self.input_head(embeddings.inputs.detach())
        if embeddings.mask is not None:
            bias = bias * embeddings.mask[..., None]
        shift = self.of_body(embeddings.body.detach())
        return CriticLayer(weight.flatten(1, 2), bias.sum(dim=1), shift)

    def forward(
        self,
        layer: CriticLayer,
        observation: Tensor,
        clock_phase: Tensor | None = None,
        terrain: Tensor | None = None,
    ) -> Tensor:
        """Values (A, R).

        Args:
            layer: Result of :meth:`first_layer` for the A bodies.
            observation: As for :meth:`Teacher.forward`.
            clock_phase: As for :meth:`Teacher.forward`.
            terrain: (A, R, terrain_embed) codes of the actor's height field.
        """
        features = torch.baddbmm(layer.bias[:, None], observation.flatten(2), layer.weight)
        if clock_phase is not None:
            features = features + self.clock(clock_phase)
        if terrain is not None:
            features = features + self.terrain(terrain.detach())
        features = F.relu(self.hidden(F.relu(features)) + layer.shift[:, None])
        return value_of(features, self.value)


@dataclass(frozen=True)
class CriticLayer:
    """What an :class:`EmbeddingCritic` computes once for A bodies.

    Attributes:
        weight: (A, n * state_dim, width) weights of the first layer.
        bias: (A, width) biases of the first layer.
        shift: (A, width) shifts of the second layer.
    """

    weight: Tensor
    bias: Tensor
    shift: Tensor


class Generalist(Teacher):
    """An actor that generates a small network for each body, and its critic.

    Args:
        config: Settings of the network.

    Examples:
        >>> net = Generalist(GeneralistConfig(context_dim=25, hidden=64))
        >>> bodies = BodyTensors(torch.zeros(1, 3, 25), torch.ones(1, 3, dtype=bool), ((0, 0, 0),))
        >>> means, values = net(torch.zeros(1, 2, 3, 17), bodies)
        >>> means.shape, values.shape
        (torch.Size([1, 2, 3, 2]), torch.Size([1, 2]))
    """

    kind: ClassVar[str] = "generalist"
    config_type: ClassVar[type[NetworkConfig]] = GeneralistConfig
    sources: ClassVar[frozenset[Source]] = frozenset({"controller", "teacher"})
    takes_clock: ClassVar[bool] = True
    takes_heights: ClassVar[bool] = True

    def __init__(self, config: GeneralistConfig) -> None:
        super().__init__(
            config,
            context_dim=config.context_dim,
            clock_harmonics=config.clock_harmonics,
            terrain_dim=config.terrain_dim,
        )
        self.config = config
        self.actor = Hypernetwork(config.hypernet())
        self.critic = EmbeddingCritic(config)
        with torch.no_grad():
            self.actor.output_head.weight.bias.mul_(config.first_action)

    @classmethod
    def from_shape(cls, shape: TeacherShape) -> Generalist:
        """See :meth:`Teacher.from_shape`."""
        return cls(
            GeneralistConfig(
                context_dim=shape.context_dim,
                state_dim=shape.state_dim,
                hidden=shape.width,
                hidden_layers=shape.layers,
                clock_harmonics=shape.clock_harmonics,
                terrain_dim=shape.terrain_dim,
            )
        )

    @classmethod
    def from_controller(
        cls,
        network: Hypernetwork,
        context: Tensor,
        present: Tensor,
        *,
        clock_harmonics: int = 0,
        terrain_dim: int = 0,
    ) -> Generalist:
        """See :meth:`Teacher.from_controller`; the bodies do not matter."""
        del context, present
        return cls.from_hypernetwork(
            network, clock_harmonics=clock_harmonics, terrain_dim=terrain_dim
        )

    @classmethod
    def from_hypernetwork(
        cls, actor: Hypernetwork, *, clock_harmonics: int = 0, terrain_dim: int = 0
    ) -> Generalist:
        """A generalist that acts as a hypernetwork does; its critic is random.

        It has no dropout, whatever the hypernetwork was trained with.

        Args:
            actor: Hypernetwork whose weights the actor takes.
            clock_harmonics: Number of harmonics of a clock phase input that the generalist gets
                where ``actor`` has none.
            terrain_dim: The same for the number of points of a height field.
        """
        config = actor.config.with_clock(clock_harmonics).with_terrain(terrain_dim)
        settings = asdict(replace(config, dropout=0.0))
        network = cls(GeneralistConfig(**settings, first_action=1.0))
        # New inputs keep their initial weights, zero: the network acts as before.
        network.actor.load_state_dict(network.actor.state_dict() | actor.state_dict())
        return network

    @property
    def hypernetwork(self) -> Hypernetwork:
        """See :attr:`Teacher.hypernetwork`: the actor."""
        return self.actor

    def forward(
        self,
        observation: Tensor,
        bodies: BodyTensors,
        *,
        clock_phase: Tensor | None = None,
        heights: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """See :meth:`Teacher.forward`."""
        return self.for_bodies(bodies)(observation, clock_phase=clock_phase, heights=heights)

    def means(
        self,
        observation: Tensor,
        bodies: BodyTensors,
        *,
        clock_phase: Tensor | None = None,
        heights: Tensor | None = None,
    ) -> Tensor:
        """See :meth:`Teacher.means`."""
        generated = self.actor.generate(bodies.context, bodies.present)
        code = None if heights is None else self.actor.terrain_encoder(heights)
        return generated.act(observation, code, clock_phase)

    def for_bodies(self, bodies: BodyTensors, slots: slice = slice(None)) -> GeneratedActorCritic:
        """See :meth:`Teacher.for_bodies`; the networks are generated here, once."""
        embeddings = self.actor.embed(bodies.context[slots], bodies.present[slots])
        generated = self.actor.generate_from(embeddings)
        encoder = self.actor.terrain_encoder if self.terrain_dim else None
        layer = self.critic.first_layer(embeddings)
        return GeneratedActorCritic(generated, self.critic, layer, encoder)


@dataclass(frozen=True)
class GeneratedActorCritic:
    """The generated actors of some bodies, and their critic.

    Attributes:
        actor: Weights of the actors.
        critic: The critic.
        layer: First layer of the critic for these bodies.
        terrain_encoder: Encoder of the height field; None without one.
    """

    actor: GeneratedWeights
    critic: EmbeddingCritic
    layer: CriticLayer
    terrain_encoder: nn.Module | None = None

    def __call__(
        self,
        observation: Tensor,
        *,
        clock_phase: Tensor | None = None,
        heights: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """See :meth:`Generalist.forward`."""
        encoder = self.terrain_encoder
        code = None if heights is None or encoder is None else encoder(heights)
        values = self.critic(self.layer, observation, clock_phase, code)
        return self.actor.act(observation, code, clock_phase), values
