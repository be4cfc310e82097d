"""The controller of one body: a plain MLP on numpy arrays.

It has the weights of :class:`~hyperdistill_core.nets.hypernetwork.GeneratedWeights` for one body,
with the normalization of states before them and only the outputs of existing hinges after them:

    x = clip(state - offset, -limit, limit)          state: n nodes x 17 numbers, flattened
    x = max(x @ weight_i + bias_i, 0)                every layer but the last
    ctrl = x @ weight_last + bias_last               nu controls, in the order of the actuators

All of it is in float64, and the controls are rounded to float32. So the same states give the same
controls whatever processor, matrix library or other program computes them, but for a state in some
hundred million. Bodies in contact amplify a difference in the last digit to one in meters within
seconds.

``weight_0`` includes the division by the standard deviation. If the network has a clock phase input
(:mod:`hyperdistill_core.features.clock_phase`), it follows x of the first line. If the network has
a height field, a short code of it follows; the encoder is the same for all bodies:

    code = max(code @ terrain_weight_i + terrain_bias_i, 0)     from heights (m), every layer

:meth:`BodyMLP.save_npz` stores ``n_nodes``, ``clock_harmonics``, ``offset``, ``limit``,
``weight_0``, ``bias_0``, ``weight_1``, ... under these names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features.clock_phase import NUMBERS_PER_HARMONIC, clock_phase

Floats: TypeAlias = NDArray[np.floating]

#: Number of joint slots of a node (x, y), which is the number of outputs of a network for it.
SLOTS_PER_NODE = 2
# Number of episodes in a block of the matrix products, side by side in the lanes of vector
# registers. All lanes do the same, so the controls of an episode do not depend on the other
# episodes, to the last digit and on any processor. Rows of a matrix would use routines that round
# differently.
_LANES = 16


@dataclass(frozen=True)
class Normalization:
    """Normalization of states to observations.

    Attributes:
        mean: (state_dim,) mean of the states, or (n, state_dim) if each node has its own.
        var: Variance of the states, with the shape of ``mean``.
        clip: Largest magnitude of an observation.

    Examples:
        >>> Normalization(np.full(2, 1.0), np.full(2, 4.0)).observe(np.array([3.0, 99.0])).round(6)
        array([ 1., 10.])
    """

    mean: Floats
    var: Floats
    clip: float = 10.0

    @property
    def scale(self) -> Floats:
        """Standard deviation, bounded away from zero as in the public code."""
        return np.sqrt(np.asarray(self.var, dtype=np.float64) + 1e-8)

    def observe(self, state: Floats) -> Floats:
        """Observations of states (..., n, state_dim), with the same shape."""
        return np.clip((state - self.mean) / self.scale, -self.clip, self.clip)


class BodyMLP:
    """Controller of one body, with the arrays of the module's docstring.

    Args:
        n_nodes: Number of nodes of the body.
        offset: (n_nodes * state_dim,) float64.
        limit: (n_nodes * state_dim,) float64.
        weights: (in, out) for each layer, float64.
        biases: (out,) for each layer, float64.
        terrain: (weight, bias) of each layer of the encoder of the height field; empty without
            one.
        clock_harmonics: Number of harmonics of the clock phase input; 0 for none.
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
    ) -> None:
        self.n_nodes, self.clock_harmonics = n_nodes, clock_harmonics
        self.terrain = tuple(terrain)
        self.offset, self.limit = offset, limit
        self.weights, self.biases = tuple(weights), tuple(biases)
        self._stacked = _stacked(zip(weights, biases, strict=True))
        # A single row would use a routine for vectors, which has no lanes.
        single = int(len(biases[-1]) == 1)
        self._stacked[-1] = np.pad(self._stacked[-1], ((0, single), (0, 0)))
        self._encoder = _stacked(self.terrain)
        self._offset = offset[:, None]
        self._upper = limit[:, None]
        self._lower = -self._upper
        self._buffers: dict[int, list[tuple[Floats, Floats]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Buffers share their memory, and copies of them would not.
        return {**self.__dict__, "_buffers": {}}

    @classmethod
    def from_layers(
        cls,
        layers: Sequence[tuple[Floats, Floats]],
        *,
        normalization: Normalization,
        actions: NDArray[np.integer],
        terrain: Sequence[tuple[Floats, Floats]] = (),
        clock_harmonics: int = 0,
    ) -> BodyMLP:
        """A controller from layers that take observations and serve all joint slots.

        Args:
            layers: (weight (in, out), bias (out,)) of each layer. The first takes n * state_dim
                state features, then the clock phase, then the code of the height field; the last
                gives n * 2 joint slots.
            normalization: Normalization of states to observations.
            actions: (nu,) index of the joint slot, of n * 2, that drives each control.
            terrain: (weight, bias) of each layer of the encoder of the height field.
            clock_harmonics: Number of harmonics of the clock phase input; 0 for none.

        Examples:
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
            weights=weights,
            biases=biases,
            terrain=[
                (np.asarray(w, dtype=np.float64), np.asarray(b, dtype=np.float64))
                for w, b in terrain
            ],
            clock_harmonics=clock_harmonics,
        )

    def on_flat_ground(self, sight: Floats | None = None) -> BodyMLP:
        """The controller that this one is where it always sees the same, without a height field.

        Args:
            sight: (terrain_dim,) what it sees, see :func:`hyperdistill_core.tasks.sight.ahead`;
                None for zeros, which is flat ground.
        """
        if not self.terrain:
            return self
        code: Floats = np.zeros(self.terrain_dim) if sight is None else sight
        for weight, bias in self.terrain:
            code = np.maximum(code @ weight + bias, 0.0)
        states = len(self.weights[0]) - len(code)
        first = self.biases[0] + code @ self.weights[0][states:]
        return BodyMLP(
            n_nodes=self.n_nodes,
            offset=self.offset,
            limit=self.limit,
            weights=[self.weights[0][:states], *self.weights[1:]],
            biases=[first, *self.biases[1:]],
            clock_harmonics=self.clock_harmonics,
        )

    @property
    def n_controls(self) -> int:
        """Number of controls."""
        return len(self.biases[-1])

    @property
    def parameters(self) -> int:
        """Number of parameters, without those of the normalization."""
        encoder = [array for pair in self.terrain for array in pair]
        return sum(array.size for array in (*self.weights, *self.biases, *encoder))

    @property
    def terrain_dim(self) -> int:
        """Number of points of the height field; 0 for none."""
        return len(self.terrain[0][0]) if self.terrain else 0

    def act(
        self,
        state: NDArray[np.float64],
        heights: NDArray[np.float64] | None = None,
        *,
        time: float | None = None,
    ) -> NDArray[np.float64]:
        """Controls of E episodes, not clipped.

        The controls of an episode do not depend on the other episodes.

        Args:
            state: (E, n, state_dim) states.
            heights: (E, terrain_dim) heights of the ground around the torso (m), then a goal or an
                object (:mod:`hyperdistill_core.tasks.sight`), for a controller with sight.
            time: Time since the episodes began (s), for a controller with a clock phase input.

        Returns:
            (E, nu) controls, rounded to float32.

        Raises:
            ValueError: The controller has a clock phase input, and no time is given.
            ValueError: The number of heights is not that of the controller's height field.
        """
        episodes = len(state)
        blocks = -(-episodes // _LANES)
        buffers = self._buffers.get(blocks) or self._allocate(blocks)
        features, inputs = buffers[0]
        observed, clock_dim = len(self.offset), NUMBERS_PER_HARMONIC * self.clock_harmonics
        if self.clock_harmonics:
            if time is None:
                raise ValueError("time: this controller has a clock phase input, got no time")
            inputs[:, observed : observed + clock_dim] = _phase_column(time, self.clock_harmonics)
        if self.terrain or heights is not None:
            inputs[:, observed + clock_dim :] = self._code(heights, blocks)
        inputs = inputs[:, :observed]
        flat = state.reshape(episodes, -1)
        for block, first in enumerate(range(0, episodes, _LANES)):
            rows = flat[first : first + _LANES].T
            lanes = inputs[block, :, : rows.shape[1]]
            np.subtract(rows, self._offset, out=lanes)
        np.maximum(inputs, self._lower, out=inputs)
        np.minimum(inputs, self._upper, out=inputs)
        for weight, (following, outputs) in zip(self._stacked, buffers[1:], strict=False):
            np.matmul(weight, features, out=outputs)
            np.maximum(outputs, 0.0, out=outputs)
            features = following
        controls = np.matmul(self._stacked[-1], features)[:, : self.n_controls].transpose(0, 2, 1)
        rounded = controls.reshape(-1, controls.shape[-1])[:episodes].astype(np.float32)
        return rounded.astype(np.float64)

    def _code(self, heights: NDArray[np.float64] | None, blocks: int) -> Floats:
        """Codes of the height field, (blocks, width of the code, lanes)."""
        given = 0 if heights is None else heights.shape[-1]
        if heights is None or given != self.terrain_dim:
            raise ValueError(
                f"heights: this controller has a height field of {self.terrain_dim} points,"
                f" got {given}"
            )
        whole = np.zeros((blocks * _LANES, given))
        whole[: len(heights)] = heights
        code = whole.reshape(blocks, _LANES, given).transpose(0, 2, 1)
        ones = np.ones((blocks, 1, _LANES))
        for weight in self._encoder:
            code = np.maximum(weight @ np.concatenate([code, ones], axis=1), 0.0)
        return code

    def _allocate(self, blocks: int) -> list[tuple[Floats, Floats]]:
        """Features (blocks, width, lanes) of every layer, with and without the last row of ones."""
        shapes = [(blocks, weight.shape[1], _LANES) for weight in self._stacked]
        whole = [np.ones(shape) for shape in shapes]
        self._buffers[blocks] = [(features, features[:, :-1]) for features in whole]
        return self._buffers[blocks]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by the names of the module's docstring."""
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
        """Write :meth:`arrays` to a file.

        Args:
            path: Path of the file; an existing one is replaced.
        """
        with Path(path).open("wb") as file:
            np.savez(file, allow_pickle=False, **self.arrays())

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> BodyMLP:
        """The network of :meth:`arrays`.

        Args:
            arrays: Arrays by name.

        Raises:
            LookupError: Arrays are missing.
        """
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
def _phase_column(time: float, harmonics: int) -> Floats:
    """The clock phase as a column (2 * harmonics, 1); the times are the same for all bodies."""
    phase = clock_phase(time, harmonics)[:, None]
    phase.flags.writeable = False
    return phase


def _stacked(layers: Iterable[tuple[Floats, Floats]]) -> list[Floats]:
    """(out, in + 1) for each layer: the bias follows the weight, which saves an addition."""
    return [np.ascontiguousarray(np.vstack(layer).T) for layer in layers]


def _layers(
    arrays: Mapping[str, NDArray[Any]], prefix: str
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    depth = sum(name.startswith(f"{prefix}weight_") for name in arrays)
    return [(arrays[f"{prefix}weight_{i}"], arrays[f"{prefix}bias_{i}"]) for i in range(depth)]
