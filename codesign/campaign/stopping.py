"""When a run ends before all its candidates are scored."""

from __future__ import annotations

from codesign.config import Stop
from codesign.store import Candidate


class Stopping:
    """Watches scored candidates.

    Args:
        stop: settings.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._best = float("-inf")
        self._since = 0

    def reason(self, candidate: Candidate) -> str | None:
        """Why the run ends with this candidate, in one line; None where it goes on.

        Candidates come in the order of their numbers, each once.
        """
        better = candidate.score > self._best
        self._best = max(self._best, candidate.score)
        self._since = 0 if better else self._since + 1
        target, patience = self._stop.score, self._stop.stagnation
        if target is not None and candidate.score >= target:
            return f"{candidate.name} scored {candidate.score:.1f}, asked: {target:g}"
        if patience is not None and self._since >= patience:
            return f"no new best in {patience} candidates, the best scored {self._best:.1f}"
        return None
