"""Recordings that several tests read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codesign.replay import record
from hyperdistill_core.tasks import get_task
from morph_ops.graph import joints
from morph_ops.sampling import sample_body


class Swing:
    """All motors swing together."""

    def __init__(self, graph):
        self.n_controls = len(list(joints(graph)))
        self.step = 0

    def act(self, state):
        self.step += 1
        return np.full((len(state), self.n_controls), np.sin(self.step / 5.0))


def recording_of(seed, *, steps=80, task="flat"):
    graph = sample_body(np.random.default_rng(seed))
    world = replace(get_task(task), max_steps=steps)
    return record(graph, Swing(graph), task=world, name=f"robot-{seed}", note="a <note>", seed=seed)


@pytest.fixture(scope="session")
def recordings():
    """Three episodes of at most 1.6 s."""
    return [recording_of(seed) for seed in (3, 4, 5)]
