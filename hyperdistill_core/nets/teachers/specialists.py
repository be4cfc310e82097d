"""Specialists: one small network for each body, all side by side in batched products.

A specialist has the shape of a generated network, so it can be initialized from what a
hypernetwork generates for its body and then learn on that body alone. Every specialist has a
critic of its own. The bodies share no weights: what one learns does not change the others. So each
also has its own copy of the encoder of the height field, which a hypernetwork has once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hyperdistill_core.features.clock_phase import NUMBERS_PER_HARMONIC
from hyperdistill_core.nets.bodies import BodyTensors
from hyperdistill_core.nets.config import ClockedConfig, NetworkConfig, require_at_least
from hyperdistill_core.nets.hypernetwork import SIGHT_STD, GeneratedWeights, Hypernetwork
from hyperdistill_core.nets.mlp import SLOTS_PER_NODE
from hyperdistill_core.nets.teachers.interface import ActorCritic, Source, Teacher, TeacherShape

# Factor on the initial output weights: exploration begins with actions near zero.
_FIRST_ACTION = 0.01


@dataclass(frozen=True, kw_only=True)
class SpecialistsConfig(ClockedConfig):
    """Settings of :class:`Specialists`.

    Attributes:
        bodies: Number of bodies, A.
        n_max: Number of nodes of the largest body.
        hidden: Width of the hidden layers of an actor.
        hidden_layers: Number of hidden-to-hidden layers of an actor.
        terrain_dim: Number of points of the height field around the torso; 0 for none.
        terrain_embed: Width of the code that an encoder computes from the height field.
        critic_hidden: Width of the two hidden layers of a critic.

    Raises:
        ValueError: A setting is out of range.

    Examples:
        >>> SpecialistsConfig(bodies=2, n_max=12, clock_harmonics=2).clock_dim
        4
    """

    bodies: int
    n_max: int
    state_dim: int = 17
    hidden: int = 64
    hidden_layers: int = 1
    terrain_dim: int = 0
    terrain_embed: int = 64
    critic_hidden: int = 64

    @property
    def code_dim(self) -> int:
        """Number of features of the code of the height field; 0 without one."""
        return self.terrain_embed if self.terrain_dim else 0

    def __post_init__(self) -> None:
        require_at_least(self, 1, "bodies", "n_max", "state_dim", "hidden", "critic_hidden")
        require_at_least(self, 1, "terrain_embed")
        require_at_least(self, 0, "hidden_layers", "clock_harmonics", "terrain_dim")


class _Stack(nn.Module):
    """A dense network for each body: layer k has weights (A, in, out) and biases (A, out)."""

    def __init__(self, bodies: int, sizes: list[int]) -> None:
        super().__init__()
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for inputs, outputs in pairwise(sizes):
            weight = torch.randn(bodies, inputs, outputs) * inputs**-0.5
            self.weights.append(nn.Parameter(weight))
            self.biases.append(nn.Parameter(torch.zeros(bodies, outputs)))

    def set(self, layers: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Copy weights and biases, of each body (A, ...) or the same for all."""
        with torch.no_grad():
            for number, (weight, bias) in enumerate(layers):
                self.weights[number].copy_(weight)
                self.biases[number].copy_(bias)

    def of_body(self, body: int) -> list[tuple[Tensor, Tensor]]:
        """Weight (in, out) and bias (out,) of each layer of one body."""
        pairs = zip(self.weights, self.biases, strict=True)
        return [(weight[body].detach(), bias[body].detach()) for weight, bias in pairs]

    def forward(self, features: Tensor, slots: slice = slice(None)) -> Tensor:
        """(A, R, in) to (A, R, out), for the bodies of ``slots``."""
        *first, (weight, bias) = zip(self.weights, self.biases, strict=True)
        for hidden, shift in first:
            features = F.relu(torch.baddbmm(shift[slots, None], features, hidden[slots]))
        # Autocast would round values by more than the reward of a control step.
        with torch.autocast(features.device.type, enabled=False):
            return torch.baddbmm(bias[slots, None], features.to(weight.dtype), weight[slots])


class Specialists(Teacher):
    """Actor and critic of each body.

    Network k serves body k.

    Args:
        config: Settings of the networks.

    Examples:
        >>> net = Specialists(SpecialistsConfig(bodies=2, n_max=3))
        >>> present = torch.ones(2, 3, dtype=bool)
        >>> bodies = BodyTensors(torch.zeros(2, 3, 25), present, ((0, 0, 0),) * 2)
        >>> means, values = net(torch.zeros(2, 5, 3, 17), bodies)
        >>> means.shape, values.shape
        (torch.Size([2, 5, 3, 2]), torch.Size([2, 5]))
    """

    kind: ClassVar[str] = "specialists"
    config_type: ClassVar[type[NetworkConfig]] = SpecialistsConfig
    sources: ClassVar[frozenset[Source]] = frozenset({"controller", "teacher"})
    takes_clock: ClassVar[bool] = True
    takes_heights: ClassVar[bool] = True

    def __init__(self, config: SpecialistsConfig) -> None:
        super().__init__(
            config, clock_harmonics=config.clock_harmonics, terrain_dim=config.terrain_dim
        )
        self.config = config
        inputs = config.n_max * config.state_dim + config.clock_dim + config.code_dim
        hidden = [config.hidden] * (1 + config.hidden_layers)
        self.actor = _Stack(config.bodies, [inputs, *hidden, config.n_max * SLOTS_PER_NODE])
        self.critic = _Stack(config.bodies, [inputs, config.critic_hidden, config.critic_hidden, 1])
        if config.terrain_dim:
            code = config.terrain_embed
            self.terrain_encoder = _Stack(config.bodies, [config.terrain_dim, code, code])
            nn.init.normal_(self.terrain_encoder.weights[0], std=SIGHT_STD)
        with torch.no_grad():
            self.actor.weights[-1].mul_(_FIRST_ACTION)

    @classmethod
    def from_shape(cls, shape: TeacherShape) -> Specialists:
        """See :meth:`Teacher.from_shape`."""
        return cls(
            SpecialistsConfig(
                bodies=shape.n_bodies,
                n_max=shape.n_max,
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
    ) -> Specialists:
        """See :meth:`Teacher.from_controller`; no input is added."""
        del clock_harmonics, terrain_dim
        with torch.no_grad():
            return cls.from_generated(
                network.generate(context, present), encoder=network.terrain_layers()
            )

    @classmethod
    def from_generated(
        cls,
        generated: GeneratedWeights,
        *,
        encoder: Sequence[tuple[Tensor, Tensor]] = (),
        critic_hidden: int = 64,
    ) -> Specialists:
        """Specialists that act as the generated networks of B bodies do.

        Args:
            generated: Weights of the networks.
            encoder: Weight (in, out) and bias (out,) of each layer of their encoder of the height
                field; empty for networks without one. Each specialist gets a copy.
            critic_hidden: Width of the hidden layers of the critics, which are random.
        """
        bodies, n_max, state_dim, hidden = generated.input_weight.shape
        clock_weight = generated.clock_weight
        clock_dim = 0 if clock_weight is None else clock_weight.shape[1]
        network = cls(
            SpecialistsConfig(
                bodies=bodies,
                n_max=n_max,
                state_dim=state_dim,
                hidden=hidden,
                hidden_layers=len(generated.hidden_weights),
                critic_hidden=critic_hidden,
                clock_harmonics=clock_dim // NUMBERS_PER_HARMONIC,
                terrain_dim=len(encoder[0][0]) if encoder else 0,
                terrain_embed=len(encoder[-1][1]) if encoder else 64,
            )
        )
        network.actor.set(generated.layers())
        if encoder:
            network.terrain_encoder.set(encoder)
        return network

    def scale_actions(self, factors: Sequence[float]) -> None:
        """Scale the action means of each body.

        Args:
            factors: Factor of each body.

        Raises:
            ValueError: The number of factors is not that of the bodies.
        """
        if len(factors) != self.config.bodies:
            raise ValueError(
                f"factors: expected {self.config.bodies}, one for each body, got {len(factors)}"
            )
        with torch.no_grad():
            scale = torch.tensor(factors).to(self.actor.biases[-1])
            self.actor.weights[-1].mul_(scale[:, None, None])
            self.actor.biases[-1].mul_(scale[:, None])

    @property
    def separate_bodies(self) -> int:
        """See :attr:`Teacher.separate_bodies`."""
        return self.config.bodies

    def select(self, bodies: Sequence[int]) -> Specialists:
        """Copies of the networks of some bodies, in the order given."""
        selected = Specialists(replace(self.config, bodies=len(bodies))).to(self.actor.weights[0])
        with torch.no_grad():
            for new, old in zip(selected.parameters(), self.parameters(), strict=True):
                new.copy_(old[list(bodies)])
        return selected.train(self.training)

    def forward(
        self,
        observation: Tensor,
        bodies: BodyTensors,
        *,
        clock_phase: Tensor | None = None,
        heights: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """See :meth:`Teacher.forward`; the contexts are not used."""
        return self._act(observation, clock_phase=clock_phase, heights=heights)

    def means(
        self,
        observation: Tensor,
        bodies: BodyTensors,
        *,
        clock_phase: Tensor | None = None,
        heights: Tensor | None = None,
    ) -> Tensor:
        """See :meth:`Teacher.means`; the contexts are not used."""
        rows = self._rows(observation, clock_phase, self._code(heights))
        return self._actions(rows, observation)

    def for_bodies(self, bodies: BodyTensors, slots: slice = slice(None)) -> ActorCritic:
        """See :meth:`Teacher.for_bodies`."""
        return partial(self._act, slots=slots)

    def _act(
        self,
        observation: Tensor,
        *,
        clock_phase: Tensor | None = None,
        heights: Tensor | None = None,
        slots: slice = slice(None),
    ) -> tuple[Tensor, Tensor]:
        code = self._code(heights, slots)
        rows = self._rows(observation, clock_phase, code)
        # The encoder follows the actor alone, as that of a generalist.
        seen = rows if code is None else self._rows(observation, clock_phase, code.detach())
        values = self.critic(seen, slots).squeeze(-1)
        return self._actions(rows, observation, slots), values

    def layers(self, body: int, n: int | None = None) -> list[tuple[Tensor, Tensor]]:
        """See :meth:`Teacher.layers`."""
        n = self.config.n_max if n is None else n
        layers = self.actor.of_body(body)
        weight, bias = layers[0]
        states = self.config.n_max * self.state_dim
        layers[0] = torch.cat([weight[: n * self.state_dim], weight[states:]]), bias
        weight, bias = layers[-1]
        layers[-1] = weight[:, : n * SLOTS_PER_NODE], bias[: n * SLOTS_PER_NODE]
        return layers

    def terrain_layers(self, body: int) -> list[tuple[Tensor, Tensor]]:
        """See :meth:`Teacher.terrain_layers`."""
        return self.terrain_encoder.of_body(body) if self.terrain_dim else []

    def _code(self, heights: Tensor | None, slots: slice = slice(None)) -> Tensor | None:
        """(A, R, terrain_embed) codes of the height field; None without one.

        Raises:
            ValueError: Heights are missing, or the networks have no height field.
        """
        if (heights is None) == bool(self.terrain_dim):
            raise ValueError(
                "heights: expected them for networks with a height field, and only then"
            )
        return None if heights is None else F.relu(self.terrain_encoder(heights, slots))

    def _rows(self, observation: Tensor, clock_phase: Tensor | None, code: Tensor | None) -> Tensor:
        """(A, R, n_max * state_dim + clock_dim + code_dim) inputs of the networks.

        Raises:
            ValueError: A body has more than ``n_max`` nodes.
        """
        missing = self.config.n_max - observation.shape[2]
        if missing < 0:
            raise ValueError(
                f"observation: expected at most {self.config.n_max} nodes, got "
                f"{observation.shape[2]}"
            )
        rows = F.pad(observation, (0, 0, 0, missing)).flatten(2)
        optional = [each for each in (clock_phase, code) if each is not None]
        return torch.cat([rows, *optional], dim=-1) if optional else rows

    def _actions(self, rows: Tensor, observation: Tensor, slots: slice = slice(None)) -> Tensor:
        means = self.actor(rows, slots).unflatten(-1, (self.config.n_max, SLOTS_PER_NODE))
        return means[:, :, : observation.shape[2]]
