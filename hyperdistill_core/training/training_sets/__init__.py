"""Training sets: the bodies that a controller learns on.

:func:`make_training_set` collects robots, sampled bodies, children, mutants and bodies of
evolved lineages, and :class:`TrainingSet` holds them and stores them in a file of one line a
body. ``filters`` refuses duplicates, the plans of held-out bodies and unstable bodies;
``lineages`` evolves bodies under a controller.
"""

from hyperdistill_core.training.training_sets.filters import BodyFilter, is_passively_stable
from hyperdistill_core.training.training_sets.lineages import Lineages, Offspring
from hyperdistill_core.training.training_sets.making import BodyScores, make_training_set
from hyperdistill_core.training.training_sets.training_set import Origin, TrainingSet
from hyperdistill_core.training.training_sets.training_set_settings import TrainingSetSettings

__all__ = [
    "BodyFilter",
    "BodyScores",
    "Lineages",
    "Offspring",
    "Origin",
    "TrainingSet",
    "TrainingSetSettings",
    "is_passively_stable",
    "make_training_set",
]
