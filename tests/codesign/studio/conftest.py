"""Bodies, and a page that tests open in a browser."""

from __future__ import annotations

import numpy as np
import pytest

from morph_ops.sampling import sample_body


@pytest.fixture(scope="session")
def body():
    """One limb in the middle, and a pair on it; do not change it."""
    return sample_body(np.random.default_rng(11))
