"""Policies: whatever acts for one body in a rollout."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

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
class SeeingPolicy(Protocol):
    """A policy of one body that sees the ground around the torso.

    Attributes:
        terrain_dim: Number of numbers that it sees: height samples, then a goal or an object
            (:mod:`hyperdistill_core.tasks.sight`). With 0 the rollout passes none.
        clock_harmonics: As for :class:`ClockedPolicy`.

    Examples:
        >>> class Careful:
        ...     terrain_dim, clock_harmonics = 195, 0
        ...
        ...     def act(self, state, heights=None, *, time=None):
        ...         return np.where(heights.max(axis=1, keepdims=True) > 0.5, 0.0, np.ones((1, 4)))
        >>> isinstance(Careful(), SeeingPolicy)
        True
    """

    terrain_dim: int
    clock_harmonics: int

    def act(
        self,
        state: NDArray[np.float64],
        heights: NDArray[np.float64] | None = None,
        *,
        time: float | None = None,
    ) -> NDArray[np.float64]:
        """Controls for E episodes.

        Args:
            state: As for :meth:`Policy.act`.
            heights: (E, terrain_dim) height samples (m), then goal or object, see
                :func:`~hyperdistill_core.tasks.sight.sight`.
            time: As for :meth:`ClockedPolicy.act`.

        Returns:
            (E, nu) controls, as for :meth:`Policy.act`.
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


class WrappedPolicy:
    """A policy around another one; it takes the inputs that the other one takes.

    Args:
        policy: The policy inside.

    Attributes:
        clock_harmonics: As for :class:`ClockedPolicy`.
        terrain_dim: As for :class:`SeeingPolicy`.

    Examples:
        >>> class Rest:
        ...     def act(self, state):
        ...         return np.zeros((len(state), 4))
        >>> class Reversed(WrappedPolicy):
        ...     def act(self, state, heights=None, *, time=None):
        ...         return -super().act(state, heights, time=time)
        >>> Reversed(Rest()).act(np.zeros((2, 5, 17))).shape
        (2, 4)
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.clock_harmonics: int = getattr(policy, "clock_harmonics", 0)
        self.terrain_dim: int = getattr(policy, "terrain_dim", 0)

    def act(
        self,
        state: NDArray[np.float64],
        heights: NDArray[np.float64] | None = None,
        *,
        time: float | None = None,
    ) -> NDArray[np.float64]:
        """See :meth:`SeeingPolicy.act`."""
        extra: dict[str, Any] = {"time": time} if self.clock_harmonics else {}
        if self.terrain_dim:
            extra["heights"] = heights
        return self._policy.act(state, **extra)
