"""Which worker simulates which slot of a vector env."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class SlotAssignment:
    """Distributes the slots of a vector env so that all workers finish at about the same time.

    The load of a slot is the measured duration of its control step. A slot that was not
    measured yet counts by its number of nodes, at the mean duration of a measured node.

    Args:
        n_slots: Number of slots.
        n_workers: Number of workers.

    Attributes:
        worker_of: (n_slots,) worker of each slot, -1 where there is none yet.

    Examples:
        Four bodies on two workers, the largest first, before anything is measured:

        >>> assignment = SlotAssignment(n_slots=4, n_workers=2)
        >>> for slot, n_nodes in enumerate([9, 5, 5, 2]):
        ...     _ = assignment.assign(slot, n_nodes, among=slice(0, 4), seconds=np.zeros(4))
        >>> assignment.worker_of.tolist()
        [0, 1, 1, 0]
    """

    def __init__(self, n_slots: int, n_workers: int) -> None:
        self.worker_of: NDArray[np.intp] = np.full(n_slots, -1)
        self._n_workers = n_workers
        self._n_nodes = np.zeros(n_slots)

    def assign(self, slot: int, n_nodes: int, *, among: slice, seconds: NDArray[np.float64]) -> int:
        """Give a slot, which has a new body, to the worker with the smallest load.

        Args:
            slot: Slot to assign.
            n_nodes: Number of nodes of the slot's new body.
            among: Slots that step together with this one: only their loads count.
            seconds: (n_slots,) measured durations of a control step (s), 0 where unknown.

        Returns:
            The worker of the slot from now on.
        """
        self._n_nodes[slot] = n_nodes
        known = seconds > 0.0
        per_node = seconds[known].sum() / self._n_nodes[known].sum() if known.any() else 1.0
        load = np.where(known, seconds, per_node * self._n_nodes)
        load[slot] = 0.0
        worker_of = self.worker_of[among]
        assigned = worker_of >= 0
        loads = np.bincount(worker_of[assigned], load[among][assigned], self._n_workers)
        self.worker_of[slot] = worker = int(loads.argmin())
        return worker
