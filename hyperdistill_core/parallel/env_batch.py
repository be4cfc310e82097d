"""The simulations of one body in a vector env: in one world, or each in its own."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
from mjbatch import Batch
from numpy.typing import NDArray

_FIELDS = ("ctrl", "warning", "qpos", "qvel", "state", "xpos", "xquat", "subtree_com", "cdof")
_RESET_FIELDS = ("qpos", "qvel", "warning")
_STATE_FIELDS = ("state", "warning")


class EnvBatch:
    """E simulations of one body.

    Args:
        models: One model for all simulations, or one for each.
        n_envs: Number of simulations, E.

    Attributes:
        arrays: MuJoCo arrays (E, ...) by name, as mjbatch binds them. With several models they are
            copies: :meth:`reset` takes new coordinates from them, and :meth:`load` the rest.

    Examples:
        >>> body = "<body><freejoint/><geom size='1'/></body>"
        >>> model = mujoco.MjModel.from_xml_string(
        ...     f"<mujoco><worldbody>{body}</worldbody></mujoco>"
        ... )
        >>> batch = EnvBatch([model, model], n_envs=2)
        >>> batch.arrays["qpos"][1, 2] = 3.0
        >>> batch.reset(np.array([1]))
        >>> batch.arrays["xpos"][:, 1, 2].tolist()
        [0.0, 3.0]
    """

    def __init__(self, models: Sequence[mujoco.MjModel], n_envs: int) -> None:
        sizes = [n_envs] if len(models) == 1 else [1] * n_envs
        self._batches: list[Batch] = [
            Batch(models[row % len(models)], size, num_threads=1) for row, size in enumerate(sizes)
        ]
        bound = [{name: batch.bind(name) for name in _FIELDS} for batch in self._batches]
        self.arrays: dict[str, NDArray[np.generic]] = bound[0]
        self._rows: list[dict[str, tuple[NDArray[np.generic], NDArray[np.generic]]]] = []
        if len(models) > 1:
            self.arrays = {name: np.concatenate([own[name] for own in bound]) for name in _FIELDS}
            self._rows = [
                {name: (self.arrays[name][row], own[name][0]) for name in _FIELDS}
                for row, own in enumerate(bound)
            ]
        self.reset(np.arange(n_envs))

    def step(self, n_steps: int) -> None:
        """Advance all simulations.

        Args:
            n_steps: Number of physics steps.
        """
        for row, batch in enumerate(self._batches):
            self._write(row, ("ctrl",))
            batch.step(nstep=n_steps)
        for row in range(len(self._rows)):
            self._read(row)

    def reset(self, simulations: NDArray[np.intp]) -> None:
        """Compute what depends on the coordinates of some simulations.

        Args:
            simulations: Their indices.
        """
        if not self._rows:
            self._batches[0].reset(simulations)
            return
        rows: list[int] = simulations.tolist()
        for row in rows:
            self._write(row, _RESET_FIELDS)
            self._batches[row].reset()
            self._read(row)

    def load(self) -> None:
        """Continue from the states and warnings in the arrays."""
        for row in range(len(self._rows)):
            self._write(row, _STATE_FIELDS)

    def _write(self, row: int, names: Sequence[str]) -> None:
        if self._rows:
            for name in names:
                ours, own = self._rows[row][name]
                own[...] = ours

    def _read(self, row: int) -> None:
        for ours, own in self._rows[row].values():
            ours[...] = own
