"""Pauses of a search: moments at which all candidates so far are scored, and none is."""

from __future__ import annotations


class Pauses:
    """Pauses after every so many candidates.

    Args:
        period: Number of candidates between two pauses.

    Examples:
        >>> pauses = Pauses(64)
        >>> pauses.barrier(130), pauses.due(130), pauses.due(128)
        (128, False, True)
    """

    def __init__(self, period: int) -> None:
        self._period = period

    def barrier(self, number: int) -> int:
        """Number of candidates that must be scored before a candidate is created.

        Args:
            number: Number of the candidate.
        """
        return number // self._period * self._period

    def due(self, number: int) -> bool:
        """Whether a pause comes right before a candidate.

        Args:
            number: Number of the candidate.
        """
        return number > 0 and number % self._period == 0
