"""The best assignment against all assignments."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from morph_ops.identity.assignment import largest_sum


def testlargest_sum_equals_trying_all() -> None:
    rng = np.random.default_rng(1)
    for rows, columns in [(1, 3), (2, 2), (3, 2), (4, 4), (5, 3), (3, 6)] * 10:
        gains = rng.integers(0, 9, (rows, columns)) / 4.0
        wide = gains if rows <= columns else gains.T
        every = permutations(range(wide.shape[1]), len(wide))
        best = max(wide[range(len(wide)), choice].sum() for choice in every)
        assert largest_sum(gains.tolist()) == best
    assert largest_sum([]) == largest_sum([[]]) == 0.0
