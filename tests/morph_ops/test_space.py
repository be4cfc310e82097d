"""The UNIMAL space: directions, and the check of its ranges."""

from __future__ import annotations

import numpy as np
import pytest

from morph_ops.space import UNIMAL, Space


def test_directions_are_derls():
    assert UNIMAL.directions.shape == (24, 3)
    np.testing.assert_allclose(np.linalg.norm(UNIMAL.directions, axis=1), 1)
    assert UNIMAL.directions[:, 2].max() == 0
    assert len({tuple(row) for row in UNIMAL.directions.tolist()}) == 17
    with pytest.raises(ValueError, match="read-only"):
        UNIMAL.directions[0] = 0


def test_impossible_spaces_are_refused():
    with pytest.raises(ValueError, match="within 1 to max_limbs = 4, got 2 to 8"):
        Space(max_limbs=4)
    with pytest.raises(ValueError, match="gears needs at least one value, got none"):
        Space(gears=())
