"""Counters of the running episodes of all simulations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.parallel.vector_env import StepResult


class EpisodeCounters:
    """Steps and returns of the running episodes of A bodies in E simulations each.

    Invariants:
        All counters of a simulation are zero when its episode begins.
        ``elapsed`` counts all control steps, those of the warm-up included.

    Args:
        shape: (A, E).
        max_steps: Time limit of an episode in control steps.

    Attributes:
        elapsed: (A, E) control steps. The first episode in a slot may begin at a random step;
            its count then begins with 0.
        returns: (A, E) sums of rewards.
        discounted: (A, E) discounted sums of rewards with the alive bonus and the cost
            of falls.

    Examples:
        >>> counters = EpisodeCounters((2, 3), max_steps=1000)
        >>> counters.elapsed.shape
        (2, 3)
    """

    def __init__(self, shape: tuple[int, int], *, max_steps: int) -> None:
        self.elapsed = np.zeros(shape, np.int64)
        self.returns, self.discounted = np.zeros(shape), np.zeros(shape)
        self._max_steps = max_steps

    def advance(
        self, result: StepResult, slots: slice = slice(None)
    ) -> Iterator[tuple[int, float]]:
        """Count a control step.

        Args:
            result: What the vector env returned.
            slots: Slots that the result is of.

        Yields:
            The slots in which episodes ended, with the mean length of these episodes in control
            steps. The counts of ended episodes are zero after the last item.
        """
        elapsed, done = self.elapsed[slots], result.done
        elapsed += 1
        # The first episode in a slot may have begun before its count did.
        elapsed[result.truncated] = self._max_steps
        for row in np.flatnonzero(done.any(axis=1)):
            over = done[row]
            yield int(row) + (slots.start or 0), elapsed[row, over].mean()
            elapsed[row, over] = 0

    def end(self, done: NDArray[np.bool_], slots: slice = slice(None)) -> list[float]:
        """Returns of ended episodes; their sums become zero.

        Args:
            done: (A, E) True where an episode ended.
            slots: Slots that ``done`` is of.
        """
        returns, discounted = self.returns[slots], self.discounted[slots]
        finished = returns[done].tolist()
        returns[done] = discounted[done] = 0.0
        return finished

    def clear_slot(self, slot: int) -> None:
        """Set all counters of a slot to zero: it holds another body now.

        Args:
            slot: The slot.
        """
        self.returns[slot] = self.discounted[slot] = 0.0
        self.elapsed[slot] = 0

    def state_dict(self) -> dict[str, NDArray[np.generic]]:
        """All counters."""
        return {"returns": self.returns, "discounted": self.discounted, "elapsed": self.elapsed}

    def load_state_dict(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Restore what :meth:`state_dict` returned.

        Args:
            state: Counters of the same shape.
        """
        for name, array in self.state_dict().items():
            array[...] = state[name]
