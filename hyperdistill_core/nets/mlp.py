"""The controller of one body: a plain MLP on numpy arrays.

What :class:`~hyperdistill_core.nets.hypernetwork.GeneratedWeights` holds for one body, with
the normalisation in front and only the outputs of existing hinges behind:

    x = clip(state - offset, -limit, limit)          state: n bodies x 17 numbers, flattened
    x = max(x @ weight_i + bias_i, 0)                for every layer but the last
    ctrl = x @ weight_last + bias_last               nu controls, in actuator order

The division by the standard deviation lies in ``weight_0``. :meth:`BodyMLP.save_npz` writes
``n_bodies``, ``offset``, ``limit``, ``weight_0``, ``bias_0``, ``weight_1``, ... under these
names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Floats: TypeAlias = NDArray[np.floating]

#: Joint slots of a limb (x, y): the numbers that a network gives for it.
SLOTS_PER_LIMB = 2


@dataclass(frozen=True)
class Normalisation:
    """Running statistics of states, as an observation needs them.

    Attributes:
        mean: (state_dim,), or (n, state_dim) where every limb has its own.
        var: like ``mean``.
        clip: largest magnitude of an observation.
    """

    mean: Floats
    var: Floats
    clip: float = 10.0

    @property
    def scale(self) -> Floats:
        """Standard deviation, kept away from zero as in the public code."""
        return np.sqrt(np.asarray(self.var, dtype=np.float64) + 1e-8)

    def observe(self, state: Floats) -> Floats:
        """States (..., n, state_dim) to observations of the same shape."""
        return np.clip((state - self.mean) / self.scale, -self.clip, self.clip)


class BodyMLP:
    """Controller of one body: the arrays of the module's docstring.

    Args:
        n_bodies: bodies whose states it sees.
        offset: (n_bodies * state_dim,) float64.
        limit: (n_bodies * state_dim,) float64.
        weights: (in, out) of each layer; their dtype is that of the products.
        biases: (out,) of each layer.
    """

    def __init__(
        self,
        *,
        n_bodies: int,
        offset: Floats,
        limit: Floats,
        weights: Sequence[Floats],
        biases: Sequence[Floats],
    ):
        self.n_bodies = n_bodies
        self.offset, self.limit = offset, limit
        self.weights, self.biases = tuple(weights), tuple(biases)
        # For speed each bias is the last row of its weight, met by a feature that is one.
        self._stacked = [np.vstack(pair) for pair in zip(weights, biases, strict=True)]
        self._zero = np.zeros((), dtype=weights[0].dtype)
        self._upper = limit.astype(weights[0].dtype)
        self._lower = -self._upper
        self._buffers: dict[int, list[tuple[Floats, Floats]]] = {}

    @classmethod
    def from_layers(
        cls,
        layers: Sequence[tuple[Floats, Floats]],
        *,
        normalisation: Normalisation,
        actions: NDArray[np.integer],
        dtype: DTypeLike = np.float64,
    ) -> BodyMLP:
        """Controller made of layers that take observations and serve all joint slots.

        Args:
            layers: (weight (in, out), bias (out,)) of each layer, from n * state_dim
                observed numbers to n * 2 joint slots.
            normalisation: makes observations of states.
            actions: (nu,) which of the n * 2 slots drives each control.
            dtype: precision of the products.

        Example:
            >>> plain = Normalisation(np.zeros(17), np.ones(17))
            >>> layer = (np.ones((34, 4)), np.zeros(4))
            >>> mlp = BodyMLP.from_layers([layer], normalisation=plain, actions=np.array([2, 3]))
            >>> mlp.act(np.ones((1, 2, 17))).round(3).tolist()
            [[34.0, 34.0]]
        """
        weights = [np.asarray(weight, dtype=np.float64) for weight, _ in layers]
        biases = [np.asarray(bias, dtype=np.float64) for _, bias in layers]
        n_bodies = weights[-1].shape[1] // SLOTS_PER_LIMB
        shape = (n_bodies, len(weights[0]) // n_bodies)
        mean = np.broadcast_to(normalisation.mean, shape).astype(np.float64).ravel()
        scale = np.broadcast_to(normalisation.scale, shape).ravel()
        weights[0] = weights[0] / scale[:, None]
        weights[-1], biases[-1] = weights[-1][:, actions], biases[-1][actions]
        return cls(
            n_bodies=n_bodies,
            offset=mean,
            limit=normalisation.clip * scale,
            weights=[np.ascontiguousarray(weight, dtype=dtype) for weight in weights],
            biases=[np.ascontiguousarray(bias, dtype=dtype) for bias in biases],
        )

    @property
    def n_controls(self) -> int:
        """Number of controls."""
        return len(self.biases[-1])

    @property
    def parameters(self) -> int:
        """Numbers needed to run it, the normalisation apart."""
        return sum(array.size for array in (*self.weights, *self.biases))

    def act(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        """Controls (E, nu) for states (E, n, state_dim) of E episodes, not clipped."""
        episodes = len(state)
        buffers = self._buffers.get(episodes) or self._allocate(episodes)
        features, inputs = buffers[0]
        np.subtract(state.reshape(episodes, -1), self.offset, out=inputs, casting="same_kind")
        np.maximum(inputs, self._lower, out=inputs)
        np.minimum(inputs, self._upper, out=inputs)
        for weight, (following, outputs) in zip(self._stacked, buffers[1:], strict=False):
            np.matmul(features, weight, out=outputs)
            np.maximum(outputs, self._zero, out=outputs)
            features = following
        return np.matmul(features, self._stacked[-1]).astype(np.float64, copy=False)

    def _allocate(self, episodes: int) -> list[tuple[Floats, Floats]]:
        """Features of every layer, each with a column of ones behind, and without it."""
        dtype = self._zero.dtype
        whole = [np.ones((episodes, len(weight)), dtype=dtype) for weight in self._stacked]
        self._buffers[episodes] = [(features, features[:, :-1]) for features in whole]
        return self._buffers[episodes]

    def arrays(self) -> dict[str, NDArray]:
        """All arrays under the names of the module's docstring."""
        arrays = {"n_bodies": np.array(self.n_bodies), "offset": self.offset, "limit": self.limit}
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            arrays |= {f"weight_{index}": weight, f"bias_{index}": bias}
        return arrays

    def save_npz(self, path: str | Path) -> None:
        """Writes :meth:`arrays`."""
        with Path(path).open("wb") as file:
            np.savez(file, allow_pickle=False, **self.arrays())

    @classmethod
    def load_npz(cls, path: str | Path) -> BodyMLP:
        """Reads what :meth:`save_npz` wrote."""
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        depth = sum(name.startswith("weight_") for name in arrays)
        return cls(
            n_bodies=int(arrays["n_bodies"]),
            offset=arrays["offset"],
            limit=arrays["limit"],
            weights=[arrays[f"weight_{i}"] for i in range(depth)],
            biases=[arrays[f"bias_{i}"] for i in range(depth)],
        )
