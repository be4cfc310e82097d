"""State: what changes each control step, 17 numbers a body (Gupta 2022, Xiong 2024)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features.layout import BodyLayout, table

STATE = table(
    ("position, x and y relative to the torso", 3, "m"),
    ("linear velocity of the body frame's origin", 3, "m/s"),
    ("angular velocity", 3, "rad/s"),
    ("orientation quaternion w x y z", 4, "-"),
    ("x-hinge angle over its range", 1, "-"),
    ("x-hinge velocity", 1, "rad/s"),
    ("y-hinge angle over its range", 1, "-"),
    ("y-hinge velocity", 1, "rad/s"),
)
STATE_DIM = STATE[-1].stop
_ANGLE = 13


class StateReader:
    """Reads the states of E simulations of one body from MuJoCo's arrays.

    Positions, orientations and velocities are in world axes. After ``mj_step`` MuJoCo
    holds positions, orientations and Jacobians one physics step old; they are taken as
    they are, and velocities are those old Jacobians times the new ``qvel``, as in the
    public environments of Gupta 2022: no extra forward call is needed. Those give the
    bodies' y as it is in the world; ours is relative to the torso, as x is: a body that
    drifts aside is in no new situation.

    The buffers are reused: what :meth:`read` returns is overwritten by the next call.

    Args:
        layout: of the body in its model.
        n_simulations: E.
        world_y: give y as it is in the world, as the public environments do.
    """

    def __init__(self, layout: BodyLayout, n_simulations: int, *, world_y: bool = False) -> None:
        n, nv = layout.influence.shape
        self._influence = np.ascontiguousarray(layout.influence.T)
        self._lower, self._span = layout.lower, layout.span
        self._bodies = slice(int(layout.body_ids[0]), int(layout.body_ids[-1]) + 1)
        self._root = int(layout.body_ids[0])
        self._qpos, self._qvel = _as_slice(layout.qpos), _as_slice(layout.qvel)
        state = np.zeros((n_simulations, n, STATE_DIM))
        self._state = state
        self._flat = state.reshape(n_simulations, n * STATE_DIM)
        angles = (layout.actions // 2) * STATE_DIM + _ANGLE + 2 * (layout.actions % 2)
        self._hinge_columns = np.stack([angles, angles + 1])
        self._hinges = np.zeros((n_simulations, 2, layout.n_controls))
        self._angle, self._rate = self._hinges[:, 0], self._hinges[:, 1]
        # Components first: numpy runs along the last axis, and three is too short a run.
        self._motion = np.zeros((6, n_simulations, nv))
        self._spatial = np.zeros((6, n_simulations, n))
        # One product of many rows: numpy would make six of few.
        self._flat_motion = self._motion.reshape(6 * n_simulations, nv)
        self._flat_spatial = self._spatial.reshape(6 * n_simulations, n)
        self._arm = np.zeros((3, n_simulations, n))
        self._cross = _Cross(self._spatial[:3], self._arm)
        # Views are made once: slicing anew each step would cost as much as the arithmetic.
        self._spin, self._velocity = self._spatial[:3], self._spatial[3:]
        by_component = state.transpose(2, 0, 1)
        self._position_out = state[:, :, 0:3]
        self._relative = 1 if world_y else 2
        self._relative_out = state[:, :, : self._relative]
        self._velocity_out, self._spin_out = by_component[3:6], by_component[6:9]
        self._orientation_out = state[:, :, 9:13]

    def read(
        self,
        *,
        xpos: NDArray[np.float64],
        xquat: NDArray[np.float64],
        subtree_com: NDArray[np.float64],
        cdof: NDArray[np.float64],
        qpos: NDArray[np.float64],
        qvel: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """State of every body.

        Args:
            xpos: (E, nbody, 3) positions of body frames (m).
            xquat: (E, nbody, 4) orientations of body frames.
            subtree_com: (E, nbody, 3) centres of mass of subtrees (m).
            cdof: (E, nv, 6) motion axes of the degrees of freedom, rotation first.
            qpos: (E, nq).
            qvel: (E, nv).

        Returns:
            (E, n, 17), see ``STATE``; slots without a hinge are zero.
        """
        position = xpos[:, self._bodies]
        np.multiply(cdof.transpose(2, 0, 1), qvel, out=self._motion)
        np.matmul(self._flat_motion, self._influence, out=self._flat_spatial)
        # The motion axes are taken about the centre of mass of the whole body.
        centre = subtree_com[:, self._root].T[:, :, None]
        np.subtract(position.transpose(2, 0, 1), centre, out=self._arm)
        self._position_out[...] = position
        relative = position[:, :, : self._relative]
        np.subtract(relative, relative[:, :1], out=self._relative_out)
        self._cross.add_to(self._velocity, out=self._velocity_out)
        self._spin_out[...] = self._spin
        self._orientation_out[...] = xquat[:, self._bodies]
        np.subtract(qpos[:, self._qpos], self._lower, out=self._angle)
        np.divide(self._angle, self._span, out=self._angle)
        self._rate[...] = qvel[:, self._qvel]
        self._flat[:, self._hinge_columns] = self._hinges
        return self._state


class _Cross:
    """The cross product of two buffers (3, ...), many times faster than numpy.cross.

    Components 1 and 2 of the one factor meet 2 and 0 of the other in a single call, by a
    view of stride -2: on few rows calls cost more than arithmetic.
    """

    def __init__(self, a: NDArray[np.float64], b: NDArray[np.float64]) -> None:
        plus, minus = np.empty(b.shape), np.empty(b.shape)
        self._plus, self._minus = plus, minus
        self._products = (
            (a[1:3], b[2::-2], plus[0:2]),
            (a[0], b[1], plus[2]),
            (a[2::-2], b[1:3], minus[0:2]),
            (a[1], b[0], minus[2]),
        )

    def add_to(self, c: NDArray[np.float64], *, out: NDArray[np.float64]) -> None:
        """Write c + a x b to ``out``."""
        for left, right, product in self._products:
            np.multiply(left, right, out=product)
        np.add(c, self._plus, out=self._plus)
        np.subtract(self._plus, self._minus, out=out)


def _as_slice(index: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """The same numbers as a slice where they lie side by side: a view instead of a copy."""
    if len(index) and (np.diff(index) == 1).all():
        return slice(int(index[0]), int(index[-1]) + 1)
    return index
