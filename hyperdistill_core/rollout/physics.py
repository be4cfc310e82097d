"""Simulations of one body side by side: the interface of both engines."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

import mujoco
import numpy as np
from numpy.typing import NDArray

# MuJoCo raises these warnings when a simulation becomes unstable.
_UNSTABLE = [
    int(warning)
    for warning in (
        mujoco.mjtWarning.mjWARN_BADQPOS,
        mujoco.mjtWarning.mjWARN_BADQVEL,
        mujoco.mjtWarning.mjWARN_BADQACC,
        mujoco.mjtWarning.mjWARN_BADCTRL,
    )
]
#: Number of kinds of MuJoCo warnings.
N_WARNINGS = int(mujoco.mjtWarning.mjNWARNING)


class Physics(Protocol):
    """E simulations of one model, in arrays that every step overwrites in place.

    It is built from a model and initial states, qpos (E, nq) and qvel (E, nv), with all derived
    fields up to date. After :meth:`step` the derived fields are one physics step old, as
    ``mj_step`` leaves them. A simulation that is not stepped keeps its numbers.

    Attributes:
        qpos: (E, nq) positions.
        qvel: (E, nv) velocities.
        ctrl: (E, nu) controls, to be written before a step.
        xpos: (E, nbody, 3) positions of the MuJoCo body frames (m).
        xquat: (E, nbody, 4) orientations of the MuJoCo body frames.
        subtree_com: (E, nbody, 3) centers of mass of subtrees (m).
        cdof: (E, nv, 6) motion axes of the degrees of freedom, rotation first.
        warning: (E, 7, 2) latest detail and count of each kind of MuJoCo warning.
    """

    qpos: NDArray[np.float64]
    qvel: NDArray[np.float64]
    ctrl: NDArray[np.float64]
    xpos: NDArray[np.float64]
    xquat: NDArray[np.float64]
    subtree_com: NDArray[np.float64]
    cdof: NDArray[np.float64]
    warning: NDArray[np.int32]

    def step(self, running: NDArray[np.intp], n_steps: int) -> None:
        """Advance some simulations.

        Args:
            running: Sorted indices of the simulations to advance.
            n_steps: Number of physics steps.
        """
        ...

    def restart(
        self, simulations: NDArray[np.intp], qpos: NDArray[np.float64], qvel: NDArray[np.float64]
    ) -> None:
        """Set some simulations to initial states, as if they had just been built.

        Args:
            simulations: (K,) indices of the simulations.
            qpos: (K, nq) initial positions.
            qvel: (K, nv) initial velocities.
        """
        ...

    def accelerate(self, change: NDArray[np.float64]) -> None:
        """Change the velocities at once.

        Args:
            change: (E, nv) what is added to the velocities.
        """
        ...


def unstable_simulations(
    warning: NDArray[np.int32], qpos: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which simulations became unstable.

    MuJoCo resets an unstable simulation and goes on, so its numbers stay finite and only the
    warnings show it. A control that is not finite counts, too.

    Args:
        warning: (E, 7, 2) warnings, see :attr:`Physics.warning`.
        qpos: (E, nq) positions.

    Returns:
        (E,) True where a simulation became unstable.

    Examples:
        >>> warning = np.zeros((2, N_WARNINGS, 2), np.int32)
        >>> unstable_simulations(warning, np.array([[0.0], [np.nan]])).tolist()
        [False, True]
    """
    warned = (warning[:, _UNSTABLE, 1] > 0).any(axis=1)
    return np.logical_or(warned, ~np.isfinite(qpos).all(axis=1))


@contextmanager
def quiet_warnings() -> Generator[None]:
    """Keep MuJoCo from printing its warnings and from writing them to MUJOCO_LOG.TXT.

    The counters in :attr:`Physics.warning` continue. A process has one warning handler.

    Examples:
        >>> with quiet_warnings():
        ...     pass
    """
    previous = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(_ignore)
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(previous)


def _ignore(message: str) -> None:
    del message
