"""States of many bodies at once on padded arrays: the fast path of ``state``.

Reading states body by body takes some twenty numpy calls on arrays of a few hundred numbers,
where a call costs more than its arithmetic. Here each body costs one copy for each of five MuJoCo
arrays, and one call does the arithmetic of all bodies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features.layout import FREE_DOFS, FREE_QPOS, BodyLayout
from hyperdistill_core.features.state import STATE, STATE_DIM

_POSITION, _VELOCITY, _SPIN, _QUATERNION = (slice(row.start, row.stop) for row in STATE[:4])
_HINGES = slice(STATE[4].start, STATE_DIM)
_SLOT_NUMBERS = 4


@dataclass(frozen=True)
class BodyArrays:
    """Live views of the MuJoCo arrays of one body in E simulations.

    Attributes:
        xpos: (E, nbody, 3) positions of the MuJoCo body frames (m).
        xquat: (E, nbody, 4) orientations of the MuJoCo body frames.
        subtree_com: (E, nbody, 3) centers of mass of subtrees (m).
        cdof: (E, nv, 6) motion axes of the degrees of freedom, rotation first.
        coordinates: (E, nq + nv) qpos, then qvel of the body.
    """

    xpos: NDArray[np.float64]
    xquat: NDArray[np.float64]
    subtree_com: NDArray[np.float64]
    cdof: NDArray[np.float64]
    coordinates: NDArray[np.float64]


class BatchStateReader:
    """Reads the states of B bodies in E simulations each.

    The numbers are those of :class:`~hyperdistill_core.features.StateReader`, rounded to float32.
    They do not depend on which bodies are read together.

    Args:
        layouts: Layouts of the B bodies in their models.
        arrays: MuJoCo arrays of the bodies, in the same order.
        n_max: Number of rows for each body, N; rows beyond the nodes of a body are zero.
        world_y: Whether y is in the world frame, as in the public environments.

    Raises:
        ValueError: A body has more than ``n_max`` nodes.
    """

    def __init__(
        self,
        layouts: Sequence[BodyLayout],
        arrays: Sequence[BodyArrays],
        *,
        n_max: int,
        world_y: bool = False,
    ) -> None:
        n_bodies, n_envs = len(layouts), len(arrays[0].xpos)
        # The width does not depend on which bodies are read together: neither does the order of
        # the sums, nor their last bits.
        nv = max(FREE_DOFS + 2 * (n_max - 1), *(layout.influence.shape[1] for layout in layouts))
        own_nq = [
            of_body.coordinates.shape[1] - layout.influence.shape[1]
            for layout, of_body in zip(layouts, arrays, strict=True)
        ]
        nq = max(nv + FREE_QPOS - FREE_DOFS, *own_nq)
        # Components come first: numpy loops over the last axes, and three is too few.
        self._position = np.zeros((n_bodies, 3, n_envs, n_max))
        self._center = np.zeros((n_bodies, 3, n_envs, 1))
        self._cdof = np.zeros((n_bodies, 6, n_envs, nv))
        # For each simulation: qpos (right-aligned), qvel, and a zero for slots without a hinge.
        self._numbers = np.zeros((n_bodies, n_envs, nq + nv + 1))
        self._qvel = self._numbers[:, None, :, nq : nq + nv]
        self._motion = np.zeros_like(self._cdof)
        self._flat_motion = self._motion.reshape(n_bodies, 6 * n_envs, nv)
        self._influence = np.zeros((n_bodies, nv, n_max))
        spatial = np.zeros((n_bodies, 6, n_envs, n_max))
        self._flat_spatial = spatial.reshape(n_bodies, 6 * n_envs, n_max)
        self._spin, self._velocity = spatial[:, :3], spatial[:, 3:]
        self._arm = np.zeros_like(self._position)
        self._plus, self._minus = np.zeros_like(self._arm), np.zeros_like(self._arm)
        self._relative = slice(0, 1 if world_y else 2)
        self._present = np.zeros((n_bodies, 1, 1, n_max))
        hinges = (n_bodies, _SLOT_NUMBERS, 1, n_max)
        self._lower, self._span = np.zeros(hinges), np.ones(hinges)
        self._hinges = np.zeros((n_bodies, _SLOT_NUMBERS, n_envs, n_max))
        self._cells = np.zeros(self._hinges.shape, dtype=np.intp)
        self._state = np.zeros((n_bodies, n_envs, n_max, STATE_DIM), np.float32)
        self._by_component = self._state.transpose(3, 0, 1, 2)
        columns = np.full((n_bodies, _SLOT_NUMBERS, n_max), nq + nv)
        self._copies = [
            self._lay_out(row, layout, of_body, nq, columns[row])
            for row, (layout, of_body) in enumerate(zip(layouts, arrays, strict=True))
        ]
        starts = np.arange(n_bodies * n_envs).reshape(n_bodies, 1, n_envs, 1) * (nq + nv + 1)
        self._cells[...] = starts + columns[:, :, None]

    def _lay_out(
        self,
        row: int,
        layout: BodyLayout,
        arrays: BodyArrays,
        nq: int,
        columns: NDArray[np.intp],
    ) -> list[tuple[NDArray[np.floating], NDArray[np.float64]]]:
        """Fill the tables of a body, and list the copies that fetch its numbers.

        Args:
            row: Number of the body.
            layout: Layout of the body in its model.
            arrays: MuJoCo arrays of the body.
            nq: Number of entries for qpos in ``_numbers``.
            columns: (4, n_max) columns of the hinges in ``_numbers``, written here.

        Returns:
            Pairs of arrays: where to copy to, and where from.
        """
        n, nv = layout.influence.shape
        if n > len(self._state[row, 0]):
            raise ValueError(
                f"a body of {n} nodes: expected at most {len(self._state[row, 0])} (n_max)"
            )
        first, last = int(layout.body_ids[0]), int(layout.body_ids[-1]) + 1
        own_nq = arrays.coordinates.shape[1] - nv
        self._influence[row, :nv, :n] = layout.influence.T
        self._present[row, ..., :n] = 1.0
        node, slot = np.divmod(layout.hinges, 2)
        columns[2 * slot, node] = nq - own_nq + layout.qpos
        columns[2 * slot + 1, node] = nq + layout.qvel
        self._lower[row, 2 * slot, 0, node] = layout.lower
        self._span[row, 2 * slot, 0, node] = layout.span
        numbers = self._numbers[row, :, nq - own_nq : nq + nv]
        return [
            (self._position[row, :, :, :n], arrays.xpos[:, first:last].transpose(2, 0, 1)),
            (self._center[row, :, :, 0], arrays.subtree_com[:, first].T),
            (self._cdof[row, :, :, :nv], arrays.cdof[:, :nv].transpose(2, 0, 1)),
            (self._state[row, :, :n, _QUATERNION], arrays.xquat[:, first:last]),
            (numbers, arrays.coordinates),
        ]

    @property
    def torso(self) -> NDArray[np.float64]:
        """(B, E, 3) positions of the torsos (m) after :meth:`fetch`, as a live view."""
        return self._position[..., 0].transpose(0, 2, 1)

    @property
    def torso_quat(self) -> NDArray[np.float64]:
        """(B, E, 4) orientations of the torsos after :meth:`fetch`."""
        return self._state[:, :, 0, _QUATERNION].astype(np.float64)

    @property
    def finite(self) -> NDArray[np.bool_]:
        """(B,) True where all entries of qpos and qvel are finite, after :meth:`fetch`."""
        return np.asarray(np.isfinite(self._numbers).all(axis=(1, 2)))

    def fetch(self, row: int) -> None:
        """Copy the numbers of body ``row`` from its MuJoCo arrays."""
        for target, source in self._copies[row]:
            target[...] = source

    def read(self, *, ground: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
        """States of all bodies, from the numbers that :meth:`fetch` copied.

        Args:
            ground: (B, E) height of the ground below the torsos (m), which z then is above; None
                for z in the world.

        Returns:
            (B, E, N, 17) states, see :data:`~hyperdistill_core.features.STATE`; the next call
            overwrites them.
        """
        position, spin, arm, plus, minus = (
            self._position,
            self._spin,
            self._arm,
            self._plus,
            self._minus,
        )
        np.multiply(self._cdof, self._qvel, out=self._motion)
        np.matmul(self._flat_motion, self._influence, out=self._flat_spatial)
        # The motion axes refer to the center of mass of the whole body.
        np.subtract(position, self._center, out=arm)
        for out, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            np.multiply(spin[:, j], arm[:, k], out=plus[:, out])
            np.multiply(spin[:, k], arm[:, j], out=minus[:, out])
        np.add(self._velocity, plus, out=plus)
        np.subtract(plus, minus, out=plus)
        # The arms are no longer needed: their buffer takes the positions of the states.
        shown, relative = arm, self._relative
        shown[...] = position
        np.subtract(shown[:, relative], position[:, relative, :, :1], out=shown[:, relative])
        shown[:, relative] *= self._present
        if ground is not None:
            shown[:, 2] -= ground[..., None]
            shown[:, 2:] *= self._present
        np.take(self._numbers.reshape(-1), self._cells, out=self._hinges, mode="clip")
        np.subtract(self._hinges, self._lower, out=self._hinges)
        np.divide(self._hinges, self._span, out=self._hinges)
        for where, values in (
            (_POSITION, shown),
            (_VELOCITY, plus),
            (_SPIN, spin),
            (_HINGES, self._hinges),
        ):
            for column, component in zip(
                self._by_component[where], values.swapaxes(0, 1), strict=True
            ):
                column[...] = component
        return self._state
