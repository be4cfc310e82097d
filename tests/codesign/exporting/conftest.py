"""An exported design that tests only read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codesign.exporting import Design, DesignRollout, export_designs
from hyperdistill_core.controller import Controller
from hyperdistill_core.nets.numpy_hypernetwork import NumpyHypernetwork
from hyperdistill_core.tasks import Flat
from morph_ops.sampling import sample_body

#: Seed of the episodes that the design comes with, and their number.
SEED, EPISODES = 3, 3
#: Name of a user's task with rewards of its own.
HOPPING = f"{__name__}:HOPPING_TASK"


class Hopping(Flat):
    """Rewards for moving up."""

    def terms(self, before, after):
        """See Task.terms."""
        return {"up": after[..., 2] - before[..., 2]}


HOPPING_TASK = Hopping(name="hopping")


@pytest.fixture(scope="session")
def walker():
    """A body that the random controllers do not let fall."""
    return sample_body(np.random.default_rng(3))


@pytest.fixture
def controller_that_sees(seeing_controller, tmp_path):
    """A function that gives the controller that sees the ground eyes for more numbers."""

    def made(numbers):
        loaded = Controller.load(seeing_controller)
        config = replace(loaded.network.config, terrain_dim=195 + numbers)
        arrays, name = dict(loaded.network.arrays), "terrain_encoder.0.weight"
        more = np.random.default_rng(0).normal(scale=0.5, size=(8, numbers)).astype(np.float32)
        arrays[name] = np.hstack([arrays[name], more])
        path = tmp_path / "sees-more.safetensors"
        replace(loaded, network=NumpyHypernetwork(config, arrays)).save(path)
        return path

    return made


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
