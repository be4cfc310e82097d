"""The controller of one body: a plain MLP on numpy arrays.

What :class:`~hyperdistill_core.nets.hypernetwork.GeneratedWeights` holds for one body, with
the normalisation in front and only the outputs of existing hinges behind:

    x = clip(state - offset, -limit, limit)          state: n bodies x 17 numbers, flattened
    x = max(x @ weight_i + bias_i, 0)                for every layer but the last
    ctrl = x @ weight_last + bias_last               nu controls, in actuator order

The division by the standard deviation lies in ``weight_0``. Where the network hears a clock, its
numbers (:mod:`hyperdistill_core.features.clock_phase`) stand behind x of the first line. Where it reads
a height field, a short code of it stands behind that, which is the same for all bodies:

    code = max(code @ terrain_weight_i + terrain_bias_i, 0)     from heights (m), every layer

:meth:`BodyMLP.save_npz` writes ``n_nodes``, ``clock_harmonics``, ``offset``, ``limit``,
``weight_0``, ``bias_0``, ``weight_1``, ... under these names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from hyperdistill_core.features.clock_phase import NUMBERS_PER_HARMONIC, clock_phase

Floats: TypeAlias = NDArray[np.floating]

#: Joint slots of a limb (x, y): the numbers that a network gives for it.
SLOTS_PER_NODE = 2
#: Episodes are multiplied in blocks of so many, side by side in the lanes of vector registers.
#: Every lane does the same, so an episode's controls are the same to the last digit whatever is
#: beside it, on any processor; rows of a matrix would go to routines that round differently.
_LANES = 16


@dataclass(frozen=True)
class Normalization:
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
        n_nodes: bodies whose states it sees.
        offset: (n_bodies * state_dim,) float64.
        limit: (n_bodies * state_dim,) float64.
        weights: (in, out) of each layer; their dtype is that of the products.
        biases: (out,) of each layer.
        terrain: (weight, bias) of each layer that encodes the height field; none without one.
        clock_harmonics: harmonics of the clock that it hears; 0 for none.
    """

    def __init__(
        self,
        *,
        n_nodes: int,
        offset: Floats,
        limit: Floats,
        weights: Sequence[Floats],
        biases: Sequence[Floats],
        terrain: Sequence[tuple[Floats, Floats]] = (),
        clock_harmonics: int = 0,
    ):
        self.n_nodes, self.clock_harmonics = n_nodes, clock_harmonics
        self.terrain = tuple(terrain)
        self.offset, self.limit = offset, limit
        self.weights, self.biases = tuple(weights), tuple(biases)
        self._stacked = _stacked(zip(weights, biases, strict=True))
        # A single row would go to a routine for vectors, which knows no lanes.
        single = int(len(biases[-1]) == 1)
        self._stacked[-1] = np.pad(self._stacked[-1], ((0, single), (0, 0)))
        self._encoder = _stacked(self.terrain)
        self._zero = np.zeros((), dtype=weights[0].dtype)
        self._offset = offset[:, None]
        self._upper = limit.astype(weights[0].dtype)[:, None]
        self._lower = -self._upper
        self._buffers: dict[int, list[tuple[Floats, Floats]]] = {}

    @classmethod
    def from_layers(
        cls,
        layers: Sequence[tuple[Floats, Floats]],
        *,
        normalization: Normalization,
        actions: NDArray[np.integer],
        dtype: DTypeLike = np.float64,
        terrain: Sequence[tuple[Floats, Floats]] = (),
        clock_harmonics: int = 0,
    ) -> BodyMLP:
        """Controller made of layers that take observations and serve all joint slots.

        Args:
            layers: (weight (in, out), bias (out,)) of each layer, from n * state_dim
                observed numbers, those of the clock and the code of the height field, to
                n * 2 joint slots.
            normalization: makes observations of states.
            actions: (nu,) which of the n * 2 slots drives each control.
            dtype: precision of the products.
            terrain: (weight, bias) of each layer that makes the code.
            clock_harmonics: harmonics of the clock.

        Example:
            >>> plain = Normalization(np.zeros(17), np.ones(17))
            >>> layer = (np.ones((34, 4)), np.zeros(4))
            >>> mlp = BodyMLP.from_layers([layer], normalization=plain, actions=np.array([2, 3]))
            >>> mlp.act(np.ones((1, 2, 17))).round(3).tolist()
            [[34.0, 34.0]]
        """
        weights = [np.array(weight, dtype=np.float64) for weight, _ in layers]
        biases = [np.asarray(bias, dtype=np.float64) for _, bias in layers]
        n_nodes = weights[-1].shape[1] // SLOTS_PER_NODE
        observed = len(weights[0]) - NUMBERS_PER_HARMONIC * clock_harmonics
        observed -= len(terrain[-1][1]) if terrain else 0
        shape = (n_nodes, observed // n_nodes)
        mean = np.broadcast_to(normalization.mean, shape).astype(np.float64).ravel()
        scale = np.broadcast_to(normalization.scale, shape).ravel()
        weights[0][:observed] /= scale[:, None]
        weights[-1], biases[-1] = weights[-1][:, actions], biases[-1][actions]
        return cls(
            n_nodes=n_nodes,
            offset=mean,
            limit=normalization.clip * scale,
            weights=[np.ascontiguousarray(weight, dtype=dtype) for weight in weights],
            biases=[np.ascontiguousarray(bias, dtype=dtype) for bias in biases],
            terrain=[
                (np.ascontiguousarray(w, dtype=dtype), np.ascontiguousarray(b, dtype=dtype))
                for w, b in terrain
            ],
            clock_harmonics=clock_harmonics,
        )

    @property
    def n_controls(self) -> int:
        """Number of controls."""
        return len(self.biases[-1])

    @property
    def parameters(self) -> int:
        """Numbers needed to run it, the normalisation apart."""
        encoder = [array for pair in self.terrain for array in pair]
        return sum(array.size for array in (*self.weights, *self.biases, *encoder))

    @property
    def terrain_dim(self) -> int:
        """Points of the height field that it reads; 0 for none."""
        return len(self.terrain[0][0]) if self.terrain else 0

    def act(
        self,
        state: NDArray[np.float64],
        heights: NDArray[np.float64] | None = None,
        *,
        time: float | None = None,
    ) -> NDArray[np.float64]:
        """Controls (E, nu) of E episodes, not clipped.

        Those of an episode do not depend on how many are asked for at once.

        Args:
            state: (E, n, state_dim).
            heights: (E, terrain_dim) of the ground around the torso (m), for a controller
                that reads a height field.
            time: since the episodes began (s), for a controller that hears a clock.

        Raises:
            ValueError: heights or the time are missing, or heights are given to a controller
                that reads none.
        """
        episodes = len(state)
        blocks = -(-episodes // _LANES)
        buffers = self._buffers.get(blocks) or self._allocate(blocks)
        features, inputs = buffers[0]
        observed, heard = len(self.offset), NUMBERS_PER_HARMONIC * self.clock_harmonics
        if self.clock_harmonics:
            if time is None:
                raise ValueError("time: this controller hears a clock, got no time")
            inputs[:, observed : observed + heard] = _said(time, self.clock_harmonics)
        if self.terrain or heights is not None:
            inputs[:, observed + heard :] = self._code(heights, blocks)
        inputs = inputs[:, :observed]
        flat = state.reshape(episodes, -1)
        for block, first in enumerate(range(0, episodes, _LANES)):
            some = flat[first : first + _LANES].T
            lanes = inputs[block, :, : some.shape[1]]
            np.subtract(some, self._offset, out=lanes, casting="same_kind")
        np.maximum(inputs, self._lower, out=inputs)
        np.minimum(inputs, self._upper, out=inputs)
        for weight, (following, outputs) in zip(self._stacked, buffers[1:], strict=False):
            np.matmul(weight, features, out=outputs)
            np.maximum(outputs, self._zero, out=outputs)
            features = following
        controls = np.matmul(self._stacked[-1], features)[:, : self.n_controls].transpose(0, 2, 1)
        return controls.reshape(-1, controls.shape[-1])[:episodes].astype(np.float64)

    def _code(self, heights: NDArray[np.float64] | None, blocks: int) -> Floats:
        """What the network is told of the ground, (blocks, width of the code, lanes)."""
        given = 0 if heights is None else heights.shape[-1]
        if heights is None or given != self.terrain_dim:
            raise ValueError(
                f"heights: this controller reads a height field of {self.terrain_dim} points,"
                f" got {given}"
            )
        whole = np.zeros((blocks * _LANES, given), dtype=self._zero.dtype)
        whole[: len(heights)] = heights
        code = whole.reshape(blocks, _LANES, given).transpose(0, 2, 1)
        ones = np.ones((blocks, 1, _LANES), dtype=code.dtype)
        for weight in self._encoder:
            code = np.maximum(weight @ np.concatenate([code, ones], axis=1), self._zero)
        return code

    def _allocate(self, blocks: int) -> list[tuple[Floats, Floats]]:
        """Features (blocks, width, lanes) of every layer, with a row of ones behind, and without
        it.
        """
        dtype = self._zero.dtype
        shapes = [(blocks, weight.shape[1], _LANES) for weight in self._stacked]
        whole = [np.ones(shape, dtype=dtype) for shape in shapes]
        self._buffers[blocks] = [(features, features[:, :-1]) for features in whole]
        return self._buffers[blocks]

    def arrays(self) -> dict[str, NDArray]:
        """All arrays under the names of the module's docstring."""
        arrays = {
            "n_nodes": np.array(self.n_nodes),
            "clock_harmonics": np.array(self.clock_harmonics),
            "offset": self.offset,
            "limit": self.limit,
        }
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            arrays |= {f"weight_{index}": weight, f"bias_{index}": bias}
        for index, (weight, bias) in enumerate(self.terrain):
            arrays |= {f"terrain_weight_{index}": weight, f"terrain_bias_{index}": bias}
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
        layers, terrain = _layers(arrays, ""), _layers(arrays, "terrain_")
        return cls(
            n_nodes=int(arrays["n_nodes"]),
            offset=arrays["offset"],
            limit=arrays["limit"],
            weights=[weight for weight, _ in layers],
            biases=[bias for _, bias in layers],
            terrain=terrain,
            clock_harmonics=int(arrays["clock_harmonics"]),
        )


@lru_cache(maxsize=4096)
def _said(time: float, harmonics: int) -> Floats:
    """What the clock says, (2 * harmonics, 1); the same times come again for every body."""
    said = clock_phase(time, harmonics)[:, None]
    said.flags.writeable = False
    return said


def _stacked(layers: Iterable[tuple[Floats, Floats]]) -> list[Floats]:
    """(out, in + 1) of each layer: for speed its bias stands behind its weight."""
    return [np.ascontiguousarray(np.vstack(layer).T) for layer in layers]


def _layers(arrays: Mapping[str, NDArray], prefix: str) -> list[tuple[NDArray, NDArray]]:
    depth = sum(name.startswith(f"{prefix}weight_") for name in arrays)
    return [(arrays[f"{prefix}weight_{i}"], arrays[f"{prefix}bias_{i}"]) for i in range(depth)]
