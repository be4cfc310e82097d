"""Policies: whatever acts for one body in a rollout."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class Policy(Protocol):
    """A policy of one body: controls from states.

    Any object with this method is a policy, such as a
    :class:`~hyperdistill_core.nets.mlp.BodyMLP` or a hand-written controller.

    Examples:
        >>> class Rest:
        ...     def __init__(self, n_controls: int) -> None:
        ...         self._n_controls = n_controls
        ...
        ...     def act(self, state):
        ...         return np.zeros((len(state), self._n_controls))
        >>> policy: Policy = Rest(4)
        >>> policy.act(np.zeros((2, 5, 17))).shape
        (2, 4)
    """

    def act(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        """Controls for E episodes.

        Args:
            state: (E, n, 17) states, see :data:`hyperdistill_core.features.STATE`. The next
                control step overwrites them.

        Returns:
            (E, nu) controls in the order of the motors; MuJoCo clamps them to their range.
        """
        ...


@runtime_checkable
class ClockedPolicy(Protocol):
    """A policy of one body that may also depend on time.

    Attributes:
        clock_harmonics: Number of harmonics of the clock phase input; with 0 the rollout passes
            no time.

    Examples:
        >>> class Swing:
        ...     clock_harmonics = 1
        ...
        ...     def act(self, state, *, time=None):
        ...         return np.full((len(state), 4), np.sin(2.0 * np.pi * time))
        >>> isinstance(Swing(), ClockedPolicy)
        True
        >>> Swing().act(np.zeros((1, 5, 17)), time=0.25).tolist()
        [[1.0, 1.0, 1.0, 1.0]]
    """

    clock_harmonics: int

    def act(self, state: NDArray[np.float64], *, time: float | None = None) -> NDArray[np.float64]:
        """Controls for E episodes.

        Args:
            state: As for :meth:`Policy.act`.
            time: Time since the episodes began (s); None where there is no clock phase input.

        Returns:
            (E, nu) controls, as for :meth:`Policy.act`.
        """
        ...
