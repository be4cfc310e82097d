"""Statistics of the mutations: how often they improve a body."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Literal

from codesign.store import Candidate

#: Factor on the counts after each candidate: about the last 200 candidates decide.
_DECAY = 0.995
#: Minimum factor on the initial weight, so that no mutation disappears.
_MIN_FACTOR = 0.1


class OperatorStatistics:
    """Weights of mutations that follow their success (probability matching, Thierens 2005).

    A mutation succeeds when its child scores higher than the first parent. Its weight is the
    initial one times its success rate, as a share of the highest success rate.

    Args:
        weights: The initial weights by name.

    Examples:
        >>> OperatorStatistics({"grow_limb": 1.0, "density": 2.0}).weights
        {'grow_limb': 1.0, 'density': 2.0}
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = dict(weights)
        self._attempts = dict.fromkeys(weights, 0.0)
        self._successes = dict.fromkeys(weights, 0.0)
        self._scores = array("d")  # of every candidate told, by number

    def tell(self, candidate: Candidate) -> None:
        """Take in a scored candidate.

        Args:
            candidate: The candidate; candidates come in the order of their numbers.
        """
        # The score of a pruned candidate is over fewer steps, and compares with no other.
        self._scores.append(math.nan if candidate.pruned else candidate.score)
        if not candidate.parents:
            return
        to_beat = self._scores[candidate.parents[0]]
        if math.isnan(to_beat):
            return
        success = not candidate.pruned and candidate.score > to_beat
        for name in self._weights:
            self._attempts[name] *= _DECAY
            self._successes[name] *= _DECAY
        for name in candidate.operator.split("+"):
            if name in self._weights:
                self._attempts[name] += 1.0
                self._successes[name] += success

    def rescore(
        self, candidates: Mapping[int, Candidate], *, of_others: Literal["forgotten", "valid"]
    ) -> None:
        """Take in new scores.

        Args:
            candidates: Candidates with their new scores, by number.
            of_others: What the scores of other candidates are from now on.
        """
        if of_others == "forgotten":
            self._scores = array("d", [math.nan] * len(self._scores))
        for number, candidate in candidates.items():
            self._scores[number] = candidate.score

    @property
    def weights(self) -> dict[str, float]:
        """The present weights by name."""
        rates = {
            name: (self._successes[name] + 1.0) / (self._attempts[name] + 2.0)
            for name in self._weights
        }
        # A mutation with weight 0 is never used: its rate means nothing.
        best = max(rate for name, rate in rates.items() if self._weights[name] > 0.0)
        return {
            name: weight * max(rates[name] / best, _MIN_FACTOR)
            for name, weight in self._weights.items()
        }
