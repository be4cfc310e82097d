"""State: what changes at each control step, 17 numbers for each node (Gupta 2022, Xiong 2024).

| numbers | meaning                                     | unit  |
|---------|---------------------------------------------|-------|
| 0-2     | position, x and y relative to the torso     | m     |
| 3-5     | linear velocity of the origin of the frame  | m/s   |
| 6-8     | angular velocity                            | rad/s |
| 9-12    | orientation, quaternion w x y z             | -     |
| 13, 15  | angle of the x-hinge and the y-hinge, 0..1  | -     |
| 14, 16  | velocity of the x-hinge and the y-hinge     | rad/s |
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features.layout import BodyLayout, feature_table

#: The state of a node. Vectors are in world axes.
STATE = feature_table(
    ("position, x and y relative to the torso", 3, "m"),
    ("linear velocity of the origin of the frame", 3, "m/s"),
    ("angular velocity", 3, "rad/s"),
    ("orientation quaternion w x y z", 4, "-"),
    ("x-hinge angle as a share of its range", 1, "-"),
    ("x-hinge velocity", 1, "rad/s"),
    ("y-hinge angle as a share of its range", 1, "-"),
    ("y-hinge velocity", 1, "rad/s"),
)
#: Number of state features of a node.
STATE_DIM = STATE[-1].stop
_ANGLE = 13


class StateReader:
    """Reads the states of E simulations of one body from the arrays of MuJoCo.

    Positions, orientations and velocities are in world axes. After ``mj_step`` MuJoCo holds
    positions, orientations and Jacobians that are one physics step old. The state takes them as
    they are, and velocities are those Jacobians times the new ``qvel``, as in the public
    environments of Gupta 2022. So no extra forward call is needed. The public environments give y
    in the world frame; here it is relative to the torso, like x, so that a body that drifts
    sideways is in no new situation.

    The buffers are reused: the next call of :meth:`read` overwrites the last result.

    Args:
        layout: Layout of the body in its model.
        n_simulations: Number of simulations, E.
        world_y: Whether y is in the world frame, as in the public environments.

    Examples:
        >>> import mujoco
        >>> from morph_ops.io.mjcf import to_model
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> model = to_model(body)
        >>> data = mujoco.MjData(model)
        >>> mujoco.mj_forward(model, data)
        >>> reader = StateReader(BodyLayout.from_graph(body, model), n_simulations=1)
        >>> fields = ("xpos", "xquat", "subtree_com", "cdof", "qpos", "qvel")
        >>> reader.read(**{name: getattr(data, name)[None] for name in fields}).shape == (
        ...     1, len(body), STATE_DIM
        ... )
        True
    """

    def __init__(self, layout: BodyLayout, n_simulations: int, *, world_y: bool = False) -> None:
        n, nv = layout.influence.shape
        self._nv = nv
        self._influence = np.ascontiguousarray(layout.influence.T)
        self._lower, self._span = layout.lower, layout.span
        self._nodes = slice(int(layout.body_ids[0]), int(layout.body_ids[-1]) + 1)
        self._root = int(layout.body_ids[0])
        self._qpos, self._qvel = _as_slice(layout.qpos), _as_slice(layout.qvel)
        state = np.zeros((n_simulations, n, STATE_DIM))
        self._state = state
        self._flat = state.reshape(n_simulations, n * STATE_DIM)
        angles = (layout.hinges // 2) * STATE_DIM + _ANGLE + 2 * (layout.hinges % 2)
        self._hinge_columns = np.stack([angles, angles + 1])
        self._hinges = np.zeros((n_simulations, 2, len(layout.hinges)))
        self._angle, self._rate = self._hinges[:, 0], self._hinges[:, 1]
        # Components come first: numpy loops over the last axis, and three is too few.
        self._motion = np.zeros((6, n_simulations, nv))
        self._spatial = np.zeros((6, n_simulations, n))
        # One product of many rows, where numpy would compute six of a few rows each.
        self._flat_motion = self._motion.reshape(6 * n_simulations, nv)
        self._flat_spatial = self._spatial.reshape(6 * n_simulations, n)
        self._arm = np.zeros((3, n_simulations, n))
        self._cross = _Cross(self._spatial[:3], self._arm)
        # The views are created once: slicing at each step would cost as much as the arithmetic.
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
        """State of every node.

        Args:
            xpos: (E, nbody, 3) positions of the MuJoCo body frames (m).
            xquat: (E, nbody, 4) orientations of the MuJoCo body frames.
            subtree_com: (E, nbody, 3) centers of mass of subtrees (m).
            cdof: (E, nv, 6) motion axes of the degrees of freedom, rotation first.
            qpos: (E, nq) positions.
            qvel: (E, nv) velocities.

        Returns:
            (E, n, 17) states, see :data:`STATE`; slots without a hinge are zero.
        """
        position = xpos[:, self._nodes]
        own = slice(0, self._nv)
        np.multiply(cdof[:, own].transpose(2, 0, 1), qvel[:, own], out=self._motion)
        np.matmul(self._flat_motion, self._influence, out=self._flat_spatial)
        # The motion axes refer to the center of mass of the whole body.
        center = subtree_com[:, self._root].T[:, :, None]
        np.subtract(position.transpose(2, 0, 1), center, out=self._arm)
        self._position_out[...] = position
        relative = position[:, :, : self._relative]
        np.subtract(relative, relative[:, :1], out=self._relative_out)
        self._cross.add_to(self._velocity, out=self._velocity_out)
        self._spin_out[...] = self._spin
        self._orientation_out[...] = xquat[:, self._nodes]
        np.subtract(qpos[:, self._qpos], self._lower, out=self._angle)
        np.divide(self._angle, self._span, out=self._angle)
        self._rate[...] = qvel[:, self._qvel]
        self._flat[:, self._hinge_columns] = self._hinges
        return self._state


class _Cross:
    """The cross product of two buffers (3, ...), many times faster than numpy.cross.

    One call multiplies components 1 and 2 of one factor with 2 and 0 of the other, by a view of
    stride -2: on a few rows a call costs more than its arithmetic.
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
    """The same indices as a slice where they are consecutive, which gives a view, not a copy."""
    if len(index) and (np.diff(index) == 1).all():
        return slice(int(index[0]), int(index[-1]) + 1)
    return index
