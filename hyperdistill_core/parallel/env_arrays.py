"""The arrays that a vector env shares with its workers."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from multiprocessing.sharedctypes import RawArray
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features import STATE_DIM


@dataclass(frozen=True)
class EnvShape:
    """Sizes of a vector env's arrays.

    Attributes:
        n_active: Number of bodies in simulation, A.
        n_envs: Number of simulations of each body, E.
        n_max: Number of rows of a body, N: nodes of the largest body, or more.
        n_heights: Number of numbers that a simulation's torso sees, H; 0 for none.

    Examples:
        >>> shape = EnvShape(n_active=2, n_envs=8, n_max=9)
        >>> shape.arrays(shape.allocate())["action"].shape
        (2, 8, 9, 2)
    """

    n_active: int
    n_envs: int
    n_max: int
    n_heights: int = 0

    def fields(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Return the shape and the dtype of every array by name, the widest dtype first.

        ======================  ===============  ================================================
        ``seconds``             (A,)             duration of a control step of a body's
                                                 simulations (s), 0 while it is not measured
        ``state``               (A, E, N, 17)    raw states
        ``heights``             (A, E, H)        height samples (m), then goal or object
        ``action``              (A, E, N, 2)     controls by joint slot
        ``reward``              (A, E)           reward of the latest control step
        ``terminated``          (A, E)           the episode ended: fall or no progress
        ``truncated``           (A, E)           the episode reached the time limit
        ``fell``                (A, E)           termination by a fall or an instability
        ``no_progress``         (A, E)           termination for lack of progress
        ======================  ===============  ================================================
        """
        simulations = (self.n_active, self.n_envs)
        rows = (*simulations, self.n_max)
        flags = ("terminated", "truncated", "fell", "no_progress")
        return {
            "seconds": ((self.n_active,), np.dtype(np.float64)),
            "state": ((*rows, STATE_DIM), np.dtype(np.float32)),
            "heights": ((*simulations, self.n_heights), np.dtype(np.float32)),
            "action": ((*rows, 2), np.dtype(np.float32)),
            "reward": (simulations, np.dtype(np.float32)),
        } | {flag: (simulations, np.dtype(np.bool_)) for flag in flags}

    def allocate(self) -> ctypes.Array[ctypes.c_byte]:
        """Return a block of shared memory for all arrays, filled with zeros.

        The block has no name: the system frees it with the last process that maps it, however
        that process ends.
        """
        fields = self.fields().values()
        return RawArray(ctypes.c_byte, sum(math.prod(dims) * dt.itemsize for dims, dt in fields))

    def arrays(self, memory: ctypes.Array[ctypes.c_byte]) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, as views of a block from :meth:`allocate`."""
        arrays: dict[str, NDArray[Any]] = {}
        offset = 0
        for name, (dims, dtype) in self.fields().items():
            count = math.prod(dims)
            flat = np.frombuffer(memoryview(memory), dtype, count=count, offset=offset)
            arrays[name] = flat.reshape(dims)
            offset += flat.nbytes
        return arrays
