"""Algorithms: which candidates are the parents of the next one, by name.

An algorithm has the ask-tell interface of :class:`Algorithm`. A campaign tells it every scored
candidate in the order of their numbers, whatever the order of scoring, so that a run is the
same on any number of workers, and after an interruption.

    base            the interface
    random_search   random
    aging           aging evolution
    generational    mu_plus_lambda, nsga2
    archives        map_elites, novelty (pyribs)
    islands         several populations with migration
"""

from __future__ import annotations

from codesign.campaign.algorithms.aging import Aging
from codesign.campaign.algorithms.archives import MapElites, Novelty
from codesign.campaign.algorithms.base import Algorithm, SteadyState
from codesign.campaign.algorithms.generational import NSGA2, Generational, MuPlusLambda
from codesign.campaign.algorithms.islands import Islands
from codesign.campaign.algorithms.random_search import Random
from codesign.config import Settings
from codesign.config.names import ALGORITHMS
from codesign.errors import UsageError
from morph_ops._registry import unfit_plugin

__all__ = [
    "NSGA2",
    "Aging",
    "Algorithm",
    "Generational",
    "Islands",
    "MapElites",
    "MuPlusLambda",
    "Novelty",
    "Random",
    "SteadyState",
    "new_algorithm",
]


def new_algorithm(settings: Settings) -> Algorithm:
    """Make the algorithm that the settings name.

    Args:
        settings: Settings of the campaign.

    Raises:
        UnknownNameError: There is no such algorithm, or the plugin is not an algorithm.
        UsageError: The algorithm requires a library that is not installed.
        UsageError: The campaign races, and the algorithm has no threshold.

    Examples:
        >>> from codesign.config import Settings
        >>> algorithm = new_algorithm(Settings(algorithm="aging", population=8, in_flight=2))
        >>> [algorithm.needs(number) for number in (0, 7, 8, 9)]
        [0, 0, 7, 8]
        >>> algorithm.ask(0) is None  # a starting body has no parents
        True
    """
    name = settings.algorithm
    found = ALGORITHMS.lookup(name)
    if not (isinstance(found, type) and issubclass(found, Algorithm)):
        expected = "a subclass of codesign.campaign.Algorithm"
        raise unfit_plugin(name, what="algorithm", expected=expected, found=found)
    if settings.racing and found.threshold is Algorithm.threshold:
        raise UsageError(f"racing: expected an algorithm with a method threshold, {name} has none")
    return found(settings)
