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
        self.parts = (slice(0, 1), slice(1, shape[0]))
        self._steps = [0, 0]
        self.state = self._draw()

    def step(self, actions: NDArray[np.float32]) -> StepResult:
        """See :meth:`~hyperdistill_core.parallel.vector_env.VectorEnv.step`."""
        for part, slots in enumerate(self.parts):
            self.step_async(actions[slots], part=part)
        first, second = (self.step_wait(part=part) for part in range(2))
        joined = [np.concatenate(pair) for pair in zip(first[:3], second[:3], strict=True)]
        return StepResult(*joined, info=self._info(joined[1]))  # pyright: ignore[reportArgumentType]

    def step_async(self, actions: NDArray[np.float32], *, part: int = 0) -> None:
        """See :meth:`~hyperdistill_core.parallel.vector_env.VectorEnv.step_async`."""
        if self._steps[part] == len(self.actions):
            self.actions.append(np.zeros((*self._shape, 2), np.float32))
        self.actions[self._steps[part]][self.parts[part]] = actions
        self._steps[part] += 1

    def step_wait(self, *, part: int = 0) -> StepResult:
        """See :meth:`~hyperdistill_core.parallel.vector_env.VectorEnv.step_wait`."""
        slots = self.parts[part]
        self.state[slots] = self._draw()[slots]
        terminated = np.zeros(self._shape[:2], bool)
        truncated = np.zeros(self._shape[:2], bool)
        terminated[0, 0] = self._steps[part] in self._falls
        truncated[-1, -1] = self._steps[part] in self._truncations
        rewards = np.ones(self._shape[:2], np.float32)
        ends = terminated[slots], truncated[slots]
        return StepResult(rewards[slots], *ends, info=self._info(terminated[slots]))

    @staticmethod
    def _info(terminated: NDArray[np.bool_]) -> StepInfo:
        return StepInfo(fell=terminated, no_progress=np.zeros(terminated.shape, bool))

    def _draw(self) -> NDArray[np.float32]:
        return self._rng.normal(size=(*self._shape, 17)).astype(np.float32)
