"""Which mutations pay: the record that adaptive rates follow."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping

from codesign.store import Candidate

#: What a candidate's success counts for after each later one: the last 200 or so decide.
_FADING = 0.995
#: Least factor on the weight that was given, so that no mutation is lost for good.
_LEAST = 0.1


class OperatorStatistics:
    """How often the children of each mutation beat their first parent.

    A mutation's weight is the one given times its rate of success, as a share of the best
    mutation's (probability matching, Thierens 2005).

    Args:
        weights: given, by name.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = dict(weights)
        self._tries = dict.fromkeys(weights, 0.0)
        self._wins = dict.fromkeys(weights, 0.0)
        self._scores = array("d")  # of every candidate told, by number

    def tell(self, candidate: Candidate) -> None:
        """Take in a scored candidate; they come in the order of their numbers."""
        # What racing stopped has no score that others could be measured by.
        self._scores.append(math.nan if candidate.pruned else candidate.score)
        if not candidate.parents:
            return
        to_beat = self._scores[candidate.parents[0]]
        if math.isnan(to_beat):
            return
        won = not candidate.pruned and candidate.score > to_beat
        for name in self._weights:
            self._tries[name] *= _FADING
            self._wins[name] *= _FADING
        for name in candidate.operator.split("+"):
            if name in self._weights:
                self._tries[name] += 1.0
                self._wins[name] += won

    @property
    def weights(self) -> dict[str, float]:
        """Weights now, by name."""
        rates = {
            name: (self._wins[name] + 1.0) / (self._tries[name] + 2.0) for name in self._weights
        }
        # One that is switched off is never tried: its rate says nothing.
        best = max(rate for name, rate in rates.items() if self._weights[name] > 0.0)
        return {
            name: weight * max(rates[name] / best, _LEAST) for name, weight in self._weights.items()
        }
