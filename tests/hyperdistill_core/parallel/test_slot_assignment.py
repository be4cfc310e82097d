"""The distribution of slots over workers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperdistill_core.parallel.slot_assignment import SlotAssignment


@settings(derandomize=True, deadline=None, max_examples=50)
@given(
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=30),
    n_workers=st.integers(1, 5),
)
def test_unmeasured_loads_differ_by_at_most_one_body(sizes, n_workers):
    sizes = sorted(sizes, reverse=True)
    assignment = SlotAssignment(len(sizes), n_workers)
    for slot, n_nodes in enumerate(sizes):
        worker = assignment.assign(
            slot, n_nodes, among=slice(0, len(sizes)), seconds=np.zeros(len(sizes))
        )
        assert worker == assignment.worker_of[slot]
    loads = np.bincount(assignment.worker_of, sizes, n_workers)
    assert loads.max() - loads.min() <= max(sizes)


def test_a_slow_worker_gets_no_more_slots():
    assignment = SlotAssignment(4, 2)
    for slot, n_nodes in enumerate([9, 8, 7, 6]):
        assignment.assign(slot, n_nodes, among=slice(0, 4), seconds=np.zeros(4))
    slow = assignment.worker_of[0]
    seconds = np.where(assignment.worker_of == slow, 1.0, 1e-3)
    seconds[0] = 0.0  # the slot has a new body
    assert assignment.assign(0, 8, among=slice(0, 4), seconds=seconds) != slow


def test_only_slots_that_step_together_count():
    assignment = SlotAssignment(4, 2)
    first = [assignment.assign(slot, 5, among=slice(0, 2), seconds=np.zeros(4)) for slot in (0, 1)]
    other = [assignment.assign(slot, 5, among=slice(2, 4), seconds=np.zeros(4)) for slot in (2, 3)]
    assert sorted(first) == sorted(other) == [0, 1]
