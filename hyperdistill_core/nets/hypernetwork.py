"""The hypernetwork: from the context of a body to the weights of that body's own small MLP.

After Xiong 2024. Three context encoders, for the input, hidden and output layers, turn the context
of every node into an embedding, and linear heads turn embeddings into weights. Input and output
weights are generated node by node, hidden weights from the mean embedding of the body, so a body
can have any number of nodes. The generated network sums the input products of the nodes, so a
control step costs one small dense MLP.

Two more inputs are optional, and the generated weights add them to the observations. One is a
height field of uneven ground: an encoder that all bodies share turns its points into a short code.
The code joins the first of two hidden layers, where the published network has it join the second of
three, so that in both of them two layers combine ground and states.
The other is the clock phase (:mod:`hyperdistill_core.features.clock_phase`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.mlp import SLOTS_PER_NODE
from hyperdistill_core.nets.numpy_hypernetwork import NumpyHypernetwork
from hyperdistill_core.nets.transformer import TransformerBlock

#: Standard deviation of the initial weights of what a network sees, whose first layer has no other
#: inputs. Height samples differ by a decimeter, so 195 of them come to about 1, which the usual
#: initialization would make 0.1.
SIGHT_STD = 0.5


@dataclass(frozen=True)
class GeneratedWeights:
    """Weights of the generated networks of B bodies with n nodes each.

    Attributes:
        input_weight: (B, n, state_dim, hidden).
        input_bias: (B, n, hidden).
        hidden_weights: (B, hidden, hidden) for each hidden layer, in x out.
        hidden_biases: (B, hidden) for each hidden layer.
        output_weight: (B, n, hidden, 2).
        output_bias: (B, n, 2).
        mask: (B, n) bool, False where a body has no node; None where all nodes exist.
        clock_weight: (B, clock_dim, hidden); None without a clock phase input.
        terrain_weight: (B, terrain_embed, hidden); None without a height field.

    Examples:
        >>> net = Hypernetwork(HypernetConfig(context_dim=25, hidden=64))
        >>> generated = net.generate(torch.zeros(3, 9, 25))
        >>> [tuple(weight.shape) for weight, _ in generated.layers()]
        [(3, 153, 64), (3, 64, 64), (3, 64, 18)]
    """

    input_weight: Tensor
    input_bias: Tensor
    hidden_weights: tuple[Tensor, ...]
    hidden_biases: tuple[Tensor, ...]
    output_weight: Tensor
    output_bias: Tensor
    mask: Tensor | None
    clock_weight: Tensor | None = None
    terrain_weight: Tensor | None = None

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Dense layers of the networks: weights (B, in, out) and biases (B, out).

        The first layer takes n * state_dim state features, then the clock phase, then the code of
        the height field, where the network has these inputs. The last layer gives n * 2 outputs.
        In the first layer the rows of missing nodes are zero, and the biases of the nodes are
        summed.
        """
        weight = self.input_weight
        if self.mask is not None:
            weight = weight * self.mask[:, :, None, None]
        optional = [rows for rows in (self.clock_weight, self.terrain_weight) if rows is not None]
        return [
            (torch.cat([weight.flatten(1, 2), *optional], dim=1), self._first_bias()),
            *zip(self.hidden_weights, self.hidden_biases, strict=True),
            self._last_layer(),
        ]

    def act(
        self, observation: Tensor, terrain: Tensor | None = None, clock_phase: Tensor | None = None
    ) -> Tensor:
        """Action means of the generated networks.

        Args:
            observation: (B, ..., n, state_dim) normalized states, zero where a body has no node.
            terrain: (B, ..., terrain_embed) codes from ``Hypernetwork.terrain_encoder``, for
                networks that have a height field.
            clock_phase: (B, ..., clock_dim) clock phases, for networks that have this input.

        Returns:
            (B, ..., n, 2) action means, one for each joint slot. Slots without a hinge have means,
            too.

        Raises:
            ValueError: An optional input is missing, or the networks do not have it.
        """
        lead, n = observation.shape[:-2], observation.shape[-2]
        states = observation.reshape(len(observation), -1, n * observation.shape[-1])
        inputs = [(states, self.input_weight.flatten(1, 2))]
        for name, optional, weight in (
            ("clock_phase", clock_phase, self.clock_weight),
            ("terrain", terrain, self.terrain_weight),
        ):
            if optional is not None and weight is not None:
                inputs.append((optional.reshape(len(observation), -1, weight.shape[1]), weight))
            elif optional is not None or weight is not None:
                raise ValueError(f"{name}: expected it for networks with that input, and only then")
        features = self._first_bias()[:, None]
        for rows, weight in inputs:
            features = torch.baddbmm(features, rows, weight)
        for weight, bias in zip(self.hidden_weights, self.hidden_biases, strict=True):
            features = torch.baddbmm(bias[:, None], F.relu(features), weight)
        weight, bias = self._last_layer()
        return torch.baddbmm(bias[:, None], F.relu(features), weight).reshape(*lead, n, -1)

    def _first_bias(self) -> Tensor:
        """(B, hidden) sums of the biases of the existing nodes."""
        bias = self.input_bias if self.mask is None else self.input_bias * self.mask[:, :, None]
        return bias.sum(dim=1)

    def _last_layer(self) -> tuple[Tensor, Tensor]:
        return self.output_weight.transpose(1, 2).flatten(2), self.output_bias.flatten(1)


@dataclass(frozen=True)
class Embeddings:
    """Embeddings of the contexts of B bodies with n nodes each.

    Attributes:
        inputs: (B, n, embed) embeddings that the input weights come from.
        body: (B, embed) embeddings that the hidden weights come from.
        outputs: (B, n, embed) embeddings that the output weights come from.
        mask: (B, n) bool, False where a body has no node; None where all nodes exist.
    """

    inputs: Tensor
    body: Tensor
    outputs: Tensor
    mask: Tensor | None


class ContextEncoder(nn.Module):
    """From the contexts of all nodes of a body to an embedding of each.

    Args:
        config: Settings of the hypernetwork.
    """

    def __init__(self, config: HypernetConfig) -> None:
        super().__init__()
        self.embed = nn.Linear(config.context_dim, config.embed)
        self.block = TransformerBlock(
            config.embed, heads=config.heads, feedforward=config.feedforward
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, context: Tensor, mask: Tensor | None = None) -> Tensor:
        """Embeddings (B, n, embed).

        Args:
            context: (B, n, context_dim) contexts.
            mask: (B, n) bool, False where a body has no node; None where all nodes exist.
        """
        return self.dropout(self.block(self.embed(context), mask))


class WeightHead(nn.Module):
    """Linear map from an embedding to the weight and bias of one generated layer.

    Its initialization is "bias init": the weight is the same N(0, 1 / fan_in) draw for every
    embedding, and the bias is zero, so that all bodies begin with the same well-scaled network.

    Args:
        embed: Number of features of an embedding.
        inputs: Number of inputs of the generated layer.
        outputs: Number of outputs of the generated layer.
        fan_in: Number of inputs that the initial weights are scaled for.

    Examples:
        >>> weight, bias = WeightHead(8, 17, 64, fan_in=17)(torch.zeros(2, 8))
        >>> weight.shape, bias.shape
        (torch.Size([2, 17, 64]), torch.Size([2, 64]))
    """

    def __init__(self, embed: int, inputs: int, outputs: int, *, fan_in: int) -> None:
        super().__init__()
        self.shape = (inputs, outputs)
        self.weight = nn.Linear(embed, inputs * outputs)
        self.bias = nn.Linear(embed, outputs)
        nn.init.zeros_(self.weight.weight)
        nn.init.normal_(self.weight.bias, std=fan_in**-0.5)
        nn.init.zeros_(self.bias.weight)
        nn.init.zeros_(self.bias.bias)

    def forward(self, embedding: Tensor) -> tuple[Tensor, Tensor]:
        """Weights (..., inputs, outputs) and biases (..., outputs) of embeddings (..., embed)."""
        return self.weight(embedding).unflatten(-1, self.shape), self.bias(embedding)


class Hypernetwork(nn.Module):
    """Generates the networks of a batch of bodies.

    Args:
        config: Settings of the hypernetwork.

    Examples:
        >>> net = Hypernetwork(HypernetConfig(context_dim=25, hidden=64))
        >>> context, states = torch.zeros(3, 9, 25), torch.zeros(3, 8, 9, 17)
        >>> net.generate(context).act(states).shape
        torch.Size([3, 8, 9, 2])
    """

    def __init__(self, config: HypernetConfig) -> None:
        super().__init__()
        self.config = config
        hidden, embed = config.hidden, config.embed
        self.input_encoder = ContextEncoder(config)
        self.input_head = WeightHead(
            embed, config.state_dim, hidden, fan_in=config.typical_nodes * config.state_dim
        )
        self.hidden_encoder = ContextEncoder(config)
        self.hidden_heads = nn.ModuleList(
            WeightHead(embed, hidden, hidden, fan_in=hidden) for _ in range(config.hidden_layers)
        )
        self.output_encoder = ContextEncoder(config)
        self.output_head = WeightHead(embed, hidden, SLOTS_PER_NODE, fan_in=hidden)
        # The weights of optional inputs are zero initially. A network that was trained without such
        # an input acts as before when it gets one.
        if config.clock_harmonics:
            self.clock_head = nn.Linear(embed, config.clock_dim * hidden)
            nn.init.zeros_(self.clock_head.weight)
            nn.init.zeros_(self.clock_head.bias)
        if config.terrain_dim:
            code = config.terrain_embed
            first, second = nn.Linear(config.terrain_dim, code), nn.Linear(code, code)
            self.terrain_encoder = nn.Sequential(first, nn.ReLU(), second, nn.ReLU())
            nn.init.normal_(first.weight, std=SIGHT_STD)
            nn.init.kaiming_normal_(second.weight, nonlinearity="relu")
            self.terrain_head = nn.Linear(embed, code * hidden)
            nn.init.zeros_(self.terrain_head.weight)
            nn.init.zeros_(self.terrain_head.bias)

    @classmethod
    def from_numpy(cls, weights: NumpyHypernetwork) -> Hypernetwork:
        """The hypernetwork of a controller, for training and for batches of bodies.

        It is in evaluation mode, and its weights are copies.

        Args:
            weights: The controller's hypernetwork.

        Examples:
            >>> net = Hypernetwork(HypernetConfig(context_dim=25, hidden=64))
            >>> Hypernetwork.from_numpy(net.to_numpy()).config == net.config
            True
        """
        # The constructor draws initial values that are replaced below; the fork protects the
        # caller's generator. Torch's meta device would avoid the draw, but importing its compiler
        # takes more than a second.
        with torch.random.fork_rng(devices=[]):  # pyright: ignore[reportUnknownMemberType]  untyped
            network = cls(weights.config)
        tensors = {name: torch.tensor(array) for name, array in weights.arrays.items()}
        network.load_state_dict(tensors, assign=True)
        return network.eval()

    def to_numpy(self) -> NumpyHypernetwork:
        """The hypernetwork without torch, with copies of its present weights."""
        return NumpyHypernetwork(
            self.config,
            {name: tensor.cpu().numpy().copy() for name, tensor in self.state_dict().items()},
        )

    def terrain_layers(self) -> list[tuple[Tensor, Tensor]]:
        """Weight (in, out) and bias (out,) of each layer of the encoder of the height field.

        The list is empty for networks without a height field.
        """
        if not self.config.terrain_dim:
            return []
        linears = [each for each in self.terrain_encoder if isinstance(each, nn.Linear)]
        return [(each.weight.T, each.bias) for each in linears]

    def generate(self, context: Tensor, mask: Tensor | None = None) -> GeneratedWeights:
        """Weights of the network of each body.

        Args:
            context: (B, n, context_dim) contexts.
            mask: (B, n) bool, False where a body has no node; None where all nodes exist.
        """
        return self.generate_from(self.embed(context, mask))

    def embed(self, context: Tensor, mask: Tensor | None = None) -> Embeddings:
        """Embeddings of contexts; the arguments are those of :meth:`generate`."""
        of_nodes = self.hidden_encoder(context, mask)
        if mask is not None:
            of_nodes = of_nodes * mask[..., None]
        return Embeddings(
            inputs=self.input_encoder(context, mask),
            body=of_nodes.sum(dim=1) / _count(context, mask),
            outputs=self.output_encoder(context, mask),
            mask=mask,
        )

    def generate_from(self, embeddings: Embeddings) -> GeneratedWeights:
        """Weights of the network of each body.

        Args:
            embeddings: Result of :meth:`embed`.
        """
        of_nodes, of_body, mask = embeddings.inputs, embeddings.body, embeddings.mask
        input_weight, input_bias = self.input_head(of_nodes)
        hidden = [head(of_body) for head in self.hidden_heads]
        output_weight, output_bias = self.output_head(embeddings.outputs)
        clock = terrain = None
        if self.config.clock_harmonics:
            # The weights are summed over the nodes, like the input products.
            of_clock = self.clock_head(of_nodes)
            of_clock = of_clock if mask is None else of_clock * mask[..., None]
            clock = of_clock.sum(dim=1).unflatten(-1, (self.config.clock_dim, -1))
        if self.config.aggregation == "node_mean":
            share = 1.0 / _count(of_nodes, mask)[:, None]
            input_weight, input_bias = input_weight * share[..., None], input_bias * share
            clock = clock if clock is None else clock * share
        if self.config.terrain_dim:
            terrain = self.terrain_head(of_body).unflatten(-1, (self.config.terrain_embed, -1))
        return GeneratedWeights(
            input_weight=input_weight,
            input_bias=input_bias,
            hidden_weights=tuple(weight for weight, _ in hidden),
            hidden_biases=tuple(bias for _, bias in hidden),
            output_weight=output_weight,
            output_bias=output_bias,
            mask=mask,
            clock_weight=clock,
            terrain_weight=terrain,
        )

    def forward(
        self,
        context: Tensor,
        observation: Tensor,
        mask: Tensor | None = None,
        heights: Tensor | None = None,
        clock_phase: Tensor | None = None,
    ) -> Tensor:
        """Generate the networks and compute their action means.

        Args:
            context: As for :meth:`generate`.
            observation: As for :meth:`GeneratedWeights.act`.
            mask: As for :meth:`generate`.
            heights: (B, ..., terrain_dim) heights of the ground around the torso (m), for networks
                that have a height field.
            clock_phase: As for :meth:`GeneratedWeights.act`.

        Returns:
            (B, ..., n, 2) action means, as :meth:`GeneratedWeights.act`.
        """
        code = None if heights is None else self.terrain_encoder(heights)
        return self.generate(context, mask).act(observation, code, clock_phase)


def _count(context: Tensor, mask: Tensor | None) -> Tensor:
    """Number of nodes of each body, (B, 1), in the dtype of ``context``."""
    if mask is None:
        return context.new_full((len(context), 1), context.shape[1])
    return mask.sum(dim=1, keepdim=True).to(context.dtype)
