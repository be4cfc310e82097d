"""Whether one robot is better than another, or was luckier."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np

from codesign.errors import UsageError
from codesign.scoring.record import ScoreRecord
from hyperdistill_core.evaluation.statistics import bootstrap_interval

#: Sum of the normal quantiles of a two-sided test at 5% and of a power of 80%.
_TEST_AND_POWER = 1.96 + 0.84
#: Status of records with the returns of whole episodes.
_WHOLE = ("ok", "unstable")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two robots over the same episodes.

    Attributes:
        first: Name of the first robot.
        second: Name of the second robot.
        difference: Mean return of the first minus that of the second.
        ci95: 95% bootstrap interval of the difference, over pairs of episodes that start alike
            (Efron 1979).
        episodes: Number of episodes of each robot.
        episodes_to_tell: Number of episodes of each robot that would show a difference of this size
            in four of five cases; infinity where the difference is zero.
    """

    first: str
    second: str
    difference: float
    ci95: tuple[float, float]
    episodes: int
    episodes_to_tell: float

    @property
    def significant(self) -> bool:
        """Whether the interval excludes zero."""
        return not self.ci95[0] <= 0.0 <= self.ci95[1]


def compare(first: ScoreRecord, second: ScoreRecord) -> Comparison:
    """Compare two robots by their returns, episode by episode.

    Args:
        first: Record of the first robot.
        second: Record of the second robot, over the same episodes of the same task.

    Raises:
        UsageError: The records are of other tasks or episodes, or of fewer than two.
        UsageError: A robot has no returns of whole episodes.

    Examples:
        >>> import numpy as np
        >>> from codesign.scoring import score
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(0)
        >>> bodies = [sample_body(rng) for _ in range(2)]
        >>> first, second = score(bodies, controller="flat-v0", episodes=4)
        >>> compare(first, second).significant
        True
    """
    _require_alike(first, second)
    differences = np.subtract(first.returns, second.returns)
    mean, spread = fmean(differences), stdev(differences)
    needed = (_TEST_AND_POWER * spread / mean) ** 2 if mean else math.inf
    return Comparison(
        first=first.robot,
        second=second.robot,
        difference=mean,
        ci95=bootstrap_interval(np.mean, differences),
        episodes=len(differences),
        episodes_to_tell=max(2.0, math.ceil(needed)) if math.isfinite(needed) else math.inf,
    )


def comparisons(records: Sequence[ScoreRecord]) -> list[Comparison]:
    """The best robot against every other one.

    Robots whose episodes are not whole, because they failed or were pruned, are left out.

    Args:
        records: Records over the same episodes of the same task.
    """
    whole = [record for record in records if record.status in _WHOLE]
    best = max(whole, key=lambda record: record.score, default=None)
    return [compare(best, record) for record in whole if best is not None and record is not best]


def _require_alike(first: ScoreRecord, second: ScoreRecord) -> None:
    for record in (first, second):
        if record.status not in _WHOLE:
            raise UsageError(
                f"compare: expected a robot with whole episodes, got {record.robot}, whose score "
                f"is {record.status}"
            )
        if len(record.returns) < 2:
            raise UsageError("compare: expected at least 2 episodes of each robot, got 1")
    for what in ("task", "seed", "episodes"):
        one, other = getattr(first, what), getattr(second, what)
        if one != other:
            raise UsageError(f"compare: expected records of one {what}, got {one!r} and {other!r}")
