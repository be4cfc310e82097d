"""The random numbers of a run, from its root seed and the number of a candidate.

No stream continues from candidate to candidate, so neither the number of workers nor the order
of arrival nor an interruption can shift one.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from contextlib import contextmanager

import numpy as np

_VARIATION = 1
_SELECTION = 2
_DIVERSITY = 3
_LEARNING = 4
_SCREENING = 5
_FRESH = 6
_REEVALUATION = 7
_BROOD = 8


def variation_rng(seed: int, number: int) -> np.random.Generator:
    """The generator of the operators that make a candidate.

    Args:
        seed: Root seed of the run.
        number: Number of the candidate.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_VARIATION, number)))


def brood_rng(seed: int, number: int, place: int, attempt: int) -> np.random.Generator:
    """The generator of the operators that make a child of a brood.

    Args:
        seed: Root seed of the run.
        number: Number of the candidate.
        place: Number of the child.
        attempt: Number of the attempt to make it.
    """
    key = (_BROOD, number, place, attempt)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def diversity_rng(seed: int, generation: int) -> np.random.Generator:
    """The generator that samples kept bodies at the end of a generation.

    Args:
        seed: Root seed of the run.
        generation: Number of the generation.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_DIVERSITY, generation)))


def learning_seed(seed: int, number: int) -> int:
    """The seed of what learns.

    Args:
        seed: Root seed of the run.
        number: Number of the adaptation; 0 for the finalists.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(_LEARNING, number))
    return int(sequence.generate_state(1)[0])


def fresh_seed(seed: int, number: int) -> int:
    """The seed of the episodes that say what the present controller of an adaptation is worth.

    Args:
        seed: Root seed of the run.
        number: Number of the adaptation.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(_FRESH, number))
    return int(sequence.generate_state(1)[0])


def reevaluation_seed(seed: int, number: int) -> int:
    """The seed of the episodes of a re-evaluation of kept bodies.

    Args:
        seed: Root seed of the run.
        number: Number of the candidate that comes next.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(_REEVALUATION, number))
    return int(sequence.generate_state(1)[0])


def screening_seed(seed: int) -> int:
    """The root seed of the bodies that a screening samples, which no search samples again.

    Args:
        seed: Root seed of the run.
    """
    return int(np.random.SeedSequence(seed, spawn_key=(_SCREENING,)).generate_state(1)[0])


@contextmanager
def selection(seed: int, number: int) -> Generator[None]:
    """Seed Python's :mod:`random`, from which DEAP draws, for the parents of a candidate.

    The state of the module before the ``with`` block comes back after it.

    Args:
        seed: Root seed of the run.
        number: Number of the candidate.
    """
    words = np.random.SeedSequence(seed, spawn_key=(_SELECTION, number)).generate_state(4)
    before = random.getstate()
    random.seed(int.from_bytes(words.tobytes(), "little"))
    try:
        yield
    finally:
        random.setstate(before)
