"""An exported design that tests only read."""

from __future__ import annotations

import numpy as np
import pytest

from codesign.exporting import Design, DesignRollout, export_designs
from morph_ops.sampling import sample_body

#: Seed of the episodes that the design comes with, and their number.
SEED, EPISODES = 3, 3


@pytest.fixture(scope="session")
def body():
    """A sampled body."""
    return sample_body(np.random.default_rng(1))


@pytest.fixture(scope="session")
def exported(tmp_path_factory, tiny_controller, body):
    """A folder with the body as the design ``it``, in every format; do not write to it."""
    out = tmp_path_factory.mktemp("export") / "designs"
    rollout = DesignRollout(controller=tiny_controller, seed=SEED, episodes=EPISODES)
    export_designs([Design(name="it", graph=body)], out, rollout=rollout)
    return out / "it"
