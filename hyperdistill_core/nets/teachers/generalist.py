"""A generalist: two hypernetworks, actor and critic, that learn without a teacher.

The actor is a hypernetwork like that of a controller, so the result of reinforcement learning
needs no distillation. Each hypernetwork generates the weights of a body once, whatever the
number of samples of that body in a batch.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import ClassVar

import torch
from torch import Tensor

from hyperdistill_core.nets.config import NetworkConfig
from hyperdistill_core.nets.hypernetwork import GeneratedWeights, HypernetConfig, Hypernetwork
from hyperdistill_core.nets.teachers.interface import Source, Teacher, TeacherShape
from hyperdistill_core.nets.trees import TreeBatch


@dataclass(frozen=True, kw_only=True)
class GeneralistConfig(HypernetConfig):
    """Settings of :class:`Generalist`: those of its two hypernetworks, and one of its start.

    Attributes:
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

    first_action: float = 0.01

    def hypernet(self) -> HypernetConfig:
        """The settings of either hypernetwork."""
        return HypernetConfig(
            **{field.name: getattr(self, field.name) for field in fields(HypernetConfig)}
        )


class Generalist(Teacher):
    """Actor and critic that generate a small network for each body.

    Args:
        config: Settings of the network.

    Examples:
        >>> from hyperdistill_core.nets.trees import Trees
        >>> net = Generalist(GeneralistConfig(context_dim=25, hidden=64))
        >>> trees = Trees([[0, 0, 0]])
        >>> tree = trees.batch(torch.tensor([0, 0]))
        >>> means, values = net(torch.zeros(6, 17), torch.zeros(trees.total, 25), tree)
        >>> means.shape, values.shape
        (torch.Size([6, 2]), torch.Size([2]))
    """

    kind: ClassVar[str] = "generalist"
    config_type: ClassVar[type[NetworkConfig]] = GeneralistConfig
    sources: ClassVar[frozenset[Source]] = frozenset({"controller", "teacher"})
    takes_clock: ClassVar[bool] = True

    def __init__(self, config: GeneralistConfig) -> None:
        super().__init__(config, clock_harmonics=config.clock_harmonics)
        self.config = config
        self.actor = Hypernetwork(config.hypernet())
        self.critic = Hypernetwork(config.hypernet())
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
            )
        )

    @classmethod
    def from_controller(
        cls, network: Hypernetwork, context: Tensor, present: Tensor, *, clock_harmonics: int = 0
    ) -> Generalist:
        """See :meth:`Teacher.from_controller`; the bodies do not matter."""
        del context, present
        return cls.from_hypernetwork(network, clock_harmonics=clock_harmonics)

    @classmethod
    def from_hypernetwork(cls, actor: Hypernetwork, *, clock_harmonics: int = 0) -> Generalist:
        """A generalist that acts as a hypernetwork does; its critic is random.

        It has no dropout, whatever the hypernetwork was trained with.

        Args:
            actor: Hypernetwork whose weights the actor takes.
            clock_harmonics: Number of harmonics of a clock phase input that the generalist gets
                where ``actor`` has none.
        """
        settings = asdict(replace(actor.config.with_clock(clock_harmonics), dropout=0.0))
        network = cls(GeneralistConfig(**settings, first_action=1.0))
        # The weights of a new clock phase input keep their initial value, zero.
        network.actor.load_state_dict(network.actor.state_dict() | actor.state_dict())
        return network

    @property
    def hypernetwork(self) -> Hypernetwork:
        """See :attr:`Teacher.hypernetwork`: the actor."""
        return self.actor

    def forward(
        self, observation: Tensor, context: Tensor, tree: TreeBatch
    ) -> tuple[Tensor, Tensor]:
        """See :meth:`Teacher.forward`.

        A value is the mean over both outputs of all nodes of the critic's generated network.
        """
        return self.for_bodies(context, tree)(observation)

    def means(self, observation: Tensor, context: Tensor, tree: TreeBatch) -> Tensor:
        """See :meth:`Teacher.means`."""
        states, phase = split_clock_phase(tree.by_bodies(observation), self.state_dim)
        generated = _generate(self.actor, context, tree)
        return tree.from_bodies(generated.act(states, clock_phase=phase))

    def for_bodies(self, context: Tensor, tree: TreeBatch) -> GeneratedActorCritic:
        """See :meth:`Teacher.for_bodies`; the networks are generated here, once."""
        actor, critic = (_generate(net, context, tree) for net in (self.actor, self.critic))
        return GeneratedActorCritic(actor, critic, tree, self.state_dim)


@dataclass(frozen=True)
class GeneratedActorCritic:
    """The generated actors and critics of the bodies of a batch.

    Attributes:
        actor: Weights of the actors.
        critic: Weights of the critics.
        tree: Structure of the samples.
        state_dim: Number of state features of a node.
    """

    actor: GeneratedWeights
    critic: GeneratedWeights
    tree: TreeBatch
    state_dim: int

    def __call__(self, observation: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Generalist.forward`."""
        tree = self.tree
        states, phase = split_clock_phase(tree.by_bodies(observation), self.state_dim)
        outputs = tree.from_bodies(self.critic.act(states, clock_phase=phase)).mean(dim=-1)
        values = tree.body_mean(tree.pad(outputs, tree.n_max))
        return tree.from_bodies(self.actor.act(states, clock_phase=phase)), values


def split_clock_phase(observation: Tensor, state_dim: int) -> tuple[Tensor, Tensor | None]:
    """Split observations into normalized states and clock phases.

    The packed layout has a row for each node and none for a body, so every node carries the
    clock phase of its sample.

    Args:
        observation: (A, R, n, state_dim + clock_dim) of R samples of A bodies.
        state_dim: Number of state features of a node.

    Returns:
        States (A, R, n, state_dim), and clock phases (A, R, clock_dim) or None if there are none.

    Examples:
        >>> states, phase = split_clock_phase(torch.zeros(1, 2, 9, 19), 17)
        >>> states.shape, phase.shape
        (torch.Size([1, 2, 9, 17]), torch.Size([1, 2, 2]))
    """
    states, phase = observation[..., :state_dim], observation[:, :, 0, state_dim:]
    return states, phase if phase.shape[-1] else None


def _generate(network: Hypernetwork, context: Tensor, tree: TreeBatch) -> GeneratedWeights:
    """The generated networks of the bodies of a batch."""
    return network.generate(tree.of_bodies(context), tree.present[tree.repeats.first])
