"""Who may be a parent: the algorithms of a campaign, by name.

An algorithm is told every scored candidate in the order of numbers, whatever the order in
which they were scored, and names the parents of the next one. All that it knows follows
from the candidates told, so a run that was cut off replays them and goes on.

base           what an algorithm must say
generational   random, mu_plus_lambda, nsga2
steady         aging
archives       map_elites, novelty (pyribs)
islands        several of them side by side, with migration
"""

from __future__ import annotations

from collections.abc import Callable

from codesign.campaign.algorithms.archives import MapElites, Novelty
from codesign.campaign.algorithms.base import Algorithm
from codesign.campaign.algorithms.generational import NSGA2, MuPlusLambda, Random
from codesign.campaign.algorithms.islands import Islands
from codesign.campaign.algorithms.steady import Aging
from codesign.config import Settings
from codesign.errors import UsageError
from morph_ops._registry import is_plugin, load_plugin, lookup
from morph_ops.errors import UnknownNameError

__all__ = ["ALGORITHMS", "Algorithm", "new_algorithm"]

ALGORITHMS: dict[str, Callable[[Settings], Algorithm]] = {
    "random": Random,
    "aging": Aging,
    "mu_plus_lambda": MuPlusLambda,
    "nsga2": NSGA2,
    "map_elites": MapElites,
    "novelty": Novelty,
    "islands": Islands,
}


def new_algorithm(settings: Settings) -> Algorithm:
    """The algorithm that the settings name.

    Raises:
        UnknownNameError: there is none, or something else under that name.
        UsageError: it needs a library that is not installed, or is to race without a bar.
    """
    name = settings.algorithm
    if not is_plugin(name):
        return lookup(ALGORITHMS, name, what="algorithm")(settings)
    own = load_plugin(name, what="algorithm")
    if not (isinstance(own, type) and issubclass(own, Algorithm)):
        raise UnknownNameError(
            f"no algorithm {name!r}: expected a subclass of codesign.campaign.Algorithm"
        )
    if settings.racing and own.threshold is Algorithm.threshold:
        raise UsageError(f"racing: expected an algorithm with a method bar, {name} has none")
    return own(settings)
