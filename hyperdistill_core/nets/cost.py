"""What networks cost: parameters, and multiply-adds of one control step of one body.

Multiply-adds are those of matrix products; biases, norms, activations and sums over limbs
are left out, as is usual. n is the number of a body's limbs, the torso included.
"""

from __future__ import annotations

from dataclasses import dataclass

from hyperdistill_core.nets.hypernetwork import HypernetConfig
from hyperdistill_core.nets.message_passing import MessagePassingConfig
from hyperdistill_core.nets.mlp import SLOTS_PER_LIMB
from hyperdistill_core.nets.trees import SENDS


@dataclass(frozen=True)
class Cost:
    """Parameters, and multiply-adds of a control step; costs add up."""

    parameters: int
    multiply_adds: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.parameters + other.parameters, self.multiply_adds + other.multiply_adds)


def hypernetwork_cost(config: HypernetConfig, n: int) -> Cost:
    """The hypernetwork itself, which runs once for a body, not at every control step.

    Example:
        >>> hypernetwork_cost(HypernetConfig(context_dim=53), 12).parameters
        9566082
    """
    width, hidden = config.embed, config.hidden
    encoder = _linear(config.context_dim, width, rows=n)
    encoder += transformer_block_cost(width, config.feedforward, n)
    total = _repeat(encoder, 3)
    total += _head(width, config.state_dim, hidden, rows=n)
    total += _repeat(_head(width, hidden, hidden, rows=1), config.hidden_layers)
    return total + _head(width, hidden, SLOTS_PER_LIMB, rows=n)


def generated_cost(config: HypernetConfig, n: int) -> Cost:
    """The network of one body as generated: a bias for every limb, both slots of each.

    Example:
        >>> generated_cost(HypernetConfig(context_dim=53), 11).parameters
        122134
    """
    hidden = config.hidden
    total = _linear(config.state_dim, hidden, rows=1) + _linear(hidden, SLOTS_PER_LIMB, rows=1)
    return _repeat(total, n) + _repeat(_linear(hidden, hidden, rows=1), config.hidden_layers)


def body_mlp_cost(config: HypernetConfig, n: int, n_controls: int) -> Cost:
    """The same network as it runs: limb biases folded into one, existing hinges only.

    Example:
        >>> body_mlp_cost(HypernetConfig(context_dim=53), 11, 15)
        Cost(parameters=117775, multiply_adds=117248)
    """
    hidden = config.hidden
    total = _linear(n * config.state_dim, hidden, rows=1) + _linear(hidden, n_controls, rows=1)
    return total + _repeat(_linear(hidden, hidden, rows=1), config.hidden_layers)


def message_passing_cost(config: MessagePassingConfig, n: int) -> Cost:
    """The message-passing teacher's policy, without its critic.

    Example:
        >>> message_passing_cost(MessagePassingConfig(context_dim=25), 9)
        Cost(parameters=69314, multiply_adds=484096)
    """
    width = config.width
    layer = _norm(width) + _linear(width, SENDS * width, rows=n, bias=False)
    layer += _linear(width, width, rows=1)
    total = _linear(config.state_dim, width, rows=n)
    total += _linear(config.context_dim, width, rows=n, bias=False)
    total += _repeat(layer, config.layers) + _norm(width)
    return total + _linear(width, SLOTS_PER_LIMB, rows=n)


def transformer_cost(
    n: int,
    *,
    state_dim: int = 52,
    width: int = 128,
    feedforward: int = 1024,
    layers: int = 5,
) -> Cost:
    """The policy of the transformer teacher of Xiong 2024, without position embedding.

    Example:
        >>> transformer_cost(12)
        Cost(parameters=1656322, multiply_adds=19928064)
    """
    total = _linear(state_dim, width, rows=n)
    total += _repeat(transformer_block_cost(width, feedforward, n), layers)
    return total + _linear(width, SLOTS_PER_LIMB, rows=n)


def transformer_block_cost(width: int, feedforward: int, n: int) -> Cost:
    """One pre-norm transformer layer over n tokens."""
    attention = Cost(0, 2 * n * n * width)  # queries times keys, shares times values
    projections = _linear(width, 3 * width, rows=n) + _linear(width, width, rows=n)
    forward = _linear(width, feedforward, rows=n) + _linear(feedforward, width, rows=n)
    return _repeat(_norm(width), 2) + projections + attention + forward


def _linear(inputs: int, outputs: int, *, rows: int, bias: bool = True) -> Cost:
    return Cost(inputs * outputs + bias * outputs, rows * inputs * outputs)


def _head(embed: int, inputs: int, outputs: int, *, rows: int) -> Cost:
    return _linear(embed, inputs * outputs, rows=rows) + _linear(embed, outputs, rows=rows)


def _norm(width: int) -> Cost:
    return Cost(2 * width, 0)


def _repeat(cost: Cost, times: int) -> Cost:
    return Cost(times * cost.parameters, times * cost.multiply_adds)
