"""A hypernetwork that learns by itself, without a teacher: actor and critic.

The actor is the very network that controllers are made of, so what reinforcement learning
finds needs no distillation. The critic is a second one. Each generates a body's weights
once, however many samples of the body a batch holds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

import torch
from torch import Tensor, nn

from hyperdistill_core.nets.hypernetwork import (
    GeneratedWeights,
    HypernetConfig,
    Hypernetwork,
)
from hyperdistill_core.nets.trees import TreeBatch


@dataclass(frozen=True, kw_only=True)
class GeneralistConfig(HypernetConfig):
    """Settings of :class:`Generalist`: those of its two hypernetworks, and its beginning.

    Attributes:
        first_action: factor of the actor's first output weights. "Bias init" makes actions
            of unit scale, which suits a student; who explores begins near zero.

    Raises:
        ValueError: as :class:`~hyperdistill_core.nets.hypernetwork.HypernetConfig`.
    """

    first_action: float = 0.01

    def hypernet(self) -> HypernetConfig:
        """The settings of either hypernetwork alone."""
        return HypernetConfig(
            **{row.name: getattr(self, row.name) for row in fields(HypernetConfig)}
        )


class Generalist(nn.Module):
    """Actor and critic that generate a small network for every body.

    Example:
        >>> from hyperdistill_core.nets.trees import Trees
        >>> net = Generalist(GeneralistConfig(context_dim=25, hidden=64))
        >>> trees = Trees([[0, 0, 0]])
        >>> tree = trees.batch(torch.tensor([0, 0]))
        >>> means, values = net(torch.zeros(6, 17), torch.zeros(trees.total, 25), tree)
        >>> means.shape, values.shape
        (torch.Size([6, 2]), torch.Size([2]))
    """

    def __init__(self, config: GeneralistConfig):
        super().__init__()
        self.config = config
        self.actor = Hypernetwork(config.hypernet())
        self.critic = Hypernetwork(config.hypernet())
        with torch.no_grad():
            self.actor.output_head.weight.bias.mul_(config.first_action)

    @classmethod
    def from_hypernetwork(cls, actor: Hypernetwork, *, clock: int = 0) -> Generalist:
        """A generalist that acts as a hypernetwork does, without dropout; its critic is new.

        Args:
            actor: the hypernetwork.
            clock: harmonics of a clock that it is to hear from now on, if ``actor`` hears none.
        """
        config = replace(actor.config, dropout=0.0, clock=actor.config.clock or clock)
        network = cls(GeneralistConfig(**asdict(config), first_action=1.0))
        # What is new of a clock stays as it is made, and says nothing.
        network.actor.load_state_dict(network.actor.state_dict() | actor.state_dict())
        return network

    def forward(
        self, observation: Tensor, context: Tensor, tree: TreeBatch
    ) -> tuple[Tensor, Tensor]:
        """Action means and values of packed samples.

        Args:
            observation: (N, state_dim) normalised states of the limbs of all samples, and
                behind each what the clock says, for networks that hear one.
            context: (rows, context_dim) of all bodies of the :class:`Trees` behind ``tree``,
                one body behind the other.
            tree: the samples' structure.

        Returns:
            means (N, 2) of the two joint slots of every limb, and values (B,), each the
            mean over both outputs of all limbs of the critic's network.
        """
        return self.generated(context, tree)(observation, context, tree)

    def means(self, observation: Tensor, context: Tensor, tree: TreeBatch) -> Tensor:
        """Action means (N, 2) alone; arguments as in :meth:`forward`."""
        seen, heard = split_clock(tree.by_bodies(observation), self.config.state_dim)
        made = _generate(self.actor, context, tree)
        return tree.from_bodies(made.act(seen, clock=heard))

    def generated(self, context: Tensor, tree: TreeBatch) -> GeneratedPair:
        """What acts as :meth:`forward` does for a batch's bodies, as often as one likes."""
        actor, critic = (_generate(net, context, tree) for net in (self.actor, self.critic))
        return GeneratedPair(actor, critic, self.config.state_dim)


@dataclass(frozen=True)
class GeneratedPair:
    """Actor and critic of a batch's bodies, generated once."""

    actor: GeneratedWeights
    critic: GeneratedWeights
    state_dim: int

    def __call__(
        self, observation: Tensor, context: Tensor, tree: TreeBatch
    ) -> tuple[Tensor, Tensor]:
        """As :meth:`Generalist.forward`; ``context`` was used already."""
        seen, heard = split_clock(tree.by_bodies(observation), self.state_dim)
        judged = tree.from_bodies(self.critic.act(seen, clock=heard)).mean(dim=-1)
        values = tree.body_mean(tree.pad(judged, tree.n_max))
        return tree.from_bodies(self.actor.act(seen, clock=heard)), values


def split_clock(grouped: Tensor, state_dim: int) -> tuple[Tensor, Tensor | None]:
    """Observations (A, R, n, state_dim) and what the clock says, (A, R, clock_dim) or None.

    The packed layout has rows of limbs alone, so the clock stands in all of them.
    """
    seen, heard = grouped[..., :state_dim], grouped[:, :, 0, state_dim:]
    return seen, heard if heard.shape[-1] else None


def _generate(network: Hypernetwork, context: Tensor, tree: TreeBatch) -> GeneratedWeights:
    """The networks of the batch's bodies."""
    return network.generate(tree.of_bodies(context), tree.present[tree.repeats.first])
