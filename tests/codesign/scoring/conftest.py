"""Bodies and records of the scoring tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codesign.scoring import score
from morph_ops.sampling import sample_body


@pytest.fixture(scope="session")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in (1, 2, 3)]


@pytest.fixture(scope="session")
def records(bodies, tiny_controller):
    return score(bodies, controller=tiny_controller, episodes=2, seed=3)


@pytest.fixture(scope="session")
def untimed():
    """Function that gives a record without its wall time, for comparisons."""
    return lambda record: replace(record, seconds=0.0)
