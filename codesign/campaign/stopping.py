"""The rule that ends a run before its budget is spent."""

from __future__ import annotations

from collections.abc import Mapping

from codesign.campaign.screening import most_screening_steps
from codesign.config import Settings
from codesign.store import Candidate


class StoppingRule:
    """Decides, candidate by candidate, whether a run ends early.

    Args:
        settings: Settings of the campaign, with the table ``stop``.

    Examples:
        >>> from types import SimpleNamespace
        >>> rule = StoppingRule(Settings(stop={"score": 300.0}))
        >>> worked = SimpleNamespace(steps=500)
        >>> rule.tell(SimpleNamespace(name="candidate-00000", score=120.0, record=worked)) is None
        True
        >>> rule.tell(SimpleNamespace(name="candidate-00001", score=310.0, record=worked))
        'candidate-00001 scored 310.0, the target is 300'
    """

    def __init__(self, settings: Settings) -> None:
        self._stop = settings.stop
        self._steps = most_screening_steps(settings)
        self._best = float("-inf")
        self._since_best = 0

    def tell(self, candidate: Candidate) -> str | None:
        """Take in a scored candidate.

        Args:
            candidate: The candidate; candidates come in the order of their numbers.

        Returns:
            The reason to end the run with this candidate, in one line; None to continue.
        """
        better = candidate.score > self._best
        if candidate.record is not None:
            self._steps += candidate.record.steps
        self._best = max(self._best, candidate.score)
        self._since_best = 0 if better else self._since_best + 1
        target, patience = self._stop.score, self._stop.stagnation
        if target is not None and candidate.score >= target:
            return f"{candidate.name} scored {candidate.score:.1f}, the target is {target:g}"
        if target is not None and self._best >= target:
            return f"a body that was scored anew has {self._best:.1f}, the target is {target:g}"
        if patience is not None and self._since_best >= patience:
            return f"no new best in {patience} candidates, the best scored {self._best:.1f}"
        if self._stop.control_steps is not None and self._steps >= self._stop.control_steps:
            return f"the search has simulated {self._steps:,} control steps"
        return None

    def spend(self, steps: int) -> None:
        """Count control steps that scored no candidate.

        Args:
            steps: Control steps of an adaptation, or of a re-evaluation of kept bodies.
        """
        self._steps += steps

    def rescore(self, candidates: Mapping[int, Candidate]) -> None:
        """Take in new scores: the best of them is the one to beat.

        Args:
            candidates: Candidates with their new scores, by number. Only a new best score ends
                a stagnation.
        """
        best = max(candidate.score for candidate in candidates.values())
        if best > self._best:
            self._since_best = 0
        self._best = best
