"""The frontier of a run: how far its candidates are created, scored, and told."""

from __future__ import annotations

from collections.abc import Callable

from codesign.store import Candidate


class Frontier:
    """Counts the candidates of a run, which are scored in any order.

    Invariants:

    * ``told <= done <= created <= total`` and ``created - done <= max_ahead``.
    * Every candidate below ``done`` is scored, and candidate ``done`` is not.
    * Every candidate below ``told`` was told to the algorithm, in order, and no other.
    * The frontier holds the scored candidates from ``told`` on, and no others.

    Args:
        total: Number of candidates of the whole run.
        max_ahead: Maximum number of candidates above ``done``. It bounds how many candidates
            are lost when a run is interrupted, and what a run scores after the candidate that
            ends it.

    Attributes:
        total: Number of candidates of the whole run; :meth:`end_after` lowers it.
        created: Number of candidates that were created.
        done: Every candidate below this number is scored.
        told: Every candidate below this number was told.
        scored: Number of candidates that are scored, those above ``done`` included.

    Examples:
        >>> from types import SimpleNamespace
        >>> frontier = Frontier(total=3, max_ahead=2)
        >>> frontier.create(), frontier.create()
        (0, 1)
        >>> frontier.complete(SimpleNamespace(number=1))  # candidate 0 is missing
        []
        >>> [c.number for c in frontier.complete(SimpleNamespace(number=0))]
        [0, 1]
        >>> frontier.done, frontier.told, frontier.finished
        (2, 0, False)
    """

    def __init__(self, *, total: int, max_ahead: int) -> None:
        self.total = total
        self.created = 0
        self.done = 0
        self.told = 0
        self.scored = 0
        self._max_ahead = max_ahead
        self._untold: dict[int, Candidate] = {}

    @property
    def finished(self) -> bool:
        """Whether all candidates of the run are scored."""
        return self.done >= self.total

    def may_create(self, needs: Callable[[int], int]) -> bool:
        """Whether the next candidate can be created now.

        Args:
            needs: The algorithm's :meth:`~codesign.campaign.Algorithm.needs`.
        """
        return (
            self.created < self.total
            and self.created - self.done < self._max_ahead
            and needs(self.created) <= self.done
        )

    def create(self) -> int:
        """The number of the next candidate, which exists from now on."""
        self.created += 1
        return self.created - 1

    def complete(self, candidate: Candidate) -> list[Candidate]:
        """Take in a scored candidate.

        Args:
            candidate: The candidate.

        Returns:
            The candidates that ``done`` has moved past, in order; empty if an earlier one is
            missing.
        """
        self._untold[candidate.number] = candidate
        self.scored += 1
        before = self.done
        while self.done in self._untold:
            self.done += 1
        return [self._untold[number] for number in range(before, self.done)]

    def tell_next(self) -> Candidate:
        """The next candidate to tell, which counts as told from now on.

        Raises:
            KeyError: It is not scored yet.
        """
        candidate = self._untold.pop(self.told)
        self.told += 1
        return candidate

    def end_after(self, number: int, needs: Callable[[int], int]) -> None:
        """Let the run end as soon as the score of a candidate is known.

        Candidates that can be created before that score is known still belong to the run: on
        many workers they exist already, so they must exist on one.

        Args:
            number: Number of the candidate.
            needs: The algorithm's :meth:`~codesign.campaign.Algorithm.needs`.
        """
        end = number + 1
        latest = min(self.total, number + self._max_ahead)
        while end < latest and needs(end) <= number:
            end += 1
        self.total = end
