"""A vector env without physics, for tests of what acts on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.parallel.vector_env import StepInfo, StepResult


class ScriptedVectorEnv:
    """Random states, rewards of 1, and ends at given steps.

    Args:
        shape: (A, E, n_max).
        falls: Steps, from 1 on, at which the first simulation of body 0 falls.
        truncations: Steps at which the last simulation of the last body reaches the time limit.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        *,
        falls: tuple[int, ...] = (),
        truncations: tuple[int, ...] = (),
    ) -> None:
        self._rng = np.random.default_rng(0)
        self._shape, self._falls, self._truncations = shape, falls, truncations
        self.actions: list[NDArray[np.float32]] = []
        self.state = self._draw()

    def step(self, actions: NDArray[np.float32]) -> StepResult:
        """See :meth:`~hyperdistill_core.parallel.vector_env.VectorEnv.step`."""
        self.actions.append(actions.copy())
        self.state = self._draw()
        terminated = np.zeros(self._shape[:2], bool)
        truncated = np.zeros(self._shape[:2], bool)
        terminated[0, 0] = len(self.actions) in self._falls
        truncated[-1, -1] = len(self.actions) in self._truncations
        info = StepInfo(fell=terminated, no_progress=np.zeros(self._shape[:2], bool))
        return StepResult(np.ones(self._shape[:2], np.float32), terminated, truncated, info)

    def _draw(self) -> NDArray[np.float32]:
        return self._rng.normal(size=(*self._shape, 17)).astype(np.float32)
