"""One small network for each body, all bodies side by side in batched products.

A specialist has the shape of a generated network, so it can begin as what a hypernetwork
writes for its body and be improved on that body alone. Every specialist has a critic of its
own. Bodies share nothing: what one learns leaves the others as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hyperdistill_core.features.clock_phase import NUMBERS_PER_HARMONIC
from hyperdistill_core.nets.hypernetwork import GeneratedWeights
from hyperdistill_core.nets.mlp import SLOTS_PER_LIMB
from hyperdistill_core.nets.teachers.generalist import split_clock
from hyperdistill_core.nets.trees import TreeBatch


@dataclass(frozen=True, kw_only=True)
class SpecialistsConfig:
    """Settings of :class:`Specialists`.

    Attributes:
        bodies: A, how many.
        limbs: of the largest body, the torso included.
        state_dim: observed features of a limb.
        hidden: width of the hidden layers.
        hidden_layers: hidden-to-hidden layers.
        critic_hidden: width of the critics' two hidden layers.
        clock: harmonics of the clock that they hear; 0 for none.

    Raises:
        ValueError: a size below 1.
    """

    bodies: int
    limbs: int
    state_dim: int = 17
    hidden: int = 64
    hidden_layers: int = 1
    critic_hidden: int = 64
    clock: int = 0

    @property
    def clock_dim(self) -> int:
        """Numbers of the clock."""
        return NUMBERS_PER_HARMONIC * self.clock

    def __post_init__(self):
        for name in ("bodies", "limbs", "state_dim", "hidden", "critic_hidden"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        for name in ("hidden_layers", "clock"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: expected at least 0, got {getattr(self, name)}")


class _Stack(nn.Module):
    """A dense network a body: layer k has weight (A, in, out) and bias (A, out)."""

    def __init__(self, bodies: int, sizes: list[int]):
        super().__init__()
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for inputs, outputs in pairwise(sizes):
            weight = torch.randn(bodies, inputs, outputs) * inputs**-0.5
            self.weights.append(nn.Parameter(weight))
            self.biases.append(nn.Parameter(torch.zeros(bodies, outputs)))

    def forward(self, features: Tensor) -> Tensor:
        """(A, R, in) to (A, R, out)."""
        last = len(self.weights) - 1
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            features = torch.baddbmm(bias[:, None], features, weight)
            if number < last:
                features = F.relu(features)
        return features


class Specialists(nn.Module):
    """Actor and critic of every body.

    Body k of the batches' :class:`~hyperdistill_core.nets.trees.Trees` is served by
    network k.

    Example:
        >>> from hyperdistill_core.nets.trees import Trees
        >>> net = Specialists(SpecialistsConfig(bodies=2, limbs=3))
        >>> trees = Trees([[0, 0, 0], [0, 0]])
        >>> tree = trees.batch(torch.tensor([0, 1, 0]))
        >>> means, values = net(torch.zeros(8, 17), torch.zeros(trees.total, 25), tree)
        >>> means.shape, values.shape
        (torch.Size([8, 2]), torch.Size([3]))
    """

    def __init__(self, config: SpecialistsConfig):
        super().__init__()
        self.config = config
        seen = config.limbs * config.state_dim + config.clock_dim
        hidden = [config.hidden] * (1 + config.hidden_layers)
        self.actor = _Stack(config.bodies, [seen, *hidden, config.limbs * SLOTS_PER_LIMB])
        self.critic = _Stack(config.bodies, [seen, config.critic_hidden, config.critic_hidden, 1])
        with torch.no_grad():
            self.actor.weights[-1].mul_(0.01)

    @classmethod
    def from_generated(cls, made: GeneratedWeights, *, critic_hidden: int = 64) -> Specialists:
        """Specialists that act as the generated networks (B bodies) do."""
        bodies, limbs, state_dim, hidden = made.input_weight.shape
        heard = 0 if made.clock_weight is None else made.clock_weight.shape[1]
        network = cls(
            SpecialistsConfig(
                bodies=bodies,
                limbs=limbs,
                state_dim=state_dim,
                hidden=hidden,
                hidden_layers=len(made.hidden_weights),
                critic_hidden=critic_hidden,
                clock=heard // NUMBERS_PER_HARMONIC,
            )
        )
        with torch.no_grad():
            for layer, (weight, bias) in enumerate(made.layers()):
                network.actor.weights[layer].copy_(weight)
                network.actor.biases[layer].copy_(bias)
        return network

    def select(self, bodies: Sequence[int]) -> Specialists:
        """Copies of the networks of some bodies, in the order given."""
        chosen = Specialists(replace(self.config, bodies=len(bodies)))
        with torch.no_grad():
            for new, old in zip(chosen.parameters(), self.parameters(), strict=True):
                new.copy_(old[list(bodies)])
        return chosen.train(self.training)

    def forward(
        self, observation: Tensor, context: Tensor, tree: TreeBatch
    ) -> tuple[Tensor, Tensor]:
        """Action means and values of packed samples; every body must have some.

        Args:
            observation: (N, state_dim) normalised states of the limbs of all samples, and
                behind each what the clock says, for networks that hear one.
            context: not used; a specialist knows its body.
            tree: the samples' structure.

        Returns:
            means (N, 2) of the two joint slots of every limb, and values (B,).
        """
        seen = self._by_bodies(observation, tree)
        values = self.critic(seen).squeeze(-1)
        return self._actions(seen, tree), values[tree.repeats.body, tree.repeats.place]

    def means(self, observation: Tensor, context: Tensor, tree: TreeBatch) -> Tensor:
        """Action means (N, 2) alone; arguments as in :meth:`forward`."""
        return self._actions(self._by_bodies(observation, tree), tree)

    def layers(self, body: int) -> list[tuple[Tensor, Tensor]]:
        """Weight (in, out) and bias (out,) of each layer of a body's actor.

        The first takes ``limbs`` times ``state_dim`` numbers and those of the clock.
        """
        actor = self.actor
        pairs = zip(actor.weights, actor.biases, strict=True)
        return [(weight[body].detach(), bias[body].detach()) for weight, bias in pairs]

    def _by_bodies(self, observation: Tensor, tree: TreeBatch) -> Tensor:
        """(N, state_dim) to (A, R, limbs * state_dim), zeros where there is no limb.

        What the clock says stands behind that.
        """
        grouped, heard = split_clock(tree.by_bodies(observation), self.config.state_dim)
        missing = self.config.limbs - grouped.shape[2]
        rows = F.pad(grouped, (0, 0, 0, missing)).flatten(2)
        return rows if heard is None else torch.cat([rows, heard], dim=-1)

    def _actions(self, seen: Tensor, tree: TreeBatch) -> Tensor:
        made = self.actor(seen).unflatten(-1, (self.config.limbs, SLOTS_PER_LIMB))
        return tree.from_bodies(made)
