"""Costs of networks: parameters, and multiply-adds of one control step of one body.

Multiply-adds count the matrix products. Biases, norms, activations and sums over nodes are left
out, as is usual. n is the number of nodes of a body, the torso included.
"""

from __future__ import annotations

from dataclasses import dataclass

from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.mlp import SLOTS_PER_NODE
from hyperdistill_core.nets.teachers.message_passing import MessagePassingConfig
from hyperdistill_core.nets.teachers.modumorph import ModuMorphConfig
from hyperdistill_core.nets.teachers.transformer_teacher import TransformerTeacherConfig
from hyperdistill_core.nets.trees import SENDS


@dataclass(frozen=True)
class Cost:
    """Cost of a network; costs can be added.

    Attributes:
        parameters: Number of parameters.
        multiply_adds: Number of multiply-adds of one control step.

    Examples:
        >>> Cost(10, 8) + Cost(2, 1)
        Cost(parameters=12, multiply_adds=9)
    """

    parameters: int
    multiply_adds: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.parameters + other.parameters, self.multiply_adds + other.multiply_adds)


def hypernetwork_cost(config: HypernetConfig, n: int) -> Cost:
    """Cost of the hypernetwork, which runs once for a body, not at every control step.

    Examples:
        >>> hypernetwork_cost(HypernetConfig(context_dim=53), 12).parameters
        9566082
    """
    width, hidden = config.embed, config.hidden
    encoder = _linear(config.context_dim, width, rows=n)
    encoder += transformer_block_cost(width, config.feedforward, n)
    total = _repeat(encoder, 3)
    total += _head(width, config.state_dim, hidden, rows=n)
    total += _repeat(_head(width, hidden, hidden, rows=1), config.hidden_layers)
    if config.clock_harmonics:
        total += _linear(width, config.clock_dim * hidden, rows=n)
    if config.terrain_dim:
        total += _linear(width, config.terrain_embed * hidden, rows=1)
    return total + _head(width, hidden, SLOTS_PER_NODE, rows=n)


def generated_cost(config: HypernetConfig, n: int) -> Cost:
    """Cost of a generated network: an input bias for each node, and both slots of each node.

    Examples:
        >>> generated_cost(HypernetConfig(context_dim=53), 11).parameters
        122134
    """
    hidden = config.hidden
    total = _linear(config.state_dim, hidden, rows=1) + _linear(hidden, SLOTS_PER_NODE, rows=1)
    total = _repeat(total, n) + _repeat(_linear(hidden, hidden, rows=1), config.hidden_layers)
    return total + _clock_cost(config) + _terrain_cost(config)


def body_mlp_cost(config: HypernetConfig, n: int, n_controls: int) -> Cost:
    """Cost of the same network as it runs: one input bias, and the existing hinges only.

    Examples:
        >>> body_mlp_cost(HypernetConfig(context_dim=53), 11, 15)
        Cost(parameters=117775, multiply_adds=117248)
    """
    hidden = config.hidden
    total = _linear(n * config.state_dim, hidden, rows=1) + _linear(hidden, n_controls, rows=1)
    total += _repeat(_linear(hidden, hidden, rows=1), config.hidden_layers)
    return total + _clock_cost(config) + _terrain_cost(config)


def _clock_cost(config: HypernetConfig) -> Cost:
    """Cost of the generated weights of the clock phase input."""
    if not config.clock_harmonics:
        return Cost(0, 0)
    return _linear(config.clock_dim, config.hidden, rows=1, bias=False)


def _terrain_cost(config: HypernetConfig) -> Cost:
    """Cost of a height field: its encoder, and the generated weights of its code."""
    if not config.terrain_dim:
        return Cost(0, 0)
    code = config.terrain_embed
    encoder = _linear(config.terrain_dim, code, rows=1) + _linear(code, code, rows=1)
    return encoder + _linear(code, config.hidden, rows=1, bias=False)


def message_passing_cost(config: MessagePassingConfig, n: int) -> Cost:
    """Cost of the actor of a message-passing teacher.

    Examples:
        >>> message_passing_cost(MessagePassingConfig(context_dim=25), 9)
        Cost(parameters=69314, multiply_adds=484096)
    """
    width = config.width
    layer = _norm(width) + _linear(width, SENDS * width, rows=n, bias=False)
    layer += _linear(width, width, rows=1)
    total = _linear(config.state_dim, width, rows=n)
    total += _linear(config.context_dim, width, rows=n, bias=False)
    total += _repeat(layer, config.layers) + _norm(width)
    return total + _linear(width, SLOTS_PER_NODE, rows=n)


def transformer_cost(config: TransformerTeacherConfig, n: int) -> Cost:
    """Cost of the actor of a transformer teacher.

    Examples:
        >>> transformer_cost(TransformerTeacherConfig(context_dim=0, state_dim=52), 12)
        Cost(parameters=1656322, multiply_adds=19928064)
    """
    width = config.width
    total = _linear(config.token_dim, width, rows=n) + Cost(config.position_slots * width, 0)
    total += _repeat(transformer_block_cost(width, config.feedforward, n), config.layers)
    return total + _linear(width, SLOTS_PER_NODE, rows=n)


def modumorph_step_cost(config: ModuMorphConfig, n: int) -> Cost:
    """Cost of ModuMorph's actor at a control step: the path of the observations.

    The sum with :func:`modumorph_context_cost` is the cost of the whole actor. The generated maps
    at both ends count here with their products, and there with the parameters that generate them.

    Examples:
        >>> modumorph_step_cost(ModuMorphConfig(context_dim=25, state_dim=30), 12)
        Cost(parameters=1484160, multiply_adds=17836032)
    """
    width = config.width
    layer = _linear(width, width, rows=n) + Cost(0, n * n * width)  # values, and their mix
    layer += _linear(width, width, rows=n) + _feedforward(width, config.feedforward, n)
    ends = Cost(0, n * width * (config.state_dim + SLOTS_PER_NODE))
    return ends + _repeat(layer, config.layers)


def modumorph_context_cost(config: ModuMorphConfig, n: int) -> Cost:
    """Cost of what ModuMorph's actor computes from the context, once for a body.

    Examples:
        >>> modumorph_context_cost(ModuMorphConfig(context_dim=25, state_dim=30), 12).parameters
        749954
    """
    width = config.width
    encoder = _linear(config.context_dim, width, rows=n) + _linear(width, width, rows=n)
    heads = _head(width, config.state_dim, width, rows=n)
    heads += _head(width, width, SLOTS_PER_NODE, rows=n)
    attention = _linear(width, 2 * width, rows=n) + Cost(0, n * n * width)
    return _repeat(encoder, 2) + heads + _repeat(attention, config.layers)


def transformer_block_cost(width: int, feedforward: int, n: int) -> Cost:
    """Cost of one pre-norm transformer layer over n tokens.

    Examples:
        >>> transformer_block_cost(8, 16, 3)
        Cost(parameters=600, multiply_adds=1680)
    """
    attention = Cost(0, 2 * n * n * width)  # queries times keys, attention weights times values
    projections = _linear(width, 3 * width, rows=n) + _linear(width, width, rows=n)
    return projections + attention + _feedforward(width, feedforward, n)


def _linear(inputs: int, outputs: int, *, rows: int, bias: bool = True) -> Cost:
    return Cost(inputs * outputs + bias * outputs, rows * inputs * outputs)


def _feedforward(width: int, feedforward: int, n: int) -> Cost:
    """Cost of the feed-forward part and of both norms of a transformer layer."""
    products = _linear(width, feedforward, rows=n) + _linear(feedforward, width, rows=n)
    return _repeat(_norm(width), 2) + products


def _head(embed: int, inputs: int, outputs: int, *, rows: int) -> Cost:
    return _linear(embed, inputs * outputs, rows=rows) + _linear(embed, outputs, rows=rows)


def _norm(width: int) -> Cost:
    return Cost(2 * width, 0)


def _repeat(cost: Cost, times: int) -> Cost:
    return Cost(times * cost.parameters, times * cost.multiply_adds)
