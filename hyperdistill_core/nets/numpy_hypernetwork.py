"""The hypernetwork on numpy arrays: the network of one body, without torch.

It computes what :class:`~hyperdistill_core.nets.hypernetwork.Hypernetwork` computes. Scores use
this one. The products are in float64 and the generated weights are rounded once, so they hardly
depend on the processor and on the number of its threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.mlp import SLOTS_PER_NODE

Array: TypeAlias = NDArray[np.floating]
Layer: TypeAlias = tuple[Array, Array]

#: What torch's layer norm adds to the variance.
_NORM_EPSILON = 1e-5
_ENCODERS = ("input_encoder", "hidden_encoder", "output_encoder")


class NumpyHypernetwork:
    """A hypernetwork whose weights are numpy arrays.

    Args:
        config: Settings of the hypernetwork.
        arrays: Weights by the names of the torch module's ``state_dict``.

    Attributes:
        config: Settings of the hypernetwork.
        arrays: Weights by name.

    Raises:
        ValueError: A weight is missing, unknown, of another shape, or not finite.

    Examples:
        >>> from hyperdistill_core.controller import Controller
        >>> network = Controller.load("flat-v2").network
        >>> [weight.shape for weight, _ in network.layers(np.zeros((9, 25)))]
        [(159, 64), (64, 64), (64, 18)]
    """

    def __init__(self, config: HypernetConfig, arrays: Mapping[str, Array]) -> None:
        self.config = config
        self.arrays = dict(arrays)
        _require_fitting(self.arrays, weight_shapes(config))

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return sum(array.size for array in self.arrays.values())

    def layers(self, context: Array, *, dtype: DTypeLike = np.float32) -> list[Layer]:
        """Dense layers of the network of a body: weights (in, out) and biases (out,).

        The first layer takes n * state_dim state features, then the clock phase, then the code of
        the height field, where the network has these inputs. The last layer gives n * 2 outputs.

        Args:
            context: (n, context_dim) contexts of the nodes of the body.
            dtype: Precision of the result.
        """
        config = self.config
        of_nodes = self._encode("input_encoder", context)
        of_body = self.embedding(context)
        of_outputs = self._encode("output_encoder", context)
        # Weights of the nodes are combined by their sum, or by their mean.
        share = 1.0 / len(context) if config.aggregation == "node_mean" else 1.0
        weight, bias = self._head("input_head", of_nodes, config.state_dim)
        first = [share * weight.reshape(-1, config.hidden)]
        if config.clock_harmonics:
            clock = self._linear("clock_head", of_nodes).sum(axis=0)
            first.append(share * clock.reshape(config.clock_dim, -1))
        if config.terrain_dim:
            first.append(self._linear("terrain_head", of_body).reshape(config.terrain_embed, -1))
        layers = [(np.concatenate(first), share * bias.sum(axis=0))]
        for number in range(config.hidden_layers):
            layers.append(self._head(f"hidden_heads.{number}", of_body, config.hidden))
        weight, bias = self._head("output_head", of_outputs, config.hidden)
        layers.append((weight.transpose(1, 0, 2).reshape(config.hidden, -1), bias.ravel()))
        return [(weight.astype(dtype), bias.astype(dtype)) for weight, bias in layers]

    def embedding(self, context: Array) -> NDArray[np.float64]:
        """Embedding (embed,) of a body, which its hidden weights come from.

        Args:
            context: (n, context_dim) contexts of the nodes of the body.
        """
        return self._encode("hidden_encoder", context).mean(axis=0)

    @property
    def terrain_layers(self) -> list[Layer]:
        """Weight (in, out) and bias (out,) of each layer of the encoder of the height field.

        The list is empty for networks without a height field.
        """
        if not self.config.terrain_dim:
            return []
        names = ("terrain_encoder.0", "terrain_encoder.2")
        return [(self.arrays[f"{name}.weight"].T, self.arrays[f"{name}.bias"]) for name in names]

    def with_context_dim(self, context_dim: int) -> NumpyHypernetwork:
        """A hypernetwork that takes more context features and does not depend on the new ones yet.

        Args:
            context_dim: Number of context features of a node, at least as many as before.

        Raises:
            ValueError: ``context_dim`` is smaller than before.
        """
        more = context_dim - self.config.context_dim
        if more < 0:
            raise ValueError(
                f"context_dim: expected at least {self.config.context_dim}, got {context_dim}"
            )
        wider = {
            name: np.pad(self.arrays[name], ((0, 0), (0, more)))
            for name in (f"{encoder}.embed.weight" for encoder in _ENCODERS)
        }
        config = replace(self.config, context_dim=context_dim)
        return NumpyHypernetwork(config, self.arrays | wider)

    @cached_property
    def _doubles(self) -> dict[str, NDArray[np.float64]]:
        return {name: array.astype(np.float64) for name, array in self.arrays.items()}

    def _linear(self, name: str, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        product = inputs @ self._doubles[f"{name}.weight"].T
        return product + self._doubles[f"{name}.bias"]

    def _head(self, name: str, embedding: NDArray[np.float64], inputs: int) -> Layer:
        """Weights (..., inputs, outputs) and biases (..., outputs)."""
        weight = self._linear(f"{name}.weight", embedding)
        return (
            weight.reshape(*embedding.shape[:-1], inputs, -1),
            self._linear(f"{name}.bias", embedding),
        )

    def _norm(self, name: str, tokens: NDArray[np.float64]) -> NDArray[np.float64]:
        centered = tokens - tokens.mean(axis=-1, keepdims=True)
        variance = np.square(centered).mean(axis=-1, keepdims=True)
        scaled = centered / np.sqrt(variance + _NORM_EPSILON)
        return scaled * self._doubles[f"{name}.weight"] + self._doubles[f"{name}.bias"]

    def _encode(self, encoder: str, context: Array) -> NDArray[np.float64]:
        """Embeddings (n, embed) of one context encoder."""
        block = f"{encoder}.block"
        tokens = self._linear(f"{encoder}.embed", context.astype(np.float64))
        pairs = self._linear(f"{block}.qkv", self._norm(f"{block}.attention_norm", tokens))
        heads = pairs.reshape(len(context), 3, self.config.heads, -1).transpose(1, 2, 0, 3)
        query, key, value = heads
        scores = query @ key.transpose(0, 2, 1) / query.shape[-1] ** 0.5
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = weights / weights.sum(axis=-1, keepdims=True) @ value
        mixed = mixed.transpose(1, 0, 2).reshape(tokens.shape)
        tokens = tokens + self._linear(f"{block}.project", mixed)
        expanded = self._linear(f"{block}.expand", self._norm(f"{block}.feedforward_norm", tokens))
        return tokens + self._linear(f"{block}.contract", np.maximum(expanded, 0.0))


def weight_shapes(config: HypernetConfig) -> dict[str, tuple[int, ...]]:
    """Shape of every weight of a hypernetwork, by name.

    Args:
        config: Settings of the hypernetwork.

    Examples:
        >>> weight_shapes(HypernetConfig(context_dim=25, hidden=64))["output_head.bias.weight"]
        (2, 128)
    """
    embed, hidden, wide = config.embed, config.hidden, config.feedforward
    linear: dict[str, tuple[int, int]] = {}
    norms: list[str] = []
    for encoder in _ENCODERS:
        block = f"{encoder}.block"
        linear |= {
            f"{encoder}.embed": (embed, config.context_dim),
            f"{block}.qkv": (3 * embed, embed),
            f"{block}.project": (embed, embed),
            f"{block}.expand": (wide, embed),
            f"{block}.contract": (embed, wide),
        }
        norms += [f"{block}.attention_norm", f"{block}.feedforward_norm"]
    heads = {"input_head": (config.state_dim, hidden), "output_head": (hidden, SLOTS_PER_NODE)}
    heads |= {f"hidden_heads.{number}": (hidden, hidden) for number in range(config.hidden_layers)}
    for head, (inputs, outputs) in heads.items():
        linear |= {f"{head}.weight": (inputs * outputs, embed), f"{head}.bias": (outputs, embed)}
    if config.clock_harmonics:
        linear["clock_head"] = (config.clock_dim * hidden, embed)
    if config.terrain_dim:
        code = config.terrain_embed
        linear["terrain_encoder.0"] = (code, config.terrain_dim)
        linear["terrain_encoder.2"] = (code, code)
        linear["terrain_head"] = (code * hidden, embed)
    shapes: dict[str, tuple[int, ...]] = {f"{name}.weight": shape for name, shape in linear.items()}
    shapes |= {f"{name}.bias": shape[:1] for name, shape in linear.items()}
    return shapes | {f"{name}.{part}": (embed,) for name in norms for part in ("weight", "bias")}


def _require_fitting(arrays: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> None:
    for what, names in (
        ("misses", shapes.keys() - arrays.keys()),
        ("has an unknown weight", arrays.keys() - shapes.keys()),
    ):
        if names:
            raise ValueError(f"hypernetwork: {what} {min(names)}")
    for name, array in arrays.items():
        if array.shape != shapes[name]:
            raise ValueError(f"{name}: expected the shape {shapes[name]}, got {array.shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name}: expected finite weights, got infinity or NaN")
