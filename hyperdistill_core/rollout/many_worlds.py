"""Simulations of one body, each in a world of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import mujoco
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.rollout.physics import Physics

#: What makes the simulations of one model from initial qpos (E, nq) and qvel (E, nv).
MakePhysics: TypeAlias = Callable[
    [mujoco.MjModel, NDArray[np.float64], NDArray[np.float64]], Physics
]
# What a step changes.
_RESULTS = ("qpos", "qvel", "xpos", "xquat", "subtree_com", "cdof", "warning")
_ONE = np.zeros(1, dtype=np.intp)


class ManyWorlds:
    """See :class:`Physics`; every simulation has a model of its own, of the same body.

    Args:
        parts: E physics of one simulation each.

    Examples:
        >>> import mujoco
        >>> from hyperdistill_core.rollout.serial import SerialPhysics
        >>> body = "<body><freejoint/><geom size='1'/></body>"
        >>> model = mujoco.MjModel.from_xml_string(
        ...     f"<mujoco><worldbody>{body}</worldbody></mujoco>"
        ... )
        >>> parts = [SerialPhysics(model, model.qpos0[None], np.zeros((1, 6))) for _ in range(2)]
        >>> physics = ManyWorlds(parts)
        >>> physics.step(np.array([1]), n_steps=4)
        >>> (physics.qpos[:, 2] < 0.0).tolist()
        [False, True]
    """

    def __init__(self, parts: Sequence[Physics]) -> None:
        self._parts: list[Physics] = list(parts)
        self.qpos = np.concatenate([part.qpos for part in parts])
        self.qvel = np.concatenate([part.qvel for part in parts])
        self.ctrl = np.concatenate([part.ctrl for part in parts])
        self.xpos = np.concatenate([part.xpos for part in parts])
        self.xquat = np.concatenate([part.xquat for part in parts])
        self.subtree_com = np.concatenate([part.subtree_com for part in parts])
        self.cdof = np.concatenate([part.cdof for part in parts])
        self.warning = np.concatenate([part.warning for part in parts])
        # The views are made once: slicing at each step would cost more than the copies.
        self._copies = [self._views(row) for row in range(len(self._parts))]

    def step(self, running: NDArray[np.intp], n_steps: int) -> None:
        """See :meth:`Physics.step`."""
        rows: list[int] = running.tolist()
        for row in rows:
            self._parts[row].ctrl[0] = self.ctrl[row]
            self._parts[row].step(_ONE, n_steps)
        # Physics and copies alternate as seldom as possible: each evicts the other's data.
        for row in rows:
            self._copy_out(row)

    def restart(
        self, simulations: NDArray[np.intp], qpos: NDArray[np.float64], qvel: NDArray[np.float64]
    ) -> None:
        """See :meth:`Physics.restart`."""
        chosen: list[int] = simulations.tolist()
        for row, simulation in enumerate(chosen):
            self._parts[simulation].restart(_ONE, qpos[row : row + 1], qvel[row : row + 1])
            self.ctrl[simulation] = 0.0
            self._copy_out(simulation)

    def replace(self, simulation: int, part: Physics) -> None:
        """Put another world in the place of one.

        Args:
            simulation: Index of the simulation.
            part: Physics of one simulation of the same body.
        """
        self._parts[simulation] = part
        self._copies[simulation] = self._views(simulation)
        self.ctrl[simulation] = 0.0
        self._copy_out(simulation)

    def accelerate(self, change: NDArray[np.float64]) -> None:
        """See :meth:`Physics.accelerate`."""
        for row, part in enumerate(self._parts):
            part.accelerate(change[row : row + 1])
            self._copy_out(row)

    def _views(self, row: int) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        part = self._parts[row]
        return [(getattr(self, name)[row], getattr(part, name)[0]) for name in _RESULTS]

    def _copy_out(self, row: int) -> None:
        for target, source in self._copies[row]:
            target[...] = source


def physics_in(
    models: Sequence[mujoco.MjModel],
    qpos: NDArray[np.float64],
    qvel: NDArray[np.float64],
    *,
    make: MakePhysics,
) -> Physics:
    """The simulations of E episodes of a body, in one world or each in its own.

    Args:
        models: One model for all episodes, or one for each.
        qpos: (E, nq) initial positions.
        qvel: (E, nv) initial velocities.
        make: Class of the physics in one world.
    """
    if len(models) == 1:
        return make(models[0], qpos, qvel)
    rows = [slice(row, row + 1) for row in range(len(models))]
    return ManyWorlds(
        [make(model, qpos[row], qvel[row]) for model, row in zip(models, rows, strict=True)]
    )
