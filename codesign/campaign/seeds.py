"""Every random number of a run, from its root seed and the number of a candidate.

Nothing is drawn from a stream that goes on from candidate to candidate, so that neither
workers nor the order of arrival nor a restart can shift one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_VARIATION = 1
_SELECTION = 2
_DIVERSITY = 3


def variation_rng(seed: int, number: int) -> np.random.Generator:
    """What varies candidate ``number``: the generator of its operators."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_VARIATION, number)))


def diversity_rng(seed: int, generation: int) -> np.random.Generator:
    """Which bodies stand for the population at the end of a generation."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_DIVERSITY, generation)))


@contextmanager
def selection(seed: int, number: int) -> Iterator[None]:
    """Python's ``random`` module, which DEAP draws from, set for candidate ``number``.

    The caller's state comes back at the end.
    """
    words = np.random.SeedSequence(seed, spawn_key=(_SELECTION, number)).generate_state(4)
    before = random.getstate()
    random.seed(int.from_bytes(words.tobytes(), "little"))
    try:
        yield
    finally:
        random.setstate(before)
