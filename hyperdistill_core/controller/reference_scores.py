"""Scores of reference bodies, and the share of them that a score exceeds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

__all__ = ["ReferenceScores"]


@dataclass(frozen=True, kw_only=True)
class ReferenceScores:
    """Scores of the same bodies under one controller, for each number of variants that was tried.

    Attributes:
        task: Name of the task.
        bodies: What the bodies are, such as "100 sampled and 200 evolved bodies".
        scores: Sorted scores for each best-of-N.

    Raises:
        ValueError: There are no scores for some best-of-N.

    Examples:
        >>> known = ReferenceScores.over({1: [3.0, 1.0, 2.0, 0.0]}, task="flat", bodies="4 bodies")
        >>> known.percentile(1.5, best_of=1), known.percentile(9.0, best_of=1)
        (50.0, 100.0)
        >>> known.percentile(1.5, best_of=8) is None
        True
    """

    task: str
    bodies: str
    scores: Mapping[int, tuple[float, ...]]

    def __post_init__(self) -> None:
        for best_of, scores in self.scores.items():
            if not scores:
                raise ValueError(f"scores: expected some for best-of-{best_of}, got none")

    @classmethod
    def over(cls, scores: Mapping[int, Sequence[float]], *, task: str, bodies: str) -> Self:
        """Reference scores in any order.

        Args:
            scores: Scores of the bodies for each best-of-N.
            task: Name of the task.
            bodies: What the bodies are.
        """
        sorted_scores = {
            best_of: tuple(sorted(round(float(score), 1) for score in of_bodies))
            for best_of, of_bodies in scores.items()
        }
        return cls(task=task, bodies=bodies, scores=sorted_scores)

    def percentile(self, score: float, *, best_of: int) -> float | None:
        """Share of reference bodies with a lower score (0..100); None for another best-of-N.

        Args:
            score: Score of a body.
            best_of: Number of variants that were tried for it.
        """
        known = self.scores.get(best_of)
        return 100.0 * bisect_left(known, score) / len(known) if known else None

    def to_dict(self) -> dict[str, Any]:
        """The scores in JSON's types; :meth:`from_dict` reads them back."""
        scores = {str(best_of): list(known) for best_of, known in self.scores.items()}
        return {"task": self.task, "bodies": self.bodies, "scores": scores}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` returned.

        Args:
            values: The scores in JSON's types.
        """
        scores = {int(best_of): tuple(known) for best_of, known in values["scores"].items()}
        return cls(task=str(values["task"]), bodies=str(values["bodies"]), scores=scores)
