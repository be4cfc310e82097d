"""Policies: whatever acts for one body in a rollout."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class Policy(Protocol):
    """A policy of one body: controls from states.

    Any object with this method is a policy, such as a
    :class:`~hyperdistill_core.nets.mlp.BodyMLP` or a hand-written controller.
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
