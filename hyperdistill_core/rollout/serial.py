"""The reference engine: plain ``mj_step`` on one ``MjData`` for each simulation."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.rollout.physics import N_WARNINGS, Physics


class SerialPhysics(Physics):
    """See :class:`Physics`.

    Args:
        model: The body in its world.
        qpos: (E, nq) initial positions.
        qvel: (E, nv) initial velocities.

    Examples:
        >>> model = mujoco.MjModel.from_xml_string(
        ...     "<mujoco><worldbody><body><freejoint/><geom size='1'/></body></worldbody></mujoco>"
        ... )
        >>> physics = SerialPhysics(model, model.qpos0[None], np.zeros((1, model.nv)))
        >>> physics.step(np.array([0]), n_steps=4)
        >>> physics.qpos[0, 2] < 0.0
        np.True_
    """

    def __init__(
        self, model: mujoco.MjModel, qpos: NDArray[np.float64], qvel: NDArray[np.float64]
    ) -> None:
        n = len(qpos)
        self._model = model
        self._data = [mujoco.MjData(model) for _ in range(n)]
        self.qpos, self.qvel = qpos.copy(), qvel.copy()
        self.ctrl = np.zeros((n, model.nu))
        self.xpos = np.zeros((n, model.nbody, 3))
        self.xquat = np.zeros((n, model.nbody, 4))
        self.subtree_com = np.zeros((n, model.nbody, 3))
        self.cdof = np.zeros((n, model.nv, 6))
        self.warning = np.zeros((n, N_WARNINGS, 2), dtype=np.int32)
        self.restart(np.arange(n), qpos, qvel)

    def step(self, running: NDArray[np.intp], n_steps: int) -> None:
        """See :meth:`Physics.step`."""
        for index in running:
            data = self._data[index]
            data.ctrl[:] = self.ctrl[index]
            for _ in range(n_steps):
                mujoco.mj_step(self._model, data)
            self._copy_out(index)

    def restart(
        self, simulations: NDArray[np.intp], qpos: NDArray[np.float64], qvel: NDArray[np.float64]
    ) -> None:
        """See :meth:`Physics.restart`."""
        for row, index in enumerate(simulations):
            data = self._data[index]
            mujoco.mj_resetData(self._model, data)
            data.qpos[:], data.qvel[:] = qpos[row], qvel[row]
            mujoco.mj_forward(self._model, data)
            self.ctrl[index] = 0.0
            self._copy_out(index)

    def accelerate(self, change: NDArray[np.float64]) -> None:
        """See :meth:`Physics.accelerate`."""
        self.qvel += change
        for data, velocity in zip(self._data, self.qvel, strict=True):
            data.qvel[:] = velocity

    def _copy_out(self, index: int) -> None:
        data = self._data[index]
        self.qpos[index], self.qvel[index] = data.qpos, data.qvel
        self.xpos[index], self.xquat[index] = data.xpos, data.xquat
        self.subtree_com[index], self.cdof[index] = data.subtree_com, data.cdof
        self.warning[index, :, 0] = data.warning.lastinfo
        self.warning[index, :, 1] = data.warning.number
