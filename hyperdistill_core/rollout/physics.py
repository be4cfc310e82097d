"""Simulations of one body side by side: what both engines offer the rollout loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import mujoco
import numpy as np
from numpy.typing import NDArray

_BLOWN_UP = [
    int(warning)
    for warning in (
        mujoco.mjtWarning.mjWARN_BADQPOS,
        mujoco.mjtWarning.mjWARN_BADQVEL,
        mujoco.mjtWarning.mjWARN_BADQACC,
        mujoco.mjtWarning.mjWARN_BADCTRL,
    )
]
N_WARNINGS = int(mujoco.mjtWarning.mjNWARNING)


class Physics(Protocol):
    """E simulations of one model, in arrays that stepping overwrites in place.

    Built from a model and a start, qpos (E, nq) and qvel (E, nv), with all derived fields
    fresh. After :meth:`step` derived fields are one physics step old, as ``mj_step``
    leaves them. A simulation that is not stepped keeps its numbers.

    Attributes:
        qpos: (E, nq).
        qvel: (E, nv).
        ctrl: (E, nu), to be written before a step.
        xpos: (E, nbody, 3) positions of body frames (m).
        xquat: (E, nbody, 4) orientations of body frames.
        subtree_com: (E, nbody, 3) centres of mass of subtrees (m).
        cdof: (E, nv, 6) motion axes of the degrees of freedom.
        warning: (E, 7, 2) of each kind of MuJoCo warning the latest detail and the count.
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
        """Advance simulations ``running`` (sorted indices) by ``n_steps`` physics steps."""
        ...


def unstable_simulations(
    warning: NDArray[np.int32], qpos: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which simulations blew up.

    MuJoCo resets a simulation that blows up and goes on, so that its numbers stay finite:
    only the warnings tell. A control that is not finite counts as well.

    Args:
        warning: (E, 7, 2), as :class:`Physics` has it.
        qpos: (E, nq).

    Returns:
        (E,)
    """
    warned = (warning[:, _BLOWN_UP, 1] > 0).any(axis=1)
    return np.logical_or(warned, ~np.isfinite(qpos).all(axis=1))


@contextmanager
def quiet_warnings() -> Iterator[None]:
    """Keep MuJoCo from printing its warnings and from writing them to MUJOCO_LOG.TXT.

    The counters in ``warning`` go on counting. MuJoCo's handler is one a process.
    """
    previous = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(_ignore)
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(previous)


def _ignore(message: str) -> None:
    del message
